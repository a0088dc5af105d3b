// Rows as numbers by stream.
import type { OutcomeRanges } from '../loader/outcome.js';
import type { QuarantineRow } from './rows.js';
import type { WantedRows } from './statements.js';

export function wantedOf(rows: readonly QuarantineRow[]): WantedRows {
  const byStream = new Map<string, { id: QuarantineRow; seqs: number[] }>();
  let [ingestUsFirst, ingestUsLast] = [Number.MAX_SAFE_INTEGER, 0];
  for (const row of rows) {
    ingestUsFirst = Math.min(ingestUsFirst, row.ingestUs);
    ingestUsLast = Math.max(ingestUsLast, row.ingestUs);
    const key = JSON.stringify([row.tenant, row.stream, row.epoch]);
    const known = byStream.get(key);
    if (known === undefined) byStream.set(key, { id: row, seqs: [row.seq] });
    else known.seqs.push(row.seq);
  }
  const streams = [...byStream.values()].map(({ id: { tenant, stream, epoch }, seqs }) => ({
    ...{ tenant, stream, epoch },
    seqs: seqs.sort((a, b) => a - b),
  }));
  return { streams, ingestUsFirst, ingestUsLast };
}

/** For ledger and receipt: all of them are stored. */
export const outcomesOf = ({ streams }: WantedRows): OutcomeRanges[] =>
  streams.map(({ tenant, stream, epoch, seqs }) => ({
    ...{ tenant, stream, epoch: BigInt(epoch), kind: 'stored' as const },
    seqs: pairsOf(seqs),
  }));

/** first, last pairs of ascending numbers. */
function pairsOf(seqs: readonly number[]): number[] {
  const pairs: number[] = [];
  for (const seq of seqs)
    if (pairs.length > 0 && pairs.at(-1) === seq - 1) pairs[pairs.length - 1] = seq;
    else pairs.push(seq, seq);
  return pairs;
}
