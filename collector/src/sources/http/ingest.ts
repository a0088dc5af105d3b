// `POST /ingest`: NDJSON or a JSON array, plain, gzip or zstd. Nothing is admitted before the whole body
// was read within its caps, and 200 is sent only after the fdatasync of all its events.
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  type Admission,
  type AdmissionRequest,
  type AdmissionTicket,
  type AdmittedPart,
  type Clock,
  type ComponentMetrics,
  LIMITS,
  messageOf,
  type RefusalCause,
  type StreamSet,
  type Timers,
} from '@weir/pipeline';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  BODY_LIMITS,
  type BodyLimits,
  type BodyOutcome,
  type BodyRefusal,
  type ContentEncoding,
  contentEncodingOf,
  PEER_FULL,
  readBody,
  refused,
} from './body.js';
import {
  type BodyAccount,
  DecodeBudget,
  ReadBudget,
  type ReadBudgetLimits,
} from './body-budget.js';
import { decodeBody } from './decode.js';
import { GivenUp, unlessAborted } from './give-up.js';
import {
  IdempotencyIndex,
  type IdempotencyKey,
  type ItemRange,
  parseIdempotencyKey,
  type Receipt,
  type RecoveredRequestPart,
} from './idempotency.js';
import { type SplitBody, type SplitLimits, splitBody } from './items.js';

export interface HttpIngestLimits extends BodyLimits, SplitLimits, ReadBudgetLimits {
  readonly httpRequestsInFlightMax: number;
  readonly httpDecodedBytesMax: number;
  readonly httpDecodeWaitMs: number;
  readonly idempotencyWindowMs: number;
  readonly idempotencyKeysMax: number;
  /** On stop: time for bodies that are being read, and for requests that wait for space. */
  readonly stopGraceMs: number;
  /** On stop: time after it for what was admitted to become durable. */
  readonly stopDurableMs: number;
}

export interface HttpIngestOptions {
  readonly streams: StreamSet;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metrics: ComponentMetrics;
  readonly limits?: Partial<HttpIngestLimits>;
  /** Of all listeners; those of other listeners are left out. */
  readonly recoveredRequestParts?: readonly RecoveredRequestPart[];
}

export interface HttpIngest {
  /** Requests that are being served. */
  readonly requestCount: number;
  /**
   * Refuses new requests with 503, lets running ones finish. Those that do not come to their end
   * in time are given up with 503, so that it resolves whatever senders and buffer do. Close the
   * app and the streams after it.
   */
  stop(): Promise<void>;
}

const RETRY_AFTER_S = '1';
const FRAMES_TYPE = 'application/vnd.weir.frames';

/** Adds the route to an app of `createHttpServer`. */
export function registerIngest(app: FastifyInstance, options: HttpIngestOptions): HttpIngest {
  const ingest = new Ingest(options);
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // The body is read by the handler, which answers before it where it can.
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.addHook('onRequest', async (request) => ingest.noteContentType(request));
    scope.post('/ingest', (request, reply) => ingest.handle(request, reply));
  });
  return ingest;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request on its way. */
interface Work {
  readonly stream: Admission;
  readonly source: string;
  readonly key: IdempotencyKey | null;
  /** Of the body as sent. */
  readonly account: BodyAccount;
  /** What to give back once its body is no longer needed. */
  readonly leases: (() => void)[];
}

class Ingest implements HttpIngest {
  readonly #options: HttpIngestOptions;
  readonly #limits: HttpIngestLimits;
  readonly #index: IdempotencyIndex;
  readonly #stopBodies = new AbortController();
  #bodyCount = 0;
  #requestCount = 0;
  #isStopping = false;
  #onIdle: (() => void) | null = null;

