// Header and footer of a segment. FORMAT.md "Segment", "Footer and end record".
import { crc32c } from '@node-rs/crc32';
import type { StreamEpoch } from './layout.js';
import {
  align,
  CODEC,
  FOOTER_BYTES_MAX,
  FOOTER_END_MAGIC,
  FOOTER_FIXED_BYTES,
  FOOTER_MAGIC,
  FOOTER_TRAILER_BYTES,
  FORMAT_VERSION,
  getCount,
  hasAscii,
  putAscii,
  putCount,
  SEGMENT_HEADER_BYTES,
  SEGMENT_HEADER_CRC_AT,
  SEGMENT_MAGIC,
  streamKey,
  versionError,
  viewOf,
} from './layout.js';

export interface SegmentHeader {
  readonly storeUuid: Uint8Array;
  readonly segmentId: number;
  readonly epoch: bigint;
  readonly createdAtNs: bigint;
  /** 0 for none. */
  readonly previousId: number;
  /** Frames of the previous segment from this number on are void. */
  readonly previousFrameCount: number;
  readonly crc: number;
}

export function encodeSegmentHeader(header: Omit<SegmentHeader, 'crc'>): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, SEGMENT_MAGIC);
  view.setUint16(8, FORMAT_VERSION, true);
  view.setUint16(10, SEGMENT_HEADER_BYTES, true);
  bytes.set(header.storeUuid, 16);
  putCount(view, 32, header.segmentId);
  view.setBigUint64(48, header.epoch, true);
  view.setBigUint64(56, header.createdAtNs, true);
  putCount(view, 64, header.previousId);
  putCount(view, 72, header.previousFrameCount);
  view.setUint8(84, CODEC.zstd);
  const crc = crc32c(bytes.subarray(0, SEGMENT_HEADER_CRC_AT));
  view.setUint32(SEGMENT_HEADER_CRC_AT, crc, true);
  return bytes;
}

/** Null if damaged. Throws WEIR_SPOOL_VERSION if intact but of another version. */
export function decodeSegmentHeader(bytes: Uint8Array, file: string): SegmentHeader | null {
  if (bytes.length < SEGMENT_HEADER_BYTES || !hasAscii(bytes, 0, SEGMENT_MAGIC)) return null;
  const view = viewOf(bytes);
  const crc = view.getUint32(SEGMENT_HEADER_CRC_AT, true);
  if (crc32c(bytes.subarray(0, SEGMENT_HEADER_CRC_AT)) !== crc) return null;
  const version = view.getUint16(8, true);
  if (version !== FORMAT_VERSION) throw versionError(file, version);
  return {
    storeUuid: bytes.slice(16, 32),
    segmentId: getCount(view, 32),
    epoch: view.getBigUint64(48, true),
    createdAtNs: view.getBigUint64(56, true),
    previousId: getCount(view, 64),
    previousFrameCount: getCount(view, 72),
    crc,
  };
}

/** Numbers of one stream in one segment. */
export interface StreamSpan extends StreamEpoch {
  frameCount: number;
  eventCount: number;
  /** -1 while there is no numbered event. */
  seqFirst: number;
  seqLast: number;
}

/** Counts what a segment holds, frame by frame. */
export class SegmentTally {
  frameCount = 0;
  eventCount = 0;
  dispositionFrameCount = 0;
  lastCrc = 0;
  readonly streams = new Map<string, StreamSpan>();

  add(frame: StreamEpoch & { seqFirst: number; eventCount: number }, crc: number): void {
    this.frameCount++;
    this.eventCount += frame.eventCount;
    this.lastCrc = crc;
    const key = streamKey(frame);
    let span = this.streams.get(key);
    if (span === undefined) {
      const { tenant, stream, epoch } = frame;
      span = { tenant, stream, epoch, frameCount: 0, eventCount: 0, seqFirst: -1, seqLast: -1 };
      this.streams.set(key, span);
    }
    span.frameCount++;
    if (frame.eventCount === 0) return;
    if (span.eventCount === 0) span.seqFirst = frame.seqFirst;
    else span.seqFirst = Math.min(span.seqFirst, frame.seqFirst);
    span.seqLast = Math.max(span.seqLast, frame.seqFirst + frame.eventCount - 1);
    span.eventCount += frame.eventCount;
  }
}

