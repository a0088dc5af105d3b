// A sink as the collector runs it: named consumer of the spool, processor on the pool, delivery.
import type {
  BatchProcessor,
  Clock,
  Consumer,
  Files,
  Metrics,
  Random,
  SinkRunner,
  Timers,
} from '@weir/pipeline';
import type { Spool } from '@weir/spool';
import type { Logger } from 'pino';
import type { Config } from '../../config/schema.js';
import type { SinkAccounts } from '../conservation/sink-accounts.js';

/** Folders of the data directory, with one folder a sink in each. */
export const LEDGER_FOLDER = 'ledger';
export const QUARANTINE_FOLDER = 'quarantine';

/** What DIR/run.json says of a sink, for the commands that look at a running instance. */
export interface SinkRecord {
  readonly type: string;
  readonly required: boolean;
  /** Where it delivers to, without secrets. */
  readonly target: string;
}

export interface ManagedSink extends SinkRunner {
  readonly id: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** For people: where it delivers to. */
  readonly description: string;
  readonly record: SinkRecord;
  /** Durable and not settled by this sink. */
  pending(): { readonly events: number; readonly bytes: number };
  readonly accounts: SinkAccounts;
  /** Numbers skipped or without an outcome since the start. */
  readonly missingEvents: number;
  /** Newest intent of the loader; absent where there is none. */
  readonly lastIntentId?: number;
}

/** What every sink is made from. */
export interface SinkDependencies {
  readonly config: Config;
  readonly log: Logger;
  readonly spool: Spool;
  readonly consumer: Consumer;
  /** Ids of the sinks that the spool keeps everything for. */
  readonly requiredSinks: readonly string[];
  readonly processor: BatchProcessor;
  /** The same way apart from the sink's own batches, or with this pack; nothing is counted. */
  readonly requeueProcessorOf: (pack: string | null) => BatchProcessor;
  readonly metrics: Metrics;
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Registers what has to be undone at the end, last first. */
  readonly onClose: (name: string, close: () => unknown) => void;
  /** Plants a fault for proofs. */
  readonly sabotage: string | null;
  /** Something that run.json shows has changed. */
  readonly onChange: () => void;
}
