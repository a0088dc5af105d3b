// Reading around places that the disk cannot read.
import type { FileHandle, FileMode, Files } from '@weir/pipeline';
import { messageOf, systemCodeOf } from '@weir/pipeline';

/** Codes by which a system says that a place is damaged. Others (EACCES, ENXIO) are no damage. */
const damageCodes: ReadonlySet<string> = new Set(['EIO', 'EUCLEAN', 'EBADMSG']);
export const isUnreadable = (error: unknown): boolean => damageCodes.has(systemCodeOf(error));

const blockBytes = 4096;
const blockAttemptsMax = 3;

/**
 * Gives zeros for blocks that cannot be read after some attempts, so that the CRCs find damage
 * there and everything around it is read. Null as handle: the file itself could not be opened.
 */
export class SalvageHandle {
  readonly #handle: FileHandle | null;
  /** Where the last unreadable block that was met ends; 0 for none. */
  unreadableTo = 0;

  constructor(handle: FileHandle | null) {
    this.#handle = handle;
    if (handle === null) this.unreadableTo = Number.POSITIVE_INFINITY;
  }

  /** As FileHandle.read. The caller reads nothing behind the end that it knows of the file. */
  async read(target: Uint8Array, position: number): Promise<number> {
    if (this.#handle === null) return 0;
    try {
      return await this.#handle.read(target, position);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
    let done = 0;
    while (done < target.length) {
      const at = position + done;
      const byteCount = Math.min(blockBytes - (at % blockBytes), target.length - done);
      const block = target.subarray(done, done + byteCount);
      const length = await this.#readBlock(this.#handle, block, at);
      done += length;
      if (length < byteCount) break;
    }
    return done;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  async #readBlock(handle: FileHandle, block: Uint8Array, at: number): Promise<number> {
    for (let attempt = 1; attempt <= blockAttemptsMax; attempt++) {
      try {
        return await handle.read(block, at);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
      }
    }
    block.fill(0);
    this.unreadableTo = Math.max(this.unreadableTo, at + block.length);
    return block.length;
  }
}

/** Null if there is no such file. */
export async function openSalvage(files: Files, path: string): Promise<SalvageHandle | null> {
  try {
    return new SalvageHandle(await files.open(path, 'read'));
  } catch (error) {
    if (isUnreadable(error)) return new SalvageHandle(null);
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * The same files for whoever replaces what it has read: a place that cannot be read is no damage
 * there, and salvages nothing; it rejects, and is to be tried again.
 */
export function strictFiles(files: Files): Files {
  return {
    open: (path, mode) => openStrictly(files, path, mode),
    readDir: (path) => files.readDir(path),
    sizeBytes: (path) => files.sizeBytes(path),
    makeDir: (path) => files.makeDir(path),
    rename: (from, to) => files.rename(from, to),
    unlink: (path) => files.unlink(path),
    syncDir: (path) => files.syncDir(path),
    freeBytes: (path) => files.freeBytes(path),
  };
}

async function openStrictly(files: Files, path: string, mode: FileMode): Promise<FileHandle> {
  const handle = await strictly(files.open(path, mode));
  return {
    read: (target, position) => strictly(handle.read(target, position)),
    write: (parts, position) => handle.write(parts, position),
    datasync: () => handle.datasync(),
    sync: () => handle.sync(),
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    close: () => handle.close(),
  };
}

/** Without the system's code nobody takes the error for damage. */
async function strictly<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw isUnreadable(error) ? new Error(messageOf(error), { cause: error }) : error;
  }
}
