// A start on a full disk. What can do without new files does; where a step cannot, the start is
// tried again until there is space, and the HTTP port says meanwhile that the process lives and why
// it takes nothing. An exit would tell a supervisor that a restart might help.
//
// An attempt costs a recovery, and what it can write: a cut segment is written again where it
// stands, a checkpoint may get a tree file of its own. So attempts become rarer, unless the disk
// has more space than the one before left, which may be all that was missing.
import { createServer, type Server } from 'node:http';
import { isNoSpace, messageOf } from '@weir/pipeline';

const LOOK_MS = 5_000;
const RETRY_MS_MIN = LOOK_MS;
const RETRY_MS_MAX = 60_000;
/** More than an attempt itself frees or takes. */
const MORE_BYTES_MIN = 1024 * 1024;
const MORE_INODES_MIN = 16;

export interface FreeSpace {
  readonly bytes: number;
  readonly inodes: number;
}

export interface WaitForSpaceOptions {
  /** Where HTTP sources listen; the first one that is free answers. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly sleep: (ms: number) => Promise<void>;
  /** On the disk of the data directory; null if that cannot be told. */
  readonly freeSpace: () => FreeSpace | null;
  /** Gets a sentence for each attempt that found no space. */
  readonly say: (sentence: string) => void;
}

/** Rejects with what `start` rejects with, unless that is for want of space. */
export async function whenThereIsSpace<T>(
  options: WaitForSpaceOptions,
  start: () => Promise<T>,
): Promise<T> {
  for (let retryMs = RETRY_MS_MIN; ; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
    try {
      return await start();
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      const reason = `the disk is full: ${messageOf(error)}`;
      options.say(
        `${reason}; the start is tried again in ${retryMs / 1_000} s, or when there is more space`,
      );
      const server = await answerFirst(options.addresses, reason);
      await sleepUntilMore(options, retryMs);
      await close(server);
    }
  }
}

async function sleepUntilMore(
  { sleep, freeSpace }: WaitForSpaceOptions,
  retryMs: number,
): Promise<void> {
  const before = freeSpace();
  for (let leftMs = retryMs; leftMs > 0; leftMs -= LOOK_MS) {
    await sleep(LOOK_MS);
    const now = freeSpace();
    if (before === null || now === null) continue;
    if (now.bytes - before.bytes >= MORE_BYTES_MIN) return;
    if (now.inodes - before.inodes >= MORE_INODES_MIN) return;
  }
}

async function answerFirst(
  addresses: WaitForSpaceOptions['addresses'],
  reason: string,
): Promise<Server | null> {
  for (const { host, port } of addresses) {
    const server = answering(reason);
    if (await isListening(server, host, port)) return server;
  }
  return null;
}

function answering(reason: string): Server {
  return createServer((request, reply) => {
    const isAlive = request.url === '/healthz';
    const text = JSON.stringify(isAlive ? { status: 'ok' } : { ready: false, reason });
    const headers = { 'content-type': 'application/json; charset=utf-8', connection: 'close' };
    request.resume();
    reply.writeHead(isAlive ? 200 : 503, isAlive ? headers : { ...headers, 'retry-after': '5' });
    reply.end(`${text}\n`);
  });
}

function isListening(server: Server, host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => resolve(true));
  });
}

function close(server: Server | null): Promise<void> {
  if (server === null) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
