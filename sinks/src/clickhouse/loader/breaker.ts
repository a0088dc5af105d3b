// The circuit breaker around ClickHouse (ADR 0032). It holds a state and no time: when the next try
// comes is the loader's own pause alone, so that there are no two delays to add up. While the
// circuit is open a try is a ping, and nothing is read.
import { type BreakerStats, type Clock, WeirError } from '@weir/pipeline';
import { isDataError } from '../store/index.js';

type BreakerState = BreakerStats['state'];

export interface BreakerOptions {
  readonly clock: Clock;
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  /** Called once for each change. */
  readonly log: (line: string) => void;
}

export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  #failureCount = 0;
  #openCount = 0;
  #openedAtMs = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  stats(): BreakerStats {
    const isClosed = this.#state === 'closed';
    const nowMs = this.#options.clock.monotonicMs();
    return {
      state: this.#state,
      openCount: this.#openCount,
      openMs: isClosed ? 0 : nowMs - this.#openedAtMs,
    };
  }

  /** A try failed. Refused data say nothing about the store, and neither do files or workers. */
  failed(error: unknown): void {
    if (!isOfStore(error)) return;
    this.#failureCount++;
    if (this.#state === 'closed' && this.#failureCount < this.#options.failuresMax) return;
    this.#open(`after ${failures(this.#failureCount)} (${error.message})`);
  }

  /** It answers neither a statement nor a ping. */
  silent(): void {
    this.#open('since it answers neither a statement nor a ping');
  }

  /** It answered a ping: one delivery is tried. */
  probed(): void {
    if (this.#state === 'open')
      this.#change('half_open', 'ClickHouse answers a ping: one delivery is tried');
  }

  /** Rows were stored. */
  succeeded(): void {
    this.#failureCount = 0;
    if (this.#state === 'closed') return;
    const openMs = Math.round(this.stats().openMs);
    this.#change('closed', `the circuit to ClickHouse is closed again after ${openMs} ms`);
  }

  #open(why: string): void {
    if (this.#state === 'open') return;
    this.#openCount++;
    if (this.#state === 'closed') this.#openedAtMs = this.#options.clock.monotonicMs();
    this.#change(
      'open',
      `the circuit to ClickHouse is open ${why}: nothing more is read or sent until it answers a ` +
        'ping, nothing is lost meanwhile',
    );
  }

  #change(state: BreakerState, line: string): void {
    this.#state = state;
    this.#options.log(line);
  }
}

function isOfStore(error: unknown): error is WeirError {
  return (
    error instanceof WeirError &&
    (error.code === 'WEIR_STORE_UNREACHABLE' || error.code === 'WEIR_STORE_REJECTED') &&
    !isDataError(error)
  );
}

const failures = (count: number): string =>
  count === 1 ? 'a failure' : `${count} failures in a row`;
