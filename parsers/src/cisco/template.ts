// Message templates: `Deny {proto} src {src} dst {dst}[ by access-group "{acl}"]`. Text stands for
// itself, {name} for a value, [..] for a part that may be missing. They are compiled once, at load,
// into one program of numbers; matching looks at bytes only and makes nothing.
//
// An operation is four numbers:
//   LITERAL start length -      bytes of the pool that must stand here
//   FIELD   kind  target follow a value; `follow` is an index into #follows
//   OPTION  next  -      -      what follows up to `next` may be missing
//   ENDED   -     -      -      the end of an option
//   DONE    -     -      -
import { assert } from '@weir/pipeline';
import { SPACE } from '../text/ascii.js';
import { type EndpointReader, readEndpoint } from './endpoint.js';
import { KIND, placeholderOf, SPECIAL } from './targets.js';

const OP = { literal: 1, field: 2, option: 3, ended: 4, done: 5 } as const;
const OP_NUMBERS = 4;
/** Values of one event: a template has far fewer. */
const VALUES_MAX = 64;
const BYTE_SET_WORDS = 8;
const OPEN_PARENTHESIS = 0x28;
const encoder = new TextEncoder();

type Piece = readonly [op: number, text: string];

/** `[` and `]` that stand for themselves are written `\[` and `\]`. */
function piecesOf(template: string): Piece[] {
  const pieces: Piece[] = [];
  for (const [part] of template.matchAll(/\{[^}]*\}|\\[[\]]|[[\]]|[^[\]{\\]+/g)) {
    if (part === '[') pieces.push([OP.option, '']);
    else if (part === ']') pieces.push([OP.ended, '']);
    else if (part.startsWith('{')) pieces.push([OP.field, part.slice(1, -1)]);
    else {
      const text = part.startsWith('\\') ? part.slice(1) : part;
      const last = pieces.at(-1);
      if (last?.[0] === OP.literal) pieces[pieces.length - 1] = [OP.literal, last[1] + text];
      else pieces.push([OP.literal, text]);
    }
  }
  return pieces;
}

/**
 * The texts that can stand behind piece `index`: those of options, up to the first that must be.
 */
function followsOf(pieces: readonly Piece[], index: number): string[] {
  const follows: string[] = [];
  for (let i = index + 1; i < pieces.length; i++) {
    const [op, text] = pieces[i] as Piece;
    if (op === OP.ended) continue;
    if (op === OP.option) {
      const [innerOp, inner] = pieces[i + 1] as Piece;
      assert(innerOp === OP.literal, 'an option begins with a text');
      follows.push(inner);
      while (pieces[i]?.[0] !== OP.ended) i++;
      continue;
    }
    if (op === OP.literal) follows.push(text);
    return follows;
  }
  return [...follows, ''];
}

/** All templates of a pack, and the values that the last match found. */
export class TemplateSet implements EndpointReader {
  #pool: Uint8Array = new Uint8Array(0);
  readonly #poolNumbers: number[] = [];
  readonly #code: number[] = [];
  #ops: Int32Array = new Int32Array(0);
  /**
   * By follow: how many texts, where the bytes stand that they begin with, then start and length of
   * each. A text of length 0 is the end.
   */
  readonly #followList: number[] = [];
  #follows: Int32Array = new Int32Array(0);
  /** Sets of bytes, a bit for each, eight words a set. Most follows share theirs with others. */
  readonly #setNumbers: number[] = [];
  #sets: Int32Array = new Int32Array(0);
  /** Target, start, end of each value. */
  readonly #values = new Int32Array(VALUES_MAX * 3);
  /** How many values there are. */
  count = 0;
  /** True when the last value ended with its word or the text, and not before another text. */
  #isOpenEnd = false;

