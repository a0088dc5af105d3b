// Frames that another Weir forwards: they keep the identity that they were admitted under there, so
// they go to the spool as they are and are never numbered again.
import type { IncomingMessage } from 'node:http';
import {
  type BatchBuffer,
  type ComponentMetrics,
  LIMITS,
  messageOf,
  type SequencedBatch,
} from '@weir/pipeline';
import { nodeOfStream, openWireFrames, WIRE_LIMITS } from '@weir/spool';
import { type Answer, retryLater } from './answers.js';
import { type BodyReading, contentEncodingOf, readBody } from './body.js';
import type { ForwardedIndex, ForwardedRefusal, Fresh } from './frames-index.js';
import { type FullWait, GivenUp, unlessGivenUp } from './give-up.js';

export interface ForwardingOptions {
  readonly buffer: BatchBuffer;
  /** Shared by all listeners. */
  readonly index: ForwardedIndex;
  /** Frames of this node itself are refused: it forwards to itself. */
  readonly nodeId: string;
  /** Tenants that frames may name; those of all others are refused. */
  readonly tenants: readonly string[];
  readonly limits?: Partial<FrameLimits>;
}

export interface FrameLimits {
  readonly forwardedPendingBytesMax: number;
  readonly forwardedRequestsMax: number;
  readonly framesMax: number;
  readonly httpFullWaitMs: number;
  readonly rawBytesMax: number;
}

export const FRAMES_TYPE = 'application/vnd.weir.frames';

/** Bodies of frames at once; apart from those of other senders, so that neither starves. */
const FORWARDED_REQUESTS_MAX = 64;
const REFUSAL_STATUS: Readonly<Record<ForwardedRefusal['reason'], number>> = {
  overlap: 409,
  conflict: 409,
  holes: 422,
  classes: 422,
  streams: 503,
};
const WIRE_STATUS = { version: 415, malformed: 400, too_large: 413 } as const;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The frames of one listener. */
export class FrameReceiver {
  readonly #options: ForwardingOptions;
  readonly #metrics: ComponentMetrics;
  readonly #limits: FrameLimits;
  /** Of frames that are decoded and not yet durable. */
  #pendingBytes = 0;
  #requestCount = 0;

