// The way to the network: a pool of connections to the one server, or through a proxy where the
// environment names one (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; in lower case first).
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { messageOf, WeirError } from '@weir/pipeline';
import { buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';

export interface DispatcherOptions {
  readonly url: URL;
  readonly tlsCaFile: string | null;
  readonly timeoutMs: number;
  readonly connectionsMax: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const CONNECT_TIMEOUT_MS = 10_000;

export interface WatchedDispatcher {
  readonly dispatcher: Dispatcher;
  /** True while a socket still has bytes to write, and where that cannot be seen. */
  isWriting(): boolean;
}

/** Rejects with WEIR_CONFIG_INVALID when the certificates cannot be read. */
export async function createDispatcher(options: DispatcherOptions): Promise<WatchedDispatcher> {
  const { url, env, timeoutMs, connectionsMax } = options;
  const tls = options.tlsCaFile === null ? {} : { ca: await readCa(options.tlsCaFile) };
  const connect = { ...tls, timeout: Math.min(timeoutMs, CONNECT_TIMEOUT_MS) };
  const common = {
    connections: connectionsMax,
    pipelining: 1,
    connect,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  };
  const httpProxy = env.http_proxy ?? env.HTTP_PROXY ?? '';
  const httpsProxy = env.https_proxy ?? env.HTTPS_PROXY ?? '';
  if (httpProxy === '' && httpsProxy === '') {
    const sockets = new Set<Socket>();
    const dispatcher = new Pool(url.origin, { ...common, connect: watched(connect, sockets) });
    return { dispatcher, isWriting: () => [...sockets].some(hasBytesToWrite) };
  }
  try {
    const dispatcher = new EnvHttpProxyAgent({
      ...common,
      httpProxy,
      httpsProxy,
      noProxy: env.no_proxy ?? env.NO_PROXY ?? '',
      requestTls: tls,
    });
    return { dispatcher, isWriting: () => true };
  } catch (error) {
    // The value may hold a password.
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      'HTTPS_PROXY and HTTP_PROXY must be http://HOST:PORT or https://HOST:PORT',
      {},
      error,
    );
  }
}

const hasBytesToWrite = (socket: Socket): boolean => socket.writableLength > 0;

/** The same connector, which keeps a list of its open sockets. */
function watched(
  options: buildConnector.BuildOptions,
  sockets: Set<Socket>,
): buildConnector.connector {
  const connector = buildConnector(options);
  return (target, callback) =>
    connector(target, (...result) => {
      const [, socket] = result;
      // Undefined on an error, whatever its types say.
      if (socket) {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      }
      callback(...result);
    });
}

async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `tls_ca_file: ${path} cannot be read: ${messageOf(error)}`,
      {},
      error,
    );
  }
}
