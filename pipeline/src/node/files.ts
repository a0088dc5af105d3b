// The real file system behind the Files port.
import {
  close,
  constants,
  fdatasync,
  fsync,
  ftruncate,
  open as openFile,
  read,
  writev,
} from 'node:fs';
import { mkdir, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemCodeOf } from '../errors.js';
import type { FileHandle, Files } from '../ports.js';

// The callback functions on a bare descriptor: a promise FileHandle costs an object per operation
// and closes itself on collection, which would hide a leak.
const readAt = promisify(read);
const writeAt = promisify(writev);
const datasyncAt = promisify(fdatasync);
const syncAt = promisify(fsync);
const truncateAt = promisify(ftruncate);
const closeAt = promisify(close);

/** POSIX allows at least 16 parts in one writev, Linux 1024 (IOV_MAX). */
const partsPerWriteMax = 1024;

const openFlags = {
  read: constants.O_RDONLY,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  create_private: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  write: constants.O_RDWR,
} as const;

const openAt = promisify(openFile);

/** Files on the operating system's file system. Rejections carry the system's `code`. */
export function nodeFiles(): Files {
  return {
    async open(path, mode) {
      const permissions = mode === 'create_private' ? 0o600 : 0o640;
      return new NodeFileHandle(await openAt(path, openFlags[mode], permissions));
    },
    readDir: (path) => readdir(path),
    async makeDir(path) {
      await mkdir(path, { recursive: true, mode: 0o750 });
    },
    rename,
    unlink,
    async syncDir(path) {
      const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await directory.sync();
      } finally {
        await directory.close().catch(() => undefined);
      }
    },
    async sizeBytes(path) {
      try {
        return (await stat(path)).size;
      } catch (error) {
        if (systemCodeOf(error) === 'ENOENT') return null;
        throw error;
      }
    },
    async freeBytes(path) {
      const info = await statfs(path);
      return info.bavail * info.bsize;
    },
  };
}

class NodeFileHandle implements FileHandle {
  readonly #fd: number;
  constructor(fd: number) {
    this.#fd = fd;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const { bytesRead } = await readAt(
        this.#fd,
        target,
        done,
        target.length - done,
        position + done,
      );
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    let rest = parts.filter((part) => part.length > 0);
    let at = position;
    while (rest.length > 0) {
      const { bytesWritten } = await writeAt(this.#fd, rest.slice(0, partsPerWriteMax), at);
      at += bytesWritten;
      rest = dropBytes(rest, bytesWritten);
    }
  }

  datasync(): Promise<void> {
    return datasyncAt(this.#fd);
  }
  sync(): Promise<void> {
    return syncAt(this.#fd);
  }
  truncate(sizeBytes: number): Promise<void> {
    return truncateAt(this.#fd, sizeBytes);
  }
  async close(): Promise<void> {
    // The descriptor is gone in any case (close(2), Linux), and what is to last was synced before.
    await closeAt(this.#fd).catch(() => undefined);
  }
}

/** What is left of `parts` after their first `byteCount` bytes. */
function dropBytes(parts: Uint8Array[], byteCount: number): Uint8Array[] {
  let left = byteCount;
  let index = 0;
  while (index < parts.length) {
    const length = parts[index]?.length ?? 0;
    if (left < length) break;
    left -= length;
    index++;
  }
  const rest = parts.slice(index);
  const first = rest[0];
  if (left > 0 && first !== undefined) rest[0] = first.subarray(left);
  return rest;
}
