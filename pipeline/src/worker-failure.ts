// What is known of a task that a worker did not finish.
import { type ErrorDetails, WeirError } from './errors.js';

/**
 * - threw: the task's code threw or its promise rejected; the worker lives.
 * - hung: it took longer than its time; the worker was ended.
 * - died: the worker ended under it (exit, heap limit, an exception outside of the task).
 * - bystander: the worker ended because of something else; the task is to blame for nothing.
 * - unavailable: the pool is closed, full, or its workers cannot start. No task is to blame.
 */
export type WorkerFailureKind = 'threw' | 'hung' | 'died' | 'bystander' | 'unavailable';
const KINDS: readonly string[] = ['threw', 'hung', 'died', 'bystander', 'unavailable'];

export interface WorkerFailure {
  readonly kind: WorkerFailureKind;
  readonly message: string;
  /** Row that the worker was at, if it tells its progress; else -1. */
  readonly row: number;
  /** Component that the worker was in, if it tells; else null. */
  readonly component: string | null;
  /** How long the task had a worker. */
  readonly ranMs: number;
}

export function workerError(failure: WorkerFailure): WeirError {
  const { kind, message, row, component, ranMs } = failure;
  const details: ErrorDetails = { kind, row, component, ranMs: Math.round(ranMs) };
  return new WeirError('WEIR_WORKER_FAILED', message, details);
}

/** Null for an error that comes from something else than a worker. */
export function workerFailureOf(error: unknown): WorkerFailure | null {
  if (!(error instanceof WeirError) || error.code !== 'WEIR_WORKER_FAILED') return null;
  const { kind, row, component, ranMs } = error.details;
  return {
    kind: isKind(kind) ? kind : 'threw',
    message: error.message,
    row: typeof row === 'number' ? row : -1,
    component: typeof component === 'string' ? component : null,
    ranMs: typeof ranMs === 'number' ? ranMs : 0,
  };
}

const isKind = (kind: unknown): kind is WorkerFailureKind =>
  typeof kind === 'string' && KINDS.includes(kind);
