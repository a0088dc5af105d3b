// Small files: replaced as a whole, or read as a whole.
import type { Files } from '@weir/pipeline';
import { isPlanted, systemCodeOf } from '@weir/pipeline';
import { TEMPORARY_SUFFIX } from './layout.js';
import { openSalvage } from './salvage.js';

/** What was read of a file. */
export interface WholeFile {
  /** With zeros for what cannot be read. */
  readonly bytes: Uint8Array;
  /** Some of it cannot be read now. That is not to say that it is rotten. */
  readonly isUnread: boolean;
}

/** Null if there is no such file, or if it is larger than the limit. */
export async function readWholeFile(
  files: Files,
  path: string,
  bytesMax: number,
  memory: ReadMemory | null = null,
): Promise<WholeFile | null> {
  const handle = await openSalvage(files, path);
  if (handle === null) return null;
  try {
    const size = await files.sizeBytes(path);
    if (size === null || size > bytesMax) return null;
    const whole = memory?.take(size) ?? new Uint8Array(size);
    const bytes = whole.subarray(0, await handle.read(whole, 0));
    return { bytes, isUnread: handle.unreadableTo > 0 };
  } finally {
    await handle.close();
  }
}

/**
 * The whole file, with zeros for what cannot be read; null if there is none, or if it is larger
 * than the limit.
 */
export async function readWhole(
  files: Files,
  path: string,
  bytesMax: number,
  memory: ReadMemory | null = null,
): Promise<Uint8Array | null> {
  return (await readWholeFile(files, path, bytesMax, memory))?.bytes ?? null;
}

/**
 * Numbers of the files in a directory whose names match, ascending; none if it does not exist. The
 * first group of the pattern is the number in hex digits.
 */
export async function fileNumbers(
  files: Files,
  directory: string,
  pattern: RegExp,
): Promise<number[]> {
  try {
    return (await files.readDir(directory))
      .map((name) => Number.parseInt(pattern.exec(name)?.[1] ?? '', 16))
      .filter((fileNo) => Number.isSafeInteger(fileNo) && fileNo > 0)
      .sort((a, b) => a - b);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** What is read into it is valid until the next read. */
export class ReadMemory {
  #bytes = new Uint8Array(0);
  take(byteCount: number): Uint8Array {
    // A little more, since the next file is about as large.
    if (byteCount > this.#bytes.length) this.#bytes = new Uint8Array(Math.ceil(byteCount * 1.1));
    return this.#bytes.subarray(0, byteCount);
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
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const path = `${directory}/${name}`;
  const temporary = path + TEMPORARY_SUFFIX;
  await removeIfThere(files, temporary);
  const handle = await files.open(temporary, 'create');
  try {
    let at = 0;
    for await (const part of parts) {
      await handle.write([part], at);
      at += part.length;
    }
    if (!isPlanted('rename_without_sync')) await handle.sync();
  } finally {
    await handle.close();
  }
  await files.rename(temporary, path);
  if (!isPlanted('rename_without_directory_sync')) await files.syncDir(directory);
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
