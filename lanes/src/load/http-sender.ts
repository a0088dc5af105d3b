// A sender with idempotency keys: repeats a request until it is acknowledged, and knows of each
// number whether it was. Shares no code with the collector.
import { setTimeout as delay } from 'node:timers/promises';

export interface HttpSenderOptions {
  readonly producer: string;
  readonly eventsPerRequest: number;
  /** Pause between requests. */
  readonly pauseMs: number;
  /** Bytes of text that do not compress, beside the number. */
  readonly fillBytes: number;
}

export class HttpSender {
  readonly #options: HttpSenderOptions;
  readonly #stop = new AbortController();
  #url: string;
  #sending: Promise<void> | null = null;
  /** Numbers 0 to this are acknowledged. */
  ackedCount = 0;
  /** Numbers 0 to this were sent. */
  sentCount = 0;
  replayCount = 0;
  /** Answers by status. */
  readonly statuses = new Map<number, number>();
  /** Answers 503 or 429 that named no Retry-After. */
  withoutRetryAfter = 0;
  /** A refusal that no repeat can mend; null while all is well. */
  failure: string | null = null;

  constructor(url: string, options: HttpSenderOptions) {
    this.#url = url;
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
    const { eventsPerRequest, pauseMs } = this.#options;
    while (!this.#stop.signal.aborted && this.failure === null) {
      const body = this.#body(this.ackedCount);
      this.sentCount = this.ackedCount + eventsPerRequest;
      const isAcked = await this.#post(body);
      if (isAcked) this.ackedCount += eventsPerRequest;
      if (pauseMs > 0 || !isAcked) await delay(isAcked ? pauseMs : 20);
    }
  }

  #body(first: number): string {
    const { producer, eventsPerRequest, fillBytes } = this.#options;
    let text = '';
    for (let number = first; number < first + eventsPerRequest; number++)
      text += `{"producer":"${producer}","number":${number},"fill":"${noise(number, fillBytes)}"}\n`;
    return text;
  }

  async #post(body: string): Promise<boolean> {
    const key = `${this.#options.producer}/1/${this.ackedCount}`;
    try {
      const reply = await fetch(`${this.#url}/ingest`, {
        method: 'POST',
        headers: { 'idempotency-key': key },
        body,
        signal: AbortSignal.timeout(10_000),
      });
      const text = await reply.text();
      const { status } = reply;
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (status === 200) {
        if (reply.headers.get('idempotent-replayed') === 'true') this.replayCount++;
        return true;
      }
      const isBusy = status === 429 || status >= 500;
      if (!isBusy) this.failure = `${key}: ${status} ${text}`;
      if (isBusy && reply.headers.get('retry-after') === null) this.withoutRetryAfter++;
    } catch {
      // Killed, or late: whether it was taken is not known, so the same goes again.
    }
    return false;
  }
}

/** Text that does not compress away, the same for the same number. */
export function noise(seed: number, length: number): string {
  let state = (Math.imul(seed + 1, 2_654_435_761) ^ 0x5bd1_e995) >>> 0;
  let text = '';
  while (text.length < length) {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, length);
}
