// JSON objects, from HTTP or as the body of a syslog message.
import type { ParseVerdict } from '@weir/pipeline';
import { FieldWriter } from '../common/fields.js';
import type { Pack } from '../pack.js';
import { at, CLOSE_BRACE, OPEN_BRACE, QUOTE, skipSpaces, trimEnd } from '../text/ascii.js';
import { JsonReader } from './reader.js';

const reader = new JsonReader();
const fields = new FieldWriter();

export const json: Pack = {
  name: 'json',
  version: '1',
  summary: 'JSON objects; nested keys are flattened with dots.',
  /** A brace alone opens many texts; an object goes on with a key or ends. */
  detect(bytes, start, end) {
    if (at(bytes, start, end) !== OPEN_BRACE) return false;
    const next = at(bytes, skipSpaces(bytes, start + 1, end), end);
    return next === QUOTE || next === CLOSE_BRACE;
  },
  parse(batch, row, start, end, out): ParseVerdict {
    const { bytes } = batch;
    let first = start;
    if (bytes[first] === 0xef && bytes[first + 1] === 0xbb && bytes[first + 2] === 0xbf) first += 3;
    fields.begin(batch, row, out);
    const isRead = reader.read(batch, row, first, trimEnd(bytes, first, end), out, fields);
    fields.finish();
    if (isRead) return 'parsed';
    // What was understood before the fault stays with the row in quarantine.
    out.reject(row, reader.faultMark, reader.faultAt - (batch.offsets[row] ?? 0));
    return 'failed';
  },
};
