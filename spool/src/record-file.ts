// Append-only files of records, each bound to its file and place by its CRC. FORMAT.md "Ledger of a
// sink" has the layout; ledgers, the tree and receipts differ in the magic and in what a body says.
import { crc32c } from '@node-rs/crc32';
import {
  FORMAT_VERSION,
  getCount,
  hasAscii,
  putAscii,
  putCount,
  versionError,
  viewOf,
} from './layout.js';

export const RECORD_FILE_HEADER_BYTES = 64;
export const RECORD_FILE_ID_BYTES = 16;
export const RECORD_HEAD_BYTES = 8;
export const RECORD_BYTES_MAX = 64 * 1024 * 1024;

/** `magic` is 8 characters, `fileId` 16 random bytes. */
export function encodeRecordFileHeader(
  magic: string,
  fileId: Uint8Array,
  fileNo: number,
): Uint8Array {
  const bytes = new Uint8Array(RECORD_FILE_HEADER_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, magic);
  view.setUint16(8, FORMAT_VERSION, true);
  view.setUint16(10, RECORD_FILE_HEADER_BYTES, true);
  bytes.set(fileId, 16);
  putCount(view, 32, fileNo);
  view.setUint32(60, crc32c(bytes.subarray(0, 60)), true);
  return bytes;
}

/** Start value of a record's CRC: one of another file or another place does not fit. */
function seedOf(fileId: Uint8Array, recordNo: number): number {
  const bytes = new Uint8Array(fileId.length + 8);
  bytes.set(fileId);
  putCount(viewOf(bytes), fileId.length, recordNo);
  return crc32c(bytes);
}

export function encodeRecord(fileId: Uint8Array, recordNo: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEAD_BYTES + body.length);
  const view = viewOf(bytes);
  view.setUint32(0, body.length, true);
  view.setUint32(4, crc32c(body, seedOf(fileId, recordNo)), true);
  bytes.set(body, RECORD_HEAD_BYTES);
  return bytes;
}

export interface RecordFile {
  readonly fileId: Uint8Array;
  /** In order, up to the first record that does not match. */
  readonly bodies: readonly Uint8Array[];
  /** Where each of the records ends. */
  readonly ends: readonly number[];
  /**
   * True if a record that matches stands behind one that does not: that is damage, and no record
   * that a crash cut short.
   */
  readonly isHoled: boolean;
}

/** Null if its header is damaged. Throws WEIR_SPOOL_VERSION if intact but of another version. */
export function decodeRecordFile(
  bytes: Uint8Array,
  magic: string,
  fileNo: number,
  path: string,
): RecordFile | null {
  if (bytes.length < RECORD_FILE_HEADER_BYTES || !hasAscii(bytes, 0, magic)) return null;
  const view = viewOf(bytes);
  if (crc32c(bytes.subarray(0, 60)) !== view.getUint32(60, true)) return null;
  const version = view.getUint16(8, true);
  if (version !== FORMAT_VERSION) throw versionError(path, version);
  if (getCount(view, 32) !== fileNo) return null;
  const fileId = bytes.slice(16, 16 + RECORD_FILE_ID_BYTES);
  const bodies: Uint8Array[] = [];
  const ends: number[] = [];
  let at = RECORD_FILE_HEADER_BYTES;
  for (;;) {
    const body = bodyAt(bytes, at, seedOf(fileId, bodies.length));
    if (body === null) break;
    at += RECORD_HEAD_BYTES + body.length;
    bodies.push(body);
    ends.push(at);
  }
  return { fileId, bodies, ends, isHoled: isRecordBehind(bytes, at, fileId, bodies.length) };
}

/** By the length that the bad record says; a damaged length hides what is behind it. */
function isRecordBehind(
  bytes: Uint8Array,
  at: number,
  fileId: Uint8Array,
  recordNo: number,
): boolean {
  if (at + RECORD_HEAD_BYTES > bytes.length) return false;
  const next = at + RECORD_HEAD_BYTES + viewOf(bytes).getUint32(at, true);
  return bodyAt(bytes, next, seedOf(fileId, recordNo + 1)) !== null;
}

function bodyAt(bytes: Uint8Array, at: number, seed: number): Uint8Array | null {
  const from = at + RECORD_HEAD_BYTES;
  if (from > bytes.length) return null;
  const view = viewOf(bytes);
  const length = view.getUint32(at, true);
  if (length === 0 || length > RECORD_BYTES_MAX || from + length > bytes.length) return null;
  const body = bytes.subarray(from, from + length);
  return crc32c(body, seed) === view.getUint32(at + 4, true) ? body : null;
}
