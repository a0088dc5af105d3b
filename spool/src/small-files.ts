// Small files: replaced as a whole, or read as a whole.
import type { Files } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';
import { TEMPORARY_SUFFIX } from './layout.js';
import { openSalvage } from './salvage.js';

/**
 * The whole file, with zeros for what cannot be read; null if there is none, or if it is larger
 * than the limit.
 */
export async function readWhole(
  files: Files,
  path: string,
  bytesMax: number,
): Promise<Uint8Array | null> {
  const handle = await openSalvage(files, path);
  if (handle === null) return null;
  try {
    const size = await files.sizeBytes(path);
    if (size === null || size > bytesMax) return null;
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, await handle.read(bytes, 0));
  } finally {
    await handle.close();
  }
}

/**
 * Atomic and durable: after a crash the file has the old content or the new one. Parts are taken
 * one by one, each when the one before is written, so that making them does not hold up other work.
 */
export async function replaceFile(
  files: Files,
  directory: string,
  name: string,
  parts: Iterable<Uint8Array>,
): Promise<void> {
  const path = `${directory}/${name}`;
  const temporary = path + TEMPORARY_SUFFIX;
  await removeIfThere(files, temporary);
  const handle = await files.open(temporary, 'create');
  try {
    let at = 0;
    for (const part of parts) {
      await handle.write([part], at);
      at += part.length;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await files.rename(temporary, path);
  await files.syncDir(directory);
}

export async function removeIfThere(files: Files, path: string): Promise<boolean> {
  try {
    await files.unlink(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Runs tasks one after the other; a failed one does not stop the next. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
