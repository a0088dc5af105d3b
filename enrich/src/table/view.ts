// A table as transforms read it: no memory of its own, and no text before something was found.
import { Buffer } from 'node:buffer';
import { addressText, clearBits } from '@weir/pipeline';
import { TableError } from '../table-error.js';
import {
  finished,
  HASH_START,
  HEADER,
  HEADER_WORDS,
  KEY_MASK,
  KIND,
  type Kind,
  MAGIC,
  partsOf,
  TAG_SHIFT,
  unfinished,
  VERSION,
} from './layout.js';

const DOT = 0x2e;
/** Texts that were made already; a table has few rows for many keys. */
const TEXTS_KEPT_MAX = 65_536;

export class TableView {
  readonly keyCount: number;
  readonly #header: Uint32Array;
  readonly #slots: Uint32Array;
  readonly #keyEnds: Uint32Array;
  readonly #keyRows: Uint32Array;
  readonly #expiries: Uint32Array;
  readonly #rows: Uint32Array;
  readonly #textEnds: Uint32Array;
  readonly #keyBytes: Uint8Array;
  readonly #textBytes: Buffer;
  readonly #columnCount: number;
  readonly #texts = new Map<number, string>();
  /** Prefix lengths of networks among the keys, longest first. */
  readonly #lengths4: readonly number[];
  readonly #lengths6: readonly number[];
  readonly #network = new Uint8Array(17);

  /** Throws TableError for memory that is no table. */
  constructor(memory: SharedArrayBuffer) {
    if (memory.byteLength < HEADER_WORDS * 4) throw new TableError('it is no table: too short');
    const header = new Uint32Array(memory, 0, HEADER_WORDS);
    if (header[HEADER.magic] !== MAGIC || header[HEADER.version] !== VERSION)
      throw new TableError('it is no table of this version');
    const parts = partsOf(header);
    if (parts.end !== memory.byteLength)
      throw new TableError(`it is no table: ${memory.byteLength} bytes, ${parts.end} wanted`);
    const at = (index: number): number => header[index] as number;
    const keys = at(HEADER.keyCount);
    this.#header = header;
    this.keyCount = keys;
    this.#columnCount = at(HEADER.columnCount);
    this.#slots = new Uint32Array(memory, parts.slots, at(HEADER.slotCount));
    this.#keyEnds = new Uint32Array(memory, parts.keyEnds, keys);
    this.#keyRows = new Uint32Array(memory, parts.keyRows, keys);
    this.#expiries = new Uint32Array(memory, parts.expiries, keys);
    this.#rows = new Uint32Array(memory, parts.rows, at(HEADER.rowCount) * this.#columnCount);
    this.#textEnds = new Uint32Array(memory, parts.textEnds, at(HEADER.textCount));
    this.#keyBytes = new Uint8Array(memory, parts.keyBytes, at(HEADER.keyBytes));
    this.#textBytes = Buffer.from(memory, parts.textBytes, at(HEADER.textBytes));
    this.#lengths4 = this.#lengths(HEADER.prefixes4, 32);
    this.#lengths6 = this.#lengths(HEADER.prefixes6, 128);
  }

  /** Number of the key bytes[start, end), -1 for none. */
  find(kind: Kind, bytes: Uint8Array, start: number, end: number): number {
    let hash = HASH_START;
    for (let i = end - 1; i >= start; i--) hash = unfinished(hash, bytes[i] as number);
    return this.#find(finished(hash, kind), kind, bytes, start, end);
  }

  /** The key that is the domain bytes[0, end), else the longest of its parents with a dot. */
  findDomain(bytes: Uint8Array, end: number, hasParents: boolean): number {
    let hash = HASH_START;
    let found = -1;
    let dots = 0;
    for (let i = end - 1; i >= 0; i--) {
      if (bytes[i] === DOT && ++dots > 1 && hasParents) {
        const key = this.#find(finished(hash, KIND.domain), KIND.domain, bytes, i + 1, end);
        if (key >= 0) found = key;
      }
      hash = unfinished(hash, bytes[i] as number);
    }
    const whole = this.#find(finished(hash, KIND.domain), KIND.domain, bytes, 0, end);
    return whole >= 0 ? whole : found;
  }

