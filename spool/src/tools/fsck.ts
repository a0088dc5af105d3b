// Does every byte check? Reads the whole spool and what belongs to it, and changes nothing.
import type { Files } from '@weir/pipeline';
import { loadEpochs } from '../epochs-file.js';
import type { StreamEpoch } from '../layout.js';
import { EPOCHS_NAME, streamKey } from '../layout.js';
import type { LostNumbers } from '../scan.js';
import { checkReceipts, checkTree } from './check-evidence.js';
import { checkLedgers } from './check-ledgers.js';
import { SegmentsCheck } from './check-segments.js';
import { checkSmallFiles } from './check-small-files.js';
import { type Finding, findingOf, type UndeclaredDamage } from './findings.js';
import { NumberCheck } from './number-check.js';
import type { Survey } from './survey.js';
import { boundsOf, surveySpool } from './survey.js';

export interface FsckOptions {
  readonly files: Files;
  /** The spool's directory. */
  readonly directory: string;
  /** How findings name it: `spool/` within a data directory, else nothing. */
  readonly prefix: string;
  /** The folder with one folder a sink; null for a spool that stands alone. */
  readonly ledgerDirectory: string | null;
  /** The same of signed receipts. */
  readonly receiptDirectory: string | null;
  /**
   * Sinks that sign none. A folder of receipts may be there all the same, of an earlier sink with
   * the same name: nothing that was settled since is in it.
   */
  readonly unsignedSinks?: readonly string[];
  /** An instance runs on it: what is being written is no error. */
  readonly isLive: boolean;
  /** False: slots, headers and footers only, in the time of some reads a segment. */
  readonly isDeep: boolean;
  readonly onProgress?: (bytesDone: number, bytesTotal: number) => void;
}

export interface FsckReport {
  /** True if there is no finding but notes. */
  readonly isClean: boolean;
  /** In the order of the files. */
  readonly findings: readonly Finding[];
  readonly notes: readonly Finding[];
  readonly segmentCount: number;
  /** Good ones. */
  readonly frameCount: number;
  readonly eventCount: number;
  readonly bytesRead: number;
  /** Frames that are the ones hashed into the signed tree; the newest may not be in it yet. */
  readonly leafCount: number;
  /** For repair: what is to be declared. */
  readonly undeclared: readonly UndeclaredDamage[];
  readonly missing: readonly LostNumbers[];
  readonly foreignNames: readonly string[];
}

/** Rejects with WEIR_SPOOL_VERSION, or the system's error where it refuses the directory. */
export async function fsckSpool(options: FsckOptions): Promise<FsckReport> {
  const {
    files,
    directory,
    prefix,
    ledgerDirectory,
    receiptDirectory,
    isLive,
    isDeep,
    onProgress,
  } = options;
  const survey = await surveySpool(files, directory);
  const issued = lastSeqsOf(survey);
  const all: Finding[] = await checkSmallFiles({ files, survey, isLive, prefix });
  const isFromStart = survey.deleteIntent === 0 && survey.segments[0]?.header?.previousId === 0;
  const numbers = new NumberCheck(survey.epochs, isFromStart);
  const bytesTotal = await bytesOf(files, survey);
  const { findings: inTree, leaves: tree } = await checkTree(files, directory, survey, options);
  let bytesRead = 0;
  const segments = new SegmentsCheck({
    files,
    survey,
    isLive,
    isDeep,
    prefix,
    numbers,
    onFinding: (finding) => all.push(finding),
    onBytes: (byteCount) => {
      bytesRead += byteCount;
      onProgress?.(Math.min(bytesRead, bytesTotal), bytesTotal);
    },
    leaves: tree,
  });
  await segments.run();
  const isEpochsKnown = survey.epochsHead !== null;
  const missing = isDeep
    ? numbers.missing((id) => (isEpochsKnown ? (issued.get(streamKey(id)) ?? -1) : -1))
    : [];
  for (const lost of missing) {
    const what = `no frame holds ${lost.eventCount} numbers that were issued, and none declares them`;
    all.push(findingOf('numbers_missing', prefix || '.', what, { numbers: [lost] }));
  }
  if (isDeep && isEpochsKnown) all.push(...(await checkEpochs(options, survey, numbers, issued)));
  all.push(...inTree);
  if (ledgerDirectory !== null)
    all.push(...(await checkLedgers(files, ledgerDirectory, 'ledger/', isLive)));
  if (receiptDirectory !== null) {
    const place = { spoolDirectory: directory, directory: receiptDirectory, ledgerDirectory };
    const { unsignedSinks = [] } = options;
    all.push(...(await checkReceipts({ files, isLive, unsignedSinks, ...place })));
  }
  const findings = all.filter(({ severity }) => severity === 'damage');
  return {
    isClean: findings.length === 0,
    findings,
    notes: all.filter(({ severity }) => severity === 'note'),
    segmentCount: segments.segmentCount,
    frameCount: segments.frameCount,
    eventCount: segments.eventCount,
    bytesRead: Math.min(bytesRead, bytesTotal),
    leafCount: tree?.leafCount ?? 0,
    undeclared: segments.undeclared,
    missing,
    foreignNames: survey.foreignNames,
  };
}

/** What `epochs` says, before frames that are read add to it. */
function lastSeqsOf({ epochs }: Survey): Map<string, number> {
  const found = new Map<string, number>();
  for (const entry of epochs.values()) found.set(streamKey(entry), entry.lastSeq);
  return found;
}

async function bytesOf(files: Files, survey: Survey): Promise<number> {
  let total = 0;
  for (const segment of survey.segments)
    total += (await boundsOf(files, survey, segment))?.limit ?? 0;
  return total;
}

/** `epochs` is durable before a footer, so it names at least what sealed segments hold. */
async function checkEpochs(
  { files, directory, prefix, isLive }: FsckOptions,
  survey: Survey,
  numbers: NumberCheck,
  issued: ReadonlyMap<string, number>,
): Promise<Finding[]> {
  let lastSeqOf = (id: StreamEpoch): number => issued.get(streamKey(id)) ?? -1;
  if (isLive) {
    const { table } = await loadEpochs(files, directory);
    lastSeqOf = (id) => table.get(id)?.lastSeq ?? -1;
  }
  const found: Finding[] = [];
  const newest = survey.segments.at(-1);
  const isOpen = newest !== undefined && (await boundsOf(files, survey, newest))?.isSealed !== true;
  // What an open segment holds comes into `epochs` when it ends.
  if (isOpen) return [];
  for (const id of numbers.streams()) {
    const last = numbers.lastOf(id);
    const known = lastSeqOf(id);
    if (known >= last) continue;
    const { tenant, stream, epoch } = id;
    const lost = { tenant, stream, epoch, ranges: [[known + 1, last] as const], eventCount: 0 };
    const what = `it says that ${known} is the last number of a stream, and frames go up to ${last}`;
    found.push(findingOf('epochs_behind', prefix + EPOCHS_NAME, what, { numbers: [lost] }));
  }
  return found;
}
