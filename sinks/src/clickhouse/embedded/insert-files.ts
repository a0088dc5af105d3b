// Bodies of inserts go to the engine through a file: its inline path ends binary data at the first
// blank line (0x0a 0x0a). The file lies in memory where /dev/shm is large enough.
import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { processStart } from '@weir/pipeline/node';

const FILE_NAME = /^weir-insert-(\d+)-(\w*)-\d+$/;
/**
 * Space that must be left in /dev/shm for a file to go there: the largest inserts at once, with a
 * margin. Containers get 64 MiB by default, which two of them would fill.
 */
const SHARED_MEMORY_FREE_BYTES_MIN = 256 * 1024 * 1024;

export interface InsertFiles {
  /** Writes the chunk and all of the body to a new file and returns its path. */
  store(head: Uint8Array | null, body: Readable | null): Promise<string>;
  discard(path: string): Promise<void>;
}

export interface InsertFilesOptions {
  /** A file system in memory. */
  readonly sharedMemory?: string;
  readonly sharedFreeBytesMin?: number;
}

export function createInsertFiles(
  dataDirectory: string,
  options: InsertFilesOptions = {},
): InsertFiles {
  const shared = options.sharedMemory ?? '/dev/shm';
  const freeBytesMin = options.sharedFreeBytesMin ?? SHARED_MEMORY_FREE_BYTES_MIN;
  const onDisk = join(dataDirectory, 'incoming');
  for (const directory of [shared, onDisk]) removeStale(directory);
  const prefix = `weir-insert-${process.pid}-${processStart(process.pid) ?? ''}-`;
  let fileCount = 0;
  /** Looked at for each file: others use the memory as well. */
  const chooseDirectory = (): string => {
    if (hasFreeBytes(shared, freeBytesMin)) return shared;
    mkdirSync(onDisk, { recursive: true });
    return onDisk;
  };
  return {
    async store(head, body) {
      const path = join(chooseDirectory(), prefix + fileCount++);
      const out = createWriteStream(path, { flags: 'wx', mode: 0o600, highWaterMark: 1 << 20 });
      try {
        if (head !== null) out.write(head);
        if (body === null) await finished(out.end());
        else await pipeline(body, out);
      } catch (error) {
        await unlink(path).catch(() => undefined);
        throw error;
      }
      return path;
    },
    discard: (path) => unlink(path).catch(() => undefined),
  };
}

function hasFreeBytes(directory: string, byteCount: number): boolean {
  try {
    const { bsize, bavail } = statfsSync(directory);
    return bsize * bavail >= byteCount;
  } catch {
    // No such file system here.
    return false;
  }
}

/** Files of processes that were killed in the middle of an insert. */
function removeStale(directory: string): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const [, pid, start] = FILE_NAME.exec(name) ?? [];
    if (pid === undefined || processStart(Number(pid)) === start) continue;
    rmSync(join(directory, name), { force: true });
  }
}
