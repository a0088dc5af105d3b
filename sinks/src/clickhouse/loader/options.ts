import {
  type BatchProcessor,
  type BreakerStats,
  type Clock,
  type Consumer,
  LIMITS,
  type Random,
  type SettledOutcome,
  type StoreProfile,
  type Timers,
} from '@weir/pipeline';
import type { ReceiptOutcome } from '@weir/spool';
import type { Store } from '../store/index.js';
import type { Fence } from './fence.js';
import type { IntentStore } from './intent.js';
import type { PutAside } from './put-aside.js';

export interface LoaderLimits {
  readonly batchesInFlightMax: number;
  readonly bytesInFlightMax: number;
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** A small group is sent this long after its first batch. */
  readonly lingerMs: number;
  /** A group of many rows waits longer: fewer and larger parts cost the store much less. */
  readonly lingerMsMax: number;
  readonly retryDelayMsMax: number;
  /** A statement under way gets this long to end once the loader is told to stop. */
  readonly stopWaitMs: number;
  /** A replay takes a frame of its intent that does not come within this time for unreadable. */
  readonly replayReadMs: number;
  /** Failures of the store in a row that open the circuit. */
  readonly breakerFailuresMax: number;
  /** After so long without a reply the store is pinged; silence opens the circuit at once. */
  readonly breakerSilenceMs: number;
  /** A ping gets this long. */
  readonly probeMs: number;
}

export const LOADER_LIMITS: LoaderLimits = {
  batchesInFlightMax: LIMITS.poolBatchesInFlightMax,
  bytesInFlightMax: LIMITS.poolBytesInFlightMax,
  rowsMax: LIMITS.loaderRowsMax,
  bytesMax: LIMITS.loaderBytesMax,
  lingerMs: LIMITS.loaderLingerMs,
  lingerMsMax: 1_000,
  retryDelayMsMax: LIMITS.loaderRetryDelayMsMax,
  stopWaitMs: 5_000,
  replayReadMs: 2_000,
  breakerFailuresMax: LIMITS.breakerFailuresMax,
  breakerSilenceMs: LIMITS.breakerSilenceMs,
  probeMs: LIMITS.breakerProbeMs,
};

/** A group with fewer rows than this is small. */
export const SMALL_GROUP_ROWS = 2_000;

export type LoaderState = 'ok' | 'retrying' | 'unreachable';

export interface LoaderStats {
  /** Since the start; settled events only. */
  readonly storedEvents: number;
  readonly quarantinedEvents: number;
  readonly quarantinedByReason: Readonly<Record<string, number>>;
  readonly filteredEvents: number;
  /** Rows sent and acknowledged, also when a retry sent fewer than the events. */
  readonly insertedRows: number;
  /** Bytes of the blocks that were sent and acknowledged. */
  readonly insertedBytes: number;
  readonly insertCount: number;
  readonly retryCount: number;
  readonly lastIntentId: number;
  readonly state: LoaderState;
  readonly lastError: string | null;
  readonly breaker: BreakerStats;
  /** Age of the oldest batch that is read and not settled; 0 for none. */
  readonly lagMs: number;
}

/** LoaderReceipts. A rejection leaves the intent open: it is repeated. */
export interface IntentReceipts {
  /** At a start, and after a recovery: all intents up to this one are closed. */
  begin(intentClosed: number): Promise<void>;
  /**
   * `isPartial`: not all frames of the intent are there any more. What an earlier attempt made of
   * them is known to the ledger only.
   */
  append(intent: number, outcomes: Iterable<ReceiptOutcome>, isPartial: boolean): Promise<void>;
}

export interface LoaderOptions {
  readonly consumer: Consumer;
  readonly processor: BatchProcessor;
  readonly store: Store;
  readonly fence: Fence;
  /** Ends a store that does not answer, where it is ours to end, and starts it again. */
  readonly revive?: () => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** For jitter; without it there is none. */
  readonly random?: Random;
  /** Part of the query ids, so that a fence ends only inserts of its own. Default `loader`. */
  readonly loaderName?: string;
  /** On the disk of the spool (IntentFile), or with the positions of a topic. */
  readonly intents: IntentStore;
  /**
   * A frame may come in several batches, so their number says nothing: once batches are checked
   * against the tables they are until the next start. Default false.
   */
  readonly comesInPieces?: boolean;
  /** Makes rows for quarantine of a batch that the store refuses; default: quarantineWhole. */
  readonly putAside?: PutAside;
  readonly eventsTable?: string;
  /** Of the events table, and of the blocks that the processor makes. */
  readonly profile: StoreProfile;
  readonly limits?: Partial<LoaderLimits>;
  /** Called with what became of each number, right after the frontier has moved over it. */
  readonly onSettled?: (outcomes: Iterable<SettledOutcome>) => void;
  readonly log: (line: string) => void;
  /**
   * Where each closed intent is signed for, after its ledger rows and before the frontier moves.
   */
  readonly receipts?: IntentReceipts | null;
  /** Plants a fault for proofs: the first batch is settled without being stored. */
  readonly sabotage?: 'drop_batch';
}
