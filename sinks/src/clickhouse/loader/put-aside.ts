// Batches that cannot go the usual way: the store refuses their data, or a worker fails on them. They
// go into quarantine as they came in, so that they hold up nothing and nothing of them is lost.
import {
  type EncodedBatch,
  type EventBatch,
  MARK,
  type SequencedBatch,
  STATUS,
} from '@weir/pipeline';
import { encodeBatch } from '../native/index.js';

export type PutAsideMark = typeof MARK.schema_invalid | typeof MARK.parse_error;

/** All rows of the batch that `skipSeqs` does not name, for quarantine, with their bytes. */
export function quarantineBlock(
  batch: SequencedBatch,
  mark: PutAsideMark,
  skipSeqs: Float64Array | null,
): EncodedBatch {
  const { eventCount } = batch;
  const marks = new Uint32Array(eventCount * 3);
  for (let row = 0; row < eventCount; row++) {
    marks[row * 3] = row;
    marks[row * 3 + 1] = mark;
  }
  const events: EventBatch = {
    raw: batch,
    scratch: new Uint8Array(0),
    status: new Uint8Array(eventCount).fill(STATUS.unparsed),
    columns: [],
    unmapped: new Uint32Array(0),
    marks,
    quarantine: new Uint8Array(eventCount).fill(mark),
    parserIndex: new Uint8Array(eventCount),
    parsers: [],
  };
  return encodeBatch(events, batch, skipSeqs);
}

/** A processor takes a batch's memory along; this one can be given away. */
export function copyBatch(batch: SequencedBatch): SequencedBatch {
  return {
    ...batch,
    bytes: batch.bytes.slice(),
    offsets: batch.offsets.slice(),
    marks: batch.marks.slice(),
  };
}

/** Numbers of the batch outside [from, to], and those of `known`, ascending. */
export function allBut(
  batch: SequencedBatch,
  from: number,
  to: number,
  known: Float64Array | null,
): Float64Array {
  const skip = new Set(known ?? []);
  for (let seq = batch.seqFirst; seq < batch.seqFirst + batch.eventCount; seq++)
    if (seq < from || seq > to) skip.add(seq);
  return Float64Array.from(skip).sort();
}
