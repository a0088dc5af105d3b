// How the code of a task says where it is. Outside of a pool's worker it says it to nobody.

let report: (row: number, component: number) => void = () => {};

/** For the worker's host. */
export function setProgress(to: (row: number, component: number) => void): void {
  report = to;
}

/**
 * To be called before someone else's code sees a row: if the worker has to be ended there, the row
 * is suspected first. `component` is an index into the pool's `components`; -1 for none of them.
 * Costs two stores to memory.
 */
export function noteProgress(row: number, component: number): void {
  report(row, component);
}
