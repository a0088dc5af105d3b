// Names of fields that do not stand in the event, such as the columns of a positional format: each
// is written into scratch once a batch, and found by its number without a look into a map.
import type { ColumnWriter } from '@weir/pipeline';

export class NameSpans {
  readonly #names: readonly string[];
  readonly #starts: Uint32Array;
  /** 0: not written in this batch. */
  readonly #ends: Uint32Array;
  #scratch: ColumnWriter['scratch'] | null = null;
  #generation = -1;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#starts = new Uint32Array(names.length);
    this.#ends = new Uint32Array(names.length);
  }

  /** To be called for each event: forgets what an earlier batch or another writer had. */
  begin({ scratch }: ColumnWriter): void {
    if (scratch === this.#scratch && scratch.generation === this.#generation) return;
    this.#scratch = scratch;
    this.#generation = scratch.generation;
    this.#ends.fill(0);
  }

  /** The value [start, end), absolute, into `unmapped` under the name of this number. */
  unmapped(index: number, row: number, start: number, end: number, out: ColumnWriter): void {
    if (this.#ends[index] === 0) {
      const span = out.scratch.constant(this.#names[index] as string);
      this.#starts[index] = span.start;
      this.#ends[index] = span.end;
    }
    out.unmapped(row, this.#starts[index] as number, this.#ends[index] as number, start, end);
  }
}
