// Undoes the content encoding of a body. Output beyond the cap is never held in memory, and the
// event loop goes on meanwhile.
import { gunzip } from 'node:zlib';
import { LIMITS, messageOf, systemCodeOf } from '@weir/pipeline';
import zstd from 'zstd-napi/binding.js';
import { type BodyOutcome, type ContentEncoding, refused, tooLarge } from './body.js';

export async function decodeBody(
  bytes: Buffer,
  encoding: ContentEncoding,
  bytesMax: number,
): Promise<BodyOutcome> {
  if (encoding === 'identity' || bytes.length === 0) return { bytes };
  try {
    if (encoding === 'zstd') return await decodeZstd(bytes, bytesMax);
    return { bytes: await decodeGzip(bytes, bytesMax) };
  } catch (error) {
    const isWindowTooLarge = messageOf(error).includes('too much memory');
    if (systemCodeOf(error) === 'ERR_BUFFER_TOO_LARGE' || isWindowTooLarge)
      return tooLarge(bytesMax);
    return refused(400, 'body_encoding_invalid', `the body is not valid ${encoding} data`);
  }
}

/** In a thread of libuv; members of a few bytes cost it nothing to speak of. */
function decodeGzip(bytes: Buffer, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: bytesMax, chunkSize: CHUNK_BYTES }, (error, decoded) => {
      if (error === null) resolve(decoded);
      else reject(error);
    });
  });
}

/**
 * A frame that needs a larger window than the cap is refused by the decoder before it allocates.
 */
const ZSTD_WINDOW_LOG_MAX = 24;
const CHUNK_BYTES = 128 * 1024;
/** Input given to the decoder at once; empty blocks are three bytes long and take time too. */
const ZSTD_STEP_BYTES = 64 * 1024;
/** Other requests get their turn after so many bytes in and out. */
const BYTES_PER_TURN = 256 * 1024;
/** What the beginning of a frame costs, as bytes. */
const FRAME_COST_BYTES = 1_024;
const CONTEXTS_KEPT_MAX = 2;

/** Kept for the next bodies: their memory is native, and garbage would be collected too late. */
const idleContexts: zstd.DCtx[] = [];

async function decodeZstd(bytes: Buffer, bytesMax: number): Promise<BodyOutcome> {
  const announced = zstd.getFrameContentSize(bytes);
  if (announced !== null && announced > bytesMax) return tooLarge(bytesMax);
  // Each body has a context of its own, since others may be decoded in its pauses.
  const context = idleContexts.pop() ?? new zstd.DCtx();
  try {
    context.reset(zstd.ResetDirective.sessionAndParameters);
    context.setParameter(zstd.DParameter.windowLogMax, ZSTD_WINDOW_LOG_MAX);
    return await decodeFrames(context, bytes, bytesMax);
  } finally {
    if (idleContexts.length < CONTEXTS_KEPT_MAX) idleContexts.push(context);
  }
}

async function decodeFrames(
  context: zstd.DCtx,
  bytes: Buffer,
  bytesMax: number,
): Promise<BodyOutcome> {
  const chunks: Buffer[] = [];
  let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let chunkUsed = 0;
  let byteCount = 0;
  let position = 0;
  let frameCount = 0;
  let turnBytes = 0;
  for (;;) {
    const input = bytes.subarray(position, position + ZSTD_STEP_BYTES);
    const free = chunk.subarray(chunkUsed);
    const [bytesLeft, produced, consumed] = context.decompressStream(free, input);
    const isFrameComplete = bytesLeft === 0;
    position += consumed;
    chunkUsed += produced;
    byteCount += produced;
    turnBytes += produced + consumed;
    if (byteCount > bytesMax) return tooLarge(bytesMax);
    if (isFrameComplete) {
      frameCount++;
      turnBytes += FRAME_COST_BYTES;
      if (frameCount > LIMITS.zstdFramesPerBodyMax) return TOO_MANY_FRAMES;
    }
    const isAllIn = position === bytes.length;
    // With its target full the decoder may hold more.
    if (isAllIn && (isFrameComplete || produced < free.length)) {
      if (!isFrameComplete) return CUT_OFF;
      chunks.push(chunk.subarray(0, chunkUsed));
      return { bytes: Buffer.concat(chunks, byteCount) };
    }
    if (chunkUsed === chunk.length) {
      chunks.push(chunk);
      chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      chunkUsed = 0;
    }
    if (turnBytes >= BYTES_PER_TURN) {
      turnBytes = 0;
      await nextTurn();
    }
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const CUT_OFF = refused(400, 'body_encoding_invalid', 'the zstd data is cut off');
const TOO_MANY_FRAMES = refused(
  413,
  'body_too_large',
  `the body has more than ${LIMITS.zstdFramesPerBodyMax} zstd frames; nothing was taken`,
);