  constructor(options: HttpIngestOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...BODY_LIMITS, stopGraceMs: 2_000, ...options.limits };
    this.#index = new IdempotencyIndex({
      clock: options.clock,
      windowMs: this.#limits.idempotencyWindowMs,
      keysMax: this.#limits.idempotencyKeysMax,
      onEvicted: () => options.metrics.error('idempotency_key_evicted', 'receiving'),
    });
    const { prefix } = options.streams;
    const parts = options.recoveredRequestParts ?? [];
    this.#index.recover(parts.filter((part) => part.stream.startsWith(prefix)));
  }

  get requestCount(): number {
    return this.#requestCount;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#requestCount === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    const timer = this.#options.timers.after(this.#limits.stopGraceMs, () =>
      this.#stopBodies.abort(),
    );
    await idle;
    timer.cancel();
  }

  /** The type decides nothing but frames; a malformed one must not be refused by the framework. */
  noteContentType(request: FastifyRequest): void {
    const type = request.raw.headers['content-type'] ?? '';
    const isFrames = type.split(';')[0]?.trim().toLowerCase() === FRAMES_TYPE;
    request.raw.headers['content-type'] = isFrames ? FRAMES_TYPE : 'application/octet-stream';
  }

  async handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    this.#requestCount++;
    try {
      const answer = await this.#answer(request);
      reply.code(answer.status).headers(answer.headers ?? {});
      if (this.#isStopping) reply.header('connection', 'close');
      return reply.send(answer.body);
    } finally {
      this.#requestCount--;
      if (this.#requestCount === 0) this.#onIdle?.();
    }
  }

  async #answer(request: FastifyRequest): Promise<Answer> {
    const { headers } = request.raw;
    if (headers['content-type'] === FRAMES_TYPE)
      return this.#fault(415, 'unsupported_media_type', 'frames are not taken here yet');
    const keyText = headers['idempotency-key'];
    const key = typeof keyText === 'string' ? parseIdempotencyKey(keyText) : null;
    if (keyText !== undefined && key === null)
      return this.#fault(
        400,
        'idempotency_key_invalid',
        'Idempotency-Key must be producer/epoch/firstSeq',
      );
    const source = plainAddress(request.raw.socket.remoteAddress ?? 'unknown');
    const stream = this.#options.streams.streamOf(key?.producer ?? source);
    const encoding = contentEncodingOf(headers['content-encoding']);
    if (encoding === null) {
      stream.refuse('body_encoding_invalid', 1);
      return answer(415, 'Content-Encoding must be gzip, zstd or identity');
    }
    const busy = this.#refuseIfBusy(stream);
    if (busy !== null) return busy;
    let isReleased = false;
    this.#bodyCount++;
    const release = (): void => {
      if (!isReleased) this.#bodyCount--;
      isReleased = true;
    };
    try {
      return await this.#take(request, encoding, { stream, source, key, release });
    } finally {
      release();
    }
  }

  /** Before anything is read. */
  #refuseIfBusy(stream: Admission): Answer | null {
    if (this.#isStopping) return retryLater(503, 'the collector is stopping');
    const blockCause = stream.blockCause;
    if (blockCause !== null) {
      stream.refuse(blockCause, 1);
      return retryLater(
        503,
        blockCause === 'spool_full' ? 'the spool is full' : 'the queue of the stream is full',
      );
    }
    if (this.#bodyCount < this.#limits.httpRequestsInFlightMax) return null;
    stream.refuse('queue_full', 1);
    return retryLater(429, 'too many requests at once');
  }

  async #take(request: FastifyRequest, encoding: ContentEncoding, work: Work): Promise<Answer> {
    const limits = this.#limits;
    const { timers } = this.#options;
    const sent = await readBody(request.raw, encoding, limits, timers, this.#stopBodies.signal);
    if ('refusal' in sent) return this.#refuse(work.stream, sent.refusal);
    const decoded = await decodeBody(sent.bytes, encoding, limits.httpBodyBytesMax);
    if ('refusal' in decoded) return this.#refuse(work.stream, decoded.refusal);
    const body = decoded.bytes;
    const split = splitBody(body, limits);
    if (split.hasTooManyItems)
      return this.#refuse(work.stream, {
        status: 413,
        cause: 'body_too_large',
        message: `the body has more than ${limits.httpItemCountMax} items; nothing was taken`,
      });
    // The stream may have filled up while the body came; still nothing was admitted.
    const blockCause = work.stream.blockCause;
    if (blockCause !== null) {
      work.stream.refuse(blockCause, 1);
      return retryLater(503, 'the collector is full');
    }
    try {
      if (work.key === null || split.itemCount === 0)
        return await this.#admitOnce(work, body, split);
      return await this.#admitKeyed(work, work.key.text, body, split);
    } catch (error) {
      this.#options.metrics.error('spool_failed', 'receiving');
      return retryLater(503, `the events could not be made durable: ${messageOf(error)}`);
    }
  }

  async #admitOnce(work: Work, body: Buffer, split: SplitBody): Promise<Answer> {
    const ticket = await this.#admit(work, null, body, split, [[0, split.itemCount]], null);
    return this.#accepted(work, split, await ticket.durable(), false);
  }

  async #admitKeyed(work: Work, key: string, body: Buffer, split: SplitBody): Promise<Answer> {
    const { itemCount } = split;
    const bodySha256 = createHash('sha256').update(body).digest();
    for (;;) {
      const claim = this.#index.claim(key, bodySha256, itemCount);
      if (claim.kind === 'conflict')
        return this.#fault(422, 'idempotency_conflict', 'this Idempotency-Key had another body');
      if (claim.kind === 'replay') return this.#accepted(work, split, claim.receipt, true);
      if (claim.kind === 'wait') {
        await claim.until;
        continue;
      }
      try {
        const request: AdmissionRequest = { key, bodySha256, itemCount };
        const { missing, onDurable } = claim;
        const ticket = await this.#admit(work, request, body, split, missing, onDurable);
        const first = await ticket.durable();
        // Where an earlier attempt had stored the first items, its receipt is the receipt.
        return this.#accepted(work, split, this.#index.receiptOf(key) ?? first, false);
      } finally {
        claim.done();
      }
    }
  }

  /** Appends the items of the ranges. */
  async #admit(
    work: Work,
    request: AdmissionRequest | null,
    body: Buffer,
    split: SplitBody,
    ranges: readonly ItemRange[],
    onDurable: ((part: AdmittedPart) => void) | null,
  ): Promise<AdmissionTicket> {
    const { stream, source } = work;
    const ticket = stream.ticket(request, onDurable);
    try {
      if (split.blankLineCount > 0) stream.refuse('empty_line', split.blankLineCount);
      for (const [first, end] of ranges) {
        ticket.itemIndexNext = first;
        for (let i = first; i < end; i++) {
          // Once begun, a request is not refused: it waits.
          if (stream.isBlocked) await stream.whenUnblocked();
          this.#append(stream, ticket, source, body, split.items, i * 3);
        }
      }
    } finally {
      // Its bytes are copied; while it waits for the disk another body may come.
      work.release();
    }
    return ticket;
  }

  #append(
    stream: Admission,
    ticket: AdmissionTicket,
    source: string,
    body: Buffer,
    items: Uint32Array,
    at: number,
  ): void {
    const start = items[at] as number;
    const end = items[at + 1] as number;
    const cut = Math.min(end, start + this.#limits.httpItemBytesMax);
    stream.append(body, start, cut, source, items[at + 2] as number, end - start, ticket);
  }

  #accepted(work: Work, split: SplitBody, receipt: Receipt | null, isReplay: boolean): Answer {
    const suspect: number[] = [];
    for (let i = 0; i < split.itemCount; i++) if (split.items[i * 3 + 2] !== 0) suspect.push(i);
    const { stream, epoch } = receipt ?? work.stream;
    return {
      status: 200,
      body: {
        accepted: split.itemCount,
        suspect,
        stream,
        epoch: epoch.toString(),
        seqFirst: receipt?.seqFirst ?? null,
      },
      headers: isReplay ? { 'idempotent-replayed': 'true' } : {},
    };
  }

  #refuse(
    stream: Admission,
    refusal: { status: number; cause: RefusalCause; message: string },
  ): Answer {
    stream.refuse(refusal.cause, 1);
    // Whoever dawdled or went away would keep the connection busy with the rest.
    const headers = refusal.cause === 'body_aborted' ? { connection: 'close' } : {};
    return { ...answer(refusal.status, refusal.message), headers };
  }

  #fault(status: number, errorType: string, message: string): Answer {
    this.#options.metrics.error(errorType, 'receiving');
    return answer(status, message);
  }
}

const answer = (status: number, error: string): Answer => ({ status, body: { error } });

const retryLater = (status: 429 | 503, error: string): Answer => ({
  status,
  body: { error },
  headers: { 'retry-after': RETRY_AFTER_S },
});

/** `::ffff:192.0.2.1` is the same peer as `192.0.2.1`. */
const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
