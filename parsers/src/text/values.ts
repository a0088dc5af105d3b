// Typed writes: a text becomes a column's value only when it is one. What is not goes to `unmapped`
// with its key, so that nothing of the event is lost, and the row is marked.
import { type ColumnWriter, FIELD, FIELDS, MARK, type RawBatch } from '@weir/pipeline';
import { writeCanonicalIp } from './canonical.js';
import { parseUnsigned } from './number.js';
import { daysFromCivil, US_PER_DAY } from './time.js';

const TIME = FIELD.time;
const EARLIEST_US = daysFromCivil(1990, 1, 1) * US_PER_DAY;

/** Largest value of each number column; NaN where the column holds none. */
const MAXIMA = Float64Array.from(FIELDS, (spec) => {
  if (spec.kind !== 'number') return Number.NaN;
  if (spec.type.includes('UInt8')) return 255;
  if (spec.type.includes('UInt16')) return 65_535;
  if (spec.type.includes('UInt32')) return 4_294_967_295;
  return Number.MAX_SAFE_INTEGER;
});

/** True when a whole number fits into the field's column. */
export const fitsField = (field: number, value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= (MAXIMA[field] as number);

let receivedAtNs = 0n;
let receivedAtUs = 0;
/**
 * When the batch was closed, in microseconds. The last answer is kept: it is the same for a batch.
 */
export function receivedUsOf(batch: RawBatch): number {
  if (batch.receivedAtNs !== receivedAtNs) {
    receivedAtNs = batch.receivedAtNs;
    receivedAtUs = Number(receivedAtNs / 1000n);
  }
  return receivedAtUs;
}

/** Sets the event's time; marks one that no working clock gives, but keeps it. */
export function writeTime(
  batch: RawBatch,
  row: number,
  us: number,
  offset: number,
  out: ColumnWriter,
): void {
  out.number(row, TIME, us);
  if (us < EARLIEST_US || us > receivedUsOf(batch) + US_PER_DAY)
    out.mark(row, MARK.timestamp_out_of_range, offset);
}

/** Unsigned decimal into a number column; false when the text is no such number. */
export function writeUnsigned(
  bytes: Uint8Array,
  row: number,
  field: number,
  start: number,
  end: number,
  out: ColumnWriter,
): boolean {
  const value = parseUnsigned(bytes, start, end);
  if (!(value <= (MAXIMA[field] as number))) return false;
  out.number(row, field, value);
  return true;
}

/** An address of the batch's bytes into a span column; false when the text is none. */
export function writeIp(
  bytes: Uint8Array,
  row: number,
  field: number,
  start: number,
  end: number,
  out: ColumnWriter,
): boolean {
  return writeCanonicalIp(bytes, row, field, start, end, 0, out);
}

/** Of an extension, the class is its uid * 100,000 and the class in its category (OCSF 1.8). */
export const categoryOf = (classUid: number): number => Math.floor(classUid / 1000) % 100;

/** Sets class, category, activity and type together, as OCSF derives them. */
export function writeClass(
  row: number,
  classUid: number,
  activityId: number,
  out: ColumnWriter,
): void {
  out.number(row, CLASS_UID, classUid);
  out.number(row, CATEGORY_UID, categoryOf(classUid));
  out.number(row, ACTIVITY_ID, activityId);
  out.number(row, TYPE_UID, classUid * 100 + activityId);
}

const CLASS_UID = FIELD.class_uid;
const CATEGORY_UID = FIELD.category_uid;
const ACTIVITY_ID = FIELD.activity_id;
const TYPE_UID = FIELD.type_uid;
