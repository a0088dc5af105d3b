// Why numbers were lost and events refused, from everything that says so: the sink's ledger, frames
// that are still in the spool, and the signed state of the tree, which outlives them.
import type { LedgerReport, VerifiedStream } from '@weir/sinks/clickhouse';
import type { SinkLedgerStream, SpoolInspection, StateStream } from '@weir/spool';
import { keyOf, type SinkStream } from './judge.js';

interface Caused extends VerifiedStream {
  readonly lostByCause: Readonly<Record<string, number>>;
}
type Counts = Record<string, number>;

/** Losses that nothing gives a cause for: an older version noted none. */
const UNKNOWN = 'unknown';

export function withCauses<Report extends LedgerReport>(
  report: Report,
  { ledger }: { readonly ledger: readonly SinkStream[] },
  spool: SpoolInspection,
  states: ReadonlyMap<string, StateStream>,
): Report & { readonly streams: readonly Caused[] } {
  const ledgerBy = new Map(ledger.map((entry) => [keyOf(entry), entry]));
  const spoolBy = new Map(spool.streams.map((entry) => [keyOf(entry), entry]));
  const streams = report.streams.map((stream): Caused => {
    const key = keyOf(stream);
    const state = states.get(key);
    // Running totals: the highest that anybody knows.
    const refused = [
      stream.refused,
      spoolBy.get(key)?.refused ?? {},
      Object.fromEntries(state?.refused ?? []),
    ].reduce<Counts>(higher, {});
    const declared = lostOfSink(ledgerBy.get(key)) ?? lostOfState(state);
    return { ...stream, refused, lostByCause: upTo(stream.lost, declared) };
  });
  return { ...report, streams };
}

function higher(known: Counts, counts: Readonly<Counts>): Counts {
  const all = { ...known };
  for (const [cause, count] of Object.entries(counts))
    all[cause] = Math.max(all[cause] ?? 0, count);
  return all;
}

/** The ledger of a sink in files knows the cause of each; null for that of ClickHouse. */
function lostOfSink(entry: (SinkStream & Partial<SinkLedgerStream>) | undefined): Counts | null {
  if (entry?.causes === undefined) return null;
  const lost = entry.causes.filter(({ kind }) => kind === 'lost');
  return Object.fromEntries(lost.map(({ cause, count }) => [cause, count]));
}

function lostOfState(state: StateStream | undefined): Counts {
  const counts: Counts = {};
  for (const [cause, ranges] of state?.lost ?? [])
    counts[cause] = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return counts;
}

/** As many as were lost; a number that was declared lost may have been stored all the same. */
function upTo(lost: number, declared: Readonly<Counts>): Counts {
  const counts: Counts = {};
  let left = lost;
  for (const [cause, count] of Object.entries(declared)) {
    const counted = Math.min(left, count);
    if (counted > 0) counts[cause] = counted;
    left -= counted;
  }
  if (left > 0) counts[UNKNOWN] = left;
  return counts;
}
