// A TCP proxy that does to connections what a bad network does. The wire is bytes: it knows nothing
// of what is spoken over it, but for `lost_ack`, which lets a request through and its reply not.
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net';

/**
 * - none: passes everything.
 * - latency: every chunk is late by `latencyMs`, in both directions.
 * - down: nobody listens; open connections are reset.
 * - reset: connections are reset a moment after data came through them.
 * - half_open: connections stay open and nothing passes, nor is it told to either side.
 * - lost_ack: the server gets everything and the client no reply; then the connection is reset.
 */
export const TOXICS = ['none', 'latency', 'down', 'reset', 'half_open', 'lost_ack'] as const;
export type Toxic = (typeof TOXICS)[number];

const RESET_AFTER_MS = 5;
const LOST_ACK_RESET_MS = 50;

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Data came from the client since the toxic was set. */
  isTouched: boolean;
}

export class ToxicProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #latencyMs: number;
  readonly #pairs = new Set<Pair>();
  #server: Server | null = null;
  #port = 0;
  #toxic: Toxic = 'none';
  /** How often each toxic did something: a fault that was never met proves nothing. */
  readonly bites: Record<Toxic, number> = {
    none: 0,
    latency: 0,
    down: 0,
    reset: 0,
    half_open: 0,
    lost_ack: 0,
  };

  constructor(target: { readonly host: string; readonly port: number }, latencyMs = 150) {
    this.#target = target;
    this.#latencyMs = latencyMs;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }
  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    await this.#listen();
  }

  async set(toxic: Toxic): Promise<void> {
    const before = this.#toxic;
    this.#toxic = toxic;
    for (const pair of this.#pairs) pair.isTouched = false;
    if (toxic === 'down') {
      this.bites.down += 1 + this.#pairs.size;
      this.#resetAll();
      await this.#unlisten();
    } else if (before === 'down') await this.#listen();
    // What a half open connection swallowed never comes: its sides learn of it now.
    if (before === 'half_open') this.#resetAll();
  }

  async close(): Promise<void> {
    this.#resetAll();
    await this.#unlisten();
  }

  async #listen(): Promise<void> {
    const server = createServer((client) => this.#accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', () => resolve());
    });
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    this.#server = server;
  }

  async #unlisten(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    const server = openSocket(this.#target.port, this.#target.host);
    const pair: Pair = { client, server, isTouched: false };
    this.#pairs.add(pair);
    const drop = (): void => this.#drop(pair);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', drop);
      socket.on('close', drop);
    }
    client.on('data', (chunk) => this.#fromClient(pair, chunk));
    server.on('data', (chunk) => this.#fromServer(pair, chunk));
  }

  #fromClient(pair: Pair, chunk: Buffer): void {
    pair.isTouched = true;
    if (this.#toxic === 'half_open') this.bites.half_open++;
    else this.#pass(pair, pair.server, chunk);
    if (this.#toxic === 'reset') {
      this.bites.reset++;
      setTimeout(() => this.#reset(pair), RESET_AFTER_MS);
    }
  }

  #fromServer(pair: Pair, chunk: Buffer): void {
    if (this.#toxic === 'half_open') return;
    if (this.#toxic === 'lost_ack' && pair.isTouched) {
      this.bites.lost_ack++;
      setTimeout(() => this.#reset(pair), LOST_ACK_RESET_MS);
      return;
    }
    this.#pass(pair, pair.client, chunk);
  }

  #pass(pair: Pair, to: Socket, chunk: Buffer): void {
    if (this.#toxic === 'latency') {
      this.bites.latency++;
      setTimeout(() => this.#write(pair, to, chunk), this.#latencyMs);
    } else this.#write(pair, to, chunk);
  }

  /** A side that does not read makes the other one wait. */
  #write({ client, server }: Pair, to: Socket, chunk: Buffer): void {
    if (to.destroyed || to.write(chunk)) return;
    const from = to === server ? client : server;
    from.pause();
    to.once('drain', () => from.resume());
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair);
    // Data that is late must still arrive before the end does.
    const end = (): void => {
      pair.client.destroy();
      pair.server.destroy();
    };
    if (this.#toxic === 'latency') setTimeout(end, this.#latencyMs * 2);
    else end();
  }

  #reset(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server.destroy();
  }

  #resetAll(): void {
    for (const pair of [...this.#pairs]) this.#reset(pair);
  }
}
