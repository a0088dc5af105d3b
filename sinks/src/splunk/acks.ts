// Indexer acknowledgement (Splunk Enterprise, "About HTTP Event Collector Indexer
// Acknowledgment"): an answer names an id within a channel, and Splunk is asked until it says true
// for it, which it says once. An id that comes a second time in a channel is of a server that was
// started again, or of another one: then nothing that waits in the channel can be trusted, for its
// id will be given to other events.
import type { Clock, Timer, Timers } from '@weir/pipeline';

/** `acked`: indexed. `late`: not within the time. `lost`: the channel's ids began again. */
export type AckEnd = 'acked' | 'late' | 'lost' | 'aborted';

/** Ids of a channel in one question that are indexed; rejects when there is no answer. */
export type AskForAcks = (channel: string, ids: readonly number[]) => Promise<readonly number[]>;

export interface AcksOptions {
  readonly ask: AskForAcks;
  readonly newChannelId: () => string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly pollMs: number;
  readonly timeoutMs: number;
}

export interface Channel {
  readonly id: string;
}

interface OwnChannel extends Channel {
  /** Every id that was seen in it. */
  readonly seen: Set<number>;
  readonly waiting: Map<number, Waiter>;
}

interface Waiter {
  readonly untilMs: number;
  readonly end: (end: AckEnd) => void;
}

/** A channel with so many requests is followed by another. */
const REQUESTS_PER_CHANNEL = 10_000;

export class Acks {
  readonly #options: AcksOptions;
  #channel: OwnChannel;
  /** Also channels that take no more requests, while something waits in them. */
  readonly #channels = new Set<OwnChannel>();
  #timer: Timer | null = null;
  #isAsking = false;

  constructor(options: AcksOptions) {
    this.#options = options;
    this.#channel = this.#newChannel();
  }

  /** For the next request. */
  get channel(): Channel {
    if (this.#channel.seen.size >= REQUESTS_PER_CHANNEL) this.#channel = this.#newChannel();
    return this.#channel;
  }

  /** Does not reject. */
  async wait(channel: Channel, ackId: number, signal: AbortSignal): Promise<AckEnd> {
    const own = channel as OwnChannel;
    if (signal.aborted) return 'aborted';
    if (own.seen.has(ackId)) {
      this.#giveUp(own);
      return 'lost';
    }
    own.seen.add(ackId);
    this.#channels.add(own);
    const untilMs = this.#options.clock.monotonicMs() + this.#options.timeoutMs;
    return new Promise((resolve) => {
      const onAbort = (): void => end('aborted');
      const end = (how: AckEnd): void => {
        own.waiting.delete(ackId);
        if (own.waiting.size === 0) this.#channels.delete(own);
        signal.removeEventListener('abort', onAbort);
        resolve(how);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      own.waiting.set(ackId, { untilMs, end });
      this.#plan();
    });
  }

  /** Everybody who waits is told `aborted`. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const { waiting } of [...this.#channels])
      for (const waiter of [...waiting.values()]) waiter.end('aborted');
  }

  #newChannel(): OwnChannel {
    return { id: this.#options.newChannelId(), seen: new Set(), waiting: new Map() };
  }

  #giveUp(channel: OwnChannel): void {
    if (channel === this.#channel) this.#channel = this.#newChannel();
    for (const waiter of [...channel.waiting.values()]) waiter.end('lost');
  }

  #plan(): void {
    if (this.#timer !== null || this.#isAsking || this.#channels.size === 0) return;
    this.#timer = this.#options.timers.after(this.#options.pollMs, () => {
      this.#timer = null;
      void this.#askAll();
    });
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true;
    for (const channel of [...this.#channels]) {
      try {
        const ids = [...channel.waiting.keys()];
        const acked = await this.#options.ask(channel.id, ids);
        for (const id of acked) channel.waiting.get(id)?.end('acked');
      } catch {
        // Asked again; in the end the time is over.
      }
      this.#endLate(channel);
    }
    this.#isAsking = false;
    this.#plan();
  }

  #endLate(channel: OwnChannel): void {
    const nowMs = this.#options.clock.monotonicMs();
    const late = [...channel.waiting.values()].filter(({ untilMs }) => untilMs <= nowMs);
    // Whoever is late once may never be asked about again: the rest goes to another channel.
    if (late.length > 0 && channel === this.#channel) this.#channel = this.#newChannel();
    for (const waiter of late) waiter.end('late');
  }
}
