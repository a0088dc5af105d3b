// One frame = one SequencedBatch. FORMAT.md "Frame". The header is written last, because segment
// and frame number are only known when the frame is written, and may change if it has to be written
// again.
import { crc32c } from '@node-rs/crc32';
import type { BufferPool, InputFormat, SequencedBatch } from '@weir/pipeline';
import { allocateBytes, assertBatch, isPlanted, LIMITS, WeirError } from '@weir/pipeline';
import {
  align,
  CODEC,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  getCount,
  hasAscii,
  INPUT_FORMAT,
  putAscii,
  putCount,
  viewOf,
} from './layout.js';
import type { FrameMeta } from './meta-codec.js';
import { decodeMeta, encodeMeta } from './meta-codec.js';
import { zstdCompress, zstdDecompress } from './zstd.js';

/** A frame that is ready to be written anywhere. */
export interface EncodedFrame {
  /** Header and metadata; sealFrame fills in what depends on the place. */
  readonly head: Uint8Array;
  readonly stored: Uint8Array<ArrayBuffer>;
  /** Zeros up to the alignment. */
  readonly padding: Uint8Array;
  readonly totalBytes: number;
}

export interface FrameHeader {
  readonly crc: number;
  readonly codec: number;
  readonly format: InputFormat;
  readonly segmentId: number;
  readonly frameNo: number;
  readonly epoch: bigint;
  readonly seqFirst: number;
  readonly eventCount: number;
  readonly metaBytes: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly receivedAtNs: bigint;
  readonly metaCrc: number;
  readonly payloadCrc: number;
  readonly previousCrc: number;
  readonly streamTag: number;
  /** Header, metadata, payload and padding. */
  readonly totalBytes: number;
}

const zeros = new Uint8Array(8);
let rawScratch = new Uint8Array(256 * 1024);

/** Start value of the header CRCs of a segment. */
export function headerSeed(storeUuid: Uint8Array, segmentId: number): number {
  const id = new Uint8Array(8);
  putCount(viewOf(id), 0, segmentId);
  return crc32c(id, crc32c(storeUuid));
}

export const streamTagOf = (tenant: string, stream: string): number =>
  crc32c(`${tenant}\0${stream}`);

/**
 * Compresses a batch, into memory of the pool if there is one: give `stored` back to it. Throws
 * WEIR_SPOOL_IO when the frame would exceed frameRawBytesMax, frameStoredBytesMax or
 * frameMetaBytesMax.
 */
export function encodeFrame(
  batch: SequencedBatch,
  zstdLevel: number,
  memory: BufferPool | null = null,
): EncodedFrame {
  assertBatch(batch);
  const raw = joinPayload(batch);
  let codec: number = CODEC.stored;
  let packed = raw;
  if (raw.length > 0) {
    const compressed = zstdCompress(raw, zstdLevel);
    if (compressed.length < raw.length) {
      codec = CODEC.zstd;
      packed = compressed;
    }
  }
  // Whoever has the frame owns `stored`, also that of an empty batch: never memory of this module.
  const stored = memory?.copyOf(packed) ?? copyOf(packed);
  checkSize('payload', stored.length, LIMITS.frameStoredBytesMax);
  const meta = encodeMeta(batch);
  const head = new Uint8Array(FRAME_HEADER_BYTES + meta.length);
  head.set(meta, FRAME_HEADER_BYTES);
  const view = viewOf(head);
  putAscii(head, 0, FRAME_MAGIC);
  view.setUint16(8, FRAME_HEADER_BYTES, true);
  view.setUint8(10, codec);
  view.setUint8(11, INPUT_FORMAT[batch.format]);
  view.setBigUint64(32, batch.epoch, true);
  putCount(view, 40, batch.seqFirst);
  view.setUint32(48, batch.eventCount, true);
  view.setUint32(52, meta.length, true);
  view.setUint32(56, stored.length, true);
  view.setUint32(60, raw.length, true);
  view.setBigUint64(64, batch.receivedAtNs, true);
  view.setUint32(72, crc32c(head.subarray(FRAME_HEADER_BYTES)), true);
  view.setUint32(76, crc32c(stored), true);
  view.setUint32(84, streamTagOf(batch.tenant, batch.stream), true);
  const totalBytes = align(head.length + stored.length);
  const padding = zeros.subarray(0, totalBytes - head.length - stored.length);
  return { head, stored, padding, totalBytes };
}

/** Fills in the place of the frame; returns its header crc. */
export function sealFrame(
  frame: EncodedFrame,
  place: { segmentId: number; frameNo: number; previousCrc: number; seed: number },
): number {
  const view = viewOf(frame.head);
  putCount(view, 16, place.segmentId);
  putCount(view, 24, place.frameNo);
  view.setUint32(80, place.previousCrc, true);
  const crc = crc32c(frame.head.subarray(8, FRAME_HEADER_BYTES), place.seed);
  view.setUint32(4, crc, true);
  return crc;
}

