// Columns whose input is a list over events: marks (Array) and unmapped (Map). Offsets count from
// the start of the block; empty columns are left out, the server fills in the default.
import { LIMITS, MARK, markName } from '@weir/pipeline';
import { columnHead, type Texts, textAt } from './columns.js';
import { type NativeBuffer, sourceOf, WORD_BYTES } from './native-buffer.js';

const MARK_WIDTH = 3;
const PAIR_WIDTH = 5;

/** Which entries belong to the rows of a block. One per thread, reused. */
class Selection {
  /** Where each entry begins in the list. */
  at = new Uint32Array(16 * LIMITS.batchEventCountMax);
  count = 0;
  /** By position in `rows`: how many entries there are up to the row's end. */
  readonly ends = new Uint32Array(LIMITS.batchEventCountMax);

  /** Entry and row lists are both ascending by event. */
  select(entries: Uint32Array, width: number, rows: Uint16Array): void {
    if (entries.length > this.at.length * width) this.at = new Uint32Array(entries.length);
    const { at: chosen, ends } = this;
    let count = 0;
    let at = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      while (at < entries.length && (entries[at] as number) < row) at += width;
      for (; at < entries.length && entries[at] === row; at += width) chosen[count++] = at;
      ends[i] = count;
    }
    this.count = count;
  }

  writeEnds(out: NativeBuffer, rowCount: number): void {
    out.reserve(rowCount * 8);
    for (let i = 0; i < rowCount; i++) out.i64(this.ends[i] as number);
  }
}

const selection = new Selection();

const MARK_CODE_MAX = Math.max(...Object.values(MARK));
const encoder = new TextEncoder();

function encodedName(code: number) {
  const name = encoder.encode(markName(code));
  // With room behind it, a name is copied by words.
  const padded = new Uint8Array(name.length + WORD_BYTES);
  padded.set(name);
  return { source: sourceOf(padded), byteCount: name.length };
}

/** By code. Encoded once: a syslog batch has two or three marks an event. */
const MARK_NAMES = Array.from({ length: MARK_CODE_MAX + 1 }, (_, code) => encodedName(code));
/** For a code of a newer version, as markName has it. */
const UNKNOWN = encodedName(MARK_CODE_MAX + 1);
const NAME_BYTES_MAX = Math.max(UNKNOWN.byteCount, ...MARK_NAMES.map(({ byteCount }) => byteCount));

/** `marks Array(String)`: names in the order in which they were noted. Returns false when empty. */
export function marksColumn(out: NativeBuffer, marks: Uint32Array, rows: Uint16Array): boolean {
  selection.select(marks, MARK_WIDTH, rows);
  const { at, count } = selection;
  if (count === 0) return false;
  columnHead(out, 'marks', 'Array(String)');
  selection.writeEnds(out, rows.length);
  out.reserveSpans(count, count * NAME_BYTES_MAX);
  for (let i = 0; i < count; i++) {
    const name = MARK_NAMES[marks[(at[i] as number) + 1] as number] ?? UNKNOWN;
    out.span(name.source, 0, name.byteCount);
  }
  return true;
}

/** `unmapped Map(String, String)`: keys of all rows, then values of all rows. */
export function unmappedColumn(
  out: NativeBuffer,
  pairs: Uint32Array,
  texts: Texts,
  rows: Uint16Array,
): boolean {
  selection.select(pairs, PAIR_WIDTH, rows);
  if (selection.count === 0) return false;
  columnHead(out, 'unmapped', 'Map(String, String)');
  selection.writeEnds(out, rows.length);
  writePart(out, pairs, 1, texts);
  writePart(out, pairs, 3, texts);
  return true;
}

/** Keys (part 1) or values (part 3) of the selected pairs. */
function writePart(out: NativeBuffer, pairs: Uint32Array, part: 1 | 3, texts: Texts): void {
  const { at, count } = selection;
  let byteCount = 0;
  for (let i = 0; i < count; i++) {
    const start = (at[i] as number) + part;
    byteCount += (pairs[start + 1] as number) - (pairs[start] as number);
  }
  out.reserveSpans(count, byteCount);
  for (let i = 0; i < count; i++) {
    const start = (at[i] as number) + part;
    textAt(out, texts, pairs[start] as number, pairs[start + 1] as number);
  }
}
