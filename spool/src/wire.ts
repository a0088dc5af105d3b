// Frames on the wire: a header, then frames as they stand in a segment, without a place in one.
// FORMAT.md "Frames on the wire". What comes in was written by someone else: every count and length
// is checked before it is used, and whatever is wrong is a value, never a throw.
import { crc32c } from '@node-rs/crc32';
import type { SequencedBatch } from '@weir/pipeline';
import { allocateBytes, LIMITS } from '@weir/pipeline';
import type { FrameHeader } from './frame-codec.js';
import { decodeFrame, decodeFrameHeader, encodeFrame, sealFrame } from './frame-codec.js';
import { align, FRAME_HEADER_BYTES, hasAscii, putAscii, viewOf } from './layout.js';
import { faultOf } from './wire-check.js';

export const WIRE_VERSION = 1;
export const WIRE_HEADER_BYTES = 16;
export const WIRE_MAGIC = 'WEIRFRMS';

/** Start value of the header CRCs; a frame of a segment does not pass for one of the wire. */
const wireSeed = crc32c(`${WIRE_MAGIC}${WIRE_VERSION}`);
const wirePlace = { segmentId: 0, frameNo: 0, previousCrc: 0, seed: wireSeed };

/** The 16 bytes before the frames of a body. */
export function encodeWireHeader(): Uint8Array<ArrayBuffer> {
  const bytes = allocateBytes(WIRE_HEADER_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, WIRE_MAGIC);
  view.setUint16(8, WIRE_VERSION, true);
  view.setUint16(10, WIRE_HEADER_BYTES, true);
  return bytes;
}

/**
 * A batch as one frame; frames one behind the other are valid after a wire header. Throws
 * WEIR_SPOOL_IO when it would exceed a limit of a frame, which no batch of a spool does.
 */
export function encodeWireFrame(batch: SequencedBatch, zstdLevel: number): Uint8Array<ArrayBuffer> {
  const frame = encodeFrame(batch, zstdLevel);
  sealFrame(frame, wirePlace);
  const bytes = allocateBytes(frame.totalBytes);
  bytes.set(frame.head);
  bytes.set(frame.stored, frame.head.length);
  return bytes;
}

/** Where a frame stands in a piece of frames, and what it unpacks to. */
export interface WireFrameSpan {
  readonly start: number;
  readonly end: number;
  readonly rawBytes: number;
  readonly eventCount: number;
}

/** The frames of a block made of `encodeWireFrame`; null if it is anything else. */
export function wireFrameSpans(block: Uint8Array): WireFrameSpan[] | null {
  const spans: WireFrameSpan[] = [];
  for (let at = 0; at < block.length; ) {
    const header = headerAt(block, at);
    if (header === null || at + header.totalBytes > block.length) return null;
    const { rawBytes, eventCount, totalBytes } = header;
    spans.push({ start: at, end: at + totalBytes, rawBytes, eventCount });
    at += totalBytes;
  }
  return spans;
}

export interface WireLimits {
  /** Frames in one body. */
  readonly framesMax: number;
  /** Payloads of a body together, after decompression. */
  readonly rawBytesMax: number;
}
export const WIRE_LIMITS: WireLimits = {
  framesMax: LIMITS.wireFramesMax,
  rawBytesMax: LIMITS.frameRawBytesMax,
};

export interface WireError {
  readonly kind: 'version' | 'malformed' | 'too_large';
  /** One sentence. */
  readonly message: string;
}
export type WireBatches = { readonly batches: SequencedBatch[] } | { readonly error: WireError };

/** A body whose headers are in order, before anything of it was decompressed. */
export interface WireBody {
  readonly frameCount: number;
  /** What `decode` will take. */
  readonly rawBytes: number;
  /** `nextTurn` is awaited after each MiB or so, so that other work goes on. */
  decode(nextTurn?: () => Promise<void>): Promise<WireBatches>;
}

/**
 * All batches of a body, each in memory of its own, or why there are none: one bad frame refuses
 * the whole body.
 */
export async function decodeWireFrames(
  bytes: Uint8Array,
  limits: WireLimits = WIRE_LIMITS,
): Promise<WireBatches> {
  const body = openWireFrames(bytes, limits);
  return 'error' in body ? body : await body.decode();
}

