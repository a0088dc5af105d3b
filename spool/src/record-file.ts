// Append-only files of records, each bound to its file and place by its CRC. FORMAT.md "Ledger of a
// sink" has the layout; ledgers, the tree and receipts differ in the magic and in what a body says.
import { crc32c } from '@node-rs/crc32';
import type { Files } from '@weir/pipeline';
import {
  FORMAT_VERSION,
  getCount,
  hasAscii,
  putAscii,
  putCount,
  versionError,
  viewOf,
} from './layout.js';
import { openSalvage, type SalvageHandle } from './salvage.js';

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
  const fileId = fileIdOf(bytes, magic, fileNo, path);
  if (fileId === null) return null;
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

/** Null if the header is damaged, or that of another file. Throws WEIR_SPOOL_VERSION. */
function fileIdOf(
  bytes: Uint8Array,
  magic: string,
  fileNo: number,
  path: string,
): Uint8Array | null {
  if (bytes.length < RECORD_FILE_HEADER_BYTES || !hasAscii(bytes, 0, magic)) return null;
  const view = viewOf(bytes);
  if (crc32c(bytes.subarray(0, 60)) !== view.getUint32(60, true)) return null;
  const version = view.getUint16(8, true);
  if (version !== FORMAT_VERSION) throw versionError(path, version);
  return getCount(view, 32) === fileNo ? bytes.slice(16, 16 + RECORD_FILE_ID_BYTES) : null;
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

/** Read at once: 5 to 10 ms of hashing where the records are leaves of the tree. */
const WINDOW_BYTES = 256 * 1024;

/**
 * The records of a file one after the other, as `decodeRecordFile` finds them, with no more of the
 * file in memory than a window or one record. Close it.
 */
export class RecordFileReader {
  readonly sizeBytes: number;
  /** How many matched so far, and where the last of them ends. */
  recordCount = 0;
  endOffset = RECORD_FILE_HEADER_BYTES;
  fileId: Uint8Array = new Uint8Array(RECORD_FILE_ID_BYTES);
  readonly #handle: SalvageHandle;
  #memory = new Uint8Array(0);
  /** What of the file is in memory. */
  #from = 0;
  #length = 0;

  private constructor(handle: SalvageHandle, sizeBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  /**
   * Null if there is no such file, or if it is larger than the limit; 'damaged' if its header is,
   * 'unread' if that cannot be read now. Rejects with WEIR_SPOOL_VERSION, or the system's error.
   */
  static async open(
    files: Files,
    path: string,
    { magic, fileNo, bytesMax }: { magic: string; fileNo: number; bytesMax: number },
  ): Promise<RecordFileReader | 'damaged' | 'unread' | null> {
    const handle = await openSalvage(files, path);
    if (handle === null) return null;
    let reader: RecordFileReader | null = null;
    try {
      const size = await files.sizeBytes(path);
      if (size === null || size > bytesMax) return null;
      const opening = new RecordFileReader(handle, size);
      const header = await opening.#bytesAt(0, Math.min(size, RECORD_FILE_HEADER_BYTES));
      const fileId = header && fileIdOf(header, magic, fileNo, path);
      if (fileId === null) return opening.isUnread ? 'unread' : 'damaged';
      opening.fileId = fileId;
      reader = opening;
      return reader;
    } finally {
      if (reader === null) await handle.close();
    }
  }

  /** A place was met that cannot be read now: what does not match there need not be rotten. */
  get isUnread(): boolean {
    return this.#handle.unreadableTo > 0;
  }

  /** The next body, valid until the next call; null where no record matches. */
  async next(): Promise<Uint8Array | null> {
    const body = await this.#bodyAt(this.endOffset, this.recordCount);
    if (body === null) return null;
    this.endOffset += RECORD_HEAD_BYTES + body.length;
    this.recordCount++;
    return body;
  }

  /** As in RecordFile, once `next` has given null. */
  async isHoled(): Promise<boolean> {
    const head = await this.#bytesAt(this.endOffset, RECORD_HEAD_BYTES);
    if (head === null) return false;
    const behind = this.endOffset + RECORD_HEAD_BYTES + viewOf(head).getUint32(0, true);
    return (await this.#bodyAt(behind, this.recordCount + 1)) !== null;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #bodyAt(at: number, recordNo: number): Promise<Uint8Array | null> {
    const head = await this.#bytesAt(at, RECORD_HEAD_BYTES);
    if (head === null) return null;
    const length = viewOf(head).getUint32(0, true);
    if (length === 0 || length > RECORD_BYTES_MAX) return null;
    const record = await this.#bytesAt(at, RECORD_HEAD_BYTES + length);
    return record && bodyAt(record, 0, seedOf(this.fileId, recordNo));
  }

  /** Null if they are not all in the file. */
  async #bytesAt(at: number, byteCount: number): Promise<Uint8Array | null> {
    if (at + byteCount > this.sizeBytes) return null;
    if (at < this.#from || at + byteCount > this.#from + this.#length) {
      await this.#read(at, byteCount);
      if (byteCount > this.#length) return null;
    }
    return this.#memory.subarray(at - this.#from, at - this.#from + byteCount);
  }

  async #read(at: number, byteCount: number): Promise<void> {
    const wanted = Math.min(Math.max(byteCount, WINDOW_BYTES), this.sizeBytes - at);
    const isThere = at >= this.#from && at < this.#from + this.#length;
    const kept = isThere ? this.#memory.subarray(at - this.#from, this.#length) : null;
    const keptBytes = kept?.length ?? 0;
    const memory = wanted > this.#memory.length ? new Uint8Array(wanted) : this.#memory;
    if (kept !== null) memory.set(kept);
    const target = memory.subarray(keptBytes, wanted);
    this.#memory = memory;
    this.#from = at;
    this.#length = keptBytes + (await this.#handle.read(target, at + keptBytes));
  }
}
