// JSON objects, from HTTP or as the body of a syslog message.
import type { ParseVerdict } from '@weir/pipeline';
import { FieldWriter } from '../common/fields.js';
import type { Pack } from '../pack.js';
import { objectStart } from './head.js';
import { readObject } from './read-object.js';
import { JsonReader } from './reader.js';

const reader = new JsonReader();
const fields = new FieldWriter();

export const json: Pack = {
  name: 'json',
  version: '1',
  summary: 'JSON objects; nested keys are flattened with dots.',
  detect: (bytes, start, end) => objectStart(bytes, start, end) >= 0,
  parse(batch, row, start, end, out): ParseVerdict {
    fields.begin(batch, row, out);
    const verdict = readObject(reader, batch, row, start, end, out, fields);
    fields.finish();
    return verdict;
  },
};
