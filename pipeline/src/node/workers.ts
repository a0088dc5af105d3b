// The worker pool, on piscina. Its defaults are changed on purpose: an unbounded queue would hide
// back-pressure, and `atomics: 'sync'` starves the timers of a worker.
//
// Piscina's own way to end a task is an abort signal, and a worker with an abortable task gets no
// second one. So tasks have no signal: a watch looks at the cells that workers write (see
// worker-cells.ts) and ends the thread whose task takes too long. The time of a task begins when
// its worker begins it, so neither the queue nor the start of a worker counts.
import { move, Piscina, transferableSymbol, valueSymbol } from 'piscina';
import { messageOf } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { RunOptions, Workers } from '../ports.js';
import { type WorkerFailureKind, workerError } from '../worker-failure.js';
import { allocateCells, CellReader, type CellState, sharedClockMs } from './worker-cells.js';
import { type HostedTask, isHostedFailure, isStray, type WorkerData } from './worker-protocol.js';

export { noteProgress } from './worker-progress.js';

export interface NodeWorkersOptions {
  /** Module that exports the task function as default. */
  readonly entry: URL;
  readonly workerCount: number;
  /** Tasks waiting for a worker; callers keep below it. */
  readonly queueTaskCountMax: number;
  /** Heap of one worker, MiB. Memory of byte arrays is not part of it. */
  readonly heapMiBMax: number;
  /** Given to each worker at its start; it reads it with `setupOfWorker`. */
  readonly setup?: unknown;
  /** Longest time of one task with a worker. */
  readonly batchTimeoutMs?: number;
  /** What the second argument of `noteProgress` counts in. */
  readonly components?: readonly string[];
  /** Told of what no task's failure tells: a worker replaced, an error outside of a task. */
  readonly onTrouble?: (sentence: string) => void;
  /** Flags of node for the workers; those of this process when absent. */
  readonly execArgv?: readonly string[];
  /** For tests: when a pool in which nothing moves is replaced. */
  readonly stallMs?: number;
}

const HOST = new URL('./worker-host.js', import.meta.url);
const WATCH_MS = 50;
/** A forced close waits so long for tasks under way. */
const CLOSE_MS = 5_000;
/** A worker whose entry cannot be loaded is replaced at most so often. */
const START_AGAIN_MS = 1_000;
const TASK_ID_MAX = 0x7fff_ffff;
/** So many tasks that live workers answer without running them: the workers are replaced. */
const UNRUN_MAX = 2;
/** What piscina says of a task that it does not take. */
const NO_PLACE = /^(Task queue is at limit|No task queue available)/;

export function nodeWorkers<Task, Result>(options: NodeWorkersOptions): Workers<Task, Result> {
  return new NodeWorkers<Task, Result>(options);
}

const unavailable = (message: string): Error =>
  workerError({ kind: 'unavailable', message, row: -1, component: null, ranMs: 0 });

interface Pending {
  readonly timeoutMs: number;
  /** When it was first seen that a later task had ended, though this one has not begun. */
  overtakenMs: number;
}

class NodeWorkers<Task, Result> implements Workers<Task, Result> {
  readonly workerCount: number;
  readonly #options: NodeWorkersOptions;
  /** Doubled with each replacement until a task ends: the start of a worker may take longer. */
  #stallMs: number;
  #pool: Piscina;
  /** One for each pool. */
  #cells: CellReader;
  readonly #pending = new Map<number, Pending>();
  /** Tasks for whose sake a worker was ended, and the workers. */
  readonly #hungTasks = new Set<number>();
  readonly #endedThreads = new Set<number>();
  #lastId = 0;
  #lastEndedId = 0;
  #movedMs = 0;
  #startFailedMs = Number.NEGATIVE_INFINITY;
  /** Tasks that came back without having been run, while the threads were these. */
  #unrunCount = 0;
  #unrunThreads = '';
  #unrunReplacedMs = Number.NEGATIVE_INFINITY;
  #watch: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: NodeWorkersOptions) {
    this.#options = options;
    this.workerCount = options.workerCount;
    this.#stallMs = options.stallMs ?? LIMITS.workerStallMs;
    [this.#pool, this.#cells] = this.#createPool();
  }