  /** Returns the number of the template, for match. */
  add(template: string): number {
    const first = this.#code.length;
    const pieces = piecesOf(template);
    const options: number[] = [];
    pieces.forEach(([op, text], index) => {
      if (op === OP.literal) this.#code.push(op, ...this.#literal(text), 0);
      else if (op === OP.field) {
        const { kind, target } = placeholderOf(text);
        this.#code.push(op, kind, target, this.#follow(followsOf(pieces, index)));
      } else if (op === OP.option) {
        options.push(this.#code.length);
        this.#code.push(op, 0, 0, 0);
      } else {
        const option = options.pop();
        assert(option !== undefined, `brackets are in pairs: ${template}`);
        this.#code.push(op, 0, 0, 0);
        this.#code[option + 1] = this.#code.length;
      }
    });
    assert(options.length === 0, `brackets are in pairs: ${template}`);
    this.#code.push(OP.done, 0, 0, 0);
    return first;
  }

  /** To be called when all templates are there. */
  seal(): void {
    this.#ops = Int32Array.from(this.#code);
    this.#follows = Int32Array.from(this.#followList);
    this.#pool = Uint8Array.from(this.#poolNumbers);
    this.#sets = Int32Array.from(this.#setNumbers);
    for (const list of [this.#code, this.#followList, this.#poolNumbers, this.#setNumbers])
      list.length = 0;
  }

  target(index: number): number {
    return this.#values[index * 3] as number;
  }
  start(index: number): number {
    return this.#values[index * 3 + 1] as number;
  }
  stop(index: number): number {
    return this.#values[index * 3 + 2] as number;
  }

  value(target: number, start: number, end: number): void {
    if (this.count >= VALUES_MAX || start >= end) return;
    const at = this.count * 3;
    this.#values[at] = target;
    this.#values[at + 1] = start;
    this.#values[at + 2] = end;
    this.count++;
  }

  /**
   * Matches bytes[start, end) from its start; text behind the template is left alone. With
   * `isCut` a text that ends too early matches as far as it goes.
   */
  match(template: number, bytes: Uint8Array, start: number, end: number, isCut: boolean): boolean {
    const ops = this.#ops;
    let position = start;
    let op = template;
    let resume = -1;
    let resumePosition = 0;
    let resumeCount = 0;
    this.count = 0;
    for (;;) {
      let next: number;
      switch (ops[op]) {
        case OP.literal:
          next = this.#literalEnd(
            bytes,
            position,
            end,
            ops[op + 1] as number,
            ops[op + 2] as number,
          );
          break;
        case OP.field:
          next = this.#field(bytes, position, end, op);
          break;
        case OP.option:
          resume = ops[op + 1] as number;
          resumePosition = position;
          resumeCount = this.count;
          next = position;
          break;
        case OP.ended:
          resume = -1;
          next = position;
          break;
        default:
          return true;
      }
      if (next >= 0) {
        position = next;
        op += OP_NUMBERS;
        continue;
      }
      if (resume < 0) {
        return isCut && this.count > 0 && this.#isAtEnd(bytes, position, end, op);
      }
      op = resume;
      position = resumePosition;
      this.count = resumeCount;
      resume = -1;
    }
  }

  #literal(text: string): [start: number, length: number] {
    const start = this.#poolNumbers.length;
    const bytes = encoder.encode(text);
    this.#poolNumbers.push(...bytes);
    return [start, bytes.length];
  }

  #follow(follows: readonly string[]): number {
    const at = this.#followList.length;
    this.#followList.push(follows.length, this.#firstBytes(follows));
    for (const text of follows) this.#followList.push(...this.#literal(text));
    return at;
  }

