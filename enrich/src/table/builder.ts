// Puts a table together, key by key, in memory that grows; then moves it into shared memory.
import { LIMITS } from '@weir/pipeline';
import { TableError } from '../table-error.js';
import {
  HEADER,
  HEADER_WORDS,
  hashOf,
  KEY_MASK,
  KIND,
  type Kind,
  MAGIC,
  partsOf,
  TAG_SHIFT,
  VERSION,
} from './layout.js';

const SLOTS_INITIAL = 1_024;
const encoder = new TextEncoder();

/** Bytes that grow by doubling. */
class Bytes {
  array = new Uint8Array(16 * 1_024);
  length = 0;

  append(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    while (this.length + count > this.array.length) {
      const larger = new Uint8Array(this.array.length * 2);
      larger.set(this.array.subarray(0, this.length));
      this.array = larger;
    }
    if (count <= 64)
      for (let i = start, to = this.length; i < end; i++, to++)
        this.array[to] = source[i] as number;
    else this.array.set(source.subarray(start, end), this.length);
    this.length += count;
  }
}

class Words {
  array = new Uint32Array(1_024);
  length = 0;

  push(value: number): void {
    if (this.length === this.array.length) {
      const larger = new Uint32Array(this.array.length * 2);
      larger.set(this.array);
      this.array = larger;
    }
    this.array[this.length++] = value;
  }
}

export class TableBuilder {
  readonly #columnCount: number;
  readonly #bytesMax: number;
  #slots = new Uint32Array(SLOTS_INITIAL);
  readonly #keyEnds = new Words();
  readonly #keyRows = new Words();
  readonly #expiries = new Words();
  readonly #rows = new Words();
  readonly #textEnds = new Words();
  readonly #keyBytes = new Bytes();
  readonly #textBytes = new Bytes();
  readonly #texts = new Map<string, number>();
  /** Rows by their text numbers: many keys share one. */
  readonly #rowNumbers = new Map<string, number>();
  readonly #prefixes = new Uint32Array(7);

  /** `bytesMax`: of the table in the end. */
  constructor(columnCount: number, bytesMax: number) {
    this.#columnCount = columnCount;
    this.#bytesMax = bytesMax;
    this.#textOf('');
  }

  get keyCount(): number {
    return this.#keyEnds.length;
  }

  /** Number of the key bytes[start, end) of a kind, -1 when it is not in the table. */
  find(kind: Kind, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    const hash = hashOf(kind, bytes, start, end);
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = this.#slots[at] as number;
      if (slot === 0) return -1;
      const key = (slot & KEY_MASK) - 1;
      if (slot >>> TAG_SHIFT === hash >>> TAG_SHIFT && this.#isKey(key, kind, bytes, start, end))
        return key;
    }
  }

