// What became so far of each row of a payload, where the other side answers for each on its own:
// rows that were taken are not sent again, and those that are refused are told with their reasons.
import type { FailureRecord, SinkOutcome, SinkPayload } from '@weir/pipeline';
import { assert } from '@weir/pipeline';

const LINE_FEED = 0x0a;
const PENDING = 0;
const TAKEN = 1;
const REFUSED = 2;

/** A payload that comes again after `retry` is the same object. */
const known = new WeakMap<SinkPayload, Progress>();

export class Progress {
  readonly rowCount: number;
  pendingCount: number;
  readonly #blocks: SinkPayload['blocks'];
  /** By row. */
  readonly #states: Uint8Array;
  readonly #failures = new Map<number, FailureRecord>();
  /** Start of each row of each block, and the end of its last; made when it is needed. */
  #starts: readonly Uint32Array[] | null = null;

  private constructor({ blocks, rowCount }: SinkPayload) {
    this.#blocks = blocks;
    this.rowCount = rowCount;
    this.pendingCount = rowCount;
    this.#states = new Uint8Array(rowCount);
  }

  static of(payload: SinkPayload): Progress {
    const found = known.get(payload);
    if (found !== undefined) return found;
    const made = new Progress(payload);
    known.set(payload, made);
    return made;
  }

  /** Indices in the payload of the rows that are to be sent, ascending. */
  pendingRows(): number[] {
    const rows: number[] = [];
    this.#states.forEach((state, row) => {
      if (state === PENDING) rows.push(row);
    });
    return rows;
  }

  take(row: number): void {
    this.#settle(row, TAKEN);
  }

  refuse(row: number, failure: FailureRecord): void {
    this.#settle(row, REFUSED);
    this.#failures.set(row, failure);
  }

  #settle(row: number, state: number): void {
    assert(this.#states[row] === PENDING, 'a row is settled once');
    this.#states[row] = state;
    this.pendingCount--;
  }

  /** Lines of the pending rows: views into the blocks, neighbours together. */
  pendingChunks(): Uint8Array<ArrayBuffer>[] {
    if (this.pendingCount === this.rowCount) return [...this.#blocks];
    this.#starts ??= this.#blocks.map(startsOf);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let before = 0;
    this.#blocks.forEach((block, index) => {
      const starts = this.#starts?.[index] as Uint32Array;
      const count = starts.length - 1;
      for (let row = 0; row < count; row++) {
        if (this.#states[before + row] !== PENDING) continue;
        const first = row;
        while (row + 1 < count && this.#states[before + row + 1] === PENDING) row++;
        chunks.push(block.subarray(starts[first], starts[row + 1]));
      }
      before += count;
    });
    return chunks;
  }

  /** When no row is pending. */
  outcome(): SinkOutcome {
    assert(this.pendingCount === 0, 'every row has come to its end');
    const rows = [...this.#failures.keys()].sort((a, b) => a - b);
    const rowFailures = rows.map((row) => this.#failures.get(row) as FailureRecord);
    const [failure] = rowFailures;
    if (failure === undefined) return { kind: 'delivered' };
    return { kind: 'rejected', rows: Uint32Array.from(rows), isWhole: false, failure, rowFailures };
  }
}

function startsOf(block: Uint8Array): Uint32Array {
  const starts = [0];
  for (let at = 0; at < block.length; ) {
    const end = block.indexOf(LINE_FEED, at);
    assert(end >= 0, 'every row ends with a line feed');
    at = end + 1;
    starts.push(at);
  }
  return Uint32Array.from(starts);
}
