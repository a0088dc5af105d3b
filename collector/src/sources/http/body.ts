// The body of a request, read within its caps. A body that breaks a rule is a value that says how
// to answer; nothing of it is admitted.
import type { IncomingMessage } from 'node:http';
import { LIMITS, type RefusalCause, type Timers } from '@weir/pipeline';
import type { BodyAccount } from './body-budget.js';

export interface BodyRefusal {
  readonly status: 400 | 408 | 413 | 415 | 429 | 503;
  readonly cause: RefusalCause;
  /** A sentence for the sender. */
  readonly message: string;
}
export type BodyOutcome = { readonly bytes: Buffer } | { readonly refusal: BodyRefusal };

export interface BodyLimits {
  readonly httpBodyBytesMax: number;
  readonly httpBodyCompressedBytesMax: number;
  /** A body must bring `bodyBytesPerCheckMin` in each of these spans. */
  readonly bodyCheckMs: number;
  readonly bodyBytesPerCheckMin: number;
}
export const BODY_LIMITS: BodyLimits = {
  httpBodyBytesMax: LIMITS.httpBodyBytesMax,
  httpBodyCompressedBytesMax: LIMITS.httpBodyCompressedBytesMax,
  bodyCheckMs: 5_000,
  bodyBytesPerCheckMin: 4_096,
};

export type ContentEncoding = 'identity' | 'gzip' | 'zstd';

/**
 * The value of Content-Encoding; null for one that is not understood, also for a list of several.
 */
export function contentEncodingOf(header: string | undefined): ContentEncoding | null {
  const name = (header ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return 'identity';
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  return name === 'zstd' ? 'zstd' : null;
}

/** What the reading of a body needs from its listener. */
export interface BodyReading {
  readonly limits: BodyLimits;
  readonly timers: Timers;
  /** Aborting gives up: the sender is to come again. */
  readonly signal: AbortSignal;
  /** The caller closes it once the bytes are no longer needed. */
  readonly account: BodyAccount;
}

/** Reads the body as sent. */
export async function readBody(
  request: IncomingMessage,
  encoding: ContentEncoding,
  { limits, timers, signal, account }: BodyReading,
): Promise<BodyOutcome> {
  const bytesMax =
    encoding === 'identity' ? limits.httpBodyBytesMax : limits.httpBodyCompressedBytesMax;
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return tooLarge(bytesMax);
  const body = new GrowingBody(bytesMax, account);
  let checkedCount = 0;
  return await new Promise<BodyOutcome>((resolve) => {
    const onData = (chunk: Buffer): void => {
      const refusal = body.append(chunk);
      if (refusal !== null) finish(refusal);
    };
    const onEnd = (): void => finish({ bytes: body.take() });
    const onClose = (): void => finish(ABORTED);
    const onAbort = (): void => finish(GIVEN_UP);
    const check = (): void => {
      if (body.byteCount - checkedCount < limits.bodyBytesPerCheckMin) finish(TOO_SLOW);
      else timer = timers.after(limits.bodyCheckMs, check);
      checkedCount = body.byteCount;
    };
    let timer = timers.after(limits.bodyCheckMs, check);
    const finish = (outcome: BodyOutcome): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      // What still comes is read and dropped, so that the sender gets to read the answer.
      request.resume();
      resolve(outcome);
    };
    signal.addEventListener('abort', onAbort);
    // An error is always followed by `close`; without a listener it would end the process.
    request.on('error', () => {});
    request.on('data', onData).on('end', onEnd).on('close', onClose);
    if (request.destroyed) onClose();
    else if (signal.aborted) onAbort();
  });
}

const BLOCK_BYTES_MIN = 1_024;
const BLOCK_BYTES_MAX = 256 * 1_024;

/**
 * Copies chunks into blocks, each twice as large as the one before, so that a body in chunks of one
 * byte costs no object a byte, and ten thousand bodies that have hardly begun cost little.
 */
export class GrowingBody {
  readonly #bytesMax: number;
  readonly #account: BodyAccount;
  readonly #blocks: Buffer[] = [];
  /** Free in the last block. */
  #free = 0;
  #capacity = 0;
  #byteCount = 0;

  constructor(bytesMax: number, account: BodyAccount) {
    this.#bytesMax = bytesMax;
    this.#account = account;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  /** What of it is allocated. */
  get capacityBytes(): number {
    return this.#capacity;
  }

  /** null when the chunk was taken. */
  append(chunk: Buffer): BodyOutcome | null {
    if (this.#byteCount + chunk.length > this.#bytesMax) return tooLarge(this.#bytesMax);
    for (let position = 0; position < chunk.length; ) {
      if (this.#free === 0) {
        const taken = this.#addBlock(chunk.length - position);
        if (taken !== 'taken') return taken === 'full' ? FULL : PEER_FULL;
      }
      const block = this.#blocks[this.#blocks.length - 1] as Buffer;
      const copied = chunk.copy(block, block.length - this.#free, position);
      this.#free -= copied;
      this.#byteCount += copied;
      position += copied;
    }
    return null;
  }

  /** The whole body; nothing can be appended after it. */
  take(): Buffer {
    const [first] = this.#blocks;
    if (first !== undefined && this.#blocks.length === 1) return first.subarray(0, this.#byteCount);
    return Buffer.concat(this.#blocks.splice(0), this.#byteCount);
  }

  #addBlock(bytesWanted: number) {
    const doubled = Math.max(BLOCK_BYTES_MIN, this.#capacity, bytesWanted);
    const left = this.#bytesMax - this.#capacity;
    const blockBytes = Math.min(doubled, BLOCK_BYTES_MAX, left);
    const taken = this.#account.take(blockBytes);
    if (taken !== 'taken') return taken;
    this.#blocks.push(Buffer.allocUnsafeSlow(blockBytes));
    this.#free = blockBytes;
    this.#capacity += blockBytes;
    return taken;
  }
}

export const refused = (
  status: BodyRefusal['status'],
  cause: RefusalCause,
  message: string,
): { readonly refusal: BodyRefusal } => ({ refusal: { status, cause, message } });

export const tooLarge = (bytesMax: number): BodyOutcome =>
  refused(413, 'body_too_large', `the body is larger than ${bytesMax} bytes; nothing was taken`);

const ABORTED = refused(400, 'body_aborted', 'the body ended before its time; nothing was taken');
/** The sender did nothing wrong: with any 4xx it would take the body for one to throw away. */
const GIVEN_UP = refused(503, 'body_aborted', 'the collector is stopping; nothing was taken');
const TOO_SLOW = refused(408, 'body_aborted', 'the body came too slowly; nothing was taken');
const FULL = refused(503, 'queue_full', 'too many bytes of bodies at once; nothing was taken');
export const PEER_FULL = refused(
  429,
  'queue_full',
  'too much at once from this address; nothing was taken',
);
