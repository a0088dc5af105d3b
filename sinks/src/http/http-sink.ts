// JSON over HTTP POST. Says what became of each payload and no more: when it comes again is the
// runtime's matter.
import { Buffer } from 'node:buffer';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { lineOf, type Sink, type SinkOutcome, type SinkPayload, WeirError } from '@weir/pipeline';
import type { Dispatcher } from 'undici';
import { batchIdOf } from './batch-id.js';
import { bodyOf } from './body.js';
import { createDispatcher } from './dispatcher.js';
import { type Answer, judge } from './judge.js';
import { HTTP_SINK_DEFAULTS, type HttpSinkDependencies, type HttpSinkOptions } from './options.js';

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
  #dispatcher: Dispatcher | null = null;
  #isWriting: () => boolean = () => true;

  constructor(options: HttpSinkOptions, deps: HttpSinkDependencies) {
    this.#options = { headers: {}, ...HTTP_SINK_DEFAULTS, ...options };
    this.#deps = deps;
    this.#url = urlOf(options.url);
    this.writesInFlightMax = this.#options.connectionsMax;
    this.#headers = headersOf(this.#options, this.#url);
  }

  /** Makes the pool; the first request shows whether the other side is there. */
  async open(): Promise<void> {
    if (this.#dispatcher !== null) return;
    const given = this.#deps.dispatcher;
    const way =
      given === undefined
        ? await createDispatcher({
            ...this.#options,
            url: this.#url,
            env: this.#deps.env ?? process.env,
          })
        : { dispatcher: given, isWriting: () => true };
    // Two calls at once make two pools; one that never sent anything holds nothing.
    if (this.#dispatcher !== null) return;
    this.#dispatcher = way.dispatcher;
    this.#isWriting = way.isWriting;
  }

  /** A server may answer before it has read the whole body. */
  mayHoldPayload(): boolean {
    return this.#isWriting();
  }

  async close(): Promise<void> {
    const dispatcher = this.#dispatcher;
    this.#dispatcher = null;
    if (dispatcher !== null && dispatcher !== this.#deps.dispatcher) await dispatcher.destroy();
  }

  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    const cancel = new AbortController();
    const onAbort = (): void => cancel.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    const { timeoutMs } = this.#options;
    let isLate = false;
    const timer = this.#deps.timers.after(timeoutMs, () => {
      isLate = true;
      cancel.abort();
    });
    try {
      if (signal.aborted) throw new WeirError('WEIR_ABORTED', 'aborted before it began');
      if (this.#dispatcher === null) await this.open();
      const answer = await this.#exchange(payload, cancel.signal);
      return judge(answer, this.#name, Number(this.#deps.clock.nowNs() / 1_000_000n));
    } catch (error) {
      return this.#failed(error, signal.aborted, isLate);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #exchange(payload: SinkPayload, signal: AbortSignal): Promise<Answer> {
    const { format, compression, batchIdHeader } = this.#options;
    const body = await bodyOf(payload.blocks, format, compression);
    const batchId = batchIdHeader === null ? null : batchIdOf(payload.blocks, payload.rowCount);
    const response = await (this.#dispatcher as Dispatcher).request({
      origin: this.#url.origin,
      path: `${this.#url.pathname}${this.#url.search}`,
      method: 'POST',
      headers: {
        ...(batchIdHeader === null || batchId === null ? {} : { [batchIdHeader]: batchId }),
        ...this.#headers,
        'content-length': String(body.byteCount),
      },
      body: requestBody(body.chunks),
      signal,
    });
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

  #failed(error: unknown, isAborted: boolean, isLate: boolean): SinkOutcome {
    const retry = (failure: WeirError): SinkOutcome => ({
      kind: 'retry',
      afterMs: null,
      failure: { code: failure.code, message: failure.message, details: failure.details },
    });
    if (isAborted)
      return retry(new WeirError('WEIR_ABORTED', `sending to ${this.#name} was cancelled`));
    if (error instanceof WeirError) return retry(error);
    const reason = isLate ? `no answer within ${this.#options.timeoutMs} ms` : lineOf(error);
    return retry(
      new WeirError('WEIR_SINK_UNREACHABLE', `${this.#name} cannot be reached: ${reason}`),
    );
  }

  /** Without user, password and query, which may hold a secret. */
  get #name(): string {
    return `${this.#url.origin}${this.#url.pathname}`;
  }
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      'the url of an http sink must be http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]',
    );
  return url;
}

/** In lower case, so that one given twice stands there once. */
function headersOf(options: Required<HttpSinkOptions>, url: URL): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': CONTENT_TYPES[options.format] };
  if (url.username !== '' || url.password !== '') {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  }
  for (const [name, value] of Object.entries(options.headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      // The value may be a secret.
      throw new WeirError(
        'WEIR_CONFIG_INVALID',
        `headers/${name}: no request can have such a header`,
        {},
        error,
      );
    }
    headers[name.toLowerCase()] = value;
  }
  delete headers['content-encoding'];
  delete headers['content-length'];
  if (options.compression !== 'none') headers['content-encoding'] = options.compression;
  return headers;
}

/**
 * undici takes any iterable of byte arrays and writes one after the other; its types do not say so.
 * Several blocks are never put together first.
 */
const requestBody = (chunks: readonly Uint8Array[]): Uint8Array =>
  chunks.length === 1 ? (chunks[0] as Uint8Array) : (chunks as unknown as Uint8Array);

function headerOf(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
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
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim();
}
