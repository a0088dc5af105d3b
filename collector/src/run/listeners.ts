// The listeners of a configuration: sources with their streams, started together and stopped
// together.
import {
  type Admission,
  type BatchBuffer,
  type BufferPool,
  type Clock,
  type ComponentMetrics,
  type Metrics,
  type Network,
  type Sequencer,
  StreamSet,
  type Timers,
  type WhenFull,
} from '@weir/pipeline';
import type { ForeignStream } from '@weir/spool';
import type { FastifyInstance } from 'fastify';
import { AddressSet } from '../address-set.js';
import { splitHostPort } from '../config/host-port.js';
import type { Config, HttpSourceConfig, SyslogSourceConfig } from '../config/schema.js';
import {
  createHttpServer,
  ForwardedIndex,
  type IngestEvidence,
  type RecoveredRequestPart,
  registerIngest,
} from '../sources/http/index.js';
import { listenError, type Source, type SourceAddress } from '../sources/source.js';
import { createSyslogSource } from '../sources/syslog/index.js';
import { type Totals, withTotals } from './totals.js';

export interface ListenerDependencies {
  readonly node: string;
  readonly sequencer: Sequencer;
  readonly buffer: BatchBuffer;
  readonly batchMemory: BufferPool;
  /** How long events gather to a batch. */
  readonly batchLingerMs: number;
  /** What TCP senders meet while the spool is full. */
  readonly whenFull: WhenFull;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network;
  readonly metrics: Metrics;
  readonly totals: Totals;
  readonly recoveredRequestParts: readonly RecoveredRequestPart[];
  /** What of other nodes' streams is durable here. */
  readonly foreignStreams: readonly ForeignStream[];
  /** What senders over HTTP are given to keep. */
  readonly evidence: IngestEvidence;
  /** Adds further routes to an HTTP listener. */
  readonly registerRoutes: (app: FastifyInstance) => void;
  readonly onError: (error: Error) => void;
}

/**
 * A listener by its name in streams and run.json: `<source>_<protocol>`, or `<source>` for HTTP.
 */
export interface StartedListener {
  readonly name: string;
  readonly address: SourceAddress;
}

/** Listeners of the configured sources, by the name that stands in their streams. */
export function listenersOf(config: Config): { listener: string; source: string }[] {
  return Object.entries(config.sources).flatMap(([name, source]) =>
    source.type === 'syslog'
      ? source.protocols.map((protocol) => ({ listener: `${name}_${protocol}`, source: name }))
      : [{ listener: name, source: name }],
  );
}

interface Listener {
  readonly name: string;
  readonly source: Source;
  readonly streams: StreamSet;
}

export class Listeners {
  readonly #listeners: readonly Listener[];
  readonly #started: Listener[] = [];

