// What all packs of JSON do with the text: read it once into a sink, and say where a fault is.
import type { ColumnWriter, ParseVerdict, RawBatch } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { trimEnd } from '../text/ascii.js';
import { skipBlanks } from './head.js';
import type { JsonReader } from './reader.js';

/**
 * Reads the object in bytes[start, end) into `sink`. Malformed text rejects the event with its
 * reason and place; what was understood before the fault stays with the row in quarantine.
 */
export function readObject(
  reader: JsonReader,
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
  sink: PairSink,
): ParseVerdict {
  const { bytes } = batch;
  let first = skipBlanks(bytes, start, end);
  if (first + 3 <= end && bytes[first] === 0xef && bytes[first + 1] === 0xbb)
    if (bytes[first + 2] === 0xbf) first += 3;
  if (reader.read(batch, row, first, trimEnd(bytes, first, end), out, sink)) return 'parsed';
  out.reject(row, reader.faultMark, reader.faultAt - (batch.offsets[row] ?? 0));
  return 'failed';
}
