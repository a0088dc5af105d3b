// Events that are sentences: which template a text fits says its class, and the template's holes
// are its fields.
import { assert } from '@weir/pipeline';
import { MINUS, startsWith } from '../text/ascii.js';
import { writeClass } from '../text/values.js';
import { Templates } from './template.js';
import type { TypedWriter } from './typed-writer.js';

/** What a kind of event is, whatever its values. */
export interface Outcome {
  readonly classUid: number;
  readonly activityId: number;
  /** Fields that are numbers. */
  readonly numbers: readonly (readonly [field: number, value: number])[];
}
export const outcome = (
  classUid: number,
  activityId: number,
  ...numbers: readonly (readonly [field: number, value: number])[]
): Outcome => ({ classUid, activityId, numbers });

/** What is put into a hole: kind of value (AS) and field. A name that is missing is unmapped. */
export type Holes = Readonly<Record<string, readonly [as: number, field: number]>>;
export type TextRow = readonly [pattern: string, outcome: Outcome];

export class TextEvents {
  readonly #templates: Templates;
  readonly #outcomes: readonly Outcome[];
  /** By step: kind of value (0: none) and field. */
  readonly #as: Uint8Array;
  readonly #field: Uint16Array;
  readonly #patterns: readonly string[];
  /** Template that fitted last, -1 where none did. */
  #last = -1;

  constructor(holes: Holes, rows: readonly TextRow[]) {
    this.#templates = new Templates(rows.map(([pattern]) => pattern));
    this.#patterns = rows.map(([pattern]) => pattern);
    this.#outcomes = rows.map(([, result]) => result);
    const names = this.#templates.holeNames;
    this.#as = Uint8Array.from(names, (name) => holes[name]?.[0] ?? 0);
    this.#field = Uint16Array.from(names, (name) => holes[name]?.[1] ?? 0);
    for (const name of Object.keys(holes)) assert(names.includes(name), `a hole is used: ${name}`);
  }

  /** The template of the text that was written last; '' where it fitted none. */
  get lastPattern(): string {
    return this.#patterns[this.#last] ?? '';
  }

  /** Forgets the template, where a text was read in another way. */
  forget(): void {
    this.#last = -1;
  }

  /**
   * Writes what the text [start, end) of the batch says. False, and nothing is written, when it
   * fits no template.
   */
  write(typed: TypedWriter, start: number, end: number): boolean {
    const templates = this.#templates;
    const template = templates.match(typed.batch.bytes, start, end);
    this.#last = template;
    if (template < 0) return false;
    const { classUid, activityId, numbers } = this.#outcomes[template] as Outcome;
    const { out, row } = typed;
    writeClass(row, classUid, activityId, out);
    for (let i = 0; i < numbers.length; i++) {
      const pair = numbers[i] as readonly [number, number];
      out.number(row, pair[0], pair[1]);
    }
    const first = templates.firstStep(template);
    const last = templates.lastStep(template);
    for (let step = first; step < last; step++) {
      const name = templates.holeNames[step] as string;
      if (name === '') continue;
      const from = templates.starts[step - first] as number;
      const to = templates.ends[step - first] as number;
      if (saysNothing(typed.batch.bytes, from, to)) continue;
      const as = this.#as[step] as number;
      if (as === 0) typed.unmapped(name, from, to);
      else typed.named(as, this.#field[step] as number, name, from, to);
    }
    return true;
  }
}

/** A lone dash, and `N/A`. */
function saysNothing(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start === 1) return bytes[start] === MINUS;
  return end - start === 3 && startsWith(bytes, start, end, 'N/A');
}
