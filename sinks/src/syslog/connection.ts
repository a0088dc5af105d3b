// One connection to a syslog server, TCP or TLS. A syslog server answers nothing: what can be known
// is that the kernel took the bytes, and that the connection was not closed before that.
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { lineOf, messageOf, WeirError } from '@weir/pipeline';
import type { SyslogSinkDependencies, SyslogSinkOptions, SyslogTls } from './options.js';

const KEEP_ALIVE_MS = 15_000;
const ACCEPT_MS = 1_000;
const CLOSED = 'the connection was closed';

export class Connection {
  readonly #socket: Socket;
  readonly #name: string;
  #end: string | null = null;

  private constructor(socket: Socket, name: string) {
    this.#socket = socket;
    this.#name = name;
    // A server that closes takes nothing more, whatever the kernel still takes.
    socket.once('end', () => this.#close('the server closed the connection'));
    socket.once('close', () => this.#close(CLOSED));
    socket.on('error', (error) => this.#close(lineOf(error)));
    // Nothing of what a server says counts, but what it says must be read for its end to be seen.
    socket.resume();
  }

  /** Rejects with WEIR_SINK_UNREACHABLE, WEIR_ABORTED, or WEIR_CONFIG_INVALID for PEM files. */
  static async open(
    options: Required<SyslogSinkOptions>,
    deps: SyslogSinkDependencies,
    signal: AbortSignal,
  ): Promise<Connection> {
    const name = nameOf(options);
    const tls = options.tls === null ? null : await tlsOf(options.tls);
    const { host, port } = options;
    const socket =
      tls === null
        ? connectTcp({ host, port })
        : connectTls({ host, port, ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    try {
      await settled(
        (resolve, reject) => {
          const onError = (error: Error): void => reject(lineOf(error));
          const ready = tls === null ? 'connect' : 'secureConnect';
          socket.once(ready, resolve).once('error', onError);
          return () => socket.off(ready, resolve).off('error', onError);
        },
        { name, timeoutMs: options.timeoutMs, late: 'no connection', signal, timers: deps.timers },
      );
      if (tls !== null) await untilAccepted(socket as TLSSocket, name, deps, signal);
    } catch (error) {
      socket.on('error', () => undefined);
      socket.destroy();
      throw error;
    }
    return new Connection(socket, name);
  }

  get isOpen(): boolean {
    return this.#end === null;
  }

  /**
   * Resolves when the kernel has taken all blocks and the server has not closed. Rejects with
   * WEIR_SINK_UNREACHABLE or WEIR_ABORTED; the connection is given up then, since part of a message
   * may have gone.
   */
  async write(
    blocks: readonly Uint8Array[],
    { timeoutMs }: { readonly timeoutMs: number },
    deps: SyslogSinkDependencies,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      // An end that has come already is seen when the loop has looked at its sockets once.
      await nextTurn();
      await settled(
        (resolve, reject) => {
          const onClose = (): void => reject(this.#end ?? CLOSED);
          if (this.#end !== null) onClose();
          else {
            this.#socket.once('close', onClose);
            for (const block of blocks) this.#socket.write(block);
            this.#socket.write('', () => (this.#end === null ? resolve() : onClose()));
          }
          return () => this.#socket.off('close', onClose);
        },
        {
          ...{ name: this.#name, timeoutMs, signal, timers: deps.timers },
          late: 'it did not take all',
        },
      );
      await nextTurn();
      if (this.#end !== null)
        throw new WeirError('WEIR_SINK_UNREACHABLE', `${this.#name} is gone: ${this.#end}`);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** Bytes may still be read out of the blocks of a write. */
  get isWriting(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** Sends what the kernel has, and the end. */
  end(): void {
    this.#end ??= 'it was closed here';
    this.#socket.end();
    this.#socket.unref();
  }

  destroy(): void {
    this.#close('it was closed here');
  }

  #close(why: string): void {
    this.#end ??= why;
    this.#socket.destroy();
  }
}

export const nameOf = ({ host, port, tls }: SyslogSinkOptions): string =>
  `${tls === null ? 'syslog' : 'syslog+tls'}://${host.includes(':') ? `[${host}]` : host}:${port}`;

interface Waiting {
  readonly name: string;
  readonly timeoutMs: number;
  /** What has not come when the time is up. */
  readonly late: string;
  readonly signal: AbortSignal;
  readonly timers: SyslogSinkDependencies['timers'];
}

/** What `begin` returns takes its listeners away. */
async function settled(
  begin: (resolve: () => void, reject: (why: string) => void) => () => void,
  { name, timeoutMs, late, signal, timers }: Waiting,
): Promise<void> {
  let onAbort: () => void = () => undefined;
  let timer = { cancel: (): void => undefined };
  let release: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void =>
        reject(new WeirError('WEIR_SINK_UNREACHABLE', `${name} cannot be reached: ${why}`));
      onAbort = () => reject(new WeirError('WEIR_ABORTED', `sending to ${name} was cancelled`));
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      timer = timers.after(timeoutMs, () => fail(`${late} within ${timeoutMs} ms`));
      release = begin(resolve, fail);
    });
  } finally {
    timer.cancel();
    release();
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * In TLS 1.3 a client is done before the server has looked at its certificate (RFC 8446, 2): what
 * is written before that is lost where the server refuses it. A session ticket comes after the
 * look; from a server that sends none, nothing in a second has to do.
 */
async function untilAccepted(
  socket: TLSSocket,
  name: string,
  { timers }: SyslogSinkDependencies,
  signal: AbortSignal,
): Promise<void> {
  if (socket.getProtocol() !== 'TLSv1.3') return;
  const quiet = new AbortController();
  try {
    await settled(
      (resolve, reject) => {
        const onError = (error: Error): void => reject(lineOf(error));
        const onEnd = (): void => reject('the server closed the connection behind the handshake');
        socket.once('session', resolve).once('error', onError).once('end', onEnd);
        socket.once('close', onEnd);
        socket.resume();
        timers.sleep(ACCEPT_MS, quiet.signal).then(resolve, () => undefined);
        return () => {
          socket.off('session', resolve).off('error', onError);
          socket.off('end', onEnd).off('close', onEnd);
        };
      },
      { name, timeoutMs: 2 * ACCEPT_MS, late: 'no answer', signal, timers },
    );
  } finally {
    quiet.abort();
  }
}

async function tlsOf({ caFile, certificateFile, keyFile }: SyslogTls) {
  return {
    ...(caFile === null ? {} : { ca: await pemOf('tls_ca_file', caFile) }),
    ...(certificateFile === null
      ? {}
      : { cert: await pemOf('tls_certificate_file', certificateFile) }),
    ...(keyFile === null ? {} : { key: await pemOf('tls_key_file', keyFile) }),
  };
}

async function pemOf(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const message = `${setting}: ${path} cannot be read: ${messageOf(error)}`;
    throw new WeirError('WEIR_CONFIG_INVALID', message, {}, error);
  }
}
