// What goes between a pool and its workers.

export interface WorkerData {
  /** URL of the module whose default export does the tasks. */
  readonly entry: string;
  readonly cells: SharedArrayBuffer;
  /** For the entry. */
  readonly setup: unknown;
}

export interface HostedTask {
  /** Above 0, and not that of another task under way. */
  readonly id: number;
  readonly task: unknown;
}

/** Comes back instead of a result. */
export interface HostedFailure {
  readonly weirFailure: {
    readonly kind: 'threw' | 'unavailable';
    readonly message: string;
    readonly threadId: number;
    readonly row: number;
    readonly component: number;
    readonly ranMs: number;
  };
}

export const isHostedFailure = (result: unknown): result is HostedFailure =>
  typeof result === 'object' && result !== null && 'weirFailure' in result;

/** Something went wrong in a worker outside of any task. */
export interface Stray {
  readonly weirStray: string;
}

export const isStray = (message: unknown): message is Stray =>
  typeof message === 'object' && message !== null && 'weirStray' in message;
