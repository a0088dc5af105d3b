// How the values of Zeek's fields are read: the kinds of TypedWriter, and those that need the type
// of the field or other fields of the event.
import { AS } from '../common/typed-writer.js';

export const KIND = {
  ...AS,
  /** Seconds since 1970, or ISO 8601 (LogAscii::json_timestamps of Zeek). */
  time: 32,
  /** A set or vector as text: its elements with commas between them. */
  list: 33,
  /** The first address of a set or vector; the whole of a longer one is kept as well. */
  firstIp: 34,
  /** Seconds with a fraction into whole ones. */
  wholeSeconds: 36,
  /** Kept until the whole event was read; the row's field is the number of the slot. */
  keep: 35,
} as const;

/** Values that are settled together with others at the end of the event. */
export const SLOT = {
  origPort: 0,
  respPort: 1,
  proto: 2,
  localOrig: 3,
  localResp: 4,
  state: 5,
  origBytes: 6,
  respBytes: 7,
  method: 8,
  host: 9,
  uri: 10,
  rcode: 11,
  rcodeName: 12,
  /** `established`, `auth_success`, `success`: true or false. */
  success: 13,
  /** A word for the outcome: `success`, `failed`. */
  result: 14,
  requestType: 15,
  client: 16,
  action: 17,
  name: 18,
  isOrig: 19,
  sender: 20,
  receiver: 21,
  command: 22,
  mode: 23,
  dropped: 24,
  fingerprints: 25,
  hash: 26,
  assigned: 27,
  shareType: 28,
  direction: 29,
  src: 30,
  dst: 31,
  dstPort: 32,
} as const;
export const SLOT_COUNT = 33;

export type FieldRow = readonly [names: string, kind: number, field: number];
