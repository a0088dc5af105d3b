// Tells a server that refuses these rows from one that refuses any row: a wrong URL path, a missing
// header or another format give the same 400 to everything, and that is no fault of the events.
import type { FailureRecord } from '@weir/pipeline';

/** So many single rows refused in a row, with one status and none ever taken: it is the server. */
const REFUSED_ROWS_MAX = 8;

/** Thrown out of the halving; nothing of the group was taken, so all of it can come again. */
export class RefusesAll extends Error {
  constructor(status: number, said: string) {
    super(`the server refuses every row (HTTP ${status}): is the sink configured right? ${said}`);
  }
}

/** Of one sink since its start. */
export class Refusals {
  #hasTaken = false;
  #status: number | null = null;
  #count = 0;

  /** The other side took a row: from now on what it refuses are rows that it does not want. */
  noteTaken(): void {
    this.#hasTaken = true;
  }

  /** A row that was sent alone. Throws RefusesAll where it is not the row's fault. */
  noteRefused({ details, message }: FailureRecord): void {
    if (this.#hasTaken) return;
    const status = typeof details.status === 'number' ? details.status : null;
    this.#count = status === this.#status ? this.#count + 1 : 1;
    this.#status = status;
    if (this.isAll && status !== null) throw new RefusesAll(status, message);
  }

  get isAll(): boolean {
    return !this.#hasTaken && this.#status !== null && this.#count >= REFUSED_ROWS_MAX;
  }
}
