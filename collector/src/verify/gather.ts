// What was signed, as the lines of one bundle that anyone can check offline. EVIDENCE.md "Bundle".
// Files, time and randomness come by Ports, so that it runs in simulation too.
import { join } from 'node:path';
import { type Files, type Random, type Timers, WeirError } from '@weir/pipeline';
import type { Store, TableNames } from '@weir/sinks/clickhouse';
import {
  BEFORE_SUFFIX,
  type BundleContent,
  type BundleSink,
  bundleLines,
  FrameFinder,
  inspectSpool,
  openSigner,
  outcomesOf,
  parseDocument,
  readReceipts,
  readSinkLedger,
  readTree,
  readVerifierKey,
  receiptGaps,
  type SettledStream,
  type Signer,
  type StoredReceipt,
  settledNumbers,
  type TreeReading,
} from '@weir/spool';
import { anchorsOf, compareAnchors } from './evidence.js';
import { Issued } from './issued.js';
import { foldOfLedger } from './ledger-fold.js';
import {
  isClickhouse,
  KEYS_FOLDER,
  type KnownSink,
  LEDGER_FOLDER,
  RECEIPTS_FOLDER,
} from './sink-record.js';

export interface GatherOptions {
  readonly files: Files;
  readonly random: Random;
  readonly timers: Timers;
  /** The data directory. */
  readonly directory: string;
  readonly sinks: readonly KnownSink[];
  readonly store: { readonly store: Store; readonly tables: TableNames } | null;
  readonly isRunning: boolean;
}

export interface BundleSummary {
  readonly nodeId: string;
  readonly tree: number;
  /** Leaves, one a frame. */
  readonly size: number;
  /** Receipts that name numbers behind the last checkpoint. */
  readonly leftOutReceiptCount: number;
  readonly anchorCount: number;
  /** How the bundle is known to say less than was signed or delivered. */
  readonly problems: readonly string[];
}

export interface GatheredBundle {
  readonly summary: BundleSummary;
  /** Without their newlines. To be read to the end, once: then the files are closed. */
  readonly lines: AsyncGenerator<string, void>;
}

const LOOK_INTERVAL_MS = 250;
/** A running instance signs each second. */
const LOOKS_MAX = 16;

/** Rejects with WEIR_NOT_RUNNING when there is nothing to export, and when no key can seal it. */
export async function gatherBundle(options: GatherOptions): Promise<GatheredBundle> {
  const { files, directory } = options;
  const spoolDirectory = join(directory, 'spool');
  const { nodeId } = await inspectSpool(files, spoolDirectory);
  if (nodeId === null)
    throw new WeirError('WEIR_NOT_RUNNING', `${directory} holds no spool: there is no evidence`);
  const sealer = await openLoaderKey(options, nodeId);
  const settled = await settledBy(options);
  const both = await readBoth(options, sealer, nodeId);
  const { tree, sinks, leftOutReceiptCount } = both;
  const anchors = options.store === null ? [] : await anchorsOf(options.store, nodeId, tree);
  const number = tree?.treeNumber ?? 1;
  const size = tree?.checkpoints.at(-1)?.says.size ?? tree?.begin.size ?? 0;
  // What was signed since the tree was read is not in this bundle.
  const notes = anchors
    .filter(
      (anchor) => anchor.treeNumber === number && (options.isRunning ? anchor.size <= size : true),
    )
    .map(({ note }) => note);
  const problems = [...both.problems];
  if (!options.isRunning) compareAnchors(tree, anchors, { problems, notes: [] });
  for (const { id, receipts } of both.found)
    problems.push(...(await gapProblems(options, id, settled.get(id) ?? [], receipts)));
  const content = {
    ...{ nodeId, tree, sinks, sealer, anchors: notes },
    keys: await keysOf(files, join(directory, KEYS_FOLDER)),
  };
  const anchorCount = notes.length;
  const summary = { nodeId, tree: number, size, leftOutReceiptCount, anchorCount, problems };
  return { summary, lines: linesOf(content, new FrameFinder(files, spoolDirectory)) };
}

async function* linesOf(
  content: Omit<BundleContent, 'contentOf'>,
  finder: FrameFinder,
): AsyncGenerator<string, void> {
  try {
    const contentOf: BundleContent['contentOf'] = ({ segmentId, frameNo }) =>
      finder.read(segmentId, frameNo);
    yield* bundleLines({ ...content, contentOf });
  } finally {
    await finder.close();
  }
}

/** Before anything else is read: what settles meanwhile is not asked of the receipts. */
function settledBy(options: GatherOptions): Promise<ReadonlyMap<string, readonly SettledStream[]>> {
  const ids = options.sinks.filter(({ isConfigured }) => isConfigured).map(({ id }) => id);
  return settledNumbers(options.files, join(options.directory, 'spool'), ids);
}

