// One exchange with a server: request, answer, time limit and cancelling, in the words of
// WeirError. Sinks that speak HTTP are made of it.
import { Buffer } from 'node:buffer';
import { lineOf, type Timers, WeirError } from '@weir/pipeline';
import type { Dispatcher } from 'undici';
import { createDispatcher } from './dispatcher.js';

export interface HttpClientOptions {
  /** Only its origin is used. */
  readonly url: URL;
  /** The server in words, for people: without secrets. */
  readonly name: string;
  readonly tlsCaFile: string | null;
  /** From the beginning of a request to the end of its answer. */
  readonly timeoutMs: number;
  readonly connectionsMax: number;
}

export interface HttpClientDependencies {
  readonly timers: Timers;
  /** For HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Default: that of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For tests: the way to the network. */
  readonly dispatcher?: Dispatcher;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'HEAD';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks?: readonly Uint8Array[];
}

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #deps: HttpClientDependencies;
  #dispatcher: Dispatcher | null = null;
  #isWriting: () => boolean = () => true;

  constructor(options: HttpClientOptions, deps: HttpClientDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Makes the pool; the first request shows whether the other side is there. */
  async open(): Promise<void> {
    if (this.#dispatcher !== null) return;
    const given = this.#deps.dispatcher;
    const way =
      given === undefined
        ? await createDispatcher({ ...this.#options, env: this.#deps.env ?? process.env })
        : { dispatcher: given, isWriting: () => true };
    // Two calls at once make two pools; one that never sent anything holds nothing.
    if (this.#dispatcher !== null) return;
    this.#dispatcher = way.dispatcher;
    this.#isWriting = way.isWriting;
  }

  /** True while bytes of a request may still be read: a server may answer before it has all. */
  get isWriting(): boolean {
    return this.#isWriting();
  }

  async close(): Promise<void> {
    const dispatcher = this.#dispatcher;
    this.#dispatcher = null;
    if (dispatcher !== null && dispatcher !== this.#deps.dispatcher) await dispatcher.destroy();
  }

  /**
   * What `read` makes of the answer. Rejects with a WeirError: WEIR_ABORTED, WEIR_CONFIG_INVALID,
   * or WEIR_SINK_UNREACHABLE for everything that went wrong on the way, `read` included.
   */
  async exchange<T>(
    request: HttpRequest,
    signal: AbortSignal,
    read: (response: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    const { name, timeoutMs } = this.#options;
    const cancel = new AbortController();
    const onAbort = (): void => cancel.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    let isLate = false;
    const timer = this.#deps.timers.after(timeoutMs, () => {
      isLate = true;
      cancel.abort();
    });
    try {
      if (signal.aborted) throw new WeirError('WEIR_ABORTED', 'aborted before it began');
      if (this.#dispatcher === null) await this.open();
      return await read(await this.#send(request, cancel.signal));
    } catch (error) {
      if (signal.aborted) throw new WeirError('WEIR_ABORTED', `sending to ${name} was cancelled`);
      if (error instanceof WeirError) throw error;
      const reason = isLate ? `no answer within ${timeoutMs} ms` : lineOf(error);
      throw new WeirError('WEIR_SINK_UNREACHABLE', `${name} cannot be reached: ${reason}`);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  #send({ method, path, headers, chunks }: HttpRequest, signal: AbortSignal) {
    const byteCount = chunks?.reduce((sum, chunk) => sum + chunk.length, 0) ?? 0;
    return (this.#dispatcher as Dispatcher).request({
      origin: this.#options.url.origin,
      path,
      method,
      headers: {
        ...headers,
        ...(chunks === undefined ? {} : { 'content-length': String(byteCount) }),
      },
      ...(chunks === undefined ? {} : { body: requestBody(chunks) }),
      signal,
    });
  }
}

/**
 * undici takes any iterable of byte arrays and writes one after the other; its types do not say so.
 * Several blocks are never put together first.
 */
const requestBody = (chunks: readonly Uint8Array[]): Uint8Array =>
  chunks.length === 1 ? (chunks[0] as Uint8Array) : (chunks as unknown as Uint8Array);

export function headerOf(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The whole answer as text; rejects where it is longer than `bytesMax`. */
export async function textOf(response: Dispatcher.ResponseData, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > bytesMax) throw new Error(`its answer is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** One printable line. */
export const lineOfText = (text: string, charsMax = 512): string =>
  text
    .slice(0, charsMax)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim();
