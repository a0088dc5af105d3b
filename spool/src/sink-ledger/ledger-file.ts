// One file of a ledger: a header, a snapshot of all that was known, then an outcome a group.
// Records are only ever appended, and a file that was cut short is left as it is: the next one
// begins with what could be read of it.
import { crc32c } from '@node-rs/crc32';
import type { FileHandle, Files } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';
import {
  FORMAT_VERSION,
  getCount,
  hasAscii,
  putAscii,
  putCount,
  versionError,
  viewOf,
} from '../layout.js';
import { readWhole } from '../small-files.js';
import { MalformedError } from './byte-writer.js';
import { RecordDecoder } from './record-codec.js';
import { Tally } from './tally.js';

const MAGIC = 'WEIRSLDG';
export const HEADER_BYTES = 64;
const RECORD_HEAD_BYTES = 8;
export const RECORD_BYTES_MAX = 64 * 1024 * 1024;
/** Far above what compaction lets a file grow to. */
const FILE_BYTES_MAX = 1024 * 1024 * 1024;

const namePattern = /^ledger-([0-9a-f]{16})\.log$/;
export const ledgerName = (fileNo: number): string =>
  `ledger-${fileNo.toString(16).padStart(16, '0')}.log`;

/** Numbers of the ledger files in a directory, ascending; none if it does not exist. */
export async function ledgerNumbers(files: Files, directory: string): Promise<number[]> {
  try {
    const names = await files.readDir(directory);
    return names
      .map((name) => Number.parseInt(namePattern.exec(name)?.[1] ?? '', 16))
      .filter((fileNo) => Number.isSafeInteger(fileNo))
      .sort((a, b) => a - b);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

export function encodeHeader(fileId: Uint8Array, fileNo: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  putAscii(bytes, 0, MAGIC);
  view.setUint16(8, FORMAT_VERSION, true);
  view.setUint16(10, HEADER_BYTES, true);
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

export function frameRecord(fileId: Uint8Array, recordNo: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEAD_BYTES + body.length);
  const view = viewOf(bytes);
  view.setUint32(0, body.length, true);
  view.setUint32(4, crc32c(body, seedOf(fileId, recordNo)), true);
  bytes.set(body, RECORD_HEAD_BYTES);
  return bytes;
}

export interface ReadFile {
  readonly fileNo: number;
  readonly fileId: Uint8Array;
  readonly tally: Tally;
  readonly decoder: RecordDecoder;
  /** Where the good records end. */
  readonly endOffset: number;
  readonly recordCount: number;
  /** Bytes behind them: a record that a crash cut short, or damage. */
  readonly tornBytes: number;
}

/**
 * Null for a file that is gone, or whose header or snapshot is damaged. Throws WEIR_SPOOL_VERSION.
 */
export async function readLedgerFile(
  files: Files,
  directory: string,
  fileNo: number,
  chunkCountMax: number,
): Promise<ReadFile | null> {
  const path = `${directory}/${ledgerName(fileNo)}`;
  const bytes = await readWhole(files, path, FILE_BYTES_MAX);
  if (bytes === null || bytes.length < HEADER_BYTES || !hasAscii(bytes, 0, MAGIC)) return null;
  const view = viewOf(bytes);
  if (crc32c(bytes.subarray(0, 60)) !== view.getUint32(60, true)) return null;
  const version = view.getUint16(8, true);
  if (version !== FORMAT_VERSION) throw versionError(path, version);
  if (getCount(view, 32) !== fileNo) return null;
  const fileId = bytes.slice(16, 32);
  const tally = new Tally(chunkCountMax);
  const decoder = new RecordDecoder(tally);
  let at = HEADER_BYTES;
  let recordCount = 0;
  for (;;) {
    const body = bodyAt(bytes, at, seedOf(fileId, recordCount));
    if (body === null) break;
    try {
      decoder.apply(body);
    } catch (error) {
      if (error instanceof MalformedError) break;
      throw error;
    }
    at += RECORD_HEAD_BYTES + body.length;
    recordCount++;
  }
  if (!decoder.isWhole) return null;
  const tornBytes = bytes.length - at;
  return { fileNo, fileId, tally, decoder, endOffset: at, recordCount, tornBytes };
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

/**
 * Bytes of the record that begins at an offset, by what it says itself; null if it says nothing.
 */
export async function lengthOfRecordAt(
  files: Files,
  path: string,
  offset: number,
): Promise<number | null> {
  const handle = await files.open(path, 'read');
  try {
    const head = new Uint8Array(RECORD_HEAD_BYTES);
    if ((await handle.read(head, offset)) < RECORD_HEAD_BYTES) return null;
    const length = viewOf(head).getUint32(0, true);
    return length === 0 || length > RECORD_BYTES_MAX ? null : RECORD_HEAD_BYTES + length;
  } finally {
    await handle.close();
  }
}

/** A ledger file that is open for appending. */
export class LedgerAppender {
  readonly #handle: FileHandle;
  readonly #fileId: Uint8Array;
  #at: number;
  #recordNo: number;

  constructor(handle: FileHandle, fileId: Uint8Array, at: number, recordNo: number) {
    this.#handle = handle;
    this.#fileId = fileId;
    this.#at = at;
    this.#recordNo = recordNo;
  }

  get bytesUsed(): number {
    return this.#at;
  }

  /** Written and not durable. */
  async write(body: Uint8Array): Promise<void> {
    const bytes = frameRecord(this.#fileId, this.#recordNo, body);
    await this.#handle.write([bytes], this.#at);
    this.#at += bytes.length;
    this.#recordNo++;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }
  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}