export interface SegmentFooter {
  readonly segmentId: number;
  readonly frameCount: number;
  readonly eventCount: number;
  readonly endOffset: number;
  readonly sealedAtNs: bigint;
  readonly lastCrc: number;
  readonly dispositionFrameCount: number;
  readonly storeUuid: Uint8Array;
  readonly streams: readonly StreamSpan[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Null if the table exceeds FOOTER_BYTES_MAX; the segment then stays without a footer. */
export function encodeFooter(footer: SegmentFooter): Uint8Array | null {
  const entries = footer.streams.map((span) => ({
    span,
    tenant: encoder.encode(span.tenant),
    stream: encoder.encode(span.stream),
  }));
  let tableBytes = 0;
  for (const { tenant, stream } of entries) tableBytes += 40 + tenant.length + stream.length;
  const length = align(FOOTER_FIXED_BYTES + tableBytes) + FOOTER_TRAILER_BYTES;
  if (length > FOOTER_BYTES_MAX) return null;
  const bytes = new Uint8Array(length);
  const view = viewOf(bytes);
  putAscii(bytes, 0, FOOTER_MAGIC);
  view.setUint32(4, length, true);
  putCount(view, 8, footer.segmentId);
  putCount(view, 16, footer.frameCount);
  putCount(view, 24, footer.eventCount);
  putCount(view, 32, footer.endOffset);
  view.setBigUint64(40, footer.sealedAtNs, true);
  view.setUint32(48, footer.lastCrc, true);
  view.setUint32(52, entries.length, true);
  view.setUint32(56, footer.dispositionFrameCount, true);
  bytes.set(footer.storeUuid, 96);
  let at = FOOTER_FIXED_BYTES;
  for (const { span, tenant, stream } of entries) {
    view.setUint16(at, tenant.length, true);
    view.setUint16(at + 2, stream.length, true);
    view.setUint32(at + 4, span.frameCount, true);
    view.setBigUint64(at + 8, span.epoch, true);
    view.setBigInt64(at + 16, BigInt(span.seqFirst), true);
    view.setBigInt64(at + 24, BigInt(span.seqLast), true);
    putCount(view, at + 32, span.eventCount);
    bytes.set(tenant, at + 40);
    bytes.set(stream, at + 40 + tenant.length);
    at += 40 + tenant.length + stream.length;
  }
  view.setUint32(length - 16, length, true);
  view.setUint32(length - 8, crc32c(bytes.subarray(0, length - 8)), true);
  putAscii(bytes, length - 4, FOOTER_END_MAGIC);
  return bytes;
}

/** Length of the footer that ends in these 16 bytes, 0 if none does. */
export function footerLength(trailer: Uint8Array): number {
  if (!hasAscii(trailer, 12, FOOTER_END_MAGIC)) return 0;
  const length = viewOf(trailer).getUint32(0, true);
  return length >= FOOTER_FIXED_BYTES + FOOTER_TRAILER_BYTES && length <= FOOTER_BYTES_MAX
    ? length
    : 0;
}

/** Null if damaged. */
export function decodeFooter(bytes: Uint8Array): SegmentFooter | null {
  const length = bytes.length;
  if (length < FOOTER_FIXED_BYTES + FOOTER_TRAILER_BYTES) return null;
  if (!hasAscii(bytes, 0, FOOTER_MAGIC) || !hasAscii(bytes, length - 4, FOOTER_END_MAGIC))
    return null;
  const view = viewOf(bytes);
  if (crc32c(bytes.subarray(0, length - 8)) !== view.getUint32(length - 8, true)) return null;
  const streams: StreamSpan[] = [];
  const streamCount = view.getUint32(52, true);
  const tableEnd = length - FOOTER_TRAILER_BYTES;
  let at = FOOTER_FIXED_BYTES;
  for (let i = 0; i < streamCount; i++) {
    if (at + 40 > tableEnd) return null;
    const tenantAt = at + 40;
    const streamAt = tenantAt + view.getUint16(at, true);
    const end = streamAt + view.getUint16(at + 2, true);
    if (end > tableEnd) return null;
    streams.push({
      tenant: decoder.decode(bytes.subarray(tenantAt, streamAt)),
      stream: decoder.decode(bytes.subarray(streamAt, end)),
      epoch: view.getBigUint64(at + 8, true),
      frameCount: view.getUint32(at + 4, true),
      seqFirst: Number(view.getBigInt64(at + 16, true)),
      seqLast: Number(view.getBigInt64(at + 24, true)),
      eventCount: getCount(view, at + 32),
    });
    at = end;
  }
  return {
    segmentId: getCount(view, 8),
    frameCount: getCount(view, 16),
    eventCount: getCount(view, 24),
    endOffset: getCount(view, 32),
    sealedAtNs: view.getBigUint64(40, true),
    lastCrc: view.getUint32(48, true),
    dispositionFrameCount: view.getUint32(56, true),
    storeUuid: bytes.slice(96, 112),
    streams,
  };
}
