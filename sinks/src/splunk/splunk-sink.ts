// Events to Splunk's HTTP Event Collector. Delivered means that Splunk took them or, where
// `acknowledge` is set, that it has indexed them.
import { randomUUID } from 'node:crypto';
import type { Sink, SinkOutcome, SinkPayload } from '@weir/pipeline';
import { WeirError } from '@weir/pipeline';
import type { Dispatcher } from 'undici';
import { bodyOf } from '../http/body.js';
import { HttpClient, headerOf, lineOfText, textOf } from '../http/client.js';
import { retryAfterError } from '../http/judge.js';
import { Progress } from '../http/progress.js';
import { headersOf, httpUrlOf, placeOf } from '../http/setup.js';
import { type AckEnd, Acks, type Channel } from './acks.js';
import { type HecAnswer, type HecVerdict, judgeHec } from './judge.js';
import {
  SPLUNK_SINK_DEFAULTS,
  type SplunkSinkDependencies,
  type SplunkSinkOptions,
} from './options.js';

const ANSWER_BYTES_MAX = 64 * 1024;
/** Of an answer about acknowledgements: a line for each id. */
const ACKS_BYTES_MAX = 1024 * 1024;
const CHANNEL_HEADER = 'x-splunk-request-channel';
/** The answer to a question about acknowledgement where the token has none. */
const ACK_IS_DISABLED = 14;

export interface SplunkSink extends Sink {
  /** `write` may be called again before this many others have ended. */
  readonly writesInFlightMax: number;
}

/** Throws WEIR_CONFIG_INVALID for a url, token or header that no request can have. */
export function createSplunkSink(
  options: SplunkSinkOptions,
  deps: SplunkSinkDependencies,
): SplunkSink {
  return new HecSink(options, deps);
}

class HecSink implements SplunkSink {
  readonly writesInFlightMax: number;
  readonly #options: Required<SplunkSinkOptions>;
  readonly #deps: SplunkSinkDependencies;
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #client: HttpClient;
  #acks: Acks | null = null;

  constructor(options: SplunkSinkOptions, deps: SplunkSinkDependencies) {
    this.#options = { ...SPLUNK_SINK_DEFAULTS, ...options };
    this.#deps = deps;
    this.#base = collectorUrlOf(options.url);
    const { compression, acknowledge, ackPendingMax, connectionsMax, headers } = this.#options;
    this.writesInFlightMax = acknowledge ? ackPendingMax : connectionsMax;
    const token = { Authorization: `Splunk ${options.token}` };
    const kind = { type: 'application/json', compression };
    this.#headers = headersOf(this.#base, headers, kind, token);
    this.#client = new HttpClient({ ...this.#options, url: this.#base, name: this.#name }, deps);
  }

  /** Where acknowledgement is wanted, Splunk is asked whether the token has it. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#client.open();
    if (!this.#options.acknowledge || this.#acks !== null) return;
    await this.#askForAcks(randomUUID(), [0], signal);
    this.#acks = this.#createAcks();
  }

  mayHoldPayload(): boolean {
    return this.#client.isWriting;
  }

  async close(): Promise<void> {
    this.#acks?.close();
    this.#acks = null;
    await this.#client.close();
  }

  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    const progress = Progress.of(payload);
    try {
      while (progress.pendingCount > 0) {
        const ended = await this.#sendPending(progress, signal);
        if (ended !== null) return ended;
      }
      return progress.outcome();
    } catch (error) {
      return retryAfterError(error);
    }
  }

  /** Null where some rows came to their end, and the rest can be sent. */
  async #sendPending(progress: Progress, signal: AbortSignal): Promise<SinkOutcome | null> {
    if (this.#options.acknowledge && this.#acks === null) await this.open(signal);
    const acks = this.#acks;
    const channel = acks?.channel ?? null;
    const verdict = await this.#exchange(progress, channel, signal);
    switch (verdict.kind) {
      case 'taken': {
        const failure = await this.#untilIndexed(acks, channel, verdict.ackId, signal);
        if (failure !== null) throw failure;
        for (const row of progress.pendingRows()) progress.take(row);
        return null;
      }
      case 'bad_event': {
        const rows = progress.pendingRows();
        const bad = rows[verdict.index];
        const { failure } = verdict;
        // A number that no event has: nobody knows which one is meant.
        if (bad === undefined) return { kind: 'rejected', rows: NO_ROWS, isWhole: true, failure };
        // Those before it are in. Nobody will say when they are indexed: then they come again.
        if (acks === null) for (const row of rows.slice(0, verdict.index)) progress.take(row);
        progress.refuse(bad, failure);
        return null;
      }
      case 'bad_body':
        return { kind: 'rejected', rows: NO_ROWS, isWhole: true, failure: verdict.failure };
      case 'retry':
        return verdict;
    }
  }

