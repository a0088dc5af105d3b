// The data directory over several attempts of a start: nobody else gets it between two of them.
import { statfsSync } from 'node:fs';
import { type DataDirectory, openDataDirectory } from './data-directory.js';
import type { FreeSpace } from './wait-for-space.js';

export class DirectoryLease {
  /** Set before an attempt leaves it: another one follows. */
  isKept = false;
  readonly #path: string;
  #directory: DataDirectory | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws WEIR_DATA_DIR_UNWRITABLE or WEIR_DATA_DIR_LOCKED. */
  take(): DataDirectory {
    this.isKept = false;
    this.#directory ??= openDataDirectory(this.#path);
    return this.#directory;
  }

  leave(): void {
    if (this.isKept) return;
    this.#directory?.release();
    this.#directory = null;
  }
}

/** Null where there is no such directory yet, or the system does not tell. */
export function freeSpaceOf(path: string): FreeSpace | null {
  try {
    const { bsize, bavail, ffree } = statfsSync(path);
    return { bytes: bsize * bavail, inodes: ffree };
  } catch {
    return null;
  }
}
