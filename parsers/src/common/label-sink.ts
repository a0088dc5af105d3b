// CEF's custom fields: `cs1=web cs1Label=Rule`. The label is the key that the sender means; it may
// stand before the value or behind it, so that both are kept until the event was read.
import type { ColumnWriter, RawBatch } from '@weir/pipeline';
import { KeyTable } from '../text/key-table.js';
import type { PairSink } from './pair-sink.js';

const numbered = (name: string, last: number): readonly string[] =>
  Array.from({ length: last }, (_, index) => `${name}${index + 1}`);
/** ArcSight's "CEF Implementation Standard" has cs1 to cs6 and so on; senders go beyond. */
const FIELDS: readonly string[] = [
  ...numbered('cs', 10),
  ...numbered('cn', 10),
  ...numbered('cfp', 4),
  ...numbered('c6a', 4),
  ...numbered('flexString', 2),
  ...numbered('flexNumber', 2),
  ...numbered('flexDate', 2),
  ...numbered('deviceCustomDate', 2),
];
/** Number of a field, from 1 on; of its label, plus FIELDS.length. */
const table = new KeyTable([
  ...FIELDS.map((name, index) => [name, index + 1] as const),
  ...FIELDS.map((name, index) => [`${name}Label`, index + 1 + FIELDS.length] as const),
]);

export class LabelSink implements PairSink {
  #batch!: RawBatch;
  #out!: ColumnWriter;
  #sink!: PairSink;
  #rawEnd = 0;
  /** By field: start and end of value, label and key. An end of 0 is none. */
  readonly #slots = new Uint32Array((FIELDS.length + 1) * 6);
  /** Fields that the event has, in their order. */
  readonly #used = new Uint8Array(FIELDS.length);
  #usedCount = 0;

  /** Pairs that are no custom fields go to `sink` at once. */
  begin(batch: RawBatch, out: ColumnWriter, sink: PairSink): void {
    this.#batch = batch;
    this.#out = out;
    this.#sink = sink;
    this.#rawEnd = batch.bytes.length;
    for (let i = 0; i < this.#usedCount; i++) {
      const at = (this.#used[i] as number) * 6;
      this.#slots.fill(0, at, at + 6);
    }
    this.#usedCount = 0;
  }

  pair(
    keySource: Uint8Array,
    keyFrom: number,
    keyTo: number,
    keyInPlace: number,
    start: number,
    end: number,
    isText: boolean,
    position: number,
  ): void {
    const number = keyInPlace < 0 ? 0 : table.lookup(keySource, keyFrom, keyTo);
    if (number === 0) {
      this.#sink.pair(keySource, keyFrom, keyTo, keyInPlace, start, end, isText, position);
      return;
    }
    if (start >= end) return;
    const isLabel = number > FIELDS.length;
    const field = isLabel ? number - FIELDS.length : number;
    const at = field * 6;
    const slots = this.#slots;
    if (slots[at + 1] === 0 && slots[at + 3] === 0 && this.#usedCount < FIELDS.length)
      this.#used[this.#usedCount++] = field;
    slots[isLabel ? at + 2 : at] = start;
    slots[isLabel ? at + 3 : at + 1] = end;
    if (isLabel) return;
    slots[at + 4] = keyInPlace;
    slots[at + 5] = keyInPlace + keyTo - keyFrom;
  }

  /** Gives the custom fields to the sink, each under its label. */
  finish(): void {
    const slots = this.#slots;
    for (let i = 0; i < this.#usedCount; i++) {
      const at = (this.#used[i] as number) * 6;
      const start = slots[at] as number;
      const end = slots[at + 1] as number;
      if (end === 0) continue;
      const hasLabel = slots[at + 3] !== 0;
      const keyStart = slots[hasLabel ? at + 2 : at + 4] as number;
      const keyEnd = slots[hasLabel ? at + 3 : at + 5] as number;
      const isRaw = keyStart < this.#rawEnd;
      const shift = isRaw ? 0 : this.#rawEnd;
      const source = isRaw ? this.#batch.bytes : this.#out.scratch.memory;
      const inPlace = isRaw ? keyStart : -1;
      const position = start < this.#rawEnd ? start : keyStart;
      this.#sink.pair(
        source,
        keyStart - shift,
        keyEnd - shift,
        inPlace,
        start,
        end,
        true,
        position,
      );
    }
  }
}