  /** Where the set of the bytes stands that one of the texts begins with, in either case. */
  #firstBytes(texts: readonly string[]): number {
    const set = new Array<number>(BYTE_SET_WORDS).fill(0);
    for (const text of texts)
      for (const letter of [text.slice(0, 1).toLowerCase(), text.slice(0, 1).toUpperCase()]) {
        const byte = letter.charCodeAt(0);
        if (letter !== '') set[byte >> 5] = (set[byte >> 5] ?? 0) | (1 << (byte & 31));
      }
    for (let at = 0; at < this.#setNumbers.length; at += BYTE_SET_WORDS)
      if (set.every((word, i) => this.#setNumbers[at + i] === word)) return at;
    return this.#setNumbers.push(...set) - BYTE_SET_WORDS;
  }

  /** True when the text went wrong only because it ended. */
  #isAtEnd(bytes: Uint8Array, position: number, end: number, op: number): boolean {
    if (position >= end) return true;
    if (this.#ops[op] === OP.field) {
      // A value that the end cut is no value; what stands before it is whole.
      if (this.#ops[op + 1] !== KIND.word) return bytes[position] !== OPEN_PARENTHESIS;
      for (let i = position; i < end; i++) if (bytes[i] === SPACE) return false;
      return true;
    }
    const length = end - position;
    if (length >= (this.#ops[op + 2] as number)) return false;
    return this.#literalEnd(bytes, position, end, this.#ops[op + 1] as number, length) >= 0;
  }

  /**
   * Position behind the text of the pool, or -1. Letters match in both cases, and one space stands
   * for any number: releases differ in both.
   */
  #literalEnd(bytes: Uint8Array, start: number, end: number, from: number, length: number): number {
    const pool = this.#pool;
    let position = start;
    for (let i = from; i < from + length; i++) {
      if (position >= end) return -1;
      const byte = bytes[position] as number;
      const wanted = pool[i] as number;
      if (byte !== wanted && !isSameLetter(byte, wanted)) return -1;
      position++;
      if (byte === SPACE) while (position < end && bytes[position] === SPACE) position++;
    }
    return position;
  }

  #field(bytes: Uint8Array, start: number, end: number, op: number): number {
    const kind = this.#ops[op + 1] as number;
    const target = this.#ops[op + 2] as number;
    if (kind === KIND.endpoint)
      return readEndpoint(bytes, start, end, target - SPECIAL.endpointSource, this);
    const follow = this.#ops[op + 3] as number;
    const stop = this.#valueEnd(bytes, start, end, follow, kind);
    if (stop < 0) return -1;
    let last = stop;
    // The full stop of the sentence is not part of its last word.
    if (this.#isOpenEnd) while (last > start && isStop(bytes, last - 1)) last--;
    if (kind !== KIND.word) while (last > start && bytes[last - 1] === SPACE) last--;
    let first = start;
    if (kind !== KIND.word) while (first < last && bytes[first] === SPACE) first++;
    if (last > first) this.value(target, first, last);
    else if (kind === KIND.word) return -1;
    return stop;
  }

  /** End of a value: where one of the texts that can follow stands; -1 when none does. */
  #valueEnd(bytes: Uint8Array, start: number, end: number, follow: number, kind: number): number {
    const isWord = kind === KIND.word;
    const follows = this.#follows;
    const count = follows[follow] as number;
    const set = follows[follow + 1] as number;
    // Words in parentheses are values of their own: they never begin a text.
    if (!isWord && bytes[start] === OPEN_PARENTHESIS) return -1;
    this.#isOpenEnd = true;
    let mayEnd = count === 0;
    for (let i = 0; i < count; i++) if (follows[follow + 3 + 2 * i] === 0) mayEnd = true;
    const isLast = kind === KIND.last;
    for (let step = start; step < end; step++) {
      const position = isLast ? start + end - 1 - step : step;
      const byte = bytes[position] as number;
      // Most bytes begin none of the texts.
      const isFirst = (((this.#sets[set + (byte >> 5)] as number) >> (byte & 31)) & 1) === 1;
      if (!isFirst && byte !== SPACE) continue;
      // One space of a text stands for any number: the first of them says what all do.
      if (byte === SPACE && position > start && bytes[position - 1] === SPACE) continue;
      for (let i = follow + 2; isFirst && i <= follow + 2 * count; i += 2) {
        const length = follows[i + 1] as number;
        if (length === 0) continue;
        const first = this.#pool[follows[i] as number] as number;
        if (byte !== first && !isSameLetter(byte, first)) continue;
        if (this.#literalEnd(bytes, position, end, follows[i] as number, length) >= 0) {
          this.#isOpenEnd = false;
          return position;
        }
      }
      if (isWord && byte === SPACE) return mayEnd && position > start ? position : -1;
    }
    return mayEnd && end > start ? end : -1;
  }
}

const isSameLetter = (byte: number, wanted: number): boolean =>
  (byte ^ wanted) === 0x20 && (wanted | 0x20) >= 0x61 && (wanted | 0x20) <= 0x7a;

/** `.`, `,`, `;`, `:` */
function isStop(bytes: Uint8Array, position: number): boolean {
  const byte = bytes[position];
  return byte === 0x2e || byte === 0x2c || byte === 0x3b || byte === 0x3a;
}
