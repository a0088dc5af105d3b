// What every worker of a pool runs: it loads the entry, hands it one task after the other, and
// tells through its cell what it does. The module is loaded in workers only.
import { parentPort, threadId } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { messageOf } from '../errors.js';
import { CellWriter, sharedClockMs } from './worker-cells.js';
import { setProgress } from './worker-progress.js';
import type { HostedFailure, HostedTask, WorkerData } from './worker-protocol.js';

type Entry = (task: unknown) => unknown;

const { entry: entryUrl, cells } = Piscina.workerData as WorkerData;
const cell = new CellWriter(cells, threadId);
setProgress((row, component) => cell.note(row, component));

/** A component may forget a promise at every event; one a second is told. */
const STRAY_MS = 1_000;
let strayMs = Number.NEGATIVE_INFINITY;
let unsaidCount = 0;

// A promise that a component forgot does no harm to the event; it is told and the worker lives.
process.on('unhandledRejection', (reason) => {
  const nowMs = sharedClockMs();
  if (nowMs - strayMs < STRAY_MS) {
    unsaidCount++;
    return;
  }
  const more = unsaidCount === 0 ? '' : ` (and ${unsaidCount} more before it)`;
  strayMs = nowMs;
  unsaidCount = 0;
  parentPort?.postMessage({ weirStray: `${textOf(reason)}${more}` });
});

let entry: Entry | null = null;
let startError = '';
/** Tasks that wait for the one before them; the loading of the entry is the first. */
let waitingCount = 1;
let tail: Promise<unknown> = load();

async function load(): Promise<void> {
  try {
    // The pool must know of this worker before code runs that may end it.
    await new Promise((resolve) => setImmediate(resolve));
    const loaded = (await import(entryUrl)) as { readonly default?: unknown };
    if (typeof loaded.default !== 'function') throw new Error('it has no default function');
    entry = loaded.default as Entry;
  } catch (error) {
    startError = `the worker's entry cannot be loaded: ${textOf(error)}`;
  }
  waitingCount--;
}

/** One task at a time, also where the entry is asynchronous: the cell has room for one. */
export default function host(hosted: HostedTask): unknown {
  if (waitingCount > 0) {
    waitingCount++;
    const run = tail.then(() => runNow(hosted));
    tail = run.then(() => {
      waitingCount--;
    });
    return run;
  }
  const result = runNow(hosted);
  if (isPromise(result)) {
    waitingCount++;
    tail = result.then(() => {
      waitingCount--;
    });
  }
  return result;
}

/** Does not throw, and its promise does not reject: an Error would lose what it knows. */
function runNow({ id, task }: HostedTask): unknown {
  if (entry === null) return failed('unavailable', startError);
  cell.begin(id);
  try {
    const result = entry(task);
    if (isPromise(result)) return result.then(ended, threw);
    return ended(result);
  } catch (error) {
    return threw(error);
  }
}

function ended(result: unknown): unknown {
  cell.end();
  return result;
}

function threw(error: unknown): HostedFailure {
  const failure = failed('threw', textOf(error));
  cell.end();
  return failure;
}

const failed = (kind: 'threw' | 'unavailable', message: string): HostedFailure => ({
  weirFailure: {
    kind,
    message,
    threadId,
    row: kind === 'threw' ? cell.row : -1,
    component: kind === 'threw' ? cell.component : -1,
    ranMs: kind === 'threw' ? cell.ranMs : 0,
  },
});

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;

/** Anything can be thrown, also what cannot be told. */
function textOf(thrown: unknown): string {
  try {
    return messageOf(thrown).slice(0, 1_000);
  } catch {
    return 'something that has no text';
  }
}