  constructor(config: Config, dependencies: ListenerDependencies) {
    const forwarded = new ForwardedIndex(dependencies.foreignStreams);
    this.#listeners = Object.entries(config.sources).flatMap(([name, source]) =>
      source.type === 'syslog'
        ? syslogListeners(name, source, dependencies)
        : [httpListener(name, source, forwarded, dependencies)],
    );
  }

  /** Rejects with WEIR_ADDRESS_IN_USE or WEIR_ADDRESS_UNAVAILABLE; what had started is stopped. */
  async start(): Promise<StartedListener[]> {
    const addresses: StartedListener[] = [];
    try {
      for (const listener of this.#listeners) {
        const [address] = await listener.source.start();
        this.#started.push(listener);
        if (address !== undefined) addresses.push({ name: listener.name, address });
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    return addresses;
  }

  /** Stops accepting, then makes everything admitted durable. Rejects after all have ended. */
  async stop(): Promise<void> {
    const sources = await Promise.allSettled(this.#started.map(({ source }) => source.stop()));
    const streams = await Promise.allSettled(this.#started.map((each) => each.streams.close()));
    for (const result of [...sources, ...streams]) {
      if (result.status === 'rejected') throw result.reason;
    }
  }

  /** Of all listeners. */
  get streams(): Admission[] {
    return this.#listeners.flatMap(({ streams }) => streams.streams);
  }

  get pendingBytes(): number {
    return this.#listeners.reduce((sum, { streams }) => sum + streams.pendingBytes, 0);
  }
}

/** One listener a protocol, so that UDP and TCP have streams of their own. */
function syslogListeners(
  name: string,
  config: SyslogSourceConfig,
  dependencies: ListenerDependencies,
): Listener[] {
  const { host, port } = splitHostPort(config.listen);
  return config.protocols.map((protocol) => {
    const listenerName = `${name}_${protocol}`;
    const metrics = metricsOf(dependencies, listenerName, `syslog_${protocol}`);
    const streams = streamsOf(listenerName, config, 'syslog', metrics, dependencies);
    const source = createSyslogSource({
      host,
      port,
      protocols: [protocol],
      streams,
      network: dependencies.network,
      clock: dependencies.clock,
      timers: dependencies.timers,
      metrics,
      header: config.header,
      limits: { syslogMessageBytesMax: config.max_message_bytes },
      ...(config.proxy_protocol_from.length === 0
        ? {}
        : { proxies: new AddressSet(config.proxy_protocol_from) }),
      ...(config.trusted_relays.length === 0
        ? {}
        : { relays: new AddressSet(config.trusted_relays) }),
    });
    return { name: listenerName, source, streams };
  });
}

function httpListener(
  name: string,
  config: HttpSourceConfig,
  forwarded: ForwardedIndex,
  dependencies: ListenerDependencies,
): Listener {
  const { host, port } = splitHostPort(config.listen);
  const metrics = metricsOf(dependencies, name, 'http');
  const streams = streamsOf(name, config, 'json', metrics, dependencies);
  const app = createHttpServer({ onError: dependencies.onError });
  const ingest = registerIngest(app, {
    streams,
    clock: dependencies.clock,
    timers: dependencies.timers,
    metrics,
    limits: { httpBodyBytesMax: config.max_body_bytes, httpItemBytesMax: config.max_item_bytes },
    recoveredRequestParts: dependencies.recoveredRequestParts,
    evidence: dependencies.evidence,
    forwarding: {
      buffer: dependencies.buffer,
      index: forwarded,
      nodeId: dependencies.node,
      tenants: [config.tenant, ...config.forwarded_tenants],
    },
  });
  dependencies.registerRoutes(app);
  const source: Source = {
    async start() {
      try {
        await app.listen({ host, port });
      } catch (error) {
        throw listenError(error, 'http', host, port);
      }
      // A connection that cannot be accepted must not end the process.
      app.server.on('error', () => metrics.error('accept_failed', 'receiving'));
      const address = app.server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      return [{ protocol: 'http', host, port: bound }];
    },
    async stop() {
      await ingest.stop();
      await app.close();
    },
  };
  return { name, source, streams };
}

const metricsOf = (
  dependencies: ListenerDependencies,
  id: string,
  type: string,
): ComponentMetrics =>
  withTotals(dependencies.metrics.component(id, 'source', type), dependencies.totals);

function streamsOf(
  listener: string,
  config: SyslogSourceConfig | HttpSourceConfig,
  format: 'syslog' | 'json',
  metrics: ComponentMetrics,
  dependencies: ListenerDependencies,
): StreamSet {
  return new StreamSet({
    node: dependencies.node,
    listener,
    shardCount: config.shards,
    tenant: config.tenant,
    retentionClass: config.retention_class,
    format,
    sequencer: dependencies.sequencer,
    buffer: dependencies.buffer,
    batchMemory: dependencies.batchMemory,
    whenFull: dependencies.whenFull,
    limits: { batchLingerMs: dependencies.batchLingerMs },
    clock: dependencies.clock,
    timers: dependencies.timers,
    metrics,
  });
}
