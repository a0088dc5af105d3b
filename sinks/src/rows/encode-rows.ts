// What every encoding has in common: which rows go where, what is counted, and a batch that goes to
// quarantine unparsed.
import {
  type EncodedBatch,
  type EncodedBlock,
  type EventBatch,
  FRAMING_QUARANTINE,
  MARK,
  type MarkCode,
  type SequencedBatch,
  STATUS,
} from '@weir/pipeline';
import { assignRows, filteredDispositions, quarantineOf } from './assign-rows.js';

/** Makes a block of these rows, which are at least one. */
export type EncodeBlock<Block extends EncodedBlock = EncodedBlock> = (rows: Uint16Array) => Block;

export function encodeRows<Block extends EncodedBlock = EncodedBlock>(
  events: EventBatch,
  seqFirst: number,
  skipSeqs: Float64Array | null,
  encode: { readonly events: EncodeBlock<Block>; readonly quarantine: EncodeBlock<Block> },
): EncodedBatch & { readonly events: Block | null; readonly quarantine: Block | null } {
  const rows = assignRows(events, seqFirst, skipSeqs);
  return {
    events: rows.events.length === 0 ? null : encode.events(rows.events),
    quarantine: rows.quarantine.length === 0 ? null : encode.quarantine(rows.quarantine),
    ...quarantineOf(events, seqFirst, rows.quarantineAll),
    filtered: filteredDispositions(events, rows, seqFirst),
  };
}

/**
 * All events of a batch without their fields: what is left to do with rows on which a component
 * dies or that a store refuses. `mark`, one of the quarantine reasons, is that of each event but
 * those that framing put into quarantine: else nothing would tell that such a one is only a part.
 */
export function unparsedBatch(batch: SequencedBatch, mark: MarkCode): EventBatch {
  const { eventCount, offsets } = batch;
  const marks = new Uint32Array(3 * eventCount);
  const quarantine = new Uint8Array(eventCount).fill(mark);
  for (let at = 0; at < batch.marks.length; at += 3) {
    const [row, framed] = [batch.marks[at] as number, batch.marks[at + 1] as number];
    if (!FRAMING_QUARANTINE.has(framed) || quarantine[row] !== mark) continue;
    quarantine[row] = framed;
    // Where it ends is where it is incomplete, as a parser notes it.
    const isCut = framed === MARK.oversize || framed === MARK.framing_incomplete;
    if (isCut) marks[3 * row + 2] = (offsets[row + 1] as number) - (offsets[row] as number);
  }
  for (let row = 0; row < eventCount; row++) {
    marks[3 * row] = row;
    marks[3 * row + 1] = quarantine[row] as number;
  }
  return {
    raw: batch,
    scratch: new Uint8Array(0),
    status: new Uint8Array(eventCount).fill(STATUS.unparsed),
    columns: [],
    unmapped: new Uint32Array(0),
    marks,
    quarantine,
    parserIndex: new Uint8Array(eventCount),
    parsers: [],
  };
}