/** Reads the headers, so that the caller knows what decoding will cost. */
export function openWireFrames(
  bytes: Uint8Array,
  limits: WireLimits = WIRE_LIMITS,
): WireBody | { readonly error: WireError } {
  const refusal = refusalOfHeader(bytes);
  if (refusal !== null) return { error: refusal };
  const headers = headersOf(bytes, limits);
  if ('error' in headers) return headers;
  const { found, rawBytes } = headers;
  return {
    frameCount: found.length,
    rawBytes,
    decode: (nextTurn) => decodeAll(bytes, found, nextTurn),
  };
}

async function decodeAll(
  bytes: Uint8Array,
  found: readonly FoundHeader[],
  nextTurn: (() => Promise<void>) | undefined,
): Promise<WireBatches> {
  const batches: SequencedBatch[] = [];
  let sinceTurn = 0;
  for (const [i, { header, start }] of found.entries()) {
    const frame = bytes.subarray(start, start + header.totalBytes);
    const batch = decodeFrame(header, frame);
    if (batch === null) return malformed(`frame ${i} is damaged: a checksum or length is wrong`);
    const fault = faultOf(batch);
    if (fault !== null) return malformed(`frame ${i} is not valid: ${fault}`);
    batches.push(batch);
    sinceTurn += header.rawBytes + header.metaBytes + FRAME_HEADER_BYTES;
    if (sinceTurn < bytesPerTurn || nextTurn === undefined) continue;
    sinceTurn = 0;
    await nextTurn();
  }
  return { batches };
}

const bytesPerTurn = 1024 * 1024;

function refusalOfHeader(bytes: Uint8Array): WireError | null {
  if (bytes.length < WIRE_HEADER_BYTES || !hasAscii(bytes, 0, WIRE_MAGIC))
    return { kind: 'malformed', message: 'the body does not begin with the header of frames' };
  const view = viewOf(bytes);
  const version = view.getUint16(8, true);
  if (version !== WIRE_VERSION)
    return {
      kind: 'version',
      message: `frames of version ${version} are not understood here, only of version ${WIRE_VERSION}`,
    };
  if (view.getUint16(10, true) !== WIRE_HEADER_BYTES || view.getUint32(12, true) !== 0)
    return { kind: 'malformed', message: 'the header of the frames is not valid' };
  return null;
}

interface FoundHeader {
  readonly header: FrameHeader;
  readonly start: number;
}

/** Sizes are added up before anything is decompressed. */
function headersOf(
  bytes: Uint8Array,
  limits: WireLimits,
): { readonly found: FoundHeader[]; readonly rawBytes: number } | { readonly error: WireError } {
  const found: FoundHeader[] = [];
  let rawBytes = 0;
  for (let start = WIRE_HEADER_BYTES; start < bytes.length; ) {
    if (found.length >= limits.framesMax)
      return tooLarge(`the body has more than ${limits.framesMax} frames`);
    const header = headerAt(bytes, start);
    if (header === null)
      return malformed(`frame ${found.length} has no valid header: it is damaged or cut off`);
    if (start + header.totalBytes > bytes.length)
      return malformed(`frame ${found.length} is cut off`);
    rawBytes += header.rawBytes;
    if (rawBytes > limits.rawBytesMax)
      return tooLarge(`the frames unpack to more than ${limits.rawBytesMax} bytes`);
    found.push({ header, start });
    start += header.totalBytes;
  }
  return { found, rawBytes };
}

/** Null for anything but the header of a frame of the wire, as this version writes it. */
function headerAt(bytes: Uint8Array, at: number): FrameHeader | null {
  const head = bytes.subarray(at, at + FRAME_HEADER_BYTES);
  if (head.length < FRAME_HEADER_BYTES) return null;
  const header = decodeFrameHeader(head, 0, wireSeed);
  if (header === null) return null;
  // Flags say signed, encrypted: a reader that ignored them would take cipher text for events.
  const isPlain = viewOf(head).getUint32(12, true) === 0;
  return isPlain && header.frameNo === 0 && header.totalBytes === align(header.totalBytes)
    ? header
    : null;
}

const malformed = (message: string): { readonly error: WireError } => ({
  error: { kind: 'malformed', message },
});
const tooLarge = (message: string): { readonly error: WireError } => ({
  error: { kind: 'too_large', message },
});
