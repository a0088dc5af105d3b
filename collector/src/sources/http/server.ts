// The HTTP server of the collector: limits against slow and huge senders, and errors as JSON with
// one sentence. Routes are added by others: /ingest by ingest.ts, health and metrics by the
// runtime.
import { LIMITS } from '@weir/pipeline';
import fastify, { type FastifyInstance } from 'fastify';

export interface HttpServerLimits {
  /** Until the headers are complete. */
  readonly headersTimeoutMs: number;
  /** Until the whole request is there. */
  readonly requestTimeoutMs: number;
  /** A connection without a request. */
  readonly keepAliveTimeoutMs: number;
  /** How often the two first are looked at. */
  readonly timeoutCheckMs: number;
  readonly headerBytesMax: number;
  readonly connectionsMax: number;
}
export const HTTP_SERVER_LIMITS: HttpServerLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 120_000,
  keepAliveTimeoutMs: 60_000,
  timeoutCheckMs: 1_000,
  headerBytesMax: 16 * 1024,
  connectionsMax: LIMITS.tcpConnectionsMax,
};

export interface HttpServerOptions {
  readonly limits?: Partial<HttpServerLimits>;
  /** Told of errors that are ours, before the sender gets a 500. */
  readonly onError?: (error: Error) => void;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

export function createHttpServer(options: HttpServerOptions = {}): FastifyInstance {
  const limits = { ...HTTP_SERVER_LIMITS, ...options.limits };
  const app = fastify({
    logger: false,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      maxHeaderSize: limits.headerBytesMax,
      noDelay: true,
    },
  });
  app.server.maxConnections = limits.connectionsMax;
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.replace(/\?.*$/, '');
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url: path }));
    if (allowed.length === 0)
      return reply.code(404).send({ error: `there is nothing at ${path.slice(0, 200)}` });
    return reply
      .code(405)
      .header('allow', allowed.join(', '))
      .send({ error: `${path} takes ${allowed.join(', ')}, not ${request.method}` });
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) options.onError?.(error);
    const sentence = status >= 500 ? 'the collector failed; try again' : error.message;
    return reply.code(status).send({ error: sentence });
  });
  return app;
}
