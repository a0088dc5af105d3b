// Palo Alto Networks logs as JSON, as the Strata Logging Service forwards them over HTTPS and by
// syslog ("Log Reference", HTTPS fields of each type).
import type { ParseVerdict } from '@weir/pipeline';
import { objectStart } from '../json/head.js';
import { HEAD } from '../json/head-keys.js';
import { readObject } from '../json/read-object.js';
import { JsonReader } from '../json/reader.js';
import type { JsonPack } from '../pack.js';
import { PanosSink } from './sink.js';

const reader = new JsonReader();
const sink = new PanosSink();

export const panosJson: JsonPack = {
  name: 'panos_json',
  version: '1',
  summary: 'Palo Alto Networks logs as JSON of the Strata Logging Service.',
  detect: (bytes, start, end) => objectStart(bytes, start, end) >= 0,
  /** LogType alone is a word of many. Where keys are sorted it is too far behind to be seen. */
  claims(head) {
    const isSorted =
      (head.has(HEAD.ConfigVersion) && head.has(HEAD.DGHierarchyLevel1)) ||
      (head.has(HEAD.ApplicationContainer) && head.has(HEAD.ApplicationSubcategory));
    if (isSorted || !head.has(HEAD.LogType)) return isSorted;
    return (
      head.has(HEAD.TimeReceived) ||
      head.has(HEAD.LogTime) ||
      head.has(HEAD.ConfigVersion) ||
      head.has(HEAD.DeviceSN)
    );
  },
  parse(batch, row, start, end, out): ParseVerdict {
    sink.begin(batch, row, out);
    const verdict = readObject(reader, batch, row, start, end, out, sink);
    // Without a type it is JSON of someone else.
    if (sink.event.facts.type === 0 && verdict !== 'failed') {
      out.rollbackRow(row);
      return 'no';
    }
    sink.event.finish();
    return verdict;
  },
};
