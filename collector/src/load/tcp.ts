// Syslog over plain TCP. There is no acknowledgement: what the kernel has taken when a connection
// breaks may or may not have arrived. So a break is told, and sending goes on with the first write
// that the kernel had not taken wholly: its events may arrive twice, none is skipped on purpose.
import { connect, type Socket } from 'node:net';
import { reasonOf } from '@weir/pipeline';
import { after, monotonicMs, sleep } from './clock.js';
import { formatTarget, joinAll, LoadError, type Sending } from './plan.js';
import { backoffMs, type Schedule } from './schedule.js';

const CHUNK_BYTES = 128 * 1024;
/** Writes in flight on one connection: one is filled while the other is sent. */
const CHUNK_COUNT = 2;
/**
 * How much the kernels on both sides and the receiver may hold (tcp_wmem + tcp_rmem + its queues).
 */
const UNSEEN_BYTES = 16 * 1024 * 1024;
const CLOSE_WAIT_MS = 5_000;
const CONNECT_MS = 10_000;

interface Chunk {
  readonly buffer: Buffer;
  seqFirst: number;
  takenMs: number;
  eventCount: number;
  byteCount: number;
}

const EMPTY = { seqFirst: 0, takenMs: 0, eventCount: 0, byteCount: 0 };

export async function sendTcp(sending: Sending): Promise<void> {
  const { plan } = sending;
  const connections: Promise<void>[] = [];
  for (let index = 0; index < plan.connectionCount; index++)
    connections.push(new TcpSender(sending).run());
  await joinAll(sending, connections);
}

class TcpSender {
  readonly #sending: Sending;
  readonly #schedule: Schedule;
  readonly #free: Chunk[] = [];
  /** Filled and not wholly taken by the kernel, oldest first. */
  readonly #unsent: Chunk[] = [];
  #socket: Socket | null = null;
  #broken: Error | null = null;
  #wake: (() => void) | null = null;
  #handedEvents = 0;
  #handedBytes = 0;
  #lastProgressMs = monotonicMs();

  constructor(sending: Sending) {
    this.#sending = sending;
    this.#schedule = sending.schedule;
    const bytes = Math.max(CHUNK_BYTES, sending.plan.generator.eventBytesMax);
    for (let index = 0; index < CHUNK_COUNT; index++)
      this.#free.push({ ...EMPTY, buffer: Buffer.allocUnsafeSlow(bytes) });
  }