  /** Adds a key that is not there yet. Throws TableError beyond a limit. */
  add(
    kind: Kind,
    bytes: Uint8Array,
    start: number,
    end: number,
    row: readonly string[],
    expiry = 0,
  ): void {
    if (this.keyCount >= LIMITS.tableRowsMax)
      throw new TableError(`too many rows: limit is ${LIMITS.tableRowsMax}`);
    if (this.keyCount * 2 >= this.#slots.length) this.#growSlots();
    const key = this.keyCount;
    this.#keyBytes.append(Uint8Array.of(kind), 0, 1);
    this.#keyBytes.append(bytes, start, end);
    this.#keyEnds.push(this.#keyBytes.length);
    this.#keyRows.push(this.#rowOf(row));
    this.#expiries.push(expiry);
    this.#place(key, hashOf(kind, bytes, start, end));
    if (kind === KIND.ipv4 || kind === KIND.ipv6) this.#notePrefix(kind, bytes[start] as number);
    if ((key & 0xfff) === 0) this.#checkSize();
  }

  rowAt(key: number): string[] {
    const first = (this.#keyRows.array[key] as number) * this.#columnCount;
    const row: string[] = [];
    for (let i = 0; i < this.#columnCount; i++)
      row.push(this.#textAt(this.#rows.array[first + i] as number));
    return row;
  }

  expiryAt(key: number): number {
    return this.#expiries.array[key] as number;
  }

  replace(key: number, row: readonly string[], expiry: number): void {
    this.#keyRows.array[key] = this.#rowOf(row);
    this.#expiries.array[key] = expiry;
  }

  finish(): SharedArrayBuffer {
    const header = new Uint32Array(HEADER_WORDS);
    header[HEADER.magic] = MAGIC;
    header[HEADER.version] = VERSION;
    header[HEADER.keyCount] = this.keyCount;
    header[HEADER.slotCount] = this.#slots.length;
    header[HEADER.rowCount] = this.#rows.length / this.#columnCount;
    header[HEADER.columnCount] = this.#columnCount;
    header[HEADER.textCount] = this.#textEnds.length;
    header[HEADER.keyBytes] = this.#keyBytes.length;
    header[HEADER.textBytes] = this.#textBytes.length;
    header.set(this.#prefixes, HEADER.prefixes4);
    this.#checkSize();
    const parts = partsOf(header);
    const memory = new SharedArrayBuffer(parts.end);
    const put = (at: number, words: Uint32Array, count: number): void =>
      new Uint32Array(memory, at, count).set(words.subarray(0, count));
    put(0, header, HEADER_WORDS);
    put(parts.slots, this.#slots, this.#slots.length);
    put(parts.keyEnds, this.#keyEnds.array, this.keyCount);
    put(parts.keyRows, this.#keyRows.array, this.keyCount);
    put(parts.expiries, this.#expiries.array, this.keyCount);
    put(parts.rows, this.#rows.array, this.#rows.length);
    put(parts.textEnds, this.#textEnds.array, this.#textEnds.length);
    const bytes = new Uint8Array(memory);
    bytes.set(this.#keyBytes.array.subarray(0, this.#keyBytes.length), parts.keyBytes);
    bytes.set(this.#textBytes.array.subarray(0, this.#textBytes.length), parts.textBytes);
    return memory;
  }

  #checkSize(): void {
    const words =
      this.#slots.length + this.keyCount * 3 + this.#rows.length + this.#textEnds.length;
    const bytes = (HEADER_WORDS + words) * 4 + this.#keyBytes.length + this.#textBytes.length;
    if (bytes > this.#bytesMax)
      throw new TableError(`table too large: ${bytes} bytes, limit is ${this.#bytesMax}`);
  }

  #isKey(key: number, kind: Kind, bytes: Uint8Array, start: number, end: number): boolean {
    const at = key === 0 ? 0 : (this.#keyEnds.array[key - 1] as number);
    const { array } = this.#keyBytes;
    if ((this.#keyEnds.array[key] as number) - at !== end - start + 1) return false;
    if (array[at] !== kind) return false;
    for (let i = start, from = at + 1; i < end; i++, from++)
      if (array[from] !== bytes[i]) return false;
    return true;
  }

  #place(key: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let at = hash & mask;
    while (this.#slots[at] !== 0) at = (at + 1) & mask;
    this.#slots[at] = ((hash >>> TAG_SHIFT) << TAG_SHIFT) | (key + 1);
  }

  #growSlots(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const { array } = this.#keyBytes;
    let start = 0;
    for (let key = 0; key < this.keyCount; key++) {
      const end = this.#keyEnds.array[key] as number;
      this.#place(key, hashOf(array[start] as Kind, array, start + 1, end));
      start = end;
    }
  }

  #notePrefix(kind: Kind, length: number): void {
    const word = (kind === KIND.ipv4 ? 0 : 2) + (length >> 5);
    this.#prefixes[word] = (this.#prefixes[word] as number) | (1 << (length & 31));
  }

  #rowOf(row: readonly string[]): number {
    const texts = row.map((text) => this.#textOf(text));
    const name = texts.join();
    let number = this.#rowNumbers.get(name);
    if (number === undefined) {
      number = this.#rowNumbers.size;
      this.#rowNumbers.set(name, number);
      for (const text of texts) this.#rows.push(text);
    }
    return number;
  }

  #textOf(text: string): number {
    let number = this.#texts.get(text);
    if (number === undefined) {
      number = this.#texts.size;
      this.#texts.set(text, number);
      const bytes = encoder.encode(text);
      this.#textBytes.append(bytes, 0, bytes.length);
      this.#textEnds.push(this.#textBytes.length);
    }
    return number;
  }

  #textAt(number: number): string {
    const start = number === 0 ? 0 : (this.#textEnds.array[number - 1] as number);
    const end = this.#textEnds.array[number] as number;
    return new TextDecoder().decode(this.#textBytes.array.subarray(start, end));
  }
}
