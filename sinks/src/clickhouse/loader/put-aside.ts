// Rows that cannot go the usual way: the store refuses them, or a worker fails on them. They go
// into quarantine as they came in, so that they hold up nothing and nothing of them is lost.
import { type Disposition, type EncodedBatch, MARK, type SequencedBatch } from '@weir/pipeline';
import { unparsedBatch } from '../../rows/index.js';
import { encodeBatch } from '../native/index.js';
import { isDataError } from '../store/index.js';

export type PutAsideMark = typeof MARK.schema_invalid | typeof MARK.component_failed;

/** All rows of the batch that `skipSeqs` does not name, for quarantine, with their bytes. */
export function quarantineWhole(
  batch: SequencedBatch,
  mark: PutAsideMark,
  skipSeqs: Float64Array | null,
): EncodedBatch {
  // All of it is quarantine, and that table is the same in every profile.
  return encodeBatch(unparsedBatch(batch, mark), batch, skipSeqs, 'full');
}

export type PutAside = typeof quarantineWhole;

/** A processor takes a batch's memory along; this one can be given away. */
const copyBatch = (batch: SequencedBatch): SequencedBatch => ({
  ...batch,
  bytes: batch.bytes.slice(),
  offsets: batch.offsets.slice(),
  marks: batch.marks.slice(),
});

export interface PieceInserter {
  process(batch: SequencedBatch, skipSeqs: Float64Array | null): Promise<EncodedBatch>;
  /** A single row for quarantine. */
  readonly putAside: PutAside;
  /** One INSERT; at most one of the blocks is there. */
  insert(encoded: EncodedBatch): Promise<void>;
}

/**
 * Inserts the batch alone, by halves where the store refuses the data; a single row that it refuses
 * goes to quarantine as `schema_invalid`. Each half is processed anew, and what becomes of a row
 * may differ then (a worker that dies puts its rows aside): so what a table has taken is never sent
 * again, to neither of them. Resolves with what became of the batch, without blocks.
 */
export async function insertByPieces(
  batch: SequencedBatch,
  known: Float64Array | null,
  inserter: PieceInserter,
): Promise<EncodedBatch> {
  const fates = new Fates(batch, known);
  const insertPiece = async (first: number, last: number): Promise<void> => {
    const rest = fates.restOf(first, last);
    if (rest.length === 0) return;
    const encoded = await inserter.process(copyBatch(batch), fates.allBut(rest));
    const isEventsTaken = await isTaken(inserter, encoded, 'events');
    const isQuarantineTaken = await isTaken(inserter, encoded, 'quarantine');
    fates.note(rest, encoded, isEventsTaken, isQuarantineTaken);
    if (isEventsTaken && isQuarantineTaken) return;
    if (first === last) {
      await inserter.insert(inserter.putAside(batch, MARK.schema_invalid, fates.allBut(rest)));
      fates.refuse(first);
      return;
    }
    // The sum of two numbers may be too large to be exact.
    const middle = first + Math.floor((last - first) / 2);
    await insertPiece(first, middle);
    await insertPiece(middle + 1, last);
  };
  await insertPiece(batch.seqFirst, batch.seqFirst + batch.eventCount - 1);
  return fates.result();
}

/** False if the store refuses the rows for what they hold. */
async function isTaken(
  inserter: PieceInserter,
  encoded: EncodedBatch,
  table: 'events' | 'quarantine',
): Promise<boolean> {
  if (encoded[table] === null) return true;
  const other = table === 'events' ? 'quarantine' : 'events';
  try {
    await inserter.insert({ ...encoded, [other]: null });
    return true;
  } catch (error) {
    if (!isDataError(error)) throw error;
    return false;
  }
}

/** What has become of the rows of a batch so far. */
class Fates {
  readonly #batch: SequencedBatch;
  readonly #known: ReadonlySet<number>;
  readonly #done = new Set<number>();
  readonly #quarantined = new Set<number>();
  /** Numbers by cause, in no order. */
  readonly #filtered = new Map<string, { readonly like: Disposition; readonly seqs: number[] }>();
  #byReason: EncodedBatch['quarantinedByReason'] | null = null;
  #refusedCount = 0;

  constructor(batch: SequencedBatch, known: Float64Array | null) {
    this.#batch = batch;
    this.#known = new Set(known ?? []);
  }

  /** Numbers in [first, last] that are not done. */
  restOf(first: number, last: number): number[] {
    const rest: number[] = [];
    for (let seq = first; seq <= last; seq++)
      if (!this.#done.has(seq) && !this.#known.has(seq)) rest.push(seq);
    return rest;
  }

  /** All other numbers of the batch, ascending. */
  allBut(rest: readonly number[]): Float64Array<ArrayBuffer> {
    const kept = new Set(rest);
    const { seqFirst, eventCount } = this.#batch;
    const others: number[] = [];
    for (let seq = seqFirst; seq < seqFirst + eventCount; seq++)
      if (!kept.has(seq)) others.push(seq);
    return Float64Array.from(others);
  }

  note(
    rest: readonly number[],
    encoded: EncodedBatch,
    isEventsTaken: boolean,
    isQuarantineTaken: boolean,
  ): void {
    this.#byReason ??= encoded.quarantinedByReason;
    const quarantined = new Set(encoded.quarantinedSeqs);
    const filtered = new Map<number, Disposition>();
    for (const like of encoded.filtered)
      for (const [first, last] of like.seqRanges)
        for (let seq = first; seq <= last; seq++) filtered.set(seq, like);
    for (const seq of rest) {
      const like = filtered.get(seq);
      if (quarantined.has(seq)) {
        if (!isQuarantineTaken) continue;
        this.#quarantined.add(seq);
      } else if (like !== undefined) this.#filter(seq, like);
      else if (!isEventsTaken) continue;
      this.#done.add(seq);
    }
  }

  /** A single row that went to quarantine since its table refuses it. */
  refuse(seq: number): void {
    this.#done.add(seq);
    this.#quarantined.add(seq);
    this.#refusedCount++;
  }

  result(): EncodedBatch {
    const byReason = { ...this.#byReason };
    if (this.#refusedCount > 0)
      byReason.schema_invalid = (byReason.schema_invalid ?? 0) + this.#refusedCount;
    return {
      events: null,
      quarantine: null,
      quarantinedSeqs: Float64Array.from(this.#quarantined).sort(),
      quarantinedByReason: byReason,
      filtered: [...this.#filtered.values()].map(({ like, seqs }) => ({
        ...like,
        seqRanges: rangesOf(seqs),
        eventCount: seqs.length,
      })),
    };
  }

  #filter(seq: number, like: Disposition): void {
    const key = `${like.kind} ${like.cause}`;
    const known = this.#filtered.get(key);
    if (known === undefined) this.#filtered.set(key, { like, seqs: [seq] });
    else known.seqs.push(seq);
  }
}

function rangesOf(seqs: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === seq - 1) range[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}