  async run(): Promise<void> {
    const { signal } = this.#sending;
    const onAbort = (): void => {
      this.#socket?.destroy();
      this.#wake?.();
    };
    signal.addEventListener('abort', onAbort);
    try {
      await this.#connect(false);
      while (!(await this.#sendAll()) || !(await this.#finish())) {
        if (signal.aborted) return;
        this.#reportBreak();
        await this.#connect(true);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#socket?.destroy();
    }
  }

  /** True when everything was handed to the kernel; false when the connection broke. */
  async #sendAll(): Promise<boolean> {
    for (const chunk of this.#unsent) this.#write(chunk);
    for (;;) {
      if (this.#broken !== null || this.#sending.signal.aborted) return false;
      const chunk = this.#free.at(-1);
      if (chunk === undefined) {
        await this.#event();
        continue;
      }
      const due = this.#schedule.dueCount();
      if (due > 0) {
        this.#free.pop();
        this.#fill(chunk, due);
        this.#unsent.push(chunk);
        this.#write(chunk);
      } else if (!this.#schedule.isExhausted) {
        await this.#schedule.waitDue(1);
      } else if (this.#unsent.length > 0) {
        await this.#event();
      } else {
        return true;
      }
    }
  }

  #fill(chunk: Chunk, due: number): void {
    const { generator, framing } = this.#sending.plan;
    const filled = generator.fill(chunk.buffer, 0, this.#schedule.next, due, framing);
    chunk.eventCount = filled.eventCount;
    chunk.byteCount = filled.endOffset;
    chunk.takenMs = monotonicMs();
    chunk.seqFirst = this.#schedule.take(filled.eventCount);
  }

  #write(chunk: Chunk): void {
    const socket = this.#socket;
    socket?.write(chunk.buffer.subarray(0, chunk.byteCount), (error) => {
      if (error || socket !== this.#socket) return;
      const { counters } = this.#sending;
      counters.events += chunk.eventCount;
      counters.bytes += chunk.byteCount;
      this.#schedule.arrived(chunk.seqFirst, chunk.eventCount, chunk.takenMs);
      this.#handedEvents += chunk.eventCount;
      this.#handedBytes += chunk.byteCount;
      this.#lastProgressMs = monotonicMs();
      // Writes complete in order.
      this.#unsent.shift();
      this.#free.push(chunk);
      this.#wake?.();
    });
  }

  /** Ends the stream and waits until the peer has closed too, so that a late reset is seen. */
  async #finish(): Promise<boolean> {
    const socket = this.#socket as Socket;
    const deadlineMs = monotonicMs() + Math.min(CLOSE_WAIT_MS, this.#sending.plan.timeoutMs);
    socket.end();
    while (!socket.closed && this.#broken === null) {
      await this.#event();
      if (monotonicMs() > deadlineMs) break;
    }
    // Nothing is left to send again, whatever happened: a reset now is told and not repaired.
    if (this.#broken !== null && !socket.readableEnded) this.#reportBreak();
    return true;
  }

  async #connect(again: boolean): Promise<void> {
    const { plan, signal, counters, trouble, notice } = this.#sending;
    this.#lastProgressMs = monotonicMs();
    for (let attempt = 0; !signal.aborted; attempt++) {
      if (attempt > 0 || again) await sleep(backoffMs(attempt), signal);
      try {
        await this.#open();
        trouble(null);
        if (again) counters.reconnects++;
        return;
      } catch (error) {
        const reason = `cannot connect to ${formatTarget(plan.target)}: ${reasonOf(error)}`;
        // Whoever stops the run closes the connection too.
        if (signal.aborted) return;
        trouble(reason);
        if (attempt === 0) notice(`${reason}; trying again`);
        this.#checkTimeout(reason);
      }
    }
  }

  #open(): Promise<void> {
    const { host, port } = this.#sending.plan.target;
    this.#broken = null;
    this.#handedEvents = 0;
    this.#handedBytes = 0;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    const giveUp = (): void => void socket.destroy(new Error('no answer'));
    const cancel = after(Math.min(CONNECT_MS, this.#sending.plan.timeoutMs), giveUp);
    return new Promise((resolve, reject) => {
      socket.once('connect', () => {
        cancel();
        resolve();
      });
      socket.on('error', (error) => {
        this.#broken ??= error;
        reject(error);
      });
      socket.on('close', () => {
        cancel();
        this.#broken ??= new Error('the peer closed the connection');
        reject(this.#broken);
        this.#wake?.();
      });
      // The peer sends nothing; reading shows its end.
      socket.resume();
    });
  }

  /** Resolves at the next write or close, or after a while to look at the timeout. */
  async #event(): Promise<void> {
    const waiting = new AbortController();
    this.#wake = () => waiting.abort();
    await sleep(250, waiting.signal);
    this.#wake = null;
    this.#checkTimeout('the receiver takes nothing');
  }

  #reportBreak(): void {
    const { counters, notice } = this.#sending;
    const twice = this.#unsent.reduce((sum, chunk) => sum + chunk.eventCount, 0);
    const unseenShare = Math.min(1, UNSEEN_BYTES / Math.max(1, this.#handedBytes));
    const lost = Math.ceil(this.#handedEvents * unseenShare);
    counters.maybeTwice += twice;
    counters.maybeLost += lost;
    notice(
      `connection lost (${this.#broken === null ? 'closed' : reasonOf(this.#broken)}): up to ${twice} events may be sent ` +
        `twice, and up to ${lost} that the kernel had taken may be lost`,
    );
  }

  #checkTimeout(reason: string): void {
    const idleMs = monotonicMs() - this.#lastProgressMs;
    // While nothing is due or in flight, silence is no failure.
    if (this.#unsent.length === 0 && this.#socket?.readyState === 'open') {
      this.#lastProgressMs = monotonicMs();
    } else if (idleMs > this.#sending.plan.timeoutMs) {
      throw new LoadError(`${reason}, for ${Math.round(idleMs / 1000)} s`);
    }
  }
}
