// Where the items of an HTTP body begin and end: structure only (brackets, strings, newlines), no
// JSON.parse and no object per item. What an item means is for the parser to say.
import { LIMITS, MARK } from '@weir/pipeline';

/** An array if the first byte that is no white space is `[`, else one item a line (NDJSON). */
export interface SplitBody {
  /** All of them. Of a body with too many that is broken as well, about all. */
  readonly itemCount: number;
  /** [start, end, MarkCode or 0] per item: the bytes as sent, without white space around them. */
  readonly items: Uint32Array;
  readonly blankLineCount: number;
  /** `items` ends at the limit of items. */
  readonly hasTooManyItems: boolean;
  /** The body is an array that ends behind an item, without its `]`: there may have been more. */
  readonly isUnclosed: boolean;
}

export interface SplitLimits {
  readonly httpItemBytesMax: number;
  readonly httpItemCountMax: number;
  readonly jsonDepthMax: number;
}

const LF = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const ARRAY_OPEN = 91;
const BACKSLASH = 92;
const ARRAY_CLOSE = 93;
const OBJECT_OPEN = 123;
const OBJECT_CLOSE = 125;

const isBlank = (byte: number): boolean =>
  byte === SPACE || byte === LF || byte === 13 || byte === 9;

export function splitBody(body: Buffer, limits: SplitLimits = LIMITS): SplitBody {
  const start = skipBlank(body, hasByteOrderMark(body) ? 3 : 0, body.length);
  const splitter = new Splitter(body, limits);
  if (body[start] === ARRAY_OPEN) splitter.splitArray(start + 1);
  else splitter.splitLines(start);
  return splitter.result();
}

class Splitter {
  readonly #body: Buffer;
  readonly #limits: SplitLimits;
  readonly #scanner: ItemScanner;
  #items = new Uint32Array(3 * 64);
  #itemCount = 0;
  #blankLineCount = 0;
  #isUnclosed = false;

  constructor(body: Buffer, limits: SplitLimits) {
    this.#body = body;
    this.#limits = limits;
    this.#scanner = new ItemScanner(body, limits.jsonDepthMax);
  }

  result(): SplitBody {
    const { httpItemCountMax } = this.#limits;
    return {
      itemCount: this.#itemCount,
      items: this.#items.subarray(0, Math.min(this.#itemCount, httpItemCountMax) * 3),
      blankLineCount: this.#blankLineCount,
      hasTooManyItems: this.#isOverfull,
      isUnclosed: this.#isUnclosed,
    };
  }

  splitLines(first: number): void {
    const body = this.#body;
    let position = first;
    while (position < body.length) {
      if (this.#isOverfull) {
        this.#itemCount += countLines(body, position);
        return;
      }
      const newline = body.indexOf(LF, position);
      const end = newline < 0 ? body.length : newline;
      const start = skipBlank(body, position, end);
      if (start === end) {
        this.#blankLineCount++;
      } else {
        const last = trimBlank(body, start, end);
        this.#scanner.scan(start, last, false);
        this.#push(start, last, this.#scanner.mark);
      }
      position = end + 1;
    }
  }

  /**
   * Complete items are kept whatever follows; from where the array is broken, the rest is one item.
   */
  splitArray(first: number): void {
    const body = this.#body;
    const end = trimBlank(body, first, body.length);
    let position = first;
    let comma = -1;
    for (;;) {
      if (this.#isOverfull) {
        this.#itemCount += countArrayItems(body, position, end);
        return;
      }
      const start = skipBlank(body, position, end);
      const byte = body[start];
      if (start === end) {
        this.#isUnclosed = true;
        return;
      } else if (byte === ARRAY_CLOSE && comma < 0) {
        const rest = skipBlank(body, start + 1, end);
        if (rest < end) this.#push(rest, end, MARK.json_invalid);
        return;
      } else if (byte === ARRAY_CLOSE || byte === COMMA) {
        this.#push(comma < 0 ? start : comma, end, MARK.json_invalid);
        return;
      }
      const stop = this.#scanner.scan(start, end, true);
      if (this.#scanner.isBroken) {
        this.#push(start, end, this.#scanner.mark);
        return;
      }
      this.#push(start, trimBlank(body, start, stop), this.#scanner.mark);
      comma = body[stop] === COMMA ? stop : -1;
      position = comma < 0 ? stop : stop + 1;
    }
  }

