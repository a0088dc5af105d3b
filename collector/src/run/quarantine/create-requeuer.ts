// The requeuer of an instance: of one that runs, or of one that stands still while a command holds
// its directory.
import { join } from 'node:path';
import type { BatchProcessor, Clock, Files, Random, Timers } from '@weir/pipeline';
import { type LoaderReceipts, Requeuer, tableNames } from '@weir/sinks/clickhouse';
import type { Config } from '../../config/schema.js';
import { INTENT_FOLDER } from '../../verify/sink-record.js';
import { makeDirectories } from '../data-directory.js';
import type { OpenStore } from '../sinks/open-store.js';

export interface RequeuerParts {
  readonly config: Pick<Config, 'data_dir' | 'store'>;
  readonly nodeId: string;
  readonly foreignStreams: () => readonly { readonly stream: string }[];
  readonly store: Pick<OpenStore, 'store' | 'fence'>;
  readonly receipts: Pick<LoaderReceipts, 'note'>;
  readonly processorOf: (pack: string | null) => BatchProcessor;
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly sabotage: string | null;
  readonly log: (line: string) => void;
}

export function createRequeuer(parts: RequeuerParts): Requeuer {
  const { config, nodeId, store, receipts, processorOf, sabotage, files, timers, log } = parts;
  const { profile, events_table: eventsTable } = config.store;
  const intentDirectory = join(config.data_dir, INTENT_FOLDER);
  makeDirectories(intentDirectory);
  return new Requeuer({
    ...{ profile, files, timers, intentDirectory, processorOf, log },
    store: store.store,
    fence: store.fence,
    tables: tableNames(eventsTable),
    // A fence on a shared server must end the statements of this node only.
    name: nodeId,
    run: `${parts.clock.nowNs().toString(36)}${parts.random.u32().toString(36)}`,
    noteReceipt: (outcomes) => receipts.note(outcomes),
    isOurs: (stream) =>
      stream.startsWith(`${nodeId}/`) ||
      parts.foreignStreams().some((foreign) => foreign.stream === stream),
    ...(sabotage === SABOTAGE ? { sabotage } : {}),
  });
}

const SABOTAGE = 'requeue_without_read_back';
