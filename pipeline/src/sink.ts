// Contract of sinks that take encoded rows over a wire or into a file. The runtime reads the spool,
// has batches processed on the pool and calls `write`; a sink knows nothing of frontiers. (The
// ClickHouse loader has its own protocol, since it stores each event once.)
import type { FailureRecord } from './errors.js';

/** Rows of one or more whole batches, in log order. */
export interface SinkPayload {
  /** In the sink's encoding, one after the other. For NDJSON every row ends with a line feed. */
  readonly blocks: readonly Uint8Array<ArrayBuffer>[];
  readonly rowCount: number;
  readonly byteCount: number;
}

/**
 * What became of a payload. There is no default: a sink that cannot tell says `retry`.
 * - delivered: the other side has taken responsibility for every row.
 * - retry: nothing is known to be taken; the same rows come again after `afterMs`, or after a
 *   growing delay with jitter where it is null.
 * - rejected: the other side will never take these rows (indices into the payload, ascending);
 *   all others were taken. An empty list together with `isWhole` means that it refuses the payload
 *   without naming rows: the runtime halves it until single rows are left.
 */
export type SinkOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly afterMs: number | null; readonly failure: FailureRecord }
  | {
      readonly kind: 'rejected';
      readonly rows: Uint32Array;
      readonly isWhole: boolean;
      readonly failure: FailureRecord;
    };

export interface Sink {
  /** Resolves when writes can begin; called again after a failure. Rejects with a WeirError. */
  open(signal: AbortSignal): Promise<void>;
  /** One at a time. An aborted signal ends it early with `retry`. Does not reject. */
  write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome>;
  /**
   * True while bytes of a payload may still be read though its write has ended, for instance by a
   * socket whose peer answered early: then their memory is not used again.
   */
  mayHoldPayload?(): boolean;
  close(): Promise<void>;
}

/** Numbers of one stream that came to the same end in a sink. */
export interface SettledOutcome {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  /** `known`: the sink's ledger had them from before. */
  readonly kind: 'stored' | 'quarantined' | 'filtered' | 'lost' | 'known';
  /** first, last pairs. */
  readonly seqs: readonly number[];
}

export type SinkState = 'ok' | 'retrying' | 'unreachable' | 'blocked';

/** Of any sink, the ClickHouse loader included. Event counts since the start, settled ones only. */
export interface SinkStats {
  readonly storedEvents: number;
  readonly quarantinedEvents: number;
  readonly quarantinedByReason: Readonly<Record<string, number>>;
  readonly filteredEvents: number;
  /** Declared lost for this sink, for instance `sink_overrun` of an optional one. */
  readonly lostEvents: number;
  readonly sentBytes: number;
  readonly retryCount: number;
  readonly state: SinkState;
  readonly lastError: string | null;
  /** Age of the oldest batch that is read and not settled; 0 for none. */
  readonly lagMs: number;
  /** Of a sink with a circuit breaker. */
  readonly breaker?: BreakerStats;
}

export interface BreakerStats {
  readonly state: 'closed' | 'half_open' | 'open';
  /** How often it opened since the start. */
  readonly openCount: number;
  /** Since it opened, also while it is half open; 0 while it is closed. */
  readonly openMs: number;
}

/** A sink at work on its consumer of the spool. */
export interface SinkRunner {
  /** Runs until the signal aborts. Rejects only on a broken invariant. */
  run(signal: AbortSignal): Promise<void>;
  /** Sends what is there without waiting for more. True when nothing is pending any more. */
  drain(deadlineMs: number): Promise<boolean>;
  stats(): SinkStats;
}
