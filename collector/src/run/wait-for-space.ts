// A start on a full disk. What can do without new files does; where a step cannot, the start is
// tried again until there is space, and the HTTP port says meanwhile that the process lives and why
// it takes nothing. An exit would tell a supervisor that a restart might help.
import { createServer, type Server } from 'node:http';
import { isNoSpace, messageOf } from '@weir/pipeline';

const RETRY_MS = 5_000;

export interface WaitForSpaceOptions {
  /** Where HTTP sources listen; the first one that is free answers. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly sleep: (ms: number) => Promise<void>;
  /** Gets a sentence for each attempt that found no space. */
  readonly say: (sentence: string) => void;
}

/** Rejects with what `start` rejects with, unless that is for want of space. */
export async function whenThereIsSpace<T>(
  options: WaitForSpaceOptions,
  start: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      const reason = `the disk is full: ${messageOf(error)}`;
      options.say(`${reason}; the start is tried again in ${RETRY_MS / 1_000} s`);
      const server = await answerFirst(options.addresses, reason);
      await options.sleep(RETRY_MS);
      await close(server);
    }
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
