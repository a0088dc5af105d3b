// XML of any device: elements joined with dots, attributes as `element.@name`, repeated elements
// numbered. XML 1.0 without document types; see reader.ts.
import { MARK, type ParseVerdict } from '@weir/pipeline';
import { FieldWriter } from '../common/fields.js';
import type { Pack } from '../pack.js';
import { at, isLetter, LESS, SPACE, startsWith, trimEnd } from '../text/ascii.js';
import { XmlReader } from './reader.js';

const reader = new XmlReader(true);
const fields = new FieldWriter();
const NAME_BYTES_MAX = 64;

export const xml: Pack = {
  name: 'xml',
  version: '1',
  summary: 'XML of any device, flattened with dots; attributes are @name.',
  detect: (bytes, start, end) => rootStart(bytes, start, end) >= 0,
  parse(batch, row, start, end, out): ParseVerdict {
    const { bytes } = batch;
    const first = rootStart(bytes, start, end);
    if (first < 0) return 'no';
    const last = trimEnd(bytes, first, end);
    fields.begin(batch, row, out);
    const isRead = reader.read(bytes, 0, start, last, out, fields);
    const isCut = !isRead && reader.faultAt >= last && reader.pairCount > 1;
    // A text in angle brackets is no XML; what was cut off is.
    if (!isRead && !isCut && reader.faultMark !== MARK.depth_exceeded) {
      out.rollbackRow(row);
      return 'no';
    }
    fields.finish();
    if (isRead) return 'parsed';
    if (reader.faultMark === MARK.depth_exceeded) {
      out.reject(row, reader.faultMark, reader.faultAt - (batch.offsets[row] ?? 0));
      return 'failed';
    }
    out.mark(row, reader.faultMark, reader.faultAt - (batch.offsets[row] ?? 0));
    return 'partial';
  },
};

/**
 * Position of the first element's bracket, behind white space and a declaration; -1 where there is
 * none. A name and then white space, `>`, `/` or `:` must follow.
 */
function rootStart(bytes: Uint8Array, start: number, end: number): number {
  let first = skipBlank(bytes, start, end);
  if (startsWith(bytes, first, end, '<?xml')) {
    while (first < end && bytes[first] !== 0x3e) first++;
    first = skipBlank(bytes, first + 1, end);
  }
  if (at(bytes, first, end) !== LESS || !isLetter(at(bytes, first + 1, end))) return -1;
  const stop = Math.min(end, first + NAME_BYTES_MAX);
  for (let i = first + 2; i < stop; i++) {
    const byte = bytes[i] as number;
    if (byte <= SPACE || byte === 0x3e || byte === 0x2f || byte === 0x3a) return first;
    if (byte === LESS || byte === 0x40) return -1;
  }
  return -1;
}

function skipBlank(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && (bytes[position] as number) <= SPACE) position++;
  return position;
}
