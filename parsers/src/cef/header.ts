// The parts of a CEF or LEEF header: `CEF:0|vendor|product|version|class id|name|severity|`, and
// `LEEF:2.0|vendor|product|version|event id|delimiter|`. A pipe in a part is escaped in CEF.
import type { ColumnWriter } from '@weir/pipeline';
import { at, BACKSLASH, PIPE } from '../text/ascii.js';
import { unescapeTo } from './scan.js';

export const PARTS_MAX = 8;
const decoder = new TextDecoder();
/** Longer parts are no names of vendors and products. */
const CODE_BYTES_MAX = 255;

export class PipedHeader {
  count = 0;
  readonly starts = new Uint32Array(PARTS_MAX);
  readonly ends = new Uint32Array(PARTS_MAX);
  readonly #escaped = new Uint8Array(PARTS_MAX);
  /** Behind the last pipe. */
  end = 0;

  /** Reads up to `parts` parts that each end with a pipe. False when there are fewer. */
  read(bytes: Uint8Array, start: number, end: number, parts: number): boolean {
    let position = start;
    this.count = 0;
    while (this.count < parts) {
      const index = this.count;
      this.starts[index] = position;
      this.#escaped[index] = 0;
      while (position < end && bytes[position] !== PIPE) {
        if (bytes[position] === BACKSLASH && at(bytes, position + 1, end) !== -1) {
          this.#escaped[index] = 1;
          position++;
        }
        position++;
      }
      if (position >= end) return false;
      this.ends[index] = position;
      this.count++;
      position++;
    }
    this.end = position;
    return true;
  }

  isEmpty(part: number): boolean {
    return this.starts[part] === this.ends[part];
  }

  /** A part into a span field. */
  span(bytes: Uint8Array, row: number, part: number, field: number, out: ColumnWriter): void {
    const start = this.starts[part] as number;
    const end = this.ends[part] as number;
    if (this.#escaped[part] === 0) {
      out.span(row, field, start, end);
      return;
    }
    const first = out.scratch.position;
    unescapeTo(bytes, start, end, out);
    out.span(row, field, first, out.scratch.position);
  }

  /** A part into `unmapped`, under this name. */
  unmapped(bytes: Uint8Array, row: number, part: number, name: string, out: ColumnWriter): void {
    if (this.isEmpty(part)) return;
    const key = out.scratch.constant(name);
    let start = this.starts[part] as number;
    let end = this.ends[part] as number;
    if (this.#escaped[part] === 1) {
      const first = out.scratch.position;
      unescapeTo(bytes, start, end, out);
      start = first;
      end = out.scratch.position;
    }
    out.unmapped(row, key.start, key.end, start, end);
  }

  /** A part into a code field. A batch has few vendors: most often it is the last one's. */
  code(bytes: Uint8Array, row: number, part: number, field: number, out: ColumnWriter): void {
    const start = this.starts[part] as number;
    const end = Math.min(this.ends[part] as number, start + CODE_BYTES_MAX);
    if (start >= end) return;
    const known = this.#known[part] as Known;
    if (!known.is(bytes, start, end)) known.set(bytes, start, end);
    out.code(row, field, known.text);
  }

  readonly #known = Array.from({ length: PARTS_MAX }, () => new Known());
}

/** The text of a part, kept with its bytes, so that no string is made for the next event. */
class Known {
  text = '';
  #bytes = new Uint8Array(CODE_BYTES_MAX);
  #length = 0;

  is(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start !== this.#length) return false;
    for (let i = 0; i < this.#length; i++) if (bytes[start + i] !== this.#bytes[i]) return false;
    return true;
  }

  set(bytes: Uint8Array, start: number, end: number): void {
    const part = bytes.subarray(start, end);
    this.#bytes.set(part);
    this.#length = end - start;
    this.text = decoder.decode(part).replaceAll(/\\([\\|])/g, '$1');
  }
}
