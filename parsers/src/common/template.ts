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
  readonly #byWord: readonly Group[];
  readonly #open: Group;
  readonly #words: KeyTable;
  /** By template: index of its first hole with `*` that a text stands behind; else its steps. */
  readonly #greedy: Uint16Array;
  /** Behind each step of the template tried last and its text, up to a hole with `*`. */
  readonly #behind: Uint32Array;
  /**
   * Where the text behind the first hole with `*` stands, from the last place on, as far as was
   * looked.
   */
  readonly #places = new Uint32Array(ATTEMPTS_MAX);
  #placeCount = 0;
  /** Where the holes of the template that fits stand, by its step. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;

  constructor(patterns: readonly string[]) {
    const names: string[] = [];
    const reaches: number[] = [];
    const literals: string[] = [];
    const steps = [0];
    const all = patterns.map(stepsOf);
    for (const template of all) {
      for (const step of template) {
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
    this.#open = groupOf(all, open);
    this.#words = new KeyTable([...words.keys()].map((word, index) => [word, index + 1] as const));
    this.#byWord = [...words.values()].map((list) => groupOf(all, list));
    const most = steps.reduce((max, step, i) => Math.max(max, step - (steps[i - 1] ?? 0)), 0);
    this.#greedy = Uint16Array.from(all, greedyOf);
    this.#behind = new Uint32Array(most);
    this.starts = new Uint32Array(most);
    this.ends = new Uint32Array(most);
  }

  /** Index of the template that bytes[start, end) fits, or -1. */
  match(bytes: Uint8Array, start: number, end: number): number {
    let space = start;
    while (space < end && bytes[space] !== SPACE) space++;
    const word = space < end ? this.#words.lookup(bytes, start, space) : 0;
    if (word !== 0) {
      const index = this.#matchOf(this.#byWord[word - 1] as Group, bytes, start, end);
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

  /**
   * What a template has in common with the one before it is not read again: it begins behind that,
   * or is passed over where that did not fit.
   */
  #matchOf(group: Group, bytes: Uint8Array, start: number, end: number): number {
    const { templates, shared } = group;
    let fitting = 0;
    for (let i = 0; i < templates.length; i++) {
      const common = shared[i] as number;
      if (common > fitting) continue;
      const template = templates[i] as number;
      fitting = this.#fittingSteps(template, common, bytes, start, end);
      if (fitting < 0) return template;
    }
    return -1;
  }

  /**
   * -1 when the template fits; else how many of its first steps do: all of them where it is not
   * known which one fails. The first `common` steps are those of the template tried before.
   */
  #fittingSteps(
    template: number,
    common: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const known = Math.min(common, this.#greedy[template] as number);
    const position = known === 0 ? start : (this.#behind[known - 1] as number);
    if (common <= known) this.#placeCount = 0;
    return this.#fit(template, known, bytes, position, end);
  }

  /** Steps from `from` on bytes[start, end). */
  #fit(template: number, from: number, bytes: Uint8Array, start: number, end: number): number {
    const first = this.#steps[template] as number;
    const count = this.#count(template);
    let position = start;
    for (let index = from; index < count; index++) {
      const step = first + index;
      const reach = this.#reach[step] as number;
      if (reach === REACH.last && index + 1 < count)
        return this.#fitLast(template, index, bytes, position, end);
      const stop = this.#holeEnd(step, index + 1 === count, bytes, position, end);
      if (stop < 0) return index;
      this.starts[index] = position;
      this.ends[index] = stop;
      position = stop + (reach === REACH.literal ? 0 : this.#lengthOf(step));
      this.#behind[index] = position;
    }
    return position === end ? -1 : count;
  }

  /** From the last place where the template can go on to earlier ones. */
  #fitLast(template: number, index: number, bytes: Uint8Array, start: number, end: number): number {
    const step = (this.#steps[template] as number) + index;
    const length = this.#lengthOf(step);
    const isFirst = index === this.#greedy[template];
    let stop = end - length + 1;
    let attempts = 0;
    for (; attempts < ATTEMPTS_MAX; attempts++) {
      if (isFirst && attempts < this.#placeCount) stop = this.#places[attempts] as number;
      else {
        stop = this.#placeBefore(step, bytes, start, stop, end);
        if (stop < 0) break;
        if (isFirst) this.#places[this.#placeCount++] = stop;
      }
      if (this.#fit(template, index + 1, bytes, stop + length, end) < 0) {
        this.starts[index] = start;
        this.ends[index] = stop;
        return -1;
      }
    }
    return attempts === 0 ? index : this.#count(template);
  }

  /** The last position in [start, limit) where the step's text stands, or -1. */
  #placeBefore(step: number, bytes: Uint8Array, start: number, limit: number, end: number): number {
    const first = this.#literals[this.#literalStart[step] as number];
    let stop = limit - 1;
    while (stop >= start && (bytes[stop] !== first || !this.#hasLiteral(step, bytes, stop, end)))
      stop--;
    return stop < start ? -1 : stop;
  }

  #count(template: number): number {
    return (this.#steps[template + 1] as number) - (this.#steps[template] as number);
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
    if (reach === REACH.digits) {
      let stop = start;
      while (stop < end && isDigit(bytes[stop] as number)) stop++;
      return stop > start && this.#hasLiteral(step, bytes, stop, end) ? stop : -1;
    }
    const first = this.#literals[this.#literalStart[step] as number];
    if (reach === REACH.first) {
      for (let stop = start; stop + length <= end; stop++)
        if (bytes[stop] === first && this.#hasLiteral(step, bytes, stop, end)) return stop;
      return -1;
    }
    for (let stop = start + 1; stop < end && bytes[stop - 1] !== SPACE; stop++)
      if (bytes[stop] === first && this.#hasLiteral(step, bytes, stop, end)) return stop;
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

/** Templates in the order in which they are tried. */
interface Group {
  readonly templates: Uint16Array;
  /** How many first steps of each are those of the one before it. */
  readonly shared: Uint16Array;
}

function groupOf(all: readonly (readonly Step[])[], templates: readonly number[]): Group {
  const shared = templates.map((template, i) =>
    i === 0 ? 0 : sharedSteps(all[templates[i - 1] as number] ?? [], all[template] ?? []),
  );
  return { templates: Uint16Array.from(templates), shared: Uint16Array.from(shared) };
}

/** A step at the end of a template is another one than within it: it has to reach the end. */
function sharedSteps(left: readonly Step[], right: readonly Step[]): number {
  const isEnd = (steps: readonly Step[], index: number): boolean => index + 1 === steps.length;
  const differs = (step: Step, index: number): boolean =>
    step.reach !== right[index]?.reach ||
    step.literal !== right[index]?.literal ||
    isEnd(left, index) !== isEnd(right, index);
  const index = left.findIndex(differs);
  return index < 0 ? left.length : index;
}

function greedyOf(steps: readonly Step[]): number {
  const index = steps.findIndex(({ reach }) => reach === REACH.last);
  return index < 0 ? steps.length : index;
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
