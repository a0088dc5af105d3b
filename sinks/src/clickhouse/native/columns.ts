// Columns of one Native block, written from the columns of an EventBatch. `rows` are the event
// indexes that go into the block, ascending. A column is its name, its type and its data; types are
// those of the wire: the server converts String to LowCardinality(String) where the table has it.
import type { EventBatch } from '@weir/pipeline';
import type { NativeBuffer } from './native-buffer.js';

/** SerializationLowCardinality: version 1, the dictionary stands in the block itself. */
const LOW_CARDINALITY_VERSION = 1n;
const HAS_ADDITIONAL_KEYS = 1n << 9n;
const INDEX_U8 = 0n;
const INDEX_U16 = 1n;

export function columnHead(out: NativeBuffer, name: string, type: string): void {
  out.text(name);
  out.text(type);
}

/** One text for all rows. */
export function constantText(
  out: NativeBuffer,
  name: string,
  text: string,
  rowCount: number,
): void {
  dictionaryHead(out, name, [text], rowCount);
  out.reserve(1);
  out.u8(0);
  out.repeat(1, rowCount);
}

export function constantU64(
  out: NativeBuffer,
  name: string,
  value: bigint,
  rowCount: number,
): void {
  columnHead(out, name, 'UInt64');
  out.reserve(8);
  out.u64(value);
  out.repeat(8, rowCount);
}

/** Microseconds since 1970, the same for all rows. */
export function constantTime(
  out: NativeBuffer,
  name: string,
  timeUs: number,
  rowCount: number,
): void {
  columnHead(out, name, 'DateTime64(6)');
  out.reserve(8);
  out.i64(timeUs);
  out.repeat(8, rowCount);
}

/** `codes[row]` is an index into `dictionary`, whose entries differ from each other. */
export function dictionaryText(
  out: NativeBuffer,
  name: string,
  dictionary: readonly string[],
  codes: Uint8Array | Uint16Array,
  rows: Uint16Array,
): void {
  dictionaryHead(out, name, dictionary, rows.length);
  out.reserve(rows.length * 2);
  if (dictionary.length <= 256) for (const row of rows) out.u8(codes[row] as number);
  else for (const row of rows) out.u16(codes[row] as number);
}

function dictionaryHead(
  out: NativeBuffer,
  name: string,
  dictionary: readonly string[],
  rowCount: number,
): void {
  columnHead(out, name, 'LowCardinality(String)');
  out.reserve(24);
  out.u64(LOW_CARDINALITY_VERSION);
  out.u64((dictionary.length <= 256 ? INDEX_U8 : INDEX_U16) | HAS_ADDITIONAL_KEYS);
  out.i64(dictionary.length);
  for (const text of dictionary) out.text(text);
  out.reserve(8);
  out.i64(rowCount);
}

/** Texts by spans; a span at or behind the end of the bytes lies in scratch. */
export function spanText(
  out: NativeBuffer,
  name: string,
  spans: Uint32Array,
  events: EventBatch,
  rows: Uint16Array,
): void {
  columnHead(out, name, 'String');
  const { bytes } = events.raw;
  const { scratch } = events;
  const bytesEnd = bytes.length;
  for (const row of rows) {
    const start = spans[row * 2] as number;
    const end = spans[row * 2 + 1] as number;
    out.reserve(end - start + 5);
    if (start < bytesEnd || end <= bytesEnd) out.span(bytes, start, end);
    else out.span(scratch, start - bytesEnd, end - bytesEnd);
  }
}

/** The bytes of each event, whatever they hold. */
export function rawText(
  out: NativeBuffer,
  name: string,
  events: EventBatch,
  rows: Uint16Array,
): void {
  columnHead(out, name, 'String');
  const { bytes, offsets } = events.raw;
  out.reserve(bytes.length + rows.length * 5);
  for (const row of rows) out.span(bytes, offsets[row] as number, offsets[row + 1] as number);
}

const INTEGER_WIDTH: Readonly<Record<string, { readonly bytes: number; readonly max: number }>> = {
  UInt8: { bytes: 1, max: 0xff },
  UInt16: { bytes: 2, max: 0xffff },
  UInt32: { bytes: 4, max: 0xffff_ffff },
  UInt64: { bytes: 8, max: Number.MAX_SAFE_INTEGER + 1 },
};

/** `type` is UIntN or Nullable(UIntN). A value that does not fit counts as absent. */
export function numbers(
  out: NativeBuffer,
  name: string,
  type: string,
  values: Float64Array,
  rows: Uint16Array,
): void {
  columnHead(out, name, type);
  const nullable = type.startsWith('Nullable(');
  const width = INTEGER_WIDTH[nullable ? type.slice('Nullable('.length, -1) : type];
  if (width === undefined) throw new TypeError(`column ${name} has the type ${type}`);
  const { bytes: byteCount, max } = width;
  out.reserve(rows.length * (byteCount + 1));
  // NaN fails both comparisons.
  const fits = (value: number): boolean => value >= 0 && value <= max;
  if (nullable) for (const row of rows) out.u8(fits(values[row] as number) ? 0 : 1);
  for (const row of rows) {
    const value = values[row] as number;
    const whole = fits(value) ? Math.trunc(value) : 0;
    if (byteCount === 1) out.u8(whole);
    else if (byteCount === 2) out.u16(whole);
    else if (byteCount === 4) out.u32(whole);
    else out.i64(whole);
  }
}

/** Microseconds since 1970; `fallbackUs` where the event names no time. */
export function times(
  out: NativeBuffer,
  name: string,
  values: Float64Array,
  fallbackUs: number,
  rows: Uint16Array,
): void {
  columnHead(out, name, 'DateTime64(6)');
  out.reserve(rows.length * 8);
  const max = Number.MAX_SAFE_INTEGER;
  for (const row of rows) {
    const value = values[row] as number;
    out.i64(value >= -max && value <= max ? Math.round(value) : fallbackUs);
  }
}

export function u64s(
  out: NativeBuffer,
  name: string,
  numberOf: (row: number) => number,
  rows: Uint16Array,
): void {
  columnHead(out, name, 'UInt64');
  out.reserve(rows.length * 8);
  for (const row of rows) out.i64(numberOf(row));
}

export function u32s(
  out: NativeBuffer,
  name: string,
  numberOf: (row: number) => number,
  rows: Uint16Array,
): void {
  columnHead(out, name, 'UInt32');
  out.reserve(rows.length * 4);
  for (const row of rows) out.u32(numberOf(row));
}
