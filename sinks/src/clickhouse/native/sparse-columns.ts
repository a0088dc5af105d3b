// Columns whose input is a list over events: marks (Array) and unmapped (Map). Offsets count from
// the start of the block; empty columns are left out, the server fills in the default.
import { type EventBatch, markName } from '@weir/pipeline';
import { columnHead } from './columns.js';
import type { NativeBuffer } from './native-buffer.js';

const MARK_WIDTH = 3;
const PAIR_WIDTH = 5;

/** Calls back for the entries of the rows: entry and row lists are both ascending by event. */
function eachEntry(
  entries: Uint32Array,
  width: number,
  rows: Uint16Array,
  onEntry: (at: number) => void,
  onRowEnd: () => void,
): void {
  let at = 0;
  for (const row of rows) {
    while (at < entries.length && (entries[at] as number) < row) at += width;
    for (; at < entries.length && entries[at] === row; at += width) onEntry(at);
    onRowEnd();
  }
}

function nothing(): void {}

/** `marks Array(String)`: names in the order in which they were noted. Returns false when empty. */
export function marksColumn(out: NativeBuffer, marks: Uint32Array, rows: Uint16Array): boolean {
  let count = 0;
  eachEntry(marks, MARK_WIDTH, rows, () => count++, nothing);
  if (count === 0) return false;
  columnHead(out, 'marks', 'Array(String)');
  out.reserve(rows.length * 8);
  let offset = 0;
  eachEntry(
    marks,
    MARK_WIDTH,
    rows,
    () => offset++,
    () => out.i64(offset),
  );
  const onMark = (at: number): void => out.text(markName(marks[at + 1] as number));
  eachEntry(marks, MARK_WIDTH, rows, onMark, nothing);
  return true;
}

/** `unmapped Map(String, String)`: keys of all rows, then values of all rows. */
export function unmappedColumn(out: NativeBuffer, events: EventBatch, rows: Uint16Array): boolean {
  const pairs = events.unmapped;
  let count = 0;
  eachEntry(pairs, PAIR_WIDTH, rows, () => count++, nothing);
  if (count === 0) return false;
  columnHead(out, 'unmapped', 'Map(String, String)');
  out.reserve(rows.length * 8);
  let offset = 0;
  eachEntry(
    pairs,
    PAIR_WIDTH,
    rows,
    () => offset++,
    () => out.i64(offset),
  );
  const { bytes } = events.raw;
  const { scratch } = events;
  const bytesEnd = bytes.length;
  for (const part of [1, 3]) {
    const onPair = (at: number): void => {
      const start = pairs[at + part] as number;
      const end = pairs[at + part + 1] as number;
      out.reserve(end - start + 5);
      if (start < bytesEnd || end <= bytesEnd) out.span(bytes, start, end);
      else out.span(scratch, start - bytesEnd, end - bytesEnd);
    };
    eachEntry(pairs, PAIR_WIDTH, rows, onPair, nothing);
  }
  return true;
}
