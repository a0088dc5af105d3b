// `POST /ingest`: NDJSON or a JSON array, plain, gzip or zstd. Nothing is admitted before the whole
// body was read within its caps, and 200 is sent only after the fdatasync of all its events.
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  type Admission,
  type AdmissionRequest,
  type AdmissionTicket,
  type AdmittedPart,
  type Clock,
  type ComponentMetrics,
  isPlanted,
  messageOf,
  type StreamSet,
  type Timers,
} from '@weir/pipeline';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, answer, blocked, NO_TURN, retryLater } from './answers.js';
import {
  type BodyOutcome,
  type BodyRefusal,
  type ContentEncoding,
  contentEncodingOf,
  PEER_FULL,
  readBody,
  refused,
} from './body.js';
import { type BodyAccount, DecodeBudget, ReadBudget } from './body-budget.js';
import { decodeBody } from './decode.js';
import { type ForwardingOptions, FRAMES_TYPE, FrameReceiver } from './frames.js';
import { GivenUp, unlessGivenUp } from './give-up.js';
import {
  IdempotencyIndex,
  type IdempotencyKey,
  type ItemRange,
  parseIdempotencyKey,
  type Receipt,
  type RecoveredRequestPart,
} from './idempotency.js';
import { type HttpIngestLimits, limitsOf } from './ingest-limits.js';
import { type SplitBody, splitBody } from './items.js';
import {
  CHECKPOINT_HEADER,
  type IngestEvidence,
  ReceiptDraft,
  wantsReceipt,
} from './signed-receipt.js';

export type { HttpIngestLimits } from './ingest-limits.js';

export interface HttpIngestOptions {
  readonly streams: StreamSet;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metrics: ComponentMetrics;
  readonly limits?: Partial<HttpIngestLimits>;
  /** Of all listeners; those of other listeners are left out. */
  readonly recoveredRequestParts?: readonly RecoveredRequestPart[];
  /** Absent where no frames of other nodes are taken. */
  readonly forwarding?: ForwardingOptions;
  /** Absent where nothing is signed. */
  readonly evidence?: IngestEvidence;
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

/** One request on its way. */
interface Work {
  readonly stream: Admission;
  readonly source: string;
  readonly key: IdempotencyKey | null;
  /** Of the body as sent. */
  readonly account: BodyAccount;
  /** What to give back once its body is no longer needed. */
  readonly leases: (() => void)[];
  /** Null unless the sender wants a signed receipt. */
  readonly draft: ReceiptDraft | null;
}

class Ingest implements HttpIngest {
  readonly #options: HttpIngestOptions;
  readonly #limits: HttpIngestLimits;
  readonly #index: IdempotencyIndex;
  readonly #reading: ReadBudget;
  readonly #decoding: DecodeBudget;
  readonly #frames: FrameReceiver | null;
  /** On stop: ends the reading of bodies and the waiting for space or for a turn. */
  readonly #giveUp = new AbortController();
  /** On stop: ends the waiting for durability. */
  readonly #giveUpDurable = new AbortController();
  #inFlightCount = 0;
  #requestCount = 0;
  #isStopping = false;
  #stopped: Promise<void> | null = null;
  #onIdle: (() => void) | null = null;

  constructor(options: HttpIngestOptions) {
    this.#options = options;
    this.#limits = limitsOf(options.limits ?? {});
    this.#index = new IdempotencyIndex({
      clock: options.clock,
      windowMs: this.#limits.idempotencyWindowMs,
      keysMax: this.#limits.idempotencyKeysMax,
      onEvicted: () => options.metrics.error('idempotency_key_evicted', 'receiving'),
    });
    this.#reading = new ReadBudget(this.#limits);
    this.#decoding = new DecodeBudget(this.#limits.httpDecodedBytesMax, options.timers);
    const { forwarding } = options;
    this.#frames = forwarding ? new FrameReceiver(forwarding, options.metrics) : null;
    // One listener a request that waits; a thousand of them are no leak.
    setMaxListeners(0, this.#giveUp.signal, this.#giveUpDurable.signal);
    const { prefix } = options.streams;
    const parts = options.recoveredRequestParts ?? [];
    if (isPlanted('idempotency_keys_forgotten')) return;
    this.#index.recover(parts.filter((part) => part.stream.startsWith(prefix)));
  }

