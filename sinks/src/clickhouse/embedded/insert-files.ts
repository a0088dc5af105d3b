// Bodies of inserts go to the engine through a file: its inline path ends binary data at the first
// blank line (0x0a 0x0a). The file lies in memory where /dev/shm is large enough.
import { createWriteStream, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { processStart } from '@weir/pipeline/node';

const FILE_NAME = /^weir-insert-(\d+)-(\w*)-\d+$/;
/** Containers get a /dev/shm of 64 MiB by default, which two inserts would fill. */
const SHARED_MEMORY_BYTES_MIN = 256 * 1024 * 1024;

export interface InsertFiles {
  /** Writes the chunk and all of the body to a new file and returns its path. */
  store(head: Uint8Array | null, body: Readable | null): Promise<string>;
  discard(path: string): Promise<void>;
}

export function createInsertFiles(dataDirectory: string): InsertFiles {
  const directory = chooseDirectory(dataDirectory);
  removeStale(directory);
  const prefix = `weir-insert-${process.pid}-${processStart(process.pid) ?? ''}-`;
  let fileCount = 0;
  return {
    async store(head, body) {
      const path = join(directory, prefix + fileCount++);
      const out = createWriteStream(path, { flags: 'wx', mode: 0o600, highWaterMark: 1 << 20 });
      try {
        if (head !== null) out.write(head);
        if (body === null) await new Promise<void>((resolve) => out.end(resolve));
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

function chooseDirectory(dataDirectory: string): string {
  const shared = '/dev/shm';
  try {
    const { bsize, blocks } = statfsSync(shared);
    if (bsize * blocks >= SHARED_MEMORY_BYTES_MIN) return shared;
  } catch {
    // No such file system here.
  }
  const directory = join(dataDirectory, 'incoming');
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Files of processes that were killed in the middle of an insert. */
function removeStale(directory: string): void {
  for (const name of readdirSync(directory)) {
    const [, pid, start] = FILE_NAME.exec(name) ?? [];
    if (pid === undefined || processStart(Number(pid)) === start) continue;
    rmSync(join(directory, name), { force: true });
  }
}
