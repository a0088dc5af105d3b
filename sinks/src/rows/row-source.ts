import type { EventBatch } from '@weir/pipeline';

/** Where each row of a batch came from; rows are asked for in ascending order. */
export class RowSources {
  readonly #runs: EventBatch['raw']['runs'];
  #run = -1;
  #rowFirst = 0;
  #rowEnd = 0;

  constructor(events: EventBatch) {
    this.#runs = events.raw.runs;
  }

  move(row: number): { readonly source: string; readonly sourceSeq: number } {
    while (row >= this.#rowEnd) {
      this.#rowFirst = this.#rowEnd;
      this.#rowEnd += this.#runs[++this.#run]?.eventCount ?? Number.POSITIVE_INFINITY;
    }
    const run = this.#runs[this.#run];
    return {
      source: run?.source ?? '',
      sourceSeq: (run?.sourceSeqFirst ?? 0) + row - this.#rowFirst,
    };
  }
}
