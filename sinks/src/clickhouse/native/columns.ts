// Columns of one Native block, written from the columns of an EventBatch. `rows` are the event
// indexes that go into the block, ascending. A column is its name, its type and its data; types are
// those of the wire: the server converts String to LowCardinality(String) where the table has it.
import type { EventBatch } from '@weir/pipeline';
import { type ByteSource, type NativeBuffer, sourceOf } from './native-buffer.js';

/** SerializationLowCardinality: version 1, the dictionary stands in the block itself. */
const LOW_CARDINALITY_VERSION = 1n;
const HAS_ADDITIONAL_KEYS = 1n << 9n;
const INDEX_U8 = 0n;
const INDEX_U16 = 1n;

export function columnHead(out: NativeBuffer, name: string, type: string): void {
  out.columnStarts.push(out.length);
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
  if (dictionary.length <= 256)
    for (let i = 0; i < rows.length; i++) out.u8(codes[rows[i] as number] as number);
  else for (let i = 0; i < rows.length; i++) out.u16(codes[rows[i] as number] as number);
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

/** What spans point into. */
export interface Texts {
  readonly raw: ByteSource;
  readonly scratch: ByteSource;
  /** Positions from here on lie in scratch. */
  readonly rawEnd: number;
}

export const textsOf = ({ raw, scratch }: EventBatch): Texts => ({
  raw: sourceOf(raw.bytes),
  scratch: sourceOf(scratch),
  rawEnd: raw.bytes.length,
});

/** One text by its span; the room for it is there. */
export function textAt(out: NativeBuffer, texts: Texts, start: number, end: number): void {
  const { rawEnd } = texts;
  if (start < rawEnd || end <= rawEnd) out.span(texts.raw, start, end);
  else out.span(texts.scratch, start - rawEnd, end - rawEnd);
}

/** Texts by spans; a span at or behind the end of the bytes lies in scratch. */
export function spanText(
  out: NativeBuffer,
  name: string,
  spans: Uint32Array,
  texts: Texts,
  rows: Uint16Array,
): void {
  columnHead(out, name, 'String');
  let byteCount = 0;
  for (let i = 0; i < rows.length; i++) {
    const at = (rows[i] as number) * 2;
    byteCount += (spans[at + 1] as number) - (spans[at] as number);
  }
  out.reserveSpans(rows.length, byteCount);
  for (let i = 0; i < rows.length; i++) {
    const at = (rows[i] as number) * 2;
    textAt(out, texts, spans[at] as number, spans[at + 1] as number);
  }
}

/** The bytes of each event, whatever they hold. */
export function rawText(
  out: NativeBuffer,
  name: string,
  offsets: Uint32Array,
  texts: Texts,
  rows: Uint16Array,
): void {
  columnHead(out, name, 'String');
  out.reserveSpans(rows.length, texts.rawEnd);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    out.span(texts.raw, offsets[row] as number, offsets[row + 1] as number);
  }
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
  if (nullable) {
    for (let i = 0; i < rows.length; i++)
      out.u8(fits(values[rows[i] as number] as number, max) ? 0 : 1);
  }
  const wholeAt = (i: number): number => {
    const value = values[rows[i] as number] as number;
    return fits(value, max) ? Math.trunc(value) : 0;
  };
  // A loop for each width: a choice within it would be made once a value.
  if (byteCount === 1) for (let i = 0; i < rows.length; i++) out.u8(wholeAt(i));
  else if (byteCount === 2) for (let i = 0; i < rows.length; i++) out.u16(wholeAt(i));
  else if (byteCount === 4) for (let i = 0; i < rows.length; i++) out.u32(wholeAt(i));
  else for (let i = 0; i < rows.length; i++) out.i64(wholeAt(i));
}

/** NaN fails both comparisons. */
const fits = (value: number, max: number): boolean => value >= 0 && value <= max;

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
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i] as number] as number;
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
  for (let i = 0; i < rows.length; i++) out.i64(numberOf(rows[i] as number));
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
