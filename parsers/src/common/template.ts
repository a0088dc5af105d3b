// Sentences that programs write, by templates such as `Failed {method} for {user*} from {host}`:
// all templates of a pack are compiled once into steps on bytes, and chosen by the first word.
import { assert } from '@weir/pipeline';
import { isDigit, SPACE } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';

/** How far a hole reaches. */
const REACH = { word: 1, digits: 2, first: 3, last: 4, literal: 5 } as const;
const REACH_OF_SIGN: Readonly<Record<string, number>> = {
  '': REACH.word,
  '#': REACH.digits,
  '~': REACH.first,
  '*': REACH.last,
};
/** A hole that reaches as far as it can is shortened at most so often. */
const ATTEMPTS_MAX = 8;
const encoder = new TextEncoder();

/**
 * Templates are texts with holes:
 *
 * - `{name}` a word without spaces, `{name#}` digits;
 * - `{name~}` any text up to the next place where the template goes on;
 * - `{name*}` any text up to the last such place: a name in which ` from 192.0.2.1` stands cannot
 *   pass for the address behind it;
 * - `{name:text}` the text itself.
 *
 * A text fits when the whole of it does. Of several templates that fit the first one counts.
 */
export class Templates {
  /** Name of each hole of each step; -1 where a step has none. */
  readonly holeNames: readonly string[];
  readonly #reach: Uint8Array;
  readonly #literalStart: Uint16Array;
  readonly #literalEnd: Uint16Array;
  readonly #literals: Uint8Array;
  /** First step of each template, and one more. */
  readonly #steps: Uint16Array;
  /** By number of a first word: the templates that begin with it. */
  readonly #byWord: readonly Uint16Array[];
  readonly #open: Uint16Array;
  readonly #words: KeyTable;
  /** Where the holes of the template that fits stand, by its step. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;

  constructor(patterns: readonly string[]) {
    const names: string[] = [];
    const reaches: number[] = [];
    const literals: string[] = [];
    const steps = [0];
    for (const pattern of patterns) {
      for (const step of stepsOf(pattern)) {
        names.push(step.name);
        reaches.push(step.reach);
        literals.push(step.literal);
      }
      steps.push(names.length);
    }
    this.holeNames = names;
    this.#reach = Uint8Array.from(reaches);
    const ends: number[] = [];
    let length = 0;
    for (const literal of literals) {
      length += literal.length;
      ends.push(length);
    }
    assert(length < 65_536, 'the texts of a pack are short');
    this.#literalEnd = Uint16Array.from(ends);
    this.#literalStart = Uint16Array.from(ends, (end, i) => end - (literals[i] ?? '').length);
    this.#literals = encoder.encode(literals.join(''));
    assert(this.#literals.length === length, 'templates are ASCII');
    this.#steps = Uint16Array.from(steps);
    const words = new Map<string, number[]>();
    const open: number[] = [];
    patterns.forEach((pattern, index) => {
      const word = /^[^ {]+(?= )/.exec(pattern.replace(/^\{\w+:([^}]*)\}/, '$1'))?.[0];
      if (word === undefined) open.push(index);
      else words.set(word, [...(words.get(word) ?? []), index]);
    });
    this.#open = Uint16Array.from(open);
    this.#words = new KeyTable([...words.keys()].map((word, index) => [word, index + 1] as const));
    this.#byWord = [...words.values()].map((list) => Uint16Array.from(list));
    const most = steps.reduce((max, step, i) => Math.max(max, step - (steps[i - 1] ?? 0)), 0);
    this.starts = new Uint32Array(most);
    this.ends = new Uint32Array(most);
  }

  /** Index of the template that bytes[start, end) fits, or -1. */
  match(bytes: Uint8Array, start: number, end: number): number {
    let space = start;
    while (space < end && bytes[space] !== SPACE) space++;
    const word = space < end ? this.#words.lookup(bytes, start, space) : 0;
    if (word !== 0) {
      const index = this.#matchOf(this.#byWord[word - 1] as Uint16Array, bytes, start, end);
      if (index >= 0) return index;
    }
    return this.#matchOf(this.#open, bytes, start, end);
  }

  /** First step of a template. */
  firstStep(template: number): number {
    return this.#steps[template] as number;
  }

  /** The step behind its last. */
  lastStep(template: number): number {
    return this.#steps[template + 1] as number;
  }

  #matchOf(list: Uint16Array, bytes: Uint8Array, start: number, end: number): number {
    for (let i = 0; i < list.length; i++) {
      const template = list[i] as number;
      if (this.#fits(template, this.#steps[template] as number, bytes, start, end)) return template;
    }
    return -1;
  }

