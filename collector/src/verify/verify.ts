// Does the ledger close? What the spool says was issued, against what the store says became of it.
// No wall clock takes part in the verdict, and a running instance is not disturbed.
import type { Clock, Files, Timers } from '@weir/pipeline';
import {
  type DeepReport,
  type LedgerReport,
  type LedgerStream,
  readLedger,
  type Store,
  type TableNames,
  verifyLedger,
  verifyTables,
} from '@weir/sinks/clickhouse';
import { inspectSpool, type SpoolInspection } from '@weir/spool';

export interface VerifyOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly spoolDirectory: string;
  readonly store: Store;
  readonly tables: TableNames;
  /** Nothing delivers where nothing runs: then there is no use in waiting. */
  readonly isRunning: boolean;
  /** Longest wait for in flight = 0. */
  readonly waitMs: number;
  /** Compares the tables themselves with the ledger, too. */
  readonly deep: boolean;
  readonly onWaiting: (inFlight: number) => void;
}

export interface VerifyReport extends LedgerReport {
  readonly deep: DeepReport | null;
}

/** One look at both sides. What is in flight can only move from the first into the second. */
export interface Look {
  /** Begins the names of all streams of this spool; null if nothing names it. */
  readonly nodeId: string | null;
  readonly spool: Pick<SpoolInspection, 'streams' | 'consumers'>;
  readonly ledger: readonly LedgerStream[];
  /** Nothing was in flight, and nothing was issued while the ledger was read. */
  readonly isQuiet: boolean;
}

const LOOK_INTERVAL_MS = 250;
const STUCK = 'delivery stands still';
const NOT_RUNNING = 'nothing runs that would deliver them: start weir run';

export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { clock, timers, isRunning } = options;
  const endMs = clock.monotonicMs() + (isRunning ? options.waitMs : 0);
  const first = await look(options);
  let last = first;
  while (!last.isQuiet && clock.monotonicMs() < endMs) {
    options.onWaiting(pendingOf(last.spool));
    await timers.sleep(LOOK_INTERVAL_MS);
    last = await look(options);
  }
  const isStuck = last !== first && accountedOf(last) === accountedOf(first);
  const report = judge(last, isRunning ? (isStuck ? STUCK : null) : NOT_RUNNING);
  if (!options.deep) return { ...report, deep: null };
  const streamPrefix = streamPrefixOf(last.nodeId);
  const streams = last.spool.streams.filter(({ received }) => received !== undefined);
  const alsoStreams = [...new Set(streams.map(({ stream }) => stream))];
  const how = { streamPrefix, alsoStreams, isRunning };
  const deep = await verifyTables(options.store, options.tables, how);
  const problems = [...report.problems, ...deep.problems];
  return { ...report, problems, closes: problems.length === 0, deep };
}

async function look(options: VerifyOptions): Promise<Look> {
  const spool = await inspectSpool(options.files, options.spoolDirectory);
  const prefix = streamPrefixOf(spool.nodeId);
  const all = await readLedger(options.store, options.tables);
  const foreign = foreignKeys(spool);
  // A server may hold the streams of other collectors, whose spools are not here.
  const ledger = all.filter(
    (entry) => prefix === null || entry.stream.startsWith(prefix) || foreign.has(keyOf(entry)),
  );
  const after = await inspectSpool(options.files, options.spoolDirectory);
  const isQuiet = pendingOf(spool) === 0 && issuedTotal(spool) === issuedTotal(after);
  return { nodeId: spool.nodeId, spool, ledger, isQuiet };
}

const streamPrefixOf = (nodeId: string | null): string | null =>
  nodeId === null ? null : `${nodeId}/`;

const pendingOf = (spool: Look['spool']): number =>
  Math.max(0, ...spool.consumers.map((consumer) => consumer.pendingEventCount));

const issuedTotal = (spool: Look['spool']): number =>
  spool.streams.reduce((sum, stream) => sum + issuedCount(stream), 0);

/** Of another node's stream only part may have come. */
const issuedCount = ({ lastSeq, received }: Look['spool']['streams'][number]): number =>
  received?.reduce((sum, [first, last]) => sum + last - first + 1, 0) ?? lastSeq + 1;

/** Streams of other nodes of which something was forwarded here. */
const foreignKeys = (spool: Look['spool']): ReadonlySet<string> =>
  new Set(spool.streams.filter(({ received }) => received !== undefined).map(keyOf));

const accountedOf = ({ ledger }: Look): number =>
  ledger.reduce((sum, { stored, quarantined }) => sum + stored + quarantined, 0);

/** `standstill` says why events in flight do not move, null if they may. */
export function judge(found: Look, standstill: string | null): LedgerReport {
  const { spool, ledger, isQuiet } = found;
  const seqMaxByStream = new Map(ledger.map((entry) => [keyOf(entry), entry.seqMax]));
  const issued = spool.streams.map(({ tenant, stream, epoch, lastSeq, received }) => {
    // What came of another node after the look at the spool is not asked for.
    if (received !== undefined) return { tenant, stream, epoch, issuedSeqLast: lastSeq, received };
    // While events flow the ledger, read later, may know numbers that the spool had not shown yet.
    const seqMax = seqMaxByStream.get(keyOf({ tenant, stream, epoch })) ?? -1;
    const issuedSeqLast = isQuiet ? lastSeq : Math.max(lastSeq, seqMax);
    return { tenant, stream, epoch, issuedSeqLast };
  });
  const pending = spool.consumers.flatMap((consumer) => consumer.pending);
  const report = verifyLedger(issued, ledger, pending);
  const problems = [...report.problems];
  if (standstill !== null && report.inFlight > 0) {
    problems.push(`${report.inFlight} events are in the spool, and ${standstill}`);
  }
  return { ...report, problems, closes: problems.length === 0 };
}

const keyOf = (entry: { tenant: string; stream: string; epoch: bigint }): string =>
  `${entry.tenant}\n${entry.stream}\n${entry.epoch}`;
