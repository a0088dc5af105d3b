// Errors as a ClickHouse server words them, so that clients read code and type from the text.

/** An error that this process raises itself, worded like the engine's. */
export class StoreException extends Error {
  constructor(code: number, message: string, type = 'NETWORK_ERROR') {
    super(`Code: ${code}. DB::Exception: ${message}. (${type})`);
  }
}

export interface EngineFailure {
  readonly code: number;
  /** Starts with `Code:`. */
  readonly text: string;
  readonly httpStatus: number;
}

/** HTTP status by code, as ClickHouse's HTTPHandler chooses it; all others are 500. */
const HTTP_STATUS: ReadonlyMap<number, number> = new Map([
  [36, 400],
  [43, 400],
  [47, 400],
  [53, 400],
  [57, 400],
  [60, 404],
  [62, 400],
  [63, 404],
  [46, 404],
  [48, 501],
  [81, 404],
  [115, 404],
  [159, 408],
  [202, 503],
  [209, 408],
  [497, 403],
  [516, 403],
]);

export function engineFailure(error: unknown): EngineFailure {
  const message = error instanceof Error ? error.message : String(error);
  const start = message.indexOf('Code:');
  const text = start < 0 ? `Code: 1002. DB::Exception: ${message}. (UNKNOWN_EXCEPTION)` : message;
  const code = Number(/Code: (\d+)/.exec(text)?.[1] ?? 1002);
  return { code, text: text.slice(Math.max(start, 0)), httpStatus: HTTP_STATUS.get(code) ?? 500 };
}