async function gapProblems(
  { files, directory }: GatherOptions,
  sink: string,
  settled: readonly SettledStream[],
  receipts: readonly StoredReceipt[],
): Promise<string[]> {
  const place = join(directory, LEDGER_FOLDER, `${sink}${BEFORE_SUFFIX}`);
  const before = (await readSinkLedger(files, place))?.streams ?? [];
  const gaps = receiptGaps(settled, outcomesOf(receipts), before);
  if (gaps.length === 0) return [];
  const count = gaps.reduce((sum, { eventCount }) => sum + eventCount, 0);
  const [{ stream, epoch, ranges } = { stream: '', epoch: 0n, ranges: [] }] = gaps;
  return [
    `${sink}: ${count} numbers that wait for it no more have no receipt, the first is ` +
      `${ranges[0]?.[0] ?? 0} of ${stream} epoch ${epoch}: files in DIR/receipts or DIR/ledger were ` +
      'cut, or the loader key could not be used; the bundle says less than the ledger of the sink. ' +
      'Start the instance, which makes receipts anew, and export again',
  ];
}

async function openLoaderKey(options: GatherOptions, nodeId: string): Promise<Signer> {
  const { files, random, directory } = options;
  const place = { directory: join(directory, KEYS_FOLDER), role: 'loader' as const, nodeId };
  const opened = await openSigner({ files, random, ...place });
  if ('signer' in opened) return opened.signer;
  throw new WeirError('WEIR_SINK_IO', `the bundle cannot be sealed: ${opened.message}`);
}

async function keysOf(files: Files, directory: string): Promise<string[]> {
  const keys: string[] = [];
  for (const role of ['node', 'loader'] as const) {
    const key = await readVerifierKey(files, directory, role);
    if (key !== null) keys.push(key.text);
  }
  return keys;
}

interface Both {
  readonly tree: TreeReading | null;
  readonly sinks: readonly BundleSink[];
  readonly leftOutReceiptCount: number;
  /** All receipts of each sink. */
  readonly found: readonly { readonly id: string; readonly receipts: readonly StoredReceipt[] }[];
  readonly problems: readonly string[];
}

/**
 * Receipts first, then the tree, which knows at least as much once its next checkpoint is there;
 * that of a running instance is waited for.
 */
async function readBoth(options: GatherOptions, sealer: Signer, nodeId: string): Promise<Both> {
  const { files, directory, isRunning, timers } = options;
  const configured = options.sinks.filter(({ isConfigured }) => isConfigured);
  const found: (FoundReceipts & { readonly sink: KnownSink; readonly id: string })[] = [];
  for (const sink of configured)
    found.push({ sink, id: sink.id, ...(await receiptsOf(options, sink, sealer, nodeId)) });
  const problems = found.flatMap(({ id, problem }) =>
    problem === null ? [] : `${id}: ${problem}`,
  );
  for (let look = 1; ; look++) {
    const tree = await readTree(files, join(directory, 'spool'));
    if (tree !== null && tree.problem !== null)
      throw new WeirError('WEIR_SPOOL_IO', `the signed tree cannot be exported: ${tree.problem}`);
    const issued = Issued.of(tree, nodeId);
    let leftOutReceiptCount = 0;
    const sinks = found.map(({ sink, receipts }): BundleSink => {
      const covered = coveredOf(receipts, issued);
      leftOutReceiptCount += receipts.length - covered.length;
      const { id, type, isRequired } = sink;
      return { id, type, isRequired, isSigned: isClickhouse(sink), receipts: covered };
    });
    if (leftOutReceiptCount === 0 || !isRunning || look >= LOOKS_MAX)
      return { tree, sinks, leftOutReceiptCount, found, problems };
    await timers.sleep(LOOK_INTERVAL_MS);
  }
}

interface FoundReceipts {
  readonly receipts: readonly StoredReceipt[];
  readonly problem: string | null;
}

async function receiptsOf(
  { files, directory }: GatherOptions,
  sink: KnownSink,
  sealer: Signer,
  nodeId: string,
): Promise<FoundReceipts> {
  if (!isClickhouse(sink)) return foldOfLedger(files, directory, sink, sealer, nodeId);
  return readReceipts(files, join(directory, RECEIPTS_FOLDER, sink.id));
}

/** Those up to the first that names a number which no checkpoint covers. */
function coveredOf(receipts: readonly StoredReceipt[], issued: Issued): readonly StoredReceipt[] {
  const end = receipts.findIndex(({ document }) => !issued.covers(parseDocument(document)));
  return end < 0 ? receipts : receipts.slice(0, end);
}