  constructor(options: ForwardingOptions, metrics: ComponentMetrics) {
    this.#options = options;
    this.#metrics = metrics;
    this.#limits = {
      ...LIMITS,
      ...WIRE_LIMITS,
      forwardedRequestsMax: FORWARDED_REQUESTS_MAX,
      ...options.limits,
    };
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * 200 only after the fdatasync of all frames, or when all of them were there already. Nothing is
   * admitted with any other answer but 503. Rejects with GivenUp on a stop,
   * and when the spool stays full; what was handed over by then may become durable later.
   */
  async receive(
    request: IncomingMessage,
    reading: BodyReading,
    durableSignal: AbortSignal,
  ): Promise<Answer> {
    const encoding = contentEncodingOf(request.headers['content-encoding']);
    if (encoding !== 'identity')
      return this.#refuse(415, 'encoding', 'frames are compressed already: no Content-Encoding');
    if (this.#options.buffer.isFull) return this.#later(503, 'the spool is full');
    if (this.#requestCount >= this.#limits.forwardedRequestsMax)
      return this.#later(429, 'too many requests with frames at once');
    this.#requestCount++;
    try {
      const body = await readBody(request, encoding, reading);
      if ('refusal' in body) {
        const { status, message } = body.refusal;
        if (status === 429 || status === 503) return this.#later(status, message);
        return this.#refuse(status, 'body', message);
      }
      return await this.#takeBody(body.bytes, reading, durableSignal);
    } finally {
      this.#requestCount--;
    }
  }

  async #takeBody(
    bytes: Uint8Array,
    reading: BodyReading,
    durableSignal: AbortSignal,
  ): Promise<Answer> {
    const body = openWireFrames(bytes, this.#limits);
    if ('error' in body)
      return this.#refuse(WIRE_STATUS[body.error.kind], body.error.kind, body.error.message);
    const { rawBytes } = body;
    const isRoom = this.#pendingBytes + rawBytes <= this.#limits.forwardedPendingBytesMax;
    if (!isRoom && this.#pendingBytes > 0)
      return this.#later(503, 'too many frames wait to become durable');
    this.#pendingBytes += rawBytes;
    try {
      const decoded = await body.decode(nextTurn);
      if ('error' in decoded) return this.#refuse(400, decoded.error.kind, decoded.error.message);
      return await this.#takeBatches(decoded.batches, reading, durableSignal);
    } finally {
      this.#pendingBytes -= rawBytes;
    }
  }

  async #takeBatches(
    batches: readonly SequencedBatch[],
    { signal, timers }: BodyReading,
    durableSignal: AbortSignal,
  ): Promise<Answer> {
    const refused = this.#refusalOf(batches);
    if (refused !== null) return refused;
    const { buffer } = this.#options;
    const waitMs = this.#limits.httpFullWaitMs;
    const full: FullWait = { isFull: () => buffer.isFull, waitMs, timers };
    for (;;) {
      if (buffer.isFull) return this.#later(503, 'the spool is full');
      if (signal.aborted) throw new GivenUp('the collector is stopping');
      const claim = this.#options.index.claim(batches);
      if (claim.kind === 'wait') {
        await unlessGivenUp(claim.until, signal, full);
        continue;
      }
      if (claim.kind === 'refused') {
        const { reason, message } = claim.refusal;
        const status = REFUSAL_STATUS[reason];
        return status === 503 ? this.#later(503, message) : this.#refuse(status, reason, message);
      }
      const { fresh, duplicateEvents } = claim;
      let accepted = 0;
      for (const { batch } of fresh) accepted += batch.eventCount;
      const failure = await unlessGivenUp(this.#append(fresh), durableSignal, full);
      if (failure !== null) {
        this.#metrics.error('spool_failed', 'receiving');
        return retryLater(503, `the frames could not be made durable: ${messageOf(failure)}`);
      }
      const body = { accepted, duplicates: duplicateEvents, frames: batches.length };
      return { status: 200, body };
    }
  }

  /** Why none of the frames may be taken here. */
  #refusalOf(batches: readonly SequencedBatch[]): Answer | null {
    const { nodeId, tenants } = this.#options;
    for (const { tenant, stream } of batches) {
      if (nodeOfStream(stream) === nodeId)
        return this.#refuse(
          409,
          'loop',
          `frames of stream ${stream} come from this very node: it forwards to itself, perhaps by way of others`,
        );
      if (!tenants.includes(tenant))
        return this.#refuse(
          403,
          'tenant',
          `frames of tenant ${tenant} are not allowed on this listener: see forwarded_tenants`,
        );
    }
    return null;
  }

  /** In order. Resolves once all have ended, with the first failure. */
  async #append(fresh: readonly Fresh[]): Promise<unknown> {
    const { buffer } = this.#options;
    const ends = fresh.map(async ({ batch, settle }) => {
      // The batch belongs to the buffer from here on.
      const [eventCount, byteCount] = [batch.eventCount, batch.bytes.length];
      try {
        await buffer.append(batch);
        settle(true);
        if (eventCount > 0) this.#metrics.received(eventCount, byteCount);
        return null;
      } catch (error) {
        settle(false);
        return error;
      }
    });
    const failures = await Promise.all(ends);
    return failures.find((failure) => failure !== null) ?? null;
  }

  #refuse(status: number, reason: string, message: string): Answer {
    this.#metrics.error(`frames_${reason}`, 'receiving');
    return { status, body: { error: message, reason } };
  }

  #later(status: 429 | 503, message: string): Answer {
    this.#metrics.error('frames_busy', 'receiving');
    return retryLater(status, message);
  }
}
