// One file of a ledger: a header, a snapshot of all that was known, then an outcome a group.
// Records are only ever appended, and a file that was cut short is left as it is: the next one
// begins with what could be read of it.
import type { FileHandle, Files } from '@weir/pipeline';
import { viewOf } from '../layout.js';
import {
  decodeRecordFile,
  encodeRecord,
  encodeRecordFileHeader,
  RECORD_BYTES_MAX,
  RECORD_FILE_HEADER_BYTES,
  RECORD_HEAD_BYTES,
} from '../record-file.js';
import { fileNumbers, readWhole } from '../small-files.js';
import { MalformedError } from './byte-writer.js';
import { RecordDecoder } from './record-codec.js';
import { Tally } from './tally.js';

const MAGIC = 'WEIRSLDG';
/** Far above what compaction lets a file grow to. */
const FILE_BYTES_MAX = 1024 * 1024 * 1024;

const namePattern = /^ledger-([0-9a-f]{16})\.log$/;
export const ledgerName = (fileNo: number): string =>
  `ledger-${fileNo.toString(16).padStart(16, '0')}.log`;

/** Numbers of the ledger files in a directory, ascending; none if it does not exist. */
export const ledgerNumbers = (files: Files, directory: string): Promise<number[]> =>
  fileNumbers(files, directory, namePattern);

export const encodeHeader = (fileId: Uint8Array, fileNo: number): Uint8Array =>
  encodeRecordFileHeader(MAGIC, fileId, fileNo);

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
  const records = bytes && decodeRecordFile(bytes, MAGIC, fileNo, path);
  if (bytes === null || records === null) return null;
  const { fileId, bodies, ends } = records;
  const tally = new Tally(chunkCountMax);
  const decoder = new RecordDecoder(tally);
  let recordCount = 0;
  for (const body of bodies) {
    try {
      decoder.apply(body);
    } catch (error) {
      if (error instanceof MalformedError) break;
      throw error;
    }
    recordCount++;
  }
  if (!decoder.isWhole) return null;
  const endOffset = ends[recordCount - 1] ?? RECORD_FILE_HEADER_BYTES;
  const tornBytes = bytes.length - endOffset;
  return { fileNo, fileId, tally, decoder, endOffset, recordCount, tornBytes };
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
    const bytes = encodeRecord(this.#fileId, this.#recordNo, body);
    await this.#handle.write([bytes], this.#at);
    this.#at += bytes.length;
    this.#recordNo++;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }
  async close(): Promise<void> {
    await this.#handle.close();
  }
}