  /** The key with the longest prefix that holds an address of 4 or 16 bytes. */
  findAddress(address: Uint8Array, length: 4 | 16): number {
    const lengths = length === 4 ? this.#lengths4 : this.#lengths6;
    const kind = length === 4 ? KIND.ipv4 : KIND.ipv6;
    const network = this.#network;
    for (let i = 0; i < length; i++) network[i + 1] = address[i] as number;
    for (const prefixLength of lengths) {
      clearBits(this.#addressPart, length, prefixLength);
      network[0] = prefixLength;
      const key = this.find(kind, network, 0, length + 1);
      if (key >= 0) return key;
    }
    return -1;
  }

  readonly #addressPart = this.#network.subarray(1);

  /** False where the key's time was over at a time in seconds since 1970. */
  holdsAt(key: number, seconds: number): boolean {
    const expiry = this.#expiries[key] as number;
    return expiry === 0 || seconds < expiry;
  }

  /** Number of the row of a key: keys with the same values share one. */
  rowOf(key: number): number {
    return this.#keyRows[key] as number;
  }

  /** Text of a column of a row; empty where there is none. */
  text(row: number, column: number): string {
    const number = this.#rows[row * this.#columnCount + column] as number;
    if (number === 0) return '';
    const known = this.#texts.get(number);
    if (known !== undefined) return known;
    const start = this.#textEnds[number - 1] as number;
    const text = this.#textBytes.toString('utf8', start, this.#textEnds[number]);
    if (this.#texts.size >= TEXTS_KEPT_MAX) this.#texts.clear();
    this.#texts.set(number, text);
    return text;
  }

  /** The key as people write it: a network with its prefix unless it is one address. */
  keyText(key: number): string {
    const start = key === 0 ? 0 : (this.#keyEnds[key - 1] as number);
    const bytes = this.#keyBytes.slice(start, this.#keyEnds[key]);
    const [kind, prefixLength = 0] = bytes;
    if (kind !== KIND.ipv4 && kind !== KIND.ipv6) return Buffer.from(bytes).toString('utf8', 1);
    const address = addressText(bytes.subarray(2));
    return prefixLength === (bytes.length - 2) * 8 ? address : `${address}/${prefixLength}`;
  }

  kindOf(key: number): Kind {
    const start = key === 0 ? 0 : (this.#keyEnds[key - 1] as number);
    return this.#keyBytes[start] as Kind;
  }

  #find(hash: number, kind: Kind, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = slots[at] as number;
      if (slot === 0) return -1;
      if (slot >>> TAG_SHIFT !== hash >>> TAG_SHIFT) continue;
      const key = (slot & KEY_MASK) - 1;
      if (this.#isKey(key, kind, bytes, start, end)) return key;
    }
  }

  #isKey(key: number, kind: Kind, bytes: Uint8Array, start: number, end: number): boolean {
    const at = key === 0 ? 0 : (this.#keyEnds[key - 1] as number);
    const keyBytes = this.#keyBytes;
    if ((this.#keyEnds[key] as number) - at !== end - start + 1) return false;
    if (keyBytes[at] !== kind) return false;
    for (let i = start, from = at + 1; i < end; i++, from++)
      if (keyBytes[from] !== bytes[i]) return false;
    return true;
  }

  #lengths(word: number, most: number): number[] {
    const lengths: number[] = [];
    for (let length = most; length >= 0; length--) {
      const bits = this.#header[word + (length >> 5)] as number;
      if ((bits >>> (length & 31)) & 1) lengths.push(length);
    }
    return lengths;
  }
}
