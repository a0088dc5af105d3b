// XML 1.0 in one pass over the bytes: elements are flattened with dots, attributes are `@name`
// below their element, values stay where they stand. No document type and no entity but the five
// that XML itself defines and numbers of characters: nothing is ever expanded or fetched.
import { type ColumnWriter, LIMITS, MARK } from '@weir/pipeline';
import type { PairSink } from '../common/pair-sink.js';
import { APOSTROPHE, DOT, EQUALS, GREATER, LESS, QUOTE, SLASH, SPACE } from '../text/ascii.js';
import { unescapeInto } from './entities.js';

const PATH_BYTES_MAX = 1024;
const DEPTH_MAX = LIMITS.jsonDepthMax;
/** Names of elements below one that are told apart when they come again. */
const SIBLINGS_MAX = 32;
const AMPERSAND = 0x26;
const QUESTION = 0x3f;
const EXCLAMATION = 0x21;

const encoder = new TextEncoder();
const COMMENT_END = encoder.encode('-->');
const CDATA_START = encoder.encode('<![CDATA[');
const CDATA_END = encoder.encode(']]>');
const ELEMENT = encoder.encode('@element');
const TEXT = encoder.encode('#text');

export class XmlReader {
  /** Position of the first fault in the source; -1 while there is none. */
  faultAt = -1;
  faultMark: number = MARK.value_invalid;
  /** Elements and attributes that were given to the sink. */
  pairCount = 0;
  readonly #path = new Uint8Array(PATH_BYTES_MAX);
  #pathLength = 0;
  /** By depth: length of the path before the element, and where its name stands. */
  readonly #lengths = new Int32Array(DEPTH_MAX + 1);
  readonly #nameStarts = new Int32Array(DEPTH_MAX + 1);
  readonly #nameEnds = new Int32Array(DEPTH_MAX + 1);
  /** By depth: how many names of elements came there, and start, end and count of each. */
  readonly #siblingCounts = new Int32Array(DEPTH_MAX + 1);
  readonly #siblings = new Int32Array(3 * SIBLINGS_MAX * (DEPTH_MAX + 1));
  #depth = 0;
  #isRootDone = false;
  #isTooLong = false;
  readonly #isGeneric: boolean;
  #source: Uint8Array = new Uint8Array(0);
  #shift = 0;
  #position = 0;
  #end = 0;
  #out!: ColumnWriter;
  #sink!: PairSink;
  /** Text of the open element: its first piece, or all of it in scratch. */
  #textStart = 0;
  #textEnd = 0;
  /** Whether the text was put into scratch; nothing else is until it is given away. */
  #isCopied = false;

  /**
   * `isGeneric`: elements of one name are told apart as `a`, `a.2`, `a.3`, and the outermost one is
   * no part of the keys: its name is the value of `@element`.
   */
  constructor(isGeneric: boolean) {
    this.#isGeneric = isGeneric;
  }