  #createPool(): [Piscina, CellReader] {
    const { entry, setup, workerCount, queueTaskCountMax, heapMiBMax, execArgv } = this.#options;
    const cells = allocateCells(workerCount);
    const workerData: WorkerData = { entry: entry.href, cells, setup };
    const pool = new Piscina({
      filename: HOST.href,
      minThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      maxThreads: workerCount,
      // The next task is there when one ends.
      concurrentTasksPerWorker: 2,
      maxQueue: queueTaskCountMax,
      atomics: 'async',
      recordTiming: false,
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMiBMax },
      closeTimeout: CLOSE_MS,
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    });
    // Without a listener an exception in an idle worker would end this process.
    pool.on('error', (error) => this.#tell(`a pipeline worker failed: ${messageOf(error)}`));
    pool.on('message', (message) => {
      if (isStray(message)) this.#tell(`a promise was rejected: ${message.weirStray}`);
    });
    return [pool, new CellReader(cells)];
  }

  async run(task: Task, transfer: readonly ArrayBuffer[], options?: RunOptions): Promise<Result> {
    if (this.#isClosed) throw unavailable('the pool is closed');
    const id = this.#nextId();
    const timeoutMs =
      options?.timeoutMs ?? this.#options.batchTimeoutMs ?? LIMITS.workerBatchTimeoutMs;
    if (this.#pending.size === 0) this.#movedMs = sharedClockMs();
    this.#pending.set(id, { timeoutMs, overtakenMs: 0 });
    // It also keeps the process alive: a task in the queue of a worker that starts does not.
    this.#watch ??= setInterval(() => this.#look(), WATCH_MS);
    const hosted: HostedTask = { id, task };
    const pool = this.#pool;
    const cells = this.#cells;
    let result: unknown;
    try {
      result = await pool.run(hosted, { transferList: [...transfer] });
    } catch (error) {
      throw this.#whyLost(id, messageOf(error), cells);
    } finally {
      this.#pending.delete(id);
      this.#hungTasks.delete(id);
      this.#movedMs = sharedClockMs();
    }
    this.#lastEndedId = id;
    this.#unrunReplacedMs = Number.NEGATIVE_INFINITY;
    this.#stallMs = this.#options.stallMs ?? LIMITS.workerStallMs;
    if (!isHostedFailure(result)) return result as Result;
    const { kind, message, row, component, ranMs, threadId } = result.weirFailure;
    if (kind === 'unavailable') this.#startAgain(threadId);
    throw workerError({
      kind,
      message: `a pipeline worker failed: ${message}`,
      row,
      component: this.#componentAt(component),
      ranMs,
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    const closing = this.#pool.close({ force: true });
    return closing.finally(() => {
      clearInterval(this.#watch ?? undefined);
      this.#watch = null;
    });
  }

  #nextId(): number {
    this.#lastId = this.#lastId === TASK_ID_MAX ? 1 : this.#lastId + 1;
    return this.#lastId;
  }

  /** The worker is gone; its cell still says what it did. */
  #whyLost(id: number, message: string, cells: CellReader): Error {
    if (this.#isClosed || NO_PLACE.test(message)) return unavailable(message);
    const state = cells.find(id);
    const kind = this.#kindOfLoss(id, state, cells);
    if (state === null && cells === this.#cells) this.#noteUnrun(message);
    const timeoutMs = this.#pending.get(id)?.timeoutMs;
    const reason = kind === 'hung' ? `no end within ${timeoutMs} ms` : message;
    return workerError({
      kind,
      message: `a pipeline worker failed: ${reason}`,
      row: state?.row ?? -1,
      component: this.#componentAt(state?.component ?? -1),
      ranMs: state === null ? 0 : sharedClockMs() - state.startedMs,
    });
  }

  #kindOfLoss(id: number, state: CellState | null, cells: CellReader): WorkerFailureKind {
    if (state === null) return 'bystander';
    if (this.#hungTasks.has(id)) return 'hung';
    // The whole pool was replaced, or it had just begun when the one before it was found to hang.
    const isCaughtUp = cells !== this.#cells || this.#endedThreads.has(state.threadId);
    return isCaughtUp ? 'bystander' : 'died';
  }

  /**
   * A component that changes built-ins (`Map.prototype.get = ...`) spoils its worker for good: the
   * worker lives and runs nothing any more. Where a thread ended, another one takes its place.
   */
  #noteUnrun(message: string): void {
    const threads = this.#pool.threads.map((thread) => thread.threadId).join();
    if (threads !== this.#unrunThreads) this.#unrunCount = 0;
    this.#unrunThreads = threads;
    if (++this.#unrunCount < UNRUN_MAX || this.#endedThreads.size > 0) return;
    // One that is spoiled from its start on would be replaced without end.
    const nowMs = sharedClockMs();
    if (nowMs - this.#unrunReplacedMs < START_AGAIN_MS) return;
    this.#unrunReplacedMs = nowMs;
    this.#unrunCount = 0;
    this.#replacePool(nowMs, `answer without running a task (${message})`);
  }

  #componentAt(index: number): string | null {
    return this.#options.components?.[index] ?? null;
  }

  #look(): void {
    const nowMs = sharedClockMs();
    this.#sweep();
    if (this.#pending.size === 0) {
      clearInterval(this.#watch ?? undefined);
      this.#watch = null;
      return;
    }
    const running = new Set<number>();
    for (const { taskId, threadId, startedMs } of this.#cells.running()) {
      running.add(taskId);
      const pending = this.#pending.get(taskId);
      if (pending === undefined || this.#endedThreads.has(threadId)) continue;
      if (nowMs - startedMs <= pending.timeoutMs) continue;
      this.#hungTasks.add(taskId);
      this.#endThread(threadId);
    }
    if (!this.#isClosed && this.#isStalled(running, nowMs)) this.#replacePool(nowMs, 'are stuck');
  }

  #endThread(threadId: number): void {
    this.#endedThreads.add(threadId);
    const thread = this.#pool.threads.find((each) => each.threadId === threadId);
    void thread?.terminate();
  }

  #sweep(): void {
    const alive = new Set(this.#pool.threads.map((thread) => thread.threadId));
    this.#cells.sweep((threadId) => alive.has(threadId));
    for (const threadId of this.#endedThreads)
      if (!alive.has(threadId)) this.#endedThreads.delete(threadId);
  }

  /**
   * Either nothing runs and nothing ends, or one task does not begin though later ones ended: its
   * worker is held up by something else than a task, or does not end, or piscina has given up
   * starting workers.
   */
  #isStalled(running: ReadonlySet<number>, nowMs: number): boolean {
    let hasRunning = false;
    for (const [id, pending] of this.#pending) {
      if (running.has(id)) {
        hasRunning = true;
        // A worker that was told to end long ago holds on to it.
        if (this.#hungTasks.has(id) && this.#isOld(id, nowMs)) return true;
        continue;
      }
      if (id > this.#lastEndedId) continue;
      if (pending.overtakenMs === 0) pending.overtakenMs = nowMs;
      if (nowMs - pending.overtakenMs > this.#stallMs) return true;
    }
    return !hasRunning && nowMs - this.#movedMs > this.#stallMs;
  }

  #isOld(id: number, nowMs: number): boolean {
    const state = this.#cells.find(id);
    const timeoutMs = this.#pending.get(id)?.timeoutMs ?? 0;
    return state !== null && nowMs - state.startedMs > timeoutMs + this.#stallMs;
  }

  /** All tasks of the old pool fail as bystanders. */
  #replacePool(nowMs: number, why: string): void {
    this.#tell(`the pipeline workers ${why}: all of them are replaced`);
    const old = this.#pool;
    [this.#pool, this.#cells] = this.#createPool();
    this.#endedThreads.clear();
    this.#movedMs = nowMs;
    this.#stallMs *= 2;
    void old.destroy();
  }

  /** The file may be there the next time; a worker never looks twice. */
  #startAgain(threadId: number): void {
    const nowMs = sharedClockMs();
    if (nowMs - this.#startFailedMs < START_AGAIN_MS) return;
    this.#startFailedMs = nowMs;
    this.#endThread(threadId);
  }

  #tell(sentence: string): void {
    this.#options.onTrouble?.(sentence);
  }
}

/** Wraps a worker's result so that its buffers are moved to the main thread instead of copied. */
export function moveResult<Result>(result: Result, buffers: readonly ArrayBuffer[]): Result {
  const wrapped = { [transferableSymbol]: buffers, [valueSymbol]: result };
  // Piscina unwraps it before posting; the task's type is that of the value.
  return move(wrapped as never) as unknown as Result;
}

/** What `setup` of the pool was, seen from inside a worker; undefined anywhere else. */
export const setupOfWorker = (): unknown => (Piscina.workerData as WorkerData | undefined)?.setup;
