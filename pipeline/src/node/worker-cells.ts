// Memory that a pool shares with its workers: what each of them does right now. It outlives a
// worker that was ended, so that the culprit can be told from those that only waited behind it.
//
//   cell (64 bytes, a cache line): i32 thread id (0: free) | i32 task id (0: none) | i32 row |
//                                  i32 component | f64 start of the task, ms of the system's
//                                  monotonic clock | unused

const CELL_INTS = 16;
const [THREAD, TASK, ROW, COMPONENT] = [0, 1, 2, 3];
/** Of the start, as an index of 64-bit numbers in the cell. */
const START = 2;
const NONE = -1;

export interface CellState {
  readonly threadId: number;
  readonly taskId: number;
  readonly row: number;
  readonly component: number;
  readonly startedMs: number;
}

/** The same clock in all threads of the process. */
export function sharedClockMs(): number {
  const [seconds, ns] = process.hrtime();
  return seconds * 1_000 + ns / 1e6;
}

export function allocateCells(workerCount: number): SharedArrayBuffer {
  // Workers that were ended keep theirs for a moment.
  return new SharedArrayBuffer((4 * workerCount + 16) * CELL_INTS * 4);
}

/** The pool's side. */
export class CellReader {
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#ints = new Int32Array(memory);
    this.#floats = new Float64Array(memory);
  }

  /** Cells in which a task runs, or ran when their worker ended. */
  *running(): Generator<CellState> {
    for (let at = 0; at < this.#ints.length; at += CELL_INTS) {
      const taskId = Atomics.load(this.#ints, at + TASK);
      if (taskId === 0) continue;
      const state: CellState = {
        threadId: Atomics.load(this.#ints, at + THREAD),
        taskId,
        row: Atomics.load(this.#ints, at + ROW),
        component: Atomics.load(this.#ints, at + COMPONENT),
        startedMs: this.#floats[at / 2 + START] as number,
      };
      // Else it went on to another task meanwhile.
      if (Atomics.load(this.#ints, at + TASK) === taskId) yield state;
    }
  }

  find(taskId: number): CellState | null {
    for (const state of this.running()) if (state.taskId === taskId) return state;
    return null;
  }

  /** Frees the cells of threads that are not `isAlive` any more. */
  sweep(isAlive: (threadId: number) => boolean): void {
    for (let at = 0; at < this.#ints.length; at += CELL_INTS) {
      const threadId = Atomics.load(this.#ints, at + THREAD);
      if (threadId === 0 || isAlive(threadId)) continue;
      Atomics.store(this.#ints, at + TASK, 0);
      Atomics.store(this.#ints, at + THREAD, 0);
    }
  }
}

/** A worker's side. */
export class CellWriter {
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;
  readonly #at: number;

  /** Takes a free cell; without one nothing is told of this worker, and all else works. */
  constructor(memory: SharedArrayBuffer, threadId: number) {
    const ints = new Int32Array(memory);
    let at = 0;
    while (at < ints.length && Atomics.compareExchange(ints, at + THREAD, 0, threadId) !== 0)
      at += CELL_INTS;
    const isFound = at < ints.length;
    this.#ints = isFound ? ints : new Int32Array(CELL_INTS);
    this.#floats = new Float64Array(this.#ints.buffer);
    this.#at = isFound ? at : 0;
  }

  begin(taskId: number): void {
    this.note(NONE, NONE);
    this.#floats[this.#at / 2 + START] = sharedClockMs();
    Atomics.store(this.#ints, this.#at + TASK, taskId);
  }

  note(row: number, component: number): void {
    Atomics.store(this.#ints, this.#at + ROW, row);
    Atomics.store(this.#ints, this.#at + COMPONENT, component);
  }

  get row(): number {
    return Atomics.load(this.#ints, this.#at + ROW);
  }
  get component(): number {
    return Atomics.load(this.#ints, this.#at + COMPONENT);
  }
  get ranMs(): number {
    return sharedClockMs() - (this.#floats[this.#at / 2 + START] as number);
  }

  end(): void {
    Atomics.store(this.#ints, this.#at + TASK, 0);
  }
}