  get #isOverfull(): boolean {
    return this.#itemCount > this.#limits.httpItemCountMax;
  }

  #push(start: number, end: number, mark: number): void {
    const at = this.#itemCount * 3;
    this.#itemCount++;
    if (this.#itemCount > this.#limits.httpItemCountMax) return;
    if (at === this.#items.length) {
      const grown = new Uint32Array(this.#items.length * 2);
      grown.set(this.#items);
      this.#items = grown;
    }
    this.#items[at] = start;
    this.#items[at + 1] = end;
    this.#items[at + 2] = end - start > this.#limits.httpItemBytesMax ? MARK.oversize : mark;
  }
}

/**
 * Walks over one value. Tells a value that cannot be an event's JSON; passes some that are not
 * JSON.
 */
class ItemScanner {
  /** 0, `json_invalid` or `depth_exceeded`. */
  mark = 0;
  /** Brackets or strings do not close, so that nobody knows where the value ends. */
  isBroken = false;
  readonly #body: Buffer;
  readonly #depthMax: number;
  /** Opening bracket per level; deeper than the limit only the depth is counted. */
  readonly #open: Uint8Array;
  #depth = 0;

  constructor(body: Buffer, depthMax: number) {
    this.#body = body;
    this.#depthMax = depthMax;
    this.#open = new Uint8Array(depthMax);
  }

  /**
   * From the first byte of a value; returns where it stopped: at `end`, or in an array at the comma
   * or bracket behind the value.
   */
  scan(start: number, end: number, isInArray: boolean): number {
    const body = this.#body;
    this.isBroken = false;
    this.#depth = 0;
    this.mark = body[start] === OBJECT_OPEN ? 0 : MARK.json_invalid;
    let position = start;
    while (position < end && !this.isBroken) {
      const byte = body[position] as number;
      if (byte === QUOTE) {
        position = this.#skipString(position + 1, end);
        continue;
      }
      if (this.#depth === 0 && position > start) {
        if (isInArray && (byte === COMMA || byte === ARRAY_CLOSE)) return position;
        if (!isBlank(byte)) this.mark ||= MARK.json_invalid;
      }
      if (byte === OBJECT_OPEN || byte === ARRAY_OPEN) this.#enter(byte);
      else if (byte === OBJECT_CLOSE || byte === ARRAY_CLOSE) this.#leave(byte);
      position++;
    }
    if (this.#depth > 0) this.isBroken = true;
    if (this.isBroken) this.mark ||= MARK.json_invalid;
    return position;
  }

  #enter(byte: number): void {
    if (this.#depth < this.#depthMax) this.#open[this.#depth] = byte;
    else this.mark = MARK.depth_exceeded;
    this.#depth++;
  }

  #leave(byte: number): void {
    if (this.#depth === 0) {
      this.isBroken = true;
      return;
    }
    this.#depth--;
    // The closing bracket stands two behind the opening one in ASCII, for both kinds.
    if (this.#depth < this.#depthMax && this.#open[this.#depth] !== byte - 2) this.isBroken = true;
  }

  /** From behind the opening quote to behind the closing one. */
  #skipString(start: number, end: number): number {
    const body = this.#body;
    let position = start;
    while (position < end) {
      const byte = body[position] as number;
      if (byte === QUOTE) return position + 1;
      if (byte < SPACE) this.mark ||= MARK.json_invalid;
      position += byte === BACKSLASH ? 2 : 1;
    }
    this.isBroken = true;
    return end;
  }
}

/** Lines that are not blank. For bodies that are refused: quick, since nothing is kept of them. */
function countLines(body: Buffer, start: number): number {
  let count = 0;
  let isBlankLine = true;
  for (let i = start; i < body.length; i++) {
    const byte = body[i] as number;
    if (byte === LF) isBlankLine = true;
    else if (isBlankLine && !isBlank(byte)) {
      isBlankLine = false;
      count++;
    }
  }
  return count;
}

/** From behind a comma. Right for arrays that are well-formed; others are refused all the same. */
function countArrayItems(body: Buffer, start: number, end: number): number {
  let count = 0;
  let depth = 0;
  let hasItem = false;
  let isInString = false;
  for (let i = start; i < end && depth >= 0; i++) {
    const byte = body[i] as number;
    if (isInString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === COMMA && depth === 0) {
      hasItem = false;
    } else if (byte === ARRAY_CLOSE || byte === OBJECT_CLOSE) {
      depth--;
    } else if (!isBlank(byte)) {
      if (byte === QUOTE) isInString = true;
      else if (byte === ARRAY_OPEN || byte === OBJECT_OPEN) depth++;
      if (!hasItem) count++;
      hasItem = true;
    }
  }
  return count;
}

const hasByteOrderMark = (body: Buffer): boolean =>
  body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;

function skipBlank(body: Buffer, start: number, end: number): number {
  let position = start;
  while (position < end && isBlank(body[position] as number)) position++;
  return position;
}

function trimBlank(body: Buffer, start: number, end: number): number {
  let last = end;
  while (last > start && isBlank(body[last - 1] as number)) last--;
  return last;
}
