// Main side: sends frames to another Weir's POST /ingest. The receiver knows each frame by its
// numbers, so a request whose answer was lost is simply sent again.
import type { FailureRecord, Sink, SinkOutcome, SinkPayload } from '@weir/pipeline';
import { lineOf, toFailure, WeirError } from '@weir/pipeline';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { bodyOf, type Frame, fittingCount, framesOf, type RequestLimits } from './requests.js';

export interface WeirSinkOptions {
  /** Base address of the other Weir, a path prefix included: SIEM_BASE_URL. */
  readonly url: string;
  /** Longest wait for a connection, an answer, or the rest of one. */
  readonly timeoutMs?: number;
  /** Sizes of a body; smaller ones are tried when the other side answers 413. */
  readonly limits?: Partial<RequestLimits>;
  /** Sent with every request, for instance a token; they win over user and password of the URL. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates to trust instead of those of Node.js, PEM. */
  readonly ca?: string;
}

export interface WeirSinkDependencies {
  /** For tests: the way to the network. By default HTTPS_PROXY and its kin are honoured. */
  readonly dispatcher?: Dispatcher;
}

const TIMEOUT_MS_DEFAULT = 60_000;
const FRAMES_TYPE = 'application/vnd.weir.frames';
/** Of an answer, for people. */
const ANSWER_BYTES_MAX = 2_048;
const LIMITS_DEFAULT: RequestLimits = {
  framesMax: 512,
  bytesMax: 4 * 1024 * 1024,
  rawBytesMax: 16 * 1024 * 1024,
};

/**
 * `url` + `/ingest`, whatever slashes it ends with, and also where it says so itself. Throws
 * WEIR_CONFIG_INVALID.
 */
export function ingestUrlOf(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      'the address of the other Weir (SIEM_BASE_URL) must be http://HOST[:PORT][/PATH] or https://',
    );
  parsed.pathname = `${parsed.pathname.replace(/(\/ingest)?\/*$/, '')}/ingest`;
  parsed.search = '';
  parsed.hash = '';
  return parsed;
}

/** Frames to another Weir. It never says `rejected`: what is refused there is kept here. */
export function createWeirSink(options: WeirSinkOptions, deps: WeirSinkDependencies = {}): Sink {
  return new WeirSink(options, deps);
}

/** What one request came to. */
type Sent =
  | { readonly kind: 'taken' }
  | { readonly kind: 'too_large'; readonly failure: FailureRecord }
  | {
      readonly kind: 'retry';
      readonly afterMs: number | null;
      readonly failure: FailureRecord;
    };

class WeirSink implements Sink {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #limits: RequestLimits;
  readonly #ca: string | undefined;
  readonly #given: Dispatcher | undefined;
  #dispatcher: Dispatcher | null = null;

  constructor(options: WeirSinkOptions, deps: WeirSinkDependencies) {
    this.#url = ingestUrlOf(options.url);
    this.#headers = headersOf(takeAuthorization(this.#url), options.headers ?? {});
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
    this.#limits = { ...LIMITS_DEFAULT, ...options.limits };
    this.#ca = options.ca;
    this.#given = deps.dispatcher;
  }

  /** There is nothing to open: the first request shows whether the other side is there. */
  async open(): Promise<void> {
    this.#dispatcher ??= this.#given ?? this.#createDispatcher();
  }