  /** Steps from `from` to the template's end, on bytes[start, end). */
  #fits(template: number, from: number, bytes: Uint8Array, start: number, end: number): boolean {
    const first = this.#steps[template] as number;
    const last = this.#steps[template + 1] as number;
    let position = start;
    for (let step = from; step < last; step++) {
      const reach = this.#reach[step] as number;
      if (reach === REACH.last && step + 1 < last)
        return this.#fitsLast(template, step, bytes, position, end);
      const stop = this.#holeEnd(step, step + 1 === last, bytes, position, end);
      if (stop < 0) return false;
      this.starts[step - first] = position;
      this.ends[step - first] = stop;
      position = stop + (reach === REACH.literal ? 0 : this.#lengthOf(step));
    }
    return position === end;
  }

  /** From the last place where the template can go on to earlier ones. */
  #fitsLast(
    template: number,
    step: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const length = this.#lengthOf(step);
    const index = step - (this.#steps[template] as number);
    let attempts = 0;
    for (let stop = end - length; stop >= start; stop--) {
      if (!this.#hasLiteral(step, bytes, stop, end)) continue;
      if (this.#fits(template, step + 1, bytes, stop + length, end)) {
        this.starts[index] = start;
        this.ends[index] = stop;
        return true;
      }
      if (++attempts === ATTEMPTS_MAX) return false;
    }
    return false;
  }

  #lengthOf(step: number): number {
    return (this.#literalEnd[step] as number) - (this.#literalStart[step] as number);
  }

  /** End of the hole at `start`, where the step's literal stands; -1 when there is none. */
  #holeEnd(step: number, isLast: boolean, bytes: Uint8Array, start: number, end: number): number {
    const reach = this.#reach[step] as number;
    const length = this.#lengthOf(step);
    if (reach === REACH.literal)
      return this.#hasLiteral(step, bytes, start, end) ? start + length : -1;
    if (isLast) {
      const stop = end - length;
      if (stop < start || !this.#hasLiteral(step, bytes, stop, end)) return -1;
      if (reach === REACH.word || reach === REACH.digits)
        return this.#holdsAll(reach, bytes, start, stop) ? stop : -1;
      return stop;
    }
    if (reach === REACH.first) {
      for (let stop = start; stop + length <= end; stop++)
        if (this.#hasLiteral(step, bytes, stop, end)) return stop;
      return -1;
    }
    if (reach === REACH.digits) {
      let stop = start;
      while (stop < end && isDigit(bytes[stop] as number)) stop++;
      return stop > start && this.#hasLiteral(step, bytes, stop, end) ? stop : -1;
    }
    for (let stop = start + 1; stop < end && bytes[stop - 1] !== SPACE; stop++)
      if (this.#hasLiteral(step, bytes, stop, end)) return stop;
    return -1;
  }

  #holdsAll(reach: number, bytes: Uint8Array, start: number, end: number): boolean {
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      if (reach === REACH.digits ? !isDigit(byte) : byte === SPACE) return false;
    }
    return end > start;
  }

  #hasLiteral(step: number, bytes: Uint8Array, position: number, end: number): boolean {
    const first = this.#literalStart[step] as number;
    const length = (this.#literalEnd[step] as number) - first;
    if (position + length > end) return false;
    const literals = this.#literals;
    for (let i = 0; i < length; i++) if (bytes[position + i] !== literals[first + i]) return false;
    return true;
  }
}

interface Step {
  readonly name: string;
  readonly reach: number;
  readonly literal: string;
}

/** A literal alone, or a hole and the literal behind it. */
function stepsOf(pattern: string): Step[] {
  const steps: Step[] = [];
  const parts = pattern.split(/\{(\w+(?:[#~*]|:[^}]*)?)\}/);
  if (parts[0] !== '') steps.push({ name: '', reach: REACH.literal, literal: parts[0] ?? '' });
  for (let i = 1; i < parts.length; i += 2) {
    const [, name = '', sign = '', text] = /^(\w+?)([#~*]?)(?::(.*))?$/.exec(parts[i] ?? '') ?? [];
    const literal = parts[i + 1] ?? '';
    if (text !== undefined) {
      steps.push({ name, reach: REACH.literal, literal: text });
      if (literal !== '') steps.push({ name: '', reach: REACH.literal, literal });
      continue;
    }
    // Digits end by themselves; anything else needs a text behind it.
    const isClear = literal !== '' || sign === '#' || i + 2 >= parts.length;
    assert(isClear, `no two holes side by side: ${pattern}`);
    steps.push({ name, reach: REACH_OF_SIGN[sign] ?? REACH.word, literal });
  }
  return steps;
}
