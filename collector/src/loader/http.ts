// /healthz, /readyz and /metrics of a loader.
import type { Metrics } from '@weir/pipeline';
import type { KafkaLoader } from '@weir/sinks/kafka';
import { fastify } from 'fastify';
import { splitHostPort } from '../config/host-port.js';
import { registerHealthRoutes } from '../run/health-routes.js';

/** Resolves with how to reach it and how to end it. */
export async function serveLoaderHttp(
  address: string,
  loader: KafkaLoader,
  metrics: Metrics,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const app = fastify({ logger: false });
  registerHealthRoutes(app, {
    readiness: () => {
      const { partitions, lastError } = loader.stats();
      const isUp = partitions.every((one) => one.loader?.state === 'ok');
      return {
        ready: lastError === null,
        reason: lastError ?? '',
        sinks: { clickhouse: { up: isUp, partitions: partitions.length } },
      };
    },
    metricsText: () => metrics.text(),
  });
  const { host, port } = splitHostPort(address);
  const url = await app.listen({ host, port });
  return { url, close: () => app.close() };
}