/** Null if the first 128 bytes are not the header of a frame of this segment, or exceed a limit. */
export function decodeFrameHeader(
  bytes: Uint8Array,
  segmentId: number,
  seed: number,
): FrameHeader | null {
  if (!hasAscii(bytes, 0, FRAME_MAGIC)) return null;
  const view = viewOf(bytes);
  const crc = view.getUint32(4, true);
  const isBlind = isPlanted('length_before_bound');
  if (crc32c(bytes.subarray(8, FRAME_HEADER_BYTES), seed) !== crc && !isBlind) return null;
  const eventCount = view.getUint32(48, true);
  const metaBytes = view.getUint32(52, true);
  const storedBytes = view.getUint32(56, true);
  const rawBytes = view.getUint32(60, true);
  const codec = view.getUint8(10);
  const format = view.getUint8(11);
  const seqFirst = getCount(view, 40);
  const isOutOfBounds =
    view.getUint16(8, true) !== FRAME_HEADER_BYTES ||
    getCount(view, 16) !== segmentId ||
    (codec !== CODEC.stored && codec !== CODEC.zstd) ||
    (format !== INPUT_FORMAT.syslog && format !== INPUT_FORMAT.json) ||
    eventCount > LIMITS.batchEventCountMax ||
    metaBytes > LIMITS.frameMetaBytesMax ||
    storedBytes > LIMITS.frameStoredBytesMax ||
    rawBytes > LIMITS.frameRawBytesMax ||
    rawBytes < eventCount * 4 ||
    !Number.isSafeInteger(seqFirst);
  if (isOutOfBounds && !isBlind) return null;
  return {
    crc,
    codec,
    format: format === INPUT_FORMAT.json ? 'json' : 'syslog',
    segmentId,
    frameNo: getCount(view, 24),
    epoch: view.getBigUint64(32, true),
    seqFirst,
    eventCount,
    metaBytes,
    storedBytes,
    rawBytes,
    receivedAtNs: view.getBigUint64(64, true),
    metaCrc: view.getUint32(72, true),
    payloadCrc: view.getUint32(76, true),
    previousCrc: view.getUint32(80, true),
    streamTag: view.getUint32(84, true),
    totalBytes: align(FRAME_HEADER_BYTES + metaBytes + storedBytes),
  };
}

/** Metadata of a frame whose bytes start at `frame[0]`; null if it fails its CRC. */
export function readMeta(header: FrameHeader, frame: Uint8Array): FrameMeta | null {
  const meta = frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + header.metaBytes);
  if (meta.length !== header.metaBytes || crc32c(meta) !== header.metaCrc) return null;
  return decodeMeta(meta);
}

const payloadOf = (header: FrameHeader, frame: Uint8Array): Uint8Array => {
  const from = FRAME_HEADER_BYTES + header.metaBytes;
  return frame.subarray(from, from + header.storedBytes);
};

export function isPayloadIntact(header: FrameHeader, frame: Uint8Array): boolean {
  const stored = payloadOf(header, frame);
  if (stored.length !== header.storedBytes) return false;
  return crc32c(stored) === header.payloadCrc || isPlanted('payload_without_checksum');
}

/**
 * The batch of a whole frame, in memory of its own, from the pool if there is one; null if anything
 * in it is damaged.
 */
export function decodeFrame(
  header: FrameHeader,
  frame: Uint8Array,
  memory: BufferPool | null = null,
): SequencedBatch | null {
  const meta = readMeta(header, frame);
  if (meta === null || !isPayloadIntact(header, frame)) return null;
  const raw = unpack(header, payloadOf(header, frame));
  if (raw === null) return null;
  const view = viewOf(raw);
  const offsets = new Uint32Array(header.eventCount + 1);
  let end = 0;
  for (let i = 0; i < header.eventCount; i++) {
    end += view.getUint32(i * 4, true);
    offsets[i + 1] = end;
  }
  const bytesAt = header.eventCount * 4;
  if (end !== raw.length - bytesAt) return null;
  const payload = raw.subarray(bytesAt);
  const bytes = memory?.copyOf(payload) ?? copyOf(payload);
  return {
    ...meta,
    format: header.format,
    receivedAtNs: header.receivedAtNs,
    eventCount: header.eventCount,
    bytes,
    offsets,
    epoch: header.epoch,
    seqFirst: header.seqFirst,
  };
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = allocateBytes(bytes.length);
  copy.set(bytes);
  return copy;
}

function unpack(header: FrameHeader, stored: Uint8Array): Uint8Array | null {
  if (header.codec === CODEC.stored) return header.rawBytes === stored.length ? stored : null;
  if (rawScratch.length < header.rawBytes) rawScratch = new Uint8Array(header.rawBytes);
  const raw = rawScratch.subarray(0, header.rawBytes);
  return zstdDecompress(stored, raw) ? raw : null;
}

/** Lengths and bytes in one piece, valid until the next call. */
function joinPayload(batch: SequencedBatch): Uint8Array<ArrayBuffer> {
  const lengthsBytes = batch.eventCount * 4;
  const length = lengthsBytes + batch.bytes.length;
  checkSize('batch', length, LIMITS.frameRawBytesMax);
  if (rawScratch.length < length) rawScratch = new Uint8Array(length);
  const raw = rawScratch.subarray(0, length);
  const view = viewOf(raw);
  for (let i = 0; i < batch.eventCount; i++) {
    const from = batch.offsets[i] ?? 0;
    view.setUint32(i * 4, (batch.offsets[i + 1] ?? from) - from, true);
  }
  raw.set(batch.bytes, lengthsBytes);
  return raw;
}

function checkSize(what: string, size: number, limit: number): void {
  if (size <= limit) return;
  throw new WeirError('WEIR_SPOOL_IO', `${what} too large: ${size} bytes, limit is ${limit}`, {
    size,
    limit,
  });
}
