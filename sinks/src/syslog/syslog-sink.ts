// Messages to a syslog server over TCP or TLS. Syslog has no acknowledgement: delivered means that
// the kernel took every byte while the connection stood. What stands in the buffers of both kernels
// when a connection breaks is lost, and nobody can say how much; a `weir` sink has receipts.
import type { Sink, SinkOutcome, SinkPayload } from '@weir/pipeline';
import { toFailure } from '@weir/pipeline';
import { Connection } from './connection.js';
import {
  SYSLOG_SINK_DEFAULTS,
  type SyslogSinkDependencies,
  type SyslogSinkOptions,
} from './options.js';

export function createSyslogSink(options: SyslogSinkOptions, deps: SyslogSinkDependencies): Sink {
  return new SyslogSink({ ...SYSLOG_SINK_DEFAULTS, ...options }, deps);
}

class SyslogSink implements Sink {
  readonly #options: Required<SyslogSinkOptions>;
  readonly #deps: SyslogSinkDependencies;
  #connection: Connection | null = null;

  constructor(options: Required<SyslogSinkOptions>, deps: SyslogSinkDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Rejects as `Connection.open` does. */
  async open(signal: AbortSignal): Promise<void> {
    if (this.#connection?.isOpen === true) return;
    this.#connection?.destroy();
    this.#connection = null;
    this.#connection = await Connection.open(this.#options, this.#deps, signal);
  }

  mayHoldPayload(): boolean {
    return this.#connection?.isWriting ?? false;
  }

  async close(): Promise<void> {
    this.#connection?.end();
    this.#connection = null;
  }

  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    try {
      await this.open(signal);
      await this.#connection?.write(payload.blocks, this.#options, this.#deps, signal);
      return { kind: 'delivered' };
    } catch (error) {
      const failure = toFailure(error, 'WEIR_SINK_UNREACHABLE');
      return { kind: 'retry', afterMs: null, failure };
    }
  }
}
