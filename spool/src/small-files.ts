// Small files: replaced as a whole, or read as a whole.
import type { FileHandle, Files } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';
import { TEMPORARY_SUFFIX } from './layout.js';

/** The whole file; null if there is none, or if it is larger than the limit. */
export async function readWhole(
  files: Files,
  path: string,
  bytesMax: number,
): Promise<Uint8Array | null> {
  let handle: FileHandle;
  try {
    handle = await files.open(path, 'read');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const size = await files.sizeBytes(path);
    if (size === null || size > bytesMax) return null;
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, await handle.read(bytes, 0));
  } finally {
    await handle.close();
  }
}

/** Atomic and durable: after a crash the file has the old content or the new one. */
export async function replaceFile(
  files: Files,
  directory: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const path = `${directory}/${name}`;
  const temporary = path + TEMPORARY_SUFFIX;
  await removeIfThere(files, temporary);
  const handle = await files.open(temporary, 'create');
  try {
    await handle.write([bytes], 0);
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
