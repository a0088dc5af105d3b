// Numbered syslog lines over TCP, each sent once: what a kill takes from the socket is gone, and
// nothing else may be.
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { noise } from './http-sender.js';

export interface TcpSenderOptions {
  readonly producer: string;
  readonly linesPerWrite: number;
  readonly pauseMs: number;
  readonly fillBytes: number;
}

export class TcpSender {
  readonly #address: string;
  readonly #options: TcpSenderOptions;
  readonly #stop = new AbortController();
  readonly #stopped = new Promise<void>((resolve) => {
    this.#stop.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  #sending: Promise<void> | null = null;
  /** Lines that were given to the kernel, numbers 0 to this. */
  sentCount = 0;
  connectionCount = 0;
  /** Whether the collector has let the sender wait for longer than it takes to read. */
  isHeldBack = false;
  /** Without the pauses, to fill the buffers on the way. */
  isInHurry = false;

  constructor(address: string, options: TcpSenderOptions) {
    this.#address = address;
    this.#options = options;
  }

  start(): void {
    this.#sending = this.#send();
  }
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const socket = await this.#connect();
      if (socket === null) await delay(20);
      else await this.#sendTo(socket);
    }
  }

  #connect(): Promise<Socket | null> {
    const colon = this.#address.lastIndexOf(':');
    const port = Number(this.#address.slice(colon + 1));
    return new Promise((resolve) => {
      const socket = connect(port, this.#address.slice(0, colon), () => {
        this.connectionCount++;
        resolve(socket);
      });
      socket.once('error', () => resolve(null));
    });
  }

  async #sendTo(socket: Socket): Promise<void> {
    const { producer, linesPerWrite, pauseMs, fillBytes } = this.#options;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    while (!this.#stop.signal.aborted && !socket.destroyed) {
      let text = '';
      for (let i = 0; i < linesPerWrite; i++) {
        const number = this.sentCount++;
        text += `<134>1 2026-01-05T10:00:00Z host lane 7 - - producer=${producer} number=${number} ${noise(number, fillBytes)}\n`;
      }
      if (!socket.write(text)) {
        const drained = new Promise<void>((resolve) => socket.once('drain', resolve));
        const late = delay(1_000, undefined, { ref: false }).then(() => {
          this.isHeldBack = !socket.destroyed;
        });
        const done = Promise.race([drained, closed, this.#stopped]);
        await Promise.race([done, late]);
        await done;
      }
      if (pauseMs > 0 && !this.isInHurry) await delay(pauseMs);
    }
    // What the kernel has taken is sent; only an orderly end lets the other side read it all.
    if (!socket.destroyed) socket.end();
    await Promise.race([closed, delay(2_000)]);
    socket.destroy();
  }
}
