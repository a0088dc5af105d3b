import type {
  BatchProcessor,
  Clock,
  Consumer,
  Random,
  SettledOutcome,
  Sink,
  Timers,
} from '@weir/pipeline';
import { LIMITS } from '@weir/pipeline';
import type { SinkLedger } from '@weir/spool';
import type { DeadLetter } from './dead-letter.js';
import type { Overrun } from './overrun.js';
import type { BlockEncoding } from './payload.js';

const MiB = 1024 * 1024;

export interface DeliveryLimits {
  /** Batches on the workers, or done there and not in a group yet. */
  readonly batchesInFlightMax: number;
  readonly bytesInFlightMax: number;
  /** A group with so many events or bytes is sent at once. */
  readonly groupEventsMax: number;
  readonly groupBytesMax: number;
  /** Rows and bytes of lines in one write; a longer row goes alone. */
  readonly payloadEventsMax: number;
  readonly payloadBytesMax: number;
  /** A smaller group is sent this long after its first batch. */
  readonly lingerMs: number;
  readonly retryDelayMsMin: number;
  /** Longest delay between tries, unless the other side asks for more. */
  readonly retryDelayMsMax: number;
  /** Longest delay that the other side may ask for. */
  readonly retryAfterMsMax: number;
  /** A write that does not end when it is told to gets this long. */
  readonly stopWaitMs: number;
  /** How often an optional sink looks whether it lags too far behind. */
  readonly overrunCheckMs: number;
}

export const DELIVERY_LIMITS: DeliveryLimits = {
  batchesInFlightMax: LIMITS.poolBatchesInFlightMax,
  bytesInFlightMax: LIMITS.poolBytesInFlightMax,
  groupEventsMax: 20_000,
  groupBytesMax: 4 * MiB,
  payloadEventsMax: Number.POSITIVE_INFINITY,
  payloadBytesMax: Number.POSITIVE_INFINITY,
  lingerMs: 200,
  retryDelayMsMin: 100,
  retryDelayMsMax: 30_000,
  retryAfterMsMax: 600_000,
  stopWaitMs: 5_000,
  overrunCheckMs: 100,
};

export type DeliveryLogLevel = 'info' | 'warn' | 'error';
export type DeliveryLogDetails = Readonly<Record<string, string | number | null>>;

export interface DeliveryOptions {
  /** Component id of the sink. */
  readonly id: string;
  readonly sink: Sink;
  readonly encoding: BlockEncoding;
  readonly consumer: Consumer;
  readonly processor: BatchProcessor;
  readonly ledger: SinkLedger;
  readonly deadLetter: DeadLetter;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Null for a required sink. */
  readonly overrun: Overrun | null;
  /** Writes under way at once; default 1. More only for a sink that says it can. */
  readonly writesMax?: number;
  readonly limits?: Partial<DeliveryLimits>;
  /** Called with what became of each number, right after the frontier has moved over it. */
  readonly onSettled?: (outcomes: Iterable<SettledOutcome>) => void;
  readonly log: (level: DeliveryLogLevel, message: string, details: DeliveryLogDetails) => void;
}

/**
 * A sink that can undo what was never recorded, and so is exactly once: what `state` gives after a
 * write stands in the ledger record of that write.
 */
export interface StatefulSink extends Sink {
  /**
   * Before the first open: what the ledger has, null for nothing that can be relied upon. False if
   * it is not of this sink as it is configured now; then where it stands is recorded before it
   * writes.
   */
  restore(state: unknown): boolean;
  /** JSON, after a write that was delivered. */
  state(): unknown;
  /** The ledger has it: what served only to undo the write can go. */
  recorded(state: unknown): void;
}

export const isStateful = (sink: Sink): sink is StatefulSink =>
  'restore' in sink && 'state' in sink && 'recorded' in sink;
