// The verdict on one sink: what the spool says was issued, against what the sink's ledger says
// became of it.
import {
  type IssuedStream,
  type LedgerReport,
  type LedgerStream,
  type SeqRange,
  verifyLedger,
} from '@weir/sinks/clickhouse';
import type { SpoolInspection } from '@weir/spool';

/** One look at both sides. What is in flight can only move from the first into the second. */
export interface Look {
  readonly spool: Pick<SpoolInspection, 'streams' | 'consumers'>;
  /** Consumer of the sink. */
  readonly consumer: string;
  readonly ledger: readonly SinkStream[];
  /** Nothing was in flight, and nothing was issued while the ledger was read. */
  readonly isQuiet: boolean;
  /** Where events in flight are; default the spool. */
  readonly place?: string;
}

/** What a ledger says of a stream, whatever kind of sink it is of. */
export interface SinkStream extends LedgerStream {
  /** Numbers issued when the sink was not configured; they are not asked for. */
  readonly beforeRanges?: readonly SeqRange[];
}

export const keyOf = (entry: { tenant: string; stream: string; epoch: bigint }): string =>
  `${entry.tenant}\n${entry.stream}\n${entry.epoch}`;

/** `standstill` says why events in flight do not move, null if they may. */
export function judge(found: Look, standstill: string | null): LedgerReport {
  const { spool, ledger, consumer } = found;
  const byStream = new Map(ledger.map((entry) => [keyOf(entry), entry]));
  const issued = spool.streams.map((stream) =>
    issuedOf(stream, byStream.get(keyOf(stream)), found),
  );
  const pending = spool.consumers.find(({ name }) => name === consumer)?.pending ?? [];
  const report = verifyLedger(issued, ledger, pending);
  const problems = [...report.problems];
  if (standstill !== null && report.inFlight > 0)
    problems.push(
      `${report.inFlight} events are in ${found.place ?? 'the spool'}, and ${standstill}`,
    );
  return { ...report, problems, closes: problems.length === 0 };
}

function issuedOf(
  { tenant, stream, epoch, lastSeq, received }: SpoolInspection['streams'][number],
  ledger: SinkStream | undefined,
  { isQuiet }: Look,
): IssuedStream {
  const id = { tenant, stream, epoch };
  const before = ledger?.beforeRanges ?? [];
  // What came of another node after the look at the spool is not asked for.
  if (received !== undefined)
    return { ...id, issuedSeqLast: lastSeq, received: without(received, before) };
  // While events flow the ledger, read later, may know numbers that the spool had not shown yet.
  const issuedSeqLast = isQuiet ? lastSeq : Math.max(lastSeq, ledger?.seqMax ?? -1);
  if (before.length === 0) return { ...id, issuedSeqLast };
  return { ...id, issuedSeqLast, received: without([[0, issuedSeqLast]], before) };
}

/** The first without the second, both ascending. */
export function without(ranges: readonly SeqRange[], others: readonly SeqRange[]): SeqRange[] {
  let left = [...ranges];
  for (const [otherFirst, otherLast] of others)
    left = left.flatMap(([first, last]): SeqRange[] => {
      const parts: SeqRange[] = [];
      if (first < otherFirst) parts.push([first, Math.min(last, otherFirst - 1)]);
      if (last > otherLast) parts.push([Math.max(first, otherLast + 1), last]);
      return parts;
    });
  return left;
}
