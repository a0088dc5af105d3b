// A syslog server for tests: TCP or TLS, takes frames apart as RFC 6587 says, and can be away,
// stop reading, or close connections.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export type ServerFraming = 'octet_counting' | 'newline';

export class SyslogServer {
  readonly messages: Buffer[] = [];
  connectionCount = 0;
  /** False: what comes stays in the kernel. */
  isReading = true;
  readonly #framing: ServerFraming;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #port = 0;

  constructor(framing: ServerFraming, tls: TlsOptions | null = null) {
    this.#framing = framing;
    const accept = (socket: Socket): void => this.#accept(socket);
    this.#server = tls === null ? createServer(accept) : createTlsServer(tls, accept);
    this.#server.on('tlsClientError', () => undefined);
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<this> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.closeAll();
    await once(this.#server, 'close');
  }

  closeAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.connectionCount++;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    if (!this.isReading) {
      socket.pause();
      return;
    }
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = this.#take(Buffer.concat([rest, chunk]));
    });
  }

  #take(bytes: Buffer): Buffer {
    let at = 0;
    for (;;) {
      const separator = bytes.indexOf(this.#framing === 'newline' ? '\n' : ' ', at);
      if (separator < 0) return bytes.subarray(at);
      if (this.#framing === 'newline') {
        this.messages.push(Buffer.from(bytes.subarray(at, separator)));
        at = separator + 1;
        continue;
      }
      const length = Number(bytes.subarray(at, separator).toString());
      if (!Number.isInteger(length)) throw new Error('no frame of RFC 6587');
      const end = separator + 1 + length;
      if (end > bytes.length) return bytes.subarray(at);
      this.messages.push(Buffer.from(bytes.subarray(separator + 1, end)));
      at = end;
    }
  }
}
