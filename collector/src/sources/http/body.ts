// The body of a request, within its caps: read, then decompressed. A body that breaks a rule is a
// value that says how to answer; nothing of it is admitted.
import type { IncomingMessage } from 'node:http';
import { gunzip } from 'node:zlib';
import { LIMITS, messageOf, type RefusalCause, systemCodeOf, type Timers } from '@weir/pipeline';
import zstd from 'zstd-napi/binding.js';

export interface BodyRefusal {
  readonly status: 400 | 408 | 413 | 415;
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

/** Reads the body as sent. Aborting the signal gives up, as if the sender had. */
export async function readBody(
  request: IncomingMessage,
  encoding: ContentEncoding,
  limits: BodyLimits,
  timers: Timers,
  signal: AbortSignal,
): Promise<BodyOutcome> {
  const bytesMax =
    encoding === 'identity' ? limits.httpBodyBytesMax : limits.httpBodyCompressedBytesMax;
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return tooLarge(bytesMax);
  const chunks: Buffer[] = [];
  let byteCount = 0;
  let checkedCount = 0;
  return await new Promise<BodyOutcome>((resolve) => {
    const onData = (chunk: Buffer): void => {
      byteCount += chunk.length;
      if (byteCount > bytesMax) finish(tooLarge(bytesMax));
      else chunks.push(chunk);
    };
    const onEnd = (): void => finish({ bytes: Buffer.concat(chunks, byteCount) });
    const onAbort = (): void => finish(ABORTED);
    const check = (): void => {
      if (byteCount - checkedCount < limits.bodyBytesPerCheckMin) finish(TOO_SLOW);
      else timer = timers.after(limits.bodyCheckMs, check);
      checkedCount = byteCount;
    };
    let timer = timers.after(limits.bodyCheckMs, check);
    const finish = (outcome: BodyOutcome): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      request.off('data', onData).off('end', onEnd).off('close', onAbort);
      // What still comes is read and dropped, so that the sender gets to read the answer.
      request.resume();
      resolve(outcome);
    };
    signal.addEventListener('abort', onAbort);
    // An error is always followed by `close`; without a listener it would end the process.
    request.on('error', () => {});
    request.on('data', onData).on('end', onEnd).on('close', onAbort);
    if (signal.aborted || request.destroyed) onAbort();
  });
}

/** Undoes the content encoding; output beyond the cap is never held in memory. */
export async function decodeBody(
  bytes: Buffer,
  encoding: ContentEncoding,
  bytesMax: number,
): Promise<BodyOutcome> {
  if (encoding === 'identity' || bytes.length === 0) return { bytes };
  try {
    if (encoding === 'zstd') return decodeZstd(bytes, bytesMax);
    return { bytes: await decodeGzip(bytes, bytesMax) };
  } catch (error) {
    const isWindowTooLarge = messageOf(error).includes('too much memory');
    if (systemCodeOf(error) === 'ERR_BUFFER_TOO_LARGE' || isWindowTooLarge)
      return tooLarge(bytesMax);
    return refused(400, 'body_encoding_invalid', `the body is not valid ${encoding} data`);
  }
}

function decodeGzip(bytes: Buffer, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: bytesMax }, (error, decoded) => {
      if (error === null) resolve(decoded);
      else reject(error);
    });
  });
}

/**
 * A frame that needs a larger window than the cap is refused by the decoder before it allocates.
 */
const ZSTD_WINDOW_LOG_MAX = 24;
const ZSTD_CHUNK_BYTES = 128 * 1024;

/** One for all requests: its memory is native, and garbage would be collected too late. */
let zstdContext: zstd.DCtx | null = null;

/** Synchronous, so that requests cannot meet in the shared context. */
function decodeZstd(bytes: Buffer, bytesMax: number): BodyOutcome {
  const announced = zstd.getFrameContentSize(bytes);
  if (announced !== null && announced > bytesMax) return tooLarge(bytesMax);
  zstdContext ??= new zstd.DCtx();
  zstdContext.reset(zstd.ResetDirective.sessionAndParameters);
  zstdContext.setParameter(zstd.DParameter.windowLogMax, ZSTD_WINDOW_LOG_MAX);
  const chunks: Buffer[] = [];
  let input = bytes;
  let byteCount = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(ZSTD_CHUNK_BYTES);
    const [bytesLeft, produced, consumed] = zstdContext.decompressStream(chunk, input);
    input = input.subarray(consumed);
    byteCount += produced;
    if (byteCount > bytesMax) return tooLarge(bytesMax);
    if (produced > 0) chunks.push(chunk.subarray(0, produced));
    const isFrameComplete = bytesLeft === 0;
    if (input.length > 0 || (produced === chunk.length && !isFrameComplete)) continue;
    if (!isFrameComplete) return refused(400, 'body_encoding_invalid', 'the zstd data is cut off');
    return { bytes: Buffer.concat(chunks, byteCount) };
  }
}

const refused = (
  status: BodyRefusal['status'],
  cause: RefusalCause,
  message: string,
): BodyOutcome => ({ refusal: { status, cause, message } });

const tooLarge = (bytesMax: number): BodyOutcome =>
  refused(413, 'body_too_large', `the body is larger than ${bytesMax} bytes; nothing was taken`);

const ABORTED = refused(400, 'body_aborted', 'the body ended before its time; nothing was taken');
const TOO_SLOW = refused(408, 'body_aborted', 'the body came too slowly; nothing was taken');