  async #exchange(
    progress: Progress,
    channel: Channel | null,
    signal: AbortSignal,
  ): Promise<HecVerdict> {
    const body = await bodyOf(progress.pendingChunks(), 'ndjson', this.#options.compression);
    const answer = await this.#client.exchange(
      {
        method: 'POST',
        path: `${this.#base.pathname}/event`,
        headers: { ...this.#headers, ...(channel === null ? {} : channelHeader(channel.id)) },
        chunks: body.chunks,
      },
      signal,
      answerOf,
    );
    return judgeHec(answer, this.#name, Number(this.#deps.clock.nowNs() / 1_000_000n));
  }

  /** Null once the events are indexed, or where nobody asked for that. */
  async #untilIndexed(
    acks: Acks | null,
    channel: Channel | null,
    ackId: number | null,
    signal: AbortSignal,
  ): Promise<WeirError | null> {
    if (acks === null || channel === null) return null;
    if (ackId === null) return this.#failure('took events and named no acknowledgement for them');
    const end = await acks.wait(channel, ackId, signal);
    if (end === 'acked') return null;
    if (end === 'aborted')
      return new WeirError('WEIR_ABORTED', `waiting for ${this.#name} was cancelled`);
    return this.#failure(NOT_ACKED[end](this.#options.ackTimeoutMs));
  }

  #createAcks(): Acks {
    const { ackPollMs, ackTimeoutMs } = this.#options;
    const { clock, timers } = this.#deps;
    return new Acks({
      ask: (channel, ids) => this.#askForAcks(channel, ids, NEVER),
      newChannelId: randomUUID,
      clock,
      timers,
      pollMs: ackPollMs,
      timeoutMs: ackTimeoutMs,
    });
  }

  /** Ids that are indexed. */
  async #askForAcks(channel: string, ids: readonly number[], signal: AbortSignal) {
    const { 'content-encoding': _, ...headers } = this.#headers;
    const { status, text } = await this.#client.exchange(
      {
        method: 'POST',
        path: `${this.#base.pathname}/ack?channel=${channel}`,
        headers: { ...headers, ...channelHeader(channel) },
        chunks: [new TextEncoder().encode(JSON.stringify({ acks: ids }))],
      },
      signal,
      async (response) => ({
        status: response.statusCode,
        text: await textOf(response, ACKS_BYTES_MAX),
      }),
    );
    const acks = status === 200 ? acksOf(text) : null;
    if (acks !== null) return ids.filter((id) => acks[String(id)] === true);
    const said = `HTTP ${status}: ${lineOfText(text)}`;
    const isOff = new RegExp(`"code":\\s*${ACK_IS_DISABLED}\\b`).test(text);
    throw this.#failure(
      isOff
        ? `has acknowledgement turned off for the token: turn it on there, or set acknowledge = false (${said})`
        : `does not say what is indexed (${said})`,
    );
  }

  #failure(what: string): WeirError {
    return new WeirError('WEIR_SINK_REJECTED', `${this.#name} ${what}`);
  }

  /** Without user, password and query, which may hold a secret. */
  get #name(): string {
    return placeOf(this.#base);
  }
}

const NO_ROWS = new Uint32Array(0);
const NEVER = new AbortController().signal;
const NOT_ACKED: Readonly<
  Record<Exclude<AckEnd, 'acked' | 'aborted'>, (timeoutMs: number) => string>
> = {
  late: (timeoutMs) => `did not say within ${timeoutMs} ms that the events are indexed`,
  lost: () => 'began to count acknowledgements again: it was restarted, or another one answers',
};

const channelHeader = (channel: string) => ({ [CHANNEL_HEADER]: channel });

/** Up to /services/collector, whatever of it the address has already. */
function collectorUrlOf(text: string): URL {
  const url = httpUrlOf(text, 'a splunk_hec sink');
  const prefix = url.pathname.replace(/(\/services(\/collector(\/event)?)?)?\/*$/, '');
  url.pathname = `${prefix}/services/collector`;
  url.search = '';
  url.hash = '';
  return url;
}

const answerOf = async (response: Dispatcher.ResponseData): Promise<HecAnswer> => ({
  status: response.statusCode,
  retryAfter: headerOf(response, 'retry-after'),
  text: await textOf(response, ANSWER_BYTES_MAX),
});

function acksOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const { acks } = JSON.parse(text) as { acks?: unknown };
    return typeof acks === 'object' && acks !== null ? (acks as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
