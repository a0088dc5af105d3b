// Does the ledger close? What the spool says was issued, against what the store says became of it.
// No wall clock takes part in the verdict, and a running instance is not disturbed.
import type { Clock, Files, Timers } from '@weir/pipeline';
import {
  type DeepReport,
  type LedgerReport,
  type LedgerStream,
  type PendingRange,
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

interface Look {
  readonly spool: SpoolInspection;
  readonly ledger: readonly LedgerStream[];
  readonly pendingEventCount: number;
  /** Nothing was in flight, and nothing was issued while the ledger was read. */
  readonly isQuiet: boolean;
  readonly accounted: number;
}

const LOOK_INTERVAL_MS = 250;
const STUCK = 'delivery stands still';
const NOT_RUNNING = 'nothing runs that would deliver them: start weir run';

export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { clock, timers } = options;
  const endMs = clock.monotonicMs() + (options.isRunning ? options.waitMs : 0);
  const first = await look(options);
  let last = first;
  while (!last.isQuiet && clock.monotonicMs() < endMs) {
    options.onWaiting(last.pendingEventCount);
    await timers.sleep(LOOK_INTERVAL_MS);
    last = await look(options);
  }
  const isStuck = last !== first && last.accounted === first.accounted;
  const report = judge(last, options.isRunning ? (isStuck ? STUCK : null) : NOT_RUNNING);
  if (!options.deep) return { ...report, deep: null };
  const deep = await verifyTables(options.store, options.tables);
  const problems = [...report.problems, ...deep.problems];
  return { ...report, problems, closes: problems.length === 0, deep };
}

/** The spool first: what is in flight can only move into the ledger that is read after it. */
async function look(options: VerifyOptions): Promise<Look> {
  const spool = await inspectSpool(options.files, options.spoolDirectory);
  const prefix = spool.nodeId === null ? null : `${spool.nodeId}/`;
  const all = await readLedger(options.store, options.tables);
  // A server may hold the streams of other collectors, whose spools are not here.
  const ledger = all.filter(({ stream }) => prefix === null || stream.startsWith(prefix));
  const after = await inspectSpool(options.files, options.spoolDirectory);
  const pendingEventCount = pendingOf(spool);
  return {
    spool,
    ledger,
    pendingEventCount,
    isQuiet: pendingEventCount === 0 && issuedTotal(spool) === issuedTotal(after),
    accounted: ledger.reduce((sum, { stored, quarantined }) => sum + stored + quarantined, 0),
  };
}

const pendingOf = (spool: SpoolInspection): number =>
  Math.max(0, ...spool.consumers.map((consumer) => consumer.pendingEventCount));

const issuedTotal = (spool: SpoolInspection): number =>
  spool.streams.reduce((sum, { lastSeq }) => sum + lastSeq + 1, 0);

/** `standstill` says why events in flight do not move, null if they may. */
function judge(found: Look, standstill: string | null): LedgerReport {
  const ledgerSeqMax = new Map(found.ledger.map((entry) => [keyOf(entry), entry.seqMax]));
  const issued = found.spool.streams.map(({ tenant, stream, epoch, lastSeq }) => {
    // While events flow the ledger, read later, may know numbers that the spool had not shown yet.
    const seqMax = ledgerSeqMax.get(keyOf({ tenant, stream, epoch })) ?? -1;
    return {
      tenant,
      stream,
      epoch,
      issuedSeqLast: found.isQuiet ? lastSeq : Math.max(lastSeq, seqMax),
    };
  });
  const pending = pendingTails(found, issued, ledgerSeqMax);
  const report = verifyLedger(issued, found.ledger, pending);
  const problems = [...report.problems];
  if (standstill !== null && report.inFlight > 0) {
    problems.push(`${report.inFlight} events are in the spool, and ${standstill}`);
  }
  return { ...report, problems, closes: problems.length === 0 };
}

/**
 * A stream is delivered in order, so what is in flight is its tail. The tails together cannot be
 * more than the spool holds: if they are, nothing is taken for in flight and the difference shows.
 */
function pendingTails(
  found: Look,
  issued: readonly { tenant: string; stream: string; epoch: bigint; issuedSeqLast: number }[],
  ledgerSeqMax: ReadonlyMap<string, number>,
): PendingRange[] {
  const tails = issued.flatMap(({ tenant, stream, epoch, issuedSeqLast }) => {
    const seqFirst = (ledgerSeqMax.get(keyOf({ tenant, stream, epoch })) ?? -1) + 1;
    return seqFirst > issuedSeqLast
      ? []
      : [{ tenant, stream, epoch, seqFirst, seqLast: issuedSeqLast }];
  });
  const tailTotal = tails.reduce((sum, tail) => sum + tail.seqLast - tail.seqFirst + 1, 0);
  return tailTotal > found.pendingEventCount ? [] : tails;
}

const keyOf = (entry: { tenant: string; stream: string; epoch: bigint }): string =>
  `${entry.tenant}\n${entry.stream}\n${entry.epoch}`;
