// Guards around people's own modules while they are loaded: whatever they do then, the person at
// the keyboard reads which one it was.
import { isMainThread } from 'node:worker_threads';
import { WeirError } from '@weir/pipeline';

/** Modules may read files and connect to something in this time. */
const LOAD_MS_MAX = 60_000;
const EXIT_CODE_USAGE = 2;

/**
 * The result of `run`; rejects with WEIR_CONFIG_INVALID after a minute. The timer also keeps the
 * process alive: an `await` that nothing will end would otherwise end it without a word.
 */
export async function whileLoading<Result>(
  where: string,
  run: () => Result | Promise<Result>,
  msMax = LOAD_MS_MAX,
): Promise<Result> {
  const stopGuard = guardExit(where);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const sentence = `${where} was not loaded within ${msMax / 1_000} s; does it await something?`;
      reject(new WeirError('WEIR_CONFIG_INVALID', sentence));
    }, msMax);
  });
  try {
    return await Promise.race([run(), timeout]);
  } finally {
    clearTimeout(timer);
    stopGuard();
  }
}

/** A module that calls `process.exit(0)` must not look like a command that was done. */
export function guardExit(where: string): () => void {
  // In a worker it ends the worker, and the pool says so.
  if (!isMainThread) return () => {};
  const onExit = (): void => {
    process.stderr.write(`weir: ${where} ended the process while it was loaded\n`);
    process.exitCode = EXIT_CODE_USAGE;
  };
  process.once('exit', onExit);
  return () => process.off('exit', onExit);
}