  /**
   * One request after the other. A payload of which a part was taken comes again whole after a
   * failure: the receiver knows the frames that it has.
   */
  async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    const frames = framesOf(payload.blocks);
    let { framesMax } = this.#limits;
    for (let at = 0; at < frames.length; ) {
      const count = fittingCount(frames, at, { ...this.#limits, framesMax });
      const sent = await this.#send(frames.slice(at, at + count), signal);
      if (sent.kind === 'taken') at += count;
      else if (sent.kind === 'retry') return sent;
      else if (count > 1) framesMax = Math.ceil(count / 2);
      else return { kind: 'retry', afterMs: null, failure: sent.failure };
    }
    return { kind: 'delivered' };
  }

  async close(): Promise<void> {
    const dispatcher = this.#dispatcher;
    this.#dispatcher = null;
    if (dispatcher !== null && dispatcher !== this.#given) await dispatcher.destroy();
  }

  #createDispatcher(): Dispatcher {
    const tls = this.#ca === undefined ? {} : { ca: this.#ca };
    return new EnvHttpProxyAgent({
      connections: 1,
      pipelining: 1,
      connect: { timeout: this.#timeoutMs, ...tls },
      requestTls: tls,
      headersTimeout: this.#timeoutMs,
      bodyTimeout: this.#timeoutMs,
    });
  }

  async #send(frames: readonly Frame[], signal: AbortSignal): Promise<Sent> {
    try {
      await this.open();
      const response = await request(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body: bodyOf(frames),
        signal,
        ...(this.#dispatcher === null ? {} : { dispatcher: this.#dispatcher }),
      });
      const text = await readAnswer(response.body);
      return this.#judge(response.statusCode, response.headers['retry-after'], text, frames);
    } catch (error) {
      const failure = toFailure(
        signal.aborted
          ? new WeirError('WEIR_ABORTED', 'sending frames was cancelled')
          : new WeirError(
              'WEIR_SINK_UNREACHABLE',
              `${this.#name} cannot be reached: ${lineOf(error)}`,
              {},
              error,
            ),
        'WEIR_SINK_UNREACHABLE',
      );
      return { kind: 'retry', afterMs: null, failure };
    }
  }

  #judge(
    status: number,
    retryAfter: string | string[] | undefined,
    text: string,
    frames: readonly Frame[],
  ): Sent {
    if (status === 200 && isReceipt(text)) return { kind: 'taken' };
    const sentence = sentenceOf(text);
    const failure: FailureRecord = {
      code: 'WEIR_SINK_REJECTED',
      message: this.#messageFor(status, sentence, frames),
      details: { status },
    };
    if (status === 413) return { kind: 'too_large', failure };
    if (status === 429 || status === 503)
      return { kind: 'retry', afterMs: retryAfterMs(retryAfter), failure };
    return { kind: 'retry', afterMs: null, failure };
  }

  #messageFor(status: number, sentence: string, frames: readonly Frame[]): string {
    if (status === 200) return `${this.#name} answered 200 without a receipt: is it a Weir?`;
    const said = sentence === '' ? `HTTP ${status}` : `HTTP ${status}: ${sentence}`;
    if (status === 413 && frames.length === 1)
      return `${this.#name} does not take a single frame of ${frames[0]?.bytes.length} bytes (${said}): raise its max_body_bytes`;
    if (status === 429 || status >= 500) return `${this.#name} is busy or failing (${said})`;
    return `${this.#name} refuses these frames (${said}): nothing is lost, they are kept until its or this configuration allows them`;
  }

  /** Without user and password. */
  get #name(): string {
    return `Weir at ${this.#url.origin}${this.#url.pathname.replace(/ingest$/, '')}`;
  }
}

/** Names in lower case, so that no header is sent twice. */
function headersOf(
  authorization: string | null,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = authorization === null ? {} : { authorization };
  for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = value;
  return { ...headers, 'content-type': FRAMES_TYPE };
}

/** Takes user and password out of the address, as the value of an Authorization header. */
function takeAuthorization(url: URL): string | null {
  if (url.username === '' && url.password === '') return null;
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return `Basic ${Buffer.from(user).toString('base64')}`;
}

/** The beginning of the answer; the rest is read and dropped. */
async function readAnswer(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of body) {
    const bytes = chunk as Buffer;
    if (byteCount < ANSWER_BYTES_MAX) chunks.push(bytes);
    byteCount += bytes.length;
    if (byteCount > ANSWER_BYTES_MAX * 64) break;
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString();
}

/** A proxy or a portal may answer 200 for anybody. */
function isReceipt(text: string): boolean {
  const value = parse(text);
  return typeof value?.accepted === 'number' && typeof value.duplicates === 'number';
}

function sentenceOf(text: string): string {
  const error = parse(text)?.error;
  return (typeof error === 'string' ? error : text.replace(/\s+/g, ' ').trim()).slice(0, 300);
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** RFC 9110 10.2.3, delay in seconds. A date would need a clock that agrees. At most an hour. */
function retryAfterMs(header: string | string[] | undefined): number | null {
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header.trim())) return null;
  return Math.min(Number(header) * 1_000, 3_600_000);
}
