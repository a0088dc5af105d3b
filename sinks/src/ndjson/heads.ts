// What stands before each value of a line, by the value before it. Made when a batch first has the
// two fields: all pairs of some 400 fields would be megabytes.
import { type EventBatch, FIELDS, OCSF_VERSION } from '@weir/pipeline';
import {
  closeText,
  GROUP_COUNT,
  GROUP_OF,
  headText,
  MEMBER_COUNT,
  PLACE_OF,
  VERSION_MEMBER,
} from './layout.js';
import type { LineBuffer, Piece } from './line-buffer.js';

/**
 * What a line looks like behind a value: the object that is open, and whether the quote that ends
 * the value is still to come. Twice the group, and 1 for the quote.
 */
export type LineState = number;

const quoteOf = (state: LineState): string => ((state & 1) === 1 ? '"' : '');

export class Heads {
  /**
   * Head of member m in state s: start and end at 2 * (s * MEMBER_COUNT + m); 0,0 while not made.
   */
  readonly heads = new Int32Array(2 * 2 * GROUP_COUNT * MEMBER_COUNT);
  /** By state: what closes all objects below the line. */
  readonly closes: readonly Piece[];
  /** Of the longest head that was made. */
  bytesMax = 0;
  #fields: readonly number[] = [];

  constructor(out: LineBuffer) {
    this.closes = Array.from({ length: 2 * GROUP_COUNT }, (_, state) =>
      out.appendPiece(`${quoteOf(state)}${closeText(state >> 1)}`),
    );
  }

  /** Makes what the rows of the batch can need; true when something was appended to `out`. */
  ensure({ columns }: EventBatch, out: LineBuffer): boolean {
    // Neighbouring batches mostly have the same fields.
    const { length } = columns;
    if (length === this.#fields.length && columns.every((c, i) => c.field === this.#fields[i]))
      return false;
    this.#fields = columns.map((column) => column.field);
    const members = [VERSION_MEMBER, ...this.#fields.filter((field) => field < FIELDS.length)];
    members.sort((a, b) => (PLACE_OF[a] as number) - (PLACE_OF[b] as number));
    const states = new Set<LineState>([0]);
    let isNew = false;
    for (const member of members) {
      for (const state of states) isNew = this.#make(state, member, out) || isNew;
      const isText = FIELDS[member]?.kind === 'span';
      states.add(2 * (GROUP_OF[member] as number) + (isText ? 1 : 0));
    }
    return isNew;
  }

  #make(state: LineState, member: number, out: LineBuffer): boolean {
    const at = 2 * (state * MEMBER_COUNT + member);
    if (this.heads[at + 1] !== 0) return false;
    const version = member === VERSION_MEMBER ? JSON.stringify(OCSF_VERSION) : '';
    const piece = out.appendPiece(`${quoteOf(state)}${headText(state >> 1, member)}${version}`);
    this.heads.set([piece.start, piece.end], at);
    this.bytesMax = Math.max(this.bytesMax, piece.end - piece.start);
    return true;
  }
}
