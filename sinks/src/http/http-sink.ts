// JSON over HTTP POST. Says what became of each payload and no more: when it comes again is the
// runtime's matter.
import { Buffer } from 'node:buffer';
import type { Sink, SinkOutcome, SinkPayload } from '@weir/pipeline';
import type { Dispatcher } from 'undici';
import { batchIdOf } from './batch-id.js';
import { bodyOf } from './body.js';
import { HttpClient, type HttpRequest, headerOf, lineOfText } from './client.js';
import { type Answer, judge, retryAfterError } from './judge.js';
import { HTTP_SINK_DEFAULTS, type HttpSinkDependencies, type HttpSinkOptions } from './options.js';
import { headersOf, httpUrlOf, placeOf } from './setup.js';

/** Of an answer: what people see of it, and what is read of it so that the connection is kept. */
const ANSWER_TEXT_BYTES = 512;
const ANSWER_BYTES_MAX = 64 * 1024;
const CONTENT_TYPES = { ndjson: 'application/x-ndjson', json_array: 'application/json' } as const;

export interface HttpSink extends Sink {
  /** `write` may be called again before this many others have ended. */
  readonly writesInFlightMax: number;
}

/** Throws WEIR_CONFIG_INVALID for a url or a header that no request can have. */
export function createHttpSink(options: HttpSinkOptions, deps: HttpSinkDependencies): HttpSink {
  return new UndiciHttpSink(options, deps);
}

class UndiciHttpSink implements HttpSink {
  readonly writesInFlightMax: number;
  readonly #options: Required<HttpSinkOptions>;
  readonly #deps: HttpSinkDependencies;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #client: HttpClient;

  constructor(options: HttpSinkOptions, deps: HttpSinkDependencies) {
    this.#options = { headers: {}, ...HTTP_SINK_DEFAULTS, ...options };
    this.#deps = deps;
    this.#url = httpUrlOf(options.url, 'an http sink');
    this.writesInFlightMax = this.#options.connectionsMax;
    const { format, compression } = this.#options;
    this.#headers = headersOf(this.#url, this.#options.headers, {
      type: CONTENT_TYPES[format],
      compression,
    });
    this.#client = new HttpClient({ ...this.#options, url: this.#url, name: this.#name }, deps);
  }

  /** The first request shows whether the other side is there. */
  open(): Promise<void> {
    return this.#client.open();
  }

  /** A server may answer before it has read the whole body. */
  mayHoldPayload(): boolean {
    return this.#client.isWriting;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    try {
      const answer = await this.#exchange(payload, signal);
      return judge(answer, this.#name, Number(this.#deps.clock.nowNs() / 1_000_000n));
    } catch (error) {
      return retryAfterError(error);
    }
  }

  async #exchange(payload: SinkPayload, signal: AbortSignal): Promise<Answer> {
    const { format, compression, batchIdHeader } = this.#options;
    const body = await bodyOf(payload.blocks, format, compression);
    const batchId = batchIdHeader === null ? null : batchIdOf(payload.blocks, payload.rowCount);
    const request: HttpRequest = {
      path: `${this.#url.pathname}${this.#url.search}`,
      method: 'POST',
      headers: {
        ...(batchIdHeader === null || batchId === null ? {} : { [batchIdHeader]: batchId }),
        ...this.#headers,
      },
      chunks: body.chunks,
    };
    return this.#client.exchange(request, signal, answerOf);
  }

  /** Without user, password and query, which may hold a secret. */
  get #name(): string {
    return placeOf(this.#url);
  }
}

async function answerOf(response: Dispatcher.ResponseData): Promise<Answer> {
  const isTaken = response.statusCode >= 200 && response.statusCode <= 299;
  // Whoever says 2xx has taken the rows, whatever becomes of the rest of the answer.
  if (isTaken) await response.body.dump({ limit: ANSWER_BYTES_MAX }).catch(() => null);
  return {
    status: response.statusCode,
    retryAfter: headerOf(response, 'retry-after'),
    location: headerOf(response, 'location'),
    text: isTaken ? '' : await beginningOf(response.body),
  };
}

/** One line of the answer's text. More than the limit is not read: the connection is given up. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (byteCount < ANSWER_TEXT_BYTES) chunks.push(chunk.subarray(0, ANSWER_TEXT_BYTES));
      byteCount += chunk.length;
      if (byteCount > ANSWER_BYTES_MAX) break;
    }
  } catch {
    // The status is known, and it says enough.
  }
  const text = Buffer.concat(chunks).subarray(0, ANSWER_TEXT_BYTES).toString();
  return lineOfText(text);
}
