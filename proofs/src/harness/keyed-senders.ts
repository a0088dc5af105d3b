// HTTP senders with idempotency keys that repeat each request until it is acknowledged. Now and
// then one hangs up before it has read the answer, so that it has to repeat what may be durable.
import { monotonicMs, seeded, sleep } from '@weir/harness';
import type { Oracle } from './oracle.js';

const EVENTS_PER_SENDER_MAX = 500_000;
const EVENTS_PER_REQUEST = 200;
/** One request in so many is cut by its sender, this long after it was sent. */
const CUT_ONE_IN = 15;
const CUT_AFTER_MS_MAX = 40;
const REPLY_MS_MAX = 10_000;
const RETRY_AFTER_MS = 50;

interface Sender {
  readonly producer: string;
  next: number;
  readonly random: () => number;
}

export interface SenderOptions {
  /** Where to, asked for each request: a restart may change it. */
  readonly url: () => string;
  readonly count: number;
  readonly seed: number;
  /** Producers are called so, with a number behind it; default `sender`. */
  readonly name?: string;
  /** Pause between the requests of one sender. */
  readonly pauseMs?: number;
  /** Of one sender, from the start on: what could not be sent in time is made up for. */
  readonly eventsPerSecond?: number;
  /** Of one sender; default a number that no proof reaches. */
  readonly eventCount?: number;
  readonly eventsPerRequest?: number;
  /** Every so many-th event is no JSON: it belongs into quarantine. */
  readonly malformedEvery?: number;
  /** Text in each event that no compression makes shorter, so that a disk fills sooner. */
  readonly noiseBytes?: number;
}

export class KeyedSenders {
  readonly #options: SenderOptions;
  readonly #oracle: Oracle;
  readonly #stop = new AbortController();
  readonly #sending: Promise<unknown>;
  readonly #startedMs = monotonicMs();
  readonly #eventCount: number;
  readonly #eventsPerRequest: number;
  readonly #noise: readonly string[];
  retries = 0;
  /** Requests that their sender cut. */
  cuts = 0;
  /** Repeats that met a request that was durable already. */
  replays = 0;
  /** 503 and 429: the collector said that it could not take more. */
  refusals = 0;
  /** Why a sender gave up: a refusal that a repeat cannot mend. Null while all is well. */
  failure: string | null = null;

  constructor(options: SenderOptions, oracle: Oracle) {
    this.#options = options;
    this.#oracle = oracle;
    this.#eventCount = options.eventCount ?? EVENTS_PER_SENDER_MAX;
    this.#eventsPerRequest = options.eventsPerRequest ?? EVENTS_PER_REQUEST;
    this.#noise = noiseOf(options.noiseBytes ?? 0, seeded(options.seed));
    const senders = Array.from({ length: options.count }, (_, i): Sender => {
      const producer = `${options.name ?? 'sender'}-${i}`;
      oracle.register(producer, this.#eventCount);
      return { producer, next: 0, random: seeded(options.seed + 1 + i) };
    });
    this.#sending = Promise.all(senders.map((sender) => this.#sendUntilStopped(sender)));
  }

  /** Resolves when each sender has sent its eventCount. */
  async done(): Promise<void> {
    await this.#sending;
  }

  /** Ends each sender after its request under way; that one is repeated until it is taken. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#sending;
  }

  get figures(): Record<string, number> {
    const { retries, cuts, replays, refusals } = this;
    return { retries, cuts, replays, refusals };
  }

  async #sendUntilStopped(sender: Sender): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && sender.next < this.#eventCount) {
      const first = sender.next;
      await this.#untilDue(first);
      const count = Math.min(this.#eventsPerRequest, this.#eventCount - first);
      const texts = { noise: this.#noise, malformedEvery: this.#options.malformedEvery ?? 0 };
      const body = bodyOf(sender.producer, first, count, texts);
      const key = `${sender.producer}/1/${first}`;
      while (!(await this.#post(key, body, sender))) {
        if (this.failure !== null) return;
        this.retries++;
        await sleep(RETRY_AFTER_MS);
      }
      this.#oracle.acknowledge(sender.producer, first, count);
      sender.next += count;
      if (this.#options.pauseMs !== undefined) await sleep(this.#options.pauseMs);
    }
  }

  async #untilDue(first: number): Promise<void> {
    const { eventsPerSecond } = this.#options;
    if (eventsPerSecond === undefined) return;
    const dueMs = this.#startedMs + (first / eventsPerSecond) * 1000;
    await sleep(Math.max(0, dueMs - monotonicMs()));
  }

  /** True when acknowledged. */
  async #post(key: string, body: string, sender: Sender): Promise<boolean> {
    try {
      const isCut = sender.random() < 1 / CUT_ONE_IN;
      if (isCut) this.cuts++;
      const replyMs = isCut ? Math.ceil(sender.random() * CUT_AFTER_MS_MAX) : REPLY_MS_MAX;
      const reply = await fetch(`${this.#options.url()}/ingest`, {
        method: 'POST',
        headers: { 'idempotency-key': key },
        body,
        signal: AbortSignal.timeout(replyMs),
      });
      const text = await reply.text();
      if (reply.status === 200) {
        if (reply.headers.get('idempotent-replayed') === 'true') this.replays++;
        return true;
      }
      if (reply.status >= 500 || reply.status === 429) this.refusals++;
      else this.failure = `${key}: ${reply.status} ${text}`;
    } catch {
      // Refused, broken or cut: whether it was taken is not known, so the same is sent again.
    }
    return false;
  }
}

/** [producer, number] of each stored event. */
export const NUMBERS_OF_ROWS =
  "SELECT JSONExtractString(raw_data, 'producer'), JSONExtractUInt(raw_data, 'number') FROM dev.events";

/** The same of rows in quarantine, whose bytes are no JSON. */
export const NUMBERS_OF_QUARANTINE =
  'SELECT extract(raw_data, \'"producer":"([^"]+)"\'), ' +
  'toUInt64(extract(raw_data, \'"number":([0-9]+)\')) FROM dev.quarantine';

export const isMalformed = (number: number, malformedEvery: number): boolean =>
  malformedEvery > 0 && number % malformedEvery === malformedEvery - 1;

/** More than a frame has events: within one, no text comes twice. */
const NOISE_TEXTS = 1_024;

function noiseOf(bytes: number, random: () => number): string[] {
  const letter = (): string => Math.floor(random() * 36).toString(36);
  const text = (): string => Array.from({ length: bytes }, letter).join('');
  return bytes === 0 ? [] : Array.from({ length: NOISE_TEXTS }, text);
}

interface Texts {
  readonly noise: readonly string[];
  readonly malformedEvery: number;
}

function bodyOf(
  producer: string,
  first: number,
  count: number,
  { noise, malformedEvery }: Texts,
): string {
  const lines: string[] = [];
  for (let number = first; number < first + count; number++) {
    const more = noise.length === 0 ? '' : `,"noise":"${noise[number % noise.length]}"`;
    const end = isMalformed(number, malformedEvery) ? '' : '}';
    const message = `login of user-${number % 977} failed`;
    lines.push(`{"producer":"${producer}","number":${number},"message":"${message}"${more}${end}`);
  }
  return lines.join('\n');
}
