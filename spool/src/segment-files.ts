// Reading header and footer of a segment file.
import type { Files } from '@weir/pipeline';
import {
  endName,
  FOOTER_BYTES_MAX,
  FOOTER_TRAILER_BYTES,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from './layout.js';
import { openSalvage } from './salvage.js';
import type { SegmentFooter, SegmentHeader } from './segment.js';
import { decodeFooter, decodeSegmentHeader, footerLength } from './segment.js';
import { readWhole } from './small-files.js';

/** Null if damaged or gone. Throws WEIR_SPOOL_VERSION. */
export async function readSegmentHeader(files: Files, path: string): Promise<SegmentHeader | null> {
  return (await lookAtSegmentHeader(files, path)).header;
}

/** As readSegmentHeader, and whether it cannot be read now; then it need not be rotten. */
export async function lookAtSegmentHeader(
  files: Files,
  path: string,
): Promise<{ readonly header: SegmentHeader | null; readonly isUnread: boolean }> {
  const handle = await openSalvage(files, path);
  try {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const isWhole = (await handle?.read(bytes, 0)) === bytes.length;
    const header = isWhole ? decodeSegmentHeader(bytes, path) : null;
    return { header, isUnread: header === null && (handle?.unreadableTo ?? 0) > 0 };
  } finally {
    await handle?.close();
  }
}

/** What says how a segment ended: its own footer, or the end record beside it. */
export interface SegmentEnding {
  readonly place: 'footer' | 'end_record';
  readonly footer: SegmentFooter;
}

/** The footer in the file, else the end record beside it; null if neither is there and intact. */
export async function readFooter(
  files: Files,
  directory: string,
  segmentId: number,
  storeUuid: Uint8Array,
): Promise<SegmentFooter | null> {
  return (await readEnding(files, directory, segmentId, storeUuid))?.footer ?? null;
}

/** As readFooter, and which of the two it was. */
export async function readEnding(
  files: Files,
  directory: string,
  segmentId: number,
  storeUuid: Uint8Array,
): Promise<SegmentEnding | null> {
  const path = `${directory}/${segmentName(segmentId)}`;
  const sizeBytes = (await files.sizeBytes(path)) ?? 0;
  const isOurs = (footer: SegmentFooter | null): footer is SegmentFooter =>
    footer !== null &&
    footer.segmentId === segmentId &&
    footer.endOffset <= sizeBytes &&
    footer.storeUuid.every((byte, i) => byte === storeUuid[i]);
  const footer = await footerAtEnd(files, path, sizeBytes);
  if (isOurs(footer)) return { place: 'footer', footer };
  const bytes = await readWhole(files, `${directory}/${endName(segmentId)}`, FOOTER_BYTES_MAX);
  const record = bytes === null ? null : decodeFooter(bytes);
  return isOurs(record) ? { place: 'end_record', footer: record } : null;
}

async function footerAtEnd(
  files: Files,
  path: string,
  sizeBytes: number,
): Promise<SegmentFooter | null> {
  const trailerAt = sizeBytes - FOOTER_TRAILER_BYTES;
  if (trailerAt < SEGMENT_HEADER_BYTES) return null;
  const trailer = await readAt(files, path, trailerAt, FOOTER_TRAILER_BYTES);
  const length = trailer === null ? 0 : footerLength(trailer);
  if (length === 0 || sizeBytes - length < SEGMENT_HEADER_BYTES) return null;
  const bytes = await readAt(files, path, sizeBytes - length, length);
  return bytes === null ? null : decodeFooter(bytes);
}

/** Exactly `byteCount` bytes, or null. */
async function readAt(
  files: Files,
  path: string,
  position: number,
  byteCount: number,
): Promise<Uint8Array | null> {
  const handle = await openSalvage(files, path);
  try {
    const bytes = new Uint8Array(byteCount);
    return (await handle?.read(bytes, position)) === byteCount ? bytes : null;
  } finally {
    await handle?.close();
  }
}
