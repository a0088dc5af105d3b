// What every encoding has in common: which rows go where, what is counted, and a batch that goes to
// quarantine unparsed.
import {
  type EncodedBatch,
  type EncodedBlock,
  type EventBatch,
  type MarkCode,
  type SequencedBatch,
  STATUS,
} from '@weir/pipeline';
import { assignRows, filteredDispositions, quarantineOf } from './assign-rows.js';

/** Makes a block of these rows, which are at least one. */
export type EncodeBlock = (rows: Uint16Array) => EncodedBlock;

export function encodeRows(
  events: EventBatch,
  seqFirst: number,
  skipSeqs: Float64Array | null,
  encode: { readonly events: EncodeBlock; readonly quarantine: EncodeBlock },
): EncodedBatch {
  const rows = assignRows(events, seqFirst, skipSeqs);
  return {
    events: rows.events.length === 0 ? null : encode.events(rows.events),
    quarantine: rows.quarantine.length === 0 ? null : encode.quarantine(rows.quarantine),
    ...quarantineOf(events, seqFirst, rows),
    filtered: filteredDispositions(events, rows, seqFirst),
  };
}

/**
 * All events of a batch under one reason, without their fields: what is left to do with rows on
 * which a component dies or that a store refuses. `mark` has to be one of the quarantine reasons.
 */
export function unparsedBatch(batch: SequencedBatch, mark: MarkCode): EventBatch {
  const { eventCount } = batch;
  const marks = new Uint32Array(3 * eventCount);
  for (let row = 0; row < eventCount; row++) {
    marks[3 * row] = row;
    marks[3 * row + 1] = mark;
  }
  return {
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
}
