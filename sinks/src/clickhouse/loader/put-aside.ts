// Rows that cannot go the usual way: the store refuses them, or a worker fails on them. They go
// into quarantine as they came in, so that they hold up nothing and nothing of them is lost.
import { type EncodedBatch, MARK, type SequencedBatch } from '@weir/pipeline';
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

/** A processor takes a batch's memory along; this one can be given away. */
const copyBatch = (batch: SequencedBatch): SequencedBatch => ({
  ...batch,
  bytes: batch.bytes.slice(),
  offsets: batch.offsets.slice(),
  marks: batch.marks.slice(),
});

/** Numbers of the batch outside [first, last], and the known ones, ascending. */
function allBut(
  batch: SequencedBatch,
  first: number,
  last: number,
  known: Float64Array | null,
): Float64Array<ArrayBuffer> {
  const skip = new Set(known ?? []);
  for (let seq = batch.seqFirst; seq < batch.seqFirst + batch.eventCount; seq++)
    if (seq < first || seq > last) skip.add(seq);
  return Float64Array.from(skip).sort();
}

export interface PieceInserter {
  process(batch: SequencedBatch, skipSeqs: Float64Array | null): Promise<EncodedBatch>;
  /** One INSERT; at most one of the blocks is there. */
  insert(encoded: EncodedBatch): Promise<void>;
}

/**
 * Inserts the batch alone, by halves where the store refuses the data; a single row that it refuses
 * goes to quarantine as `schema_invalid`. The tables are halved apart: what one has taken must not
 * be sent again because the other refuses. Resolves with what became of the batch, without blocks.
 */
export async function insertByPieces(
  batch: SequencedBatch,
  known: Float64Array | null,
  inserter: PieceInserter,
): Promise<EncodedBatch> {
  const refused: number[] = [];
  let whole: EncodedBatch | null = null;
  const insertPiece = async (
    table: 'events' | 'quarantine',
    first: number,
    last: number,
  ): Promise<void> => {
    const encoded = await inserter.process(copyBatch(batch), allBut(batch, first, last, known));
    whole ??= encoded;
    if (encoded[table] === null) return;
    const other = table === 'events' ? 'quarantine' : 'events';
    try {
      await inserter.insert({ ...encoded, [other]: null });
      return;
    } catch (error) {
      if (!isDataError(error)) throw error;
    }
    if (first === last) {
      const row = quarantineWhole(batch, MARK.schema_invalid, allBut(batch, first, last, known));
      await inserter.insert(row);
      refused.push(first);
      return;
    }
    const middle = Math.floor((first + last) / 2);
    await insertPiece(table, first, middle);
    await insertPiece(table, middle + 1, last);
  };
  const seqLast = batch.seqFirst + batch.eventCount - 1;
  await insertPiece('events', batch.seqFirst, seqLast);
  await insertPiece('quarantine', batch.seqFirst, seqLast);
  return withRefused(whole as EncodedBatch | null, refused);
}

function withRefused(whole: EncodedBatch | null, refused: readonly number[]): EncodedBatch {
  const quarantined = new Set([...(whole?.quarantinedSeqs ?? []), ...refused]);
  const byReason = { ...whole?.quarantinedByReason };
  const more = quarantined.size - (whole?.quarantinedSeqs.length ?? 0);
  if (more > 0) byReason.schema_invalid = (byReason.schema_invalid ?? 0) + more;
  return {
    events: null,
    quarantine: null,
    quarantinedSeqs: Float64Array.from(quarantined).sort(),
    quarantinedByReason: byReason,
    filtered: whole?.filtered ?? [],
  };
}
