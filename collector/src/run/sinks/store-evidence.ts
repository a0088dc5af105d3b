// What a ClickHouse sink signs and anchors: a receipt for each closed intent, and the spool's
// checkpoints in a table of the store.
import { join } from 'node:path';
import type { Clock, Files, Random, Timers } from '@weir/pipeline';
import {
  Anchors,
  LoaderReceipts,
  type ReceiptKey,
  type Store,
  type TableNames,
} from '@weir/sinks/clickhouse';
import {
  openSigner,
  patientFiles,
  type ReceiptOutcome,
  readSinkLedger,
  type Spool,
  signNote,
} from '@weir/spool';
import { KEYS_FOLDER, RECEIPTS_FOLDER } from '../../verify/sink-record.js';
import { endsWithin } from '../closers.js';
import { makeDirectories } from '../data-directory.js';
import { LEDGER_FOLDER, type SinkDependencies } from './managed-sink.js';

/** How long a stop waits for the last checkpoint, and for the store to take it. */
const LAST_ANCHOR_MS = 2_000;

export interface StoreEvidence {
  readonly receipts: LoaderReceipts;
  readonly anchors: Anchors;
}

export interface StoreEvidenceParts {
  /** Id of the sink. */
  readonly sink: string;
  readonly dataDirectory: string;
  readonly spool: Pick<Spool, 'nodeId' | 'foreignStreams' | 'latestCheckpoint'>;
  readonly store: Store;
  readonly tables: TableNames;
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** What was issued when the sink was not configured. */
  readonly before: readonly ReceiptOutcome[];
  readonly log: (line: string) => void;
}

export async function openStoreEvidence(
  sink: string,
  store: Store,
  tables: TableNames,
  dependencies: SinkDependencies,
): Promise<StoreEvidence> {
  const { config, metrics, log, onClose } = dependencies;
  makeDirectories(join(config.data_dir, RECEIPTS_FOLDER));
  const evidence = createStoreEvidence({
    ...dependencies,
    ...{ sink, store, tables, dataDirectory: config.data_dir },
    before: await beforeOf(sink, dependencies),
    log: (line) => log.warn({ component: sink }, line),
  });
  const { receipts, anchors } = evidence;
  onClose(`receipts of ${sink}`, () => receipts.close());
  metrics.total(null, 'weir_receipts_total', 'Receipts signed since the start.', () => {
    return receipts.stats().receiptCount;
  });
  metrics.total(
    null,
    'weir_receipt_failures_total',
    'Intents whose receipt could not be signed or written.',
    () => receipts.stats().failureCount,
  );
  metrics.total(
    null,
    'weir_anchored_checkpoints_total',
    'Checkpoints that the store has taken since the start.',
    () => anchors.stats().sentCount,
  );
  return evidence;
}

/** The folder of all receipts exists and is durable. Files, time and randomness come by Ports. */
export function createStoreEvidence(parts: StoreEvidenceParts): StoreEvidence {
  const { sink, dataDirectory, spool, store, tables, clock, timers, random, before, log } = parts;
  const receipts = new LoaderReceipts({
    ...{ random, clock, sink, store, tables, before, log },
    files: patientFiles(parts.files, timers),
    directory: join(dataDirectory, RECEIPTS_FOLDER, sink),
    openKey: () => openLoaderKey(parts),
    scope: () => ({ ownPrefix: `${spool.nodeId}/`, foreign: spool.foreignStreams() }),
  });
  const anchors = new Anchors({
    ...{ store, tables, clock, timers, log },
    latest: () => {
      const found = spool.latestCheckpoint;
      return found && { nodeId: spool.nodeId, ...found, root: base64Of(found.root) };
    },
  });
  return { receipts, anchors };
}

/**
 * At a stop: signs what is durable, and sends the newest checkpoint. Neither may take longer than
 * the limit. Behind a start a whole tree may have to be read before anything is signed: that is
 * left to the closing of the spool, which reads a part, and to the next start.
 */
export async function anchorLast(
  spool: Pick<Spool, 'checkpointNow'>,
  anchors: Pick<Anchors, 'finish'>,
  timers: Timers,
): Promise<void> {
  await endsWithin(spool.checkpointNow(), LAST_ANCHOR_MS, timers, () => undefined);
  await anchors.finish(LAST_ANCHOR_MS);
}

async function openLoaderKey(parts: StoreEvidenceParts): Promise<ReceiptKey> {
  const { dataDirectory, spool, files, random } = parts;
  const directory = join(dataDirectory, KEYS_FOLDER);
  const role = 'loader' as const;
  const opened = await openSigner({ files, random, directory, role, nodeId: spool.nodeId });
  if ('problem' in opened) return { problem: opened.message };
  const { signer } = opened;
  return { name: signer.verifierKey.name, sign: (text) => signNote(text, signer) };
}

/** What was issued when the sink was not configured. */
async function beforeOf(
  sink: string,
  { config, files }: SinkDependencies,
): Promise<ReceiptOutcome[]> {
  const reading = await readSinkLedger(
    files,
    join(config.data_dir, LEDGER_FOLDER, `${sink}.before`),
  );
  return (reading?.streams ?? []).flatMap(({ tenant, stream, epoch, beforeRanges }) =>
    beforeRanges.length === 0
      ? []
      : [{ tenant, stream, epoch, kind: 'before' as const, seqs: beforeRanges.flat() }],
  );
}

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