  get requestCount(): number {
    return this.#requestCount;
  }

  stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= this.#becomeIdle();
    return this.#stopped;
  }

  async #becomeIdle(): Promise<void> {
    if (this.#requestCount === 0) return;
    const { timers } = this.#options;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    let timer = timers.after(this.#limits.stopGraceMs, () => {
      this.#giveUp.abort();
      timer = timers.after(this.#limits.stopDurableMs, () => this.#giveUpDurable.abort());
    });
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
    // Not counted, so that a flow of new requests does not put off the end.
    if (this.#isStopping) return this.#send(reply, retryLater(503, 'the collector is stopping'));
    this.#requestCount++;
    try {
      return this.#send(reply, await this.#answer(request));
    } finally {
      this.#requestCount--;
      if (this.#requestCount === 0) this.#onIdle?.();
    }
  }

  #send(reply: FastifyReply, answer: Answer): FastifyReply {
    reply.code(answer.status).headers(answer.headers ?? {});
    if (this.#isStopping) reply.header('connection', 'close');
    const checkpoint = answer.status === 200 ? this.#options.evidence?.checkpoint() : null;
    if (checkpoint) reply.header(CHECKPOINT_HEADER, checkpoint);
    return reply.send(answer.body);
  }

  async #answer(request: FastifyRequest): Promise<Answer> {
    const { headers } = request.raw;
    if (headers['content-type'] === FRAMES_TYPE) return await this.#takeFrames(request);
    const keyText = headers['idempotency-key'];
    const key = typeof keyText === 'string' ? parseIdempotencyKey(keyText) : null;
    if (keyText !== undefined && key === null)
      return this.#fault(
        400,
        'idempotency_key_invalid',
        'Idempotency-Key must be producer/epoch/firstSeq',
      );
    const source = sourceOf(request);
    const stream = this.#options.streams.streamOf(key?.producer ?? source);
    const encoding = contentEncodingOf(headers['content-encoding']);
    if (encoding === null) {
      stream.refuse('body_encoding_invalid', 1);
      return answer(415, 'Content-Encoding must be gzip, zstd or identity');
    }
    const busy = this.#busy(stream);
    if (busy !== null) return this.#refuse(stream, busy);
    const account = this.#reading.open(source);
    if (account === null) return this.#refuse(stream, PEER_FULL.refusal);
    const isSigning = this.#options.evidence !== undefined && wantsReceipt(headers.prefer);
    const draft = isSigning ? new ReceiptDraft() : null;
    const work: Work = { stream, source, key, account, leases: [() => account.close()], draft };
    try {
      return await this.#take(request, encoding, work);
    } catch (error) {
      if (error instanceof GivenUp) return retryLater(503, error.message);
      throw error;
    } finally {
      release(work);
    }
  }

  async #takeFrames(request: FastifyRequest): Promise<Answer> {
    if (this.#frames === null)
      return this.#fault(415, 'unsupported_media_type', 'frames are not taken here');
    const account = this.#reading.open(sourceOf(request));
    if (account === null) return retryLater(429, PEER_FULL.refusal.message);
    const { timers } = this.#options;
    const reading = { limits: this.#limits, timers, signal: this.#giveUp.signal, account };
    try {
      return await this.#frames.receive(request.raw, reading, this.#giveUpDurable.signal);
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      return retryLater(503, error.message);
    } finally {
      account.close();
    }
  }

  /** Why nothing can be taken now; asked before the body is read and again before it is used. */
  #busy(stream: Admission): BodyRefusal | null {
    const { blockCause } = stream;
    if (blockCause !== null) return blocked(blockCause);
    if (this.#inFlightCount < this.#limits.httpRequestsInFlightMax) return null;
    return refused(429, 'queue_full', 'too many requests at once').refusal;
  }

  async #take(request: FastifyRequest, encoding: ContentEncoding, work: Work): Promise<Answer> {
    const limits = this.#limits;
    const outcome = await this.#bodyOf(request, encoding, work);
    if ('refusal' in outcome) return this.#refuse(work.stream, outcome.refusal);
    const body = outcome.bytes;
    const split = splitBody(body, limits);
    const { itemCount } = split;
    if (split.hasTooManyItems) {
      const message = `the body has more than ${limits.httpItemCountMax} items; nothing was taken`;
      const { refusal } = refused(413, 'body_too_large', message);
      return this.#refuse(work.stream, refusal, itemCount);
    }
    // The stream may have filled up meanwhile; still nothing was admitted.
    const { blockCause } = work.stream;
    if (blockCause !== null) return this.#refuse(work.stream, blocked(blockCause), itemCount);
    if (split.isUnclosed) this.#options.metrics.error('array_unclosed', 'receiving');
    try {
      if (work.key === null || itemCount === 0) return await this.#admitOnce(work, body, split);
      return await this.#admitKeyed(work, work.key.text, body, split);
    } catch (error) {
      if (error instanceof GivenUp) throw error;
      this.#options.metrics.error('spool_failed', 'receiving');
      return retryLater(503, `the events could not be made durable: ${messageOf(error)}`);
    }
  }

  /** Reads, then decodes. Only a complete body takes a slot, so that slow senders keep none. */
  async #bodyOf(
    request: FastifyRequest,
    encoding: ContentEncoding,
    work: Work,
  ): Promise<BodyOutcome> {
    const limits = this.#limits;
    const { timers } = this.#options;
    const { signal } = this.#giveUp;
    const { account, stream, leases } = work;
    const sent = await readBody(request.raw, encoding, { limits, timers, signal, account });
    if ('refusal' in sent) return sent;
    work.draft?.noteBody(sent.bytes);
    const busy = this.#busy(stream);
    if (busy !== null) return { refusal: busy };
    this.#inFlightCount++;
    leases.push(() => this.#inFlightCount--);
    if (encoding === 'identity') return sent;
    // Its size is not known before.
    let held = limits.httpBodyBytesMax;
    if (!(await this.#decoding.take(held, limits.httpDecodeWaitMs, signal))) return NO_TURN;
    leases.push(() => this.#decoding.give(held));
    const { blockCause } = stream;
    if (blockCause !== null) return { refusal: blocked(blockCause) };
    const decoded = await decodeBody(sent.bytes, encoding, limits.httpBodyBytesMax);
    account.close();
    if ('refusal' in decoded) return decoded;
    this.#decoding.give(held - decoded.bytes.length);
    held = decoded.bytes.length;
    return decoded;
  }

  async #admitOnce(work: Work, body: Buffer, split: SplitBody): Promise<Answer> {
    const { draft } = work;
    const ticket = work.stream.ticket(null, draft && ((part) => draft.notePart(part)));
    await this.#admit(work, ticket, body, split, [[0, split.itemCount]]);
    return this.#accepted(work, split, await this.#durable(work, ticket.durable()), false);
  }

  #durable(work: Work, durable: Promise<AdmittedPart | null>): Promise<AdmittedPart | null> {
    return this.#unlessGivenUp(work.stream, durable, this.#giveUpDurable.signal);
  }

  /** What was admitted stays so; whoever sent it cannot wait for ever. */
  #unlessGivenUp<T>(stream: Admission, promise: Promise<T>, signal: AbortSignal): Promise<T> {
    const { timers } = this.#options;
    const waitMs = this.#limits.httpFullWaitMs;
    const isFull = (): boolean => stream.blockCause === 'spool_full';
    return unlessGivenUp(promise, signal, { isFull, waitMs, timers });
  }

  async #admitKeyed(work: Work, key: string, body: Buffer, split: SplitBody): Promise<Answer> {
    const { itemCount } = split;
    const bodySha256 = createHash('sha256').update(body).digest();
    const { signal } = this.#giveUp;
    for (;;) {
      // An attempt that was given up may have admitted what the index does not know yet.
      if (signal.aborted) throw new GivenUp('the collector is stopping');
      const claim = this.#index.claim(key, bodySha256, itemCount);
      if (claim.kind === 'conflict')
        return this.#fault(422, 'idempotency_conflict', 'this Idempotency-Key had another body');
      if (claim.kind === 'replay') return this.#accepted(work, split, claim.receipt, true);
      if (claim.kind === 'wait') {
        await this.#unlessGivenUp(work.stream, claim.until, signal);
        continue;
      }
      const request: AdmissionRequest = { key, bodySha256, itemCount };
      const ticket = work.stream.ticket(request, (part) => {
        claim.onDurable(part);
        work.draft?.notePart(part);
      });
      let durable: Promise<AdmittedPart | null>;
      try {
        await this.#admit(work, ticket, body, split, claim.missing);
      } finally {
        // An attempt that was given up runs until what it admitted has its end: only then is known
        // what a repeat has to bring.
        durable = ticket.durable();
        durable.then(claim.done, claim.done);
      }
      const first = await this.#durable(work, durable);
      // Where an earlier attempt had stored the first items, its receipt is the receipt.
      return this.#accepted(work, split, this.#index.receiptOf(key) ?? first, false);
    }
  }

  /** Appends the items of the ranges. */
  async #admit(
    work: Work,
    ticket: AdmissionTicket,
    body: Buffer,
    split: SplitBody,
    ranges: readonly ItemRange[],
  ): Promise<void> {
    const { stream, source } = work;
    let leftCount = ranges.reduce((sum, [first, end]) => sum + end - first, 0);
    try {
      if (split.blankLineCount > 0) stream.refuse('empty_line', split.blankLineCount);
      for (const [first, end] of ranges) {
        ticket.itemIndexNext = first;
        for (let i = first; i < end; i++) {
          // Once begun, a request is not refused: it waits.
          if (stream.isBlocked) await this.#spaceIn(stream, leftCount);
          this.#append(stream, ticket, source, body, split.items, i * 3);
          leftCount--;
        }
      }
    } finally {
      // Its bytes are copied; while it waits for the disk another body may come.
      release(work);
    }
  }

  /** When it is given up, the items that are left are refused. */
  async #spaceIn(stream: Admission, leftCount: number): Promise<void> {
    try {
      await this.#unlessGivenUp(stream, stream.whenUnblocked(), this.#giveUp.signal);
    } catch (error) {
      stream.refuse(stream.blockCause ?? 'queue_full', leftCount);
      throw error;
    }
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
    const signed = this.#signedReceipt(work, split.itemCount);
    return {
      status: 200,
      body: {
        accepted: split.itemCount,
        suspect,
        stream,
        epoch: epoch.toString(),
        seqFirst: receipt?.seqFirst ?? null,
        ...(split.isUnclosed ? { truncated: true } : {}),
        ...(signed === null ? {} : { receipt: signed }),
      },
      headers: {
        ...(isReplay ? { 'idempotent-replayed': 'true' } : {}),
        ...(signed === null ? {} : { 'preference-applied': 'receipt=signed' }),
      },
    };
  }

  #signedReceipt({ draft, stream }: Work, itemCount: number): string | null {
    const { evidence } = this.#options;
    if (draft === null || evidence === undefined) return null;
    const text = draft.text(evidence.nodeId, stream.tenant, itemCount);
    return text === null ? null : evidence.sign(text);
  }

  /** `count` is 1 where the items are not known. */
  #refuse(stream: Admission, { status, cause, message }: BodyRefusal, count = 1): Answer {
    stream.refuse(cause, count);
    if (status === 429 || status === 503) return retryLater(status, message);
    // Whoever dawdled or went away would keep the connection busy with the rest.
    const headers = cause === 'body_aborted' ? { connection: 'close' } : {};
    return { ...answer(status, message), headers };
  }

  #fault(status: number, errorType: string, message: string): Answer {
    this.#options.metrics.error(errorType, 'receiving');
    return answer(status, message);
  }
}

function release(work: Work): void {
  for (const giveBack of work.leases.splice(0)) giveBack();
}

const sourceOf = (request: FastifyRequest): string =>
  plainAddress(request.raw.socket.remoteAddress ?? 'unknown');

/** `::ffff:192.0.2.1` is the same peer as `192.0.2.1`. */
const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
