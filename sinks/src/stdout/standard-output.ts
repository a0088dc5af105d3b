// The standard output of this process. Node writes to a pipe synchronously on Linux, so a reader
// that stalls would stop the whole collector; hence a pipe is opened again, for itself, without
// blocking.
import { constants, fstat, open, write } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Output } from './output.js';

const STANDARD_OUTPUT = 1;
const openAt = promisify(open);
const statAt = promisify(fstat);
const writeAt = promisify(write);

export async function openStandardOutput(fd: number = STANDARD_OUTPUT): Promise<Output> {
  const stat = await statAt(fd);
  if (stat.isFIFO()) {
    try {
      const flags = constants.O_WRONLY | constants.O_NONBLOCK;
      return socketOutput(await openAt(`/proc/self/fd/${fd}`, flags));
    } catch {
      // Not on this system: the descriptor itself, then.
      return socketOutput(fd);
    }
  }
  return stat.isSocket() ? socketOutput(fd) : fileOutput(fd);
}

/** A pipe or a socket. */
function socketOutput(fd: number): Output {
  const socket = new Socket({ fd, readable: false, writable: true });
  let failure: Error | null = null;
  socket.on('error', (error) => {
    failure = error;
  });
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (failure !== null || socket.destroyed) reject(failure ?? new Error('it was closed'));
        else socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    async close() {
      socket.destroy();
    },
  };
}

/** A file or a terminal; both take what they are given. */
function fileOutput(fd: number): Output {
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await writeAt(fd, bytes, at, bytes.length - at, null);
        at += bytesWritten;
      }
    },
    async close() {},
  };
}
