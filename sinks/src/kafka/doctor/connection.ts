// A client that is connected to look around, and why it is not where it cannot be.
import { messageOf, type Timers, WeirError } from '@weir/pipeline';
import type {
  Binding,
  ClientConfig,
  ClientError,
  ClusterMetadata,
  ProducerHandle,
} from '../client/binding.js';
import { disconnect } from '../client/handle.js';

const POLL_MS = 50;

export class Connection {
  readonly #handle: ProducerHandle;
  readonly #timers: Timers;
  readonly #timeoutMs: number;
  /** What came first; later ones only repeat that none is connected. */
  #firstError: ClientError | null = null;
  /** Says more than the error: that a connection was refused, for instance. */
  #firstLog: string | null = null;

  constructor(
    binding: Pick<Binding, 'Producer'>,
    config: ClientConfig,
    timers: Timers,
    timeoutMs: number,
  ) {
    this.#timers = timers;
    this.#timeoutMs = timeoutMs;
    this.#handle = new binding.Producer({ ...config, 'log.connection.close': true });
    this.#handle.on('event.error', (error) => {
      this.#firstError ??= error;
    });
    this.#handle.on('event.log', ({ message }) => {
      this.#firstLog ??= message.replace(/^\[thrd:[^\]]*\]: /, '');
    });
  }

  /** Rejects with WEIR_KAFKA_UNREACHABLE and what was said first: more than a time-out tells. */
  async connect(): Promise<void> {
    const connected = new AbortController();
    const polling = this.#pollUntil(connected.signal);
    try {
      await new Promise<void>((resolve, reject) =>
        this.#handle.connect({ timeout: this.#timeoutMs }, (error) =>
          error === null || error === undefined ? resolve() : reject(error),
        ),
      );
    } catch (error) {
      const said = this.#firstLog ?? this.#firstError?.message ?? messageOf(error);
      throw new WeirError('WEIR_KAFKA_UNREACHABLE', said, {}, error);
    } finally {
      connected.abort();
      await polling;
    }
  }

  /** Errors come by polling, which begins by itself only once it is connected. */
  async #pollUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#timers.sleep(POLL_MS, signal).catch(() => undefined);
      if (!signal.aborted && this.#handle.isConnected()) this.#handle.poll();
    }
  }

  metadata(): Promise<ClusterMetadata> {
    // Of all topics: to ask for one may make it, where the brokers allow that.
    return new Promise((resolve, reject) =>
      this.#handle.getMetadata({ timeout: this.#timeoutMs }, (error, found) =>
        found === undefined ? reject(error) : resolve(found),
      ),
    );
  }

  close(): Promise<void> {
    return disconnect(this.#handle, this.#timers, this.#timeoutMs);
  }
}

/** What to look at, by what the client said. */
export function hintOf(said: string): string {
  if (/sasl auth|authentication fail/i.test(said))
    return 'a broker answers and refuses: look at sasl_mechanism, username and password of [kafka]';
  if (/ssl (error|handshake)|certificate/i.test(said))
    return 'a broker answers and TLS fails: look at tls and the tls_ files of [kafka]';
  if (/disconnected/i.test(said))
    return 'a broker hangs up: it may want TLS or SASL ([kafka]), or another port';
  return 'nobody answers there: look at KAFKA_BROKERS, and whether this machine reaches them';
}