  /**
   * Reads one element with all that is in it from source[start, end). `shift` makes its positions
   * absolute. False on a fault; what came before it was given to the sink.
   */
  read(
    source: Uint8Array,
    shift: number,
    start: number,
    end: number,
    out: ColumnWriter,
    sink: PairSink,
  ): boolean {
    this.faultAt = -1;
    this.faultMark = MARK.value_invalid;
    this.pairCount = 0;
    this.#source = source;
    this.#shift = shift;
    this.#position = start;
    this.#end = end;
    this.#out = out;
    this.#sink = sink;
    this.#depth = 0;
    this.#isRootDone = false;
    this.#pathLength = 0;
    this.#isTooLong = false;
    this.#clearText();
    this.#siblingCounts[0] = 0;
    while (this.#position < end) {
      if (source[this.#position] !== LESS) {
        if (!this.#text()) return false;
      } else if (!this.#markup()) return false;
      if (this.#isRootDone) return this.#tail();
    }
    // What a cut event still has of its last element.
    this.#flushText(true);
    return this.#fail(end);
  }

  #fail(position: number, mark: number = MARK.value_invalid): false {
    if (this.faultAt < 0) {
      this.faultAt = Math.min(position, this.#end);
      this.faultMark = mark;
    }
    return false;
  }

  /** Behind the root only white space and comments may stand. */
  #tail(): boolean {
    for (let i = this.#position; i < this.#end; i++)
      if ((this.#source[i] as number) > SPACE) {
        if (this.#source[i] === LESS && this.#source[i + 1] === EXCLAMATION) return true;
        return this.#fail(i);
      }
    return true;
  }

  #markup(): boolean {
    const source = this.#source;
    const next = source[this.#position + 1];
    if (this.#position + 1 >= this.#end) return this.#fail(this.#end);
    if (next === SLASH) return this.#close();
    if (next === QUESTION) {
      const stop = this.#findByte(GREATER, this.#position);
      if (stop < 0) return this.#fail(this.#end);
      this.#position = stop + 1;
      return true;
    }
    if (next === EXCLAMATION) return this.#declaration();
    return this.#open();
  }

  /** A comment or CDATA; a document type is refused. */
  #declaration(): boolean {
    const source = this.#source;
    const start = this.#position;
    if (source[start + 2] === 0x2d && source[start + 3] === 0x2d) {
      const stop = this.#findText(COMMENT_END, start + 4);
      if (stop < 0) return this.#fail(this.#end);
      this.#position = stop + COMMENT_END.length;
      return true;
    }
    for (let i = 0; i < CDATA_START.length; i++)
      if (start + i >= this.#end || source[start + i] !== CDATA_START[i]) return this.#fail(start);
    if (this.#depth === 0) return this.#fail(start);
    const first = start + CDATA_START.length;
    const stop = this.#findText(CDATA_END, first);
    if (stop < 0) return this.#fail(this.#end);
    this.#addText(first, stop, false);
    this.#position = stop + CDATA_END.length;
    return true;
  }

  #findByte(byte: number, from: number): number {
    for (let i = from; i < this.#end; i++) if (this.#source[i] === byte) return i;
    return -1;
  }

  #findText(text: Uint8Array, from: number): number {
    const last = this.#end - text.length;
    for (let i = from; i <= last; i++) {
      let at = 0;
      while (at < text.length && this.#source[i + at] === text[at]) at++;
      if (at === text.length) return i;
    }
    return -1;
  }

  /** Start tag with its attributes. */
  #open(): boolean {
    const source = this.#source;
    const end = this.#end;
    const nameStart = this.#position + 1;
    let position = nameStart;
    while (position < end && isNameByte(source[position] as number)) position++;
    if (position === nameStart || position >= end) return this.#fail(position);
    // Text between elements is not the value of a leaf.
    this.#flushText(false);
    if (this.#depth >= DEPTH_MAX) return this.#fail(nameStart, MARK.depth_exceeded);
    const repeat = this.#isGeneric ? this.#countRepeat(nameStart, position) : 1;
    this.#depth++;
    const depth = this.#depth;
    this.#lengths[depth] = this.#pathLength;
    this.#nameStarts[depth] = nameStart;
    this.#nameEnds[depth] = position;
    this.#siblingCounts[depth] = 0;
    if (depth > 1 || !this.#isGeneric) this.#extend(nameStart, position, false, repeat);
    else this.#root(nameStart, position);
    for (;;) {
      while (position < end && (source[position] as number) <= SPACE) position++;
      if (position >= end) return this.#fail(end);
      const byte = source[position];
      if (byte === GREATER) {
        this.#position = position + 1;
        this.#clearText();
        return true;
      }
      if (byte === SLASH) {
        if (position + 1 >= end || source[position + 1] !== GREATER) return this.#fail(position);
        this.#position = position + 2;
        this.#leave();
        return true;
      }
      position = this.#attribute(position);
      if (position < 0) return false;
    }
  }

  #root(start: number, end: number): void {
    this.pairCount++;
    const position = start + this.#shift;
    this.#sink.pair(ELEMENT, 0, ELEMENT.length, -1, position, end + this.#shift, true, position);
  }

  /** How often the name came among its siblings, this one included. */
  #countRepeat(start: number, end: number): number {
    const depth = this.#depth;
    const siblings = this.#siblings;
    const count = this.#siblingCounts[depth] as number;
    const base = 3 * SIBLINGS_MAX * depth;
    for (let at = base; at < base + 3 * count; at += 3) {
      const known = siblings[at] as number;
      if ((siblings[at + 1] as number) - known !== end - start) continue;
      let i = 0;
      while (i < end - start && this.#source[known + i] === this.#source[start + i]) i++;
      if (i < end - start) continue;
      siblings[at + 2] = (siblings[at + 2] as number) + 1;
      return siblings[at + 2] as number;
    }
    if (count < SIBLINGS_MAX) {
      siblings[base + 3 * count] = start;
      siblings[base + 3 * count + 1] = end;
      siblings[base + 3 * count + 2] = 1;
      this.#siblingCounts[depth] = count + 1;
    }
    return 1;
  }

  /** Attribute at the position; returns the position behind it, or -1. */
  #attribute(start: number): number {
    const source = this.#source;
    const end = this.#end;
    let nameEnd = start;
    while (nameEnd < end && isNameByte(source[nameEnd] as number)) nameEnd++;
    let position = nameEnd;
    while (position < end && (source[position] as number) <= SPACE) position++;
    if (nameEnd === start || position >= end || source[position] !== EQUALS) {
      this.#fail(position);
      return -1;
    }
    position++;
    while (position < end && (source[position] as number) <= SPACE) position++;
    const quote = source[position];
    if (position >= end || (quote !== QUOTE && quote !== APOSTROPHE)) {
      this.#fail(position);
      return -1;
    }
    const first = position + 1;
    let hasEntity = false;
    position = first;
    while (position < end && source[position] !== quote) {
      if (source[position] === AMPERSAND) hasEntity = true;
      else if (source[position] === LESS) {
        this.#fail(position);
        return -1;
      }
      position++;
    }
    if (position >= end) {
      this.#fail(end);
      return -1;
    }
    const saved = this.#pathLength;
    const savedTooLong = this.#isTooLong;
    this.#extend(start, nameEnd, true, 1);
    this.#give(first, position, hasEntity);
    this.#pathLength = saved;
    this.#isTooLong = savedTooLong;
    return position + 1;
  }

  #close(): boolean {
    const source = this.#source;
    const start = this.#position + 2;
    let position = start;
    while (position < this.#end && isNameByte(source[position] as number)) position++;
    const depth = this.#depth;
    if (depth === 0) return this.#fail(this.#position);
    const nameStart = this.#nameStarts[depth] as number;
    if ((this.#nameEnds[depth] as number) - nameStart !== position - start)
      return this.#fail(this.#position);
    for (let i = start; i < position; i++)
      if (source[i] !== source[nameStart + i - start]) return this.#fail(this.#position);
    while (position < this.#end && (source[position] as number) <= SPACE) position++;
    if (position >= this.#end) return this.#fail(this.#end);
    if (source[position] !== GREATER) return this.#fail(position);
    this.#position = position + 1;
    this.#flushText(true);
    this.#leave();
    return true;
  }

  #leave(): void {
    this.#pathLength = this.#lengths[this.#depth] as number;
    this.#isTooLong = false;
    this.#depth--;
    this.#clearText();
    this.#isRootDone = this.#depth === 0;
  }

  #extend(start: number, end: number, isAttribute: boolean, repeat: number): void {
    const path = this.#path;
    let length = this.#pathLength;
    if (length + end - start + 8 > PATH_BYTES_MAX) {
      this.#isTooLong = true;
      return;
    }
    if (length > 0) path[length++] = DOT;
    if (isAttribute) path[length++] = 0x40;
    for (let i = start; i < end; i++) path[length++] = this.#source[i] as number;
    if (repeat > 1 && repeat < 10_000) {
      path[length++] = DOT;
      let unit = 1000;
      while (unit > repeat) unit /= 10;
      for (; unit >= 1; unit /= 10) path[length++] = 0x30 + (Math.floor(repeat / unit) % 10);
    }
    this.#pathLength = length;
  }

  /** Character data up to the next markup. */
  #text(): boolean {
    const source = this.#source;
    const end = this.#end;
    const start = this.#position;
    let position = start;
    let hasEntity = false;
    let isBlank = true;
    while (position < end) {
      const byte = source[position] as number;
      if (byte === LESS) break;
      if (byte === AMPERSAND) hasEntity = true;
      if (byte > SPACE) isBlank = false;
      position++;
    }
    this.#position = position;
    if (this.#depth === 0) return isBlank || this.#fail(start);
    // White space between elements is layout; as the whole of an element it says nothing either.
    if (isBlank && this.#textEnd === 0) return true;
    this.#addText(start, position, hasEntity);
    return true;
  }

  #clearText(): void {
    this.#isCopied = false;
    this.#textStart = 0;
    this.#textEnd = 0;
  }

  /** One piece stays where it stands; a second one puts all into scratch. */
  #addText(start: number, end: number, hasEntity: boolean): void {
    if (start >= end) return;
    const { scratch } = this.#out;
    if (this.#textEnd === 0 && !hasEntity) {
      this.#textStart = start + this.#shift;
      this.#textEnd = end + this.#shift;
      return;
    }
    // The open text is the last thing in scratch unless it stands in the source: it grows in place,
    // since a text of many pieces would else be copied once for each.
    if (this.#isCopied) {
      this.#append(start, end, hasEntity);
      this.#textEnd = scratch.position;
      return;
    }
    this.#isCopied = true;
    const from = scratch.position;
    if (this.#textEnd > 0) {
      for (let i = this.#textStart; i < this.#textEnd; i++) scratch.byte(this.#byteAt(i));
    }
    this.#append(start, end, hasEntity);
    this.#textStart = from;
    this.#textEnd = scratch.position;
  }

  /** References are none in CDATA (XML 1.0 2.7): there `&lt;` stands for itself. */
  #append(start: number, end: number, hasEntity: boolean): void {
    const { scratch } = this.#out;
    if (hasEntity) unescapeInto(this.#source, start, end, scratch);
    else scratch.copy(this.#source, start, end);
  }

  #byteAt(position: number): number {
    const isOfSource = position >= this.#shift && position < this.#shift + this.#end;
    if (isOfSource) return this.#source[position - this.#shift] as number;
    return this.#out.scratch.byteAt(position);
  }

  /** Gives the text of the open element; beside elements only its inner part. */
  #flushText(isLeaf: boolean): void {
    if (this.#textEnd === 0) return;
    let start = this.#textStart;
    let end = this.#textEnd;
    this.#clearText();
    if (!isLeaf) {
      while (start < end && this.#byteAt(start) <= SPACE) start++;
      while (end > start && this.#byteAt(end - 1) <= SPACE) end--;
    }
    this.#pairOf(start, end);
  }

  #give(start: number, end: number, hasEntity: boolean): void {
    if (!hasEntity) {
      this.#pairOf(start + this.#shift, end + this.#shift);
      return;
    }
    const { scratch } = this.#out;
    const from = scratch.position;
    unescapeInto(this.#source, start, end, scratch);
    this.#pairOf(from, scratch.position);
  }

  #pairOf(start: number, end: number): void {
    this.pairCount++;
    if (this.#isTooLong) return;
    const position = Math.min(this.#position, this.#end) + this.#shift;
    if (this.#pathLength === 0)
      this.#sink.pair(TEXT, 0, TEXT.length, -1, start, end, true, position);
    else this.#sink.pair(this.#path, 0, this.#pathLength, -1, start, end, true, position);
  }
}

/** Anything but white space and what ends a name; bytes of UTF-8 are letters here. */
function isNameByte(byte: number): boolean {
  if (byte <= SPACE || byte === GREATER || byte === SLASH || byte === EQUALS) return false;
  return byte !== LESS && byte !== QUOTE && byte !== APOSTROPHE && byte !== AMPERSAND;
}
