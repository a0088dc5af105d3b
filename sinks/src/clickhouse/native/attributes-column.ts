// `attributes Map(String, String)`: the fields of a batch without a column of their own, under their
// paths. Keys of all rows, then values of all rows; a field is looked at once a row for each.
import { type Column, FIELDS, IS_TIME, isoMicroseconds } from '@weir/pipeline';
import { columnHead, type Texts, textAt } from './columns.js';
import { type NativeBuffer, sourceOf, WORD_BYTES } from './native-buffer.js';

const encoder = new TextEncoder();

/** By FieldId; encoded once, with room behind it, so that it is copied by words. */
const KEYS = FIELDS.map((spec) => {
  const text = encoder.encode(spec.column);
  const padded = new Uint8Array(text.length + WORD_BYTES);
  padded.set(text);
  return { source: sourceOf(padded), byteCount: text.length };
});
const KEY_BYTES_MAX = Math.max(...KEYS.map(({ byteCount }) => byteCount));

/** Returns false when no row has such a field: the server fills in the default. */
export function attributesColumn(
  out: NativeBuffer,
  columns: readonly Column[],
  texts: Texts,
  rows: Uint16Array,
): boolean {
  const mine = columns.filter((column) => FIELDS[column.field]?.storage === 'attribute');
  if (mine.length === 0 || !rows.some((row) => mine.some((column) => has(column, row))))
    return false;
  columnHead(out, 'attributes', 'Map(String, String)');
  let count = 0;
  out.reserve(rows.length * 8);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    for (const column of mine) if (has(column, row)) count++;
    out.i64(count);
  }
  out.reserveSpans(count, count * KEY_BYTES_MAX);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    for (const column of mine) {
      if (!has(column, row)) continue;
      const key = KEYS[column.field] as (typeof KEYS)[number];
      out.span(key.source, 0, key.byteCount);
    }
  }
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    for (const column of mine) if (has(column, row)) writeValue(out, column, texts, row);
  }
  return true;
}

function has(column: Column, row: number): boolean {
  if (column.kind === 'span')
    return (column.spans[2 * row + 1] as number) > (column.spans[2 * row] as number);
  if (column.kind === 'number') return !Number.isNaN(column.values[row] as number);
  return column.codes[row] !== 0;
}

function writeValue(out: NativeBuffer, column: Column, texts: Texts, row: number): void {
  if (column.kind === 'span') {
    const start = column.spans[2 * row] as number;
    const end = column.spans[2 * row + 1] as number;
    out.reserveSpans(1, end - start);
    textAt(out, texts, start, end);
  } else if (column.kind === 'number') {
    const value = column.values[row] as number;
    out.text(IS_TIME[column.field] ? (isoMicroseconds(value) ?? '') : String(value));
  } else out.text(column.dictionary[column.codes[row] as number] ?? '');
}
