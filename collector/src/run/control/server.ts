// The control socket: HTTP on a unix socket in the data directory, for the commands that look at a
// running instance. Who may open the file may ask; it is never on a port.

import { once } from 'node:events';
import { chmodSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LIMITS, messageOf, WeirError } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import fastify, { type FastifyInstance } from 'fastify';
import type { GraphView } from '../graph-view.js';
import type { RefusedTap, TapHub } from '../tap-hub.js';
import {
  REQUEUE_SCHEMA,
  type RequeueBody,
  type Requeuing,
  requeueStream,
} from './requeue-stream.js';
import { DRAFT_DIRECTORY, usableSocketPath } from './socket-path.js';
import type { StatusReport } from './status.js';
import { TapStream } from './tap-stream.js';

export interface ControlOptions {
  /** DIR/control.sock. The data directory is held, so a file there is left from a dead process. */
  readonly path: string;
  readonly status: () => StatusReport | Promise<StatusReport>;
  readonly graph: () => GraphView;
  readonly taps: TapHub;
  readonly metricsText: () => Promise<string>;
  /** Null where no sink is ClickHouse. */
  readonly requeuing: Requeuing | null;
}

export interface ControlServer {
  /** Where it listens; another path than asked for when that one was too long. */
  readonly path: string;
  /** Ends all taps, closes and removes the socket. */
  stop(): Promise<void>;
}

/** Readers get so long to take the last lines of their tap. */
const TAPS_END_MS = 500;

interface TapQuery {
  readonly component?: string;
  readonly condition?: string;
  readonly rate: number;
  readonly count?: number;
}

const TAP_QUERY_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    component: { type: 'string', minLength: 1 },
    condition: { type: 'string', minLength: 1 },
    rate: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: LIMITS.tapRateMax,
      default: LIMITS.tapRateDefault,
    },
    count: { type: 'integer', minimum: 1 },
  },
} as const;

const REFUSAL_STATUS: Readonly<Record<RefusedTap['kind'], number>> = {
  unknown_component: 404,
  bad_condition: 400,
  too_many_taps: 429,
};

/** Rejects with WEIR_DATA_DIR_UNWRITABLE. */
export async function startControl(options: ControlOptions): Promise<ControlServer> {
  const path = usableSocketPath(options.path);
  const app = fastify({
    forceCloseConnections: true,
    logger: false,
    // A parameter that nobody knows is a mistake, not noise.
    ajv: { customOptions: { removeAdditional: false } },
  });
  const streams = new Set<TapStream>();
  registerRoutes(app, options, streams);
  try {
    await listenPrivately(app, path);
  } catch (error) {
    await app.close();
    throw new WeirError(
      'WEIR_DATA_DIR_UNWRITABLE',
      `cannot open the control socket ${path}: ${messageOf(error)}`,
      {},
      error,
    );
  }
  return {
    path,
    async stop() {
      options.taps.endAll();
      const closed = Array.from(streams, (stream) => once(stream, 'close'));
      await Promise.race([Promise.all(closed), nodeTimers.sleep(TAPS_END_MS)]);
      rmSync(path, { force: true });
      if (path !== options.path) rmSync(dirname(path), { recursive: true, force: true });
      await app.close();
    },
  };
}

/**
 * A socket gets its rights only after it was made. So it is made in a directory that nobody else
 * can enter, and moved to its place, over one that a dead process left there.
 */
async function listenPrivately(app: FastifyInstance, path: string): Promise<void> {
  const directory = mkdtempSync(join(dirname(path), `${DRAFT_DIRECTORY}-`));
  try {
    const draft = join(directory, 's');
    await app.listen({ path: draft });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function registerRoutes(
  app: FastifyInstance,
  options: ControlOptions,
  streams: Set<TapStream>,
): void {
  const { taps } = options;
  app.get('/status', async () => options.status());
  app.get('/graph', async () => options.graph());
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await options.metricsText()),
  );
  app.get<{ Querystring: TapQuery }>(
    '/tap',
    { schema: { querystring: TAP_QUERY_SCHEMA } },
    async ({ query }, reply) => {
      const stream = new TapStream(() => nodeClock.monotonicMs());
      const opened = taps.open(
        {
          component: query.component ?? null,
          condition: query.condition ?? null,
          ratePerSecond: query.rate,
          count: query.count ?? null,
        },
        stream,
      );
      if (opened.kind !== 'opened') {
        return reply.code(REFUSAL_STATUS[opened.kind]).send({ message: opened.message });
      }
      stream.begin(opened);
      streams.add(stream);
      stream.once('close', () => {
        streams.delete(stream);
        opened.close();
      });
      return reply.type('application/x-ndjson').send(stream);
    },
  );
  app.post<{ Body: RequeueBody }>(
    '/quarantine/requeue',
    { schema: { body: REQUEUE_SCHEMA } },
    async ({ body }, reply) => {
      if (options.requeuing === null)
        return reply
          .code(404)
          .send({ message: 'no sink here is ClickHouse: it has no quarantine' });
      return reply.type('application/x-ndjson').send(requeueStream(options.requeuing, body));
    },
  );
  // Ends a tap so that its reader still gets the last counts.
  app.delete<{ Params: { id: number } }>(
    '/tap/:id',
    { schema: { params: { type: 'object', properties: { id: { type: 'integer' } } } } },
    async ({ params }, reply) => reply.code(taps.end(params.id) ? 204 : 404).send(),
  );
}
