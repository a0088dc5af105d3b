// /healthz, /readyz and /metrics on the HTTP port.
import type { FastifyInstance } from 'fastify';

/** State that /readyz shows. `ready`: events can be accepted durably now. */
export interface Readiness {
  readonly ready: boolean;
  readonly reason: string;
  /** Where there is a spool. */
  readonly spool?: Readonly<Record<string, unknown>>;
  /** Whether every number is accounted for, and where not; never a reason to refuse events. */
  readonly ledger?: { readonly isBalanced: boolean; readonly problems: readonly string[] };
  /** By sink id. */
  readonly sinks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface HealthRouteOptions {
  readonly readiness: () => Readiness;
  readonly metricsText: () => Promise<string>;
}

/** Content type of the Prometheus text format. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function registerHealthRoutes(app: FastifyInstance, options: HealthRouteOptions): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const state = options.readiness();
    return reply.code(state.ready ? 200 : 503).send(state);
  });
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', METRICS_TYPE).send(await options.metricsText()),
  );
}
