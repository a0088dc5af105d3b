// The files of receipts in a directory. The newest says all: it begins with a fold of what came
// before it. EVIDENCE.md "Receipts".
import type { Files } from '@weir/pipeline';
import { decodeRecordFile } from '../record-file.js';
import { MalformedError } from '../sink-ledger/byte-writer.js';
import { fileNumbers, readWhole } from '../small-files.js';
import {
  decodeReceipt,
  hashOfText,
  numberOfNote,
  parseDocument,
  type StoredReceipt,
} from './receipt-note.js';

export const RECEIPT_MAGIC = 'WEIRRCPT';
/** Far above what folding lets a file grow to. */
const FILE_BYTES_MAX = 1024 * 1024 * 1024;
const ATTEMPTS_MAX = 4;

const namePattern = /^receipts-([0-9a-f]{16})\.log$/;
export const receiptFileName = (fileNo: number): string =>
  `receipts-${fileNo.toString(16).padStart(16, '0')}.log`;

/** Numbers of the receipt files in a directory, ascending; none if it does not exist. */
export const receiptFileNumbers = (files: Files, directory: string): Promise<number[]> =>
  fileNumbers(files, directory, namePattern);

export interface ReceiptFile {
  readonly fileNo: number;
  readonly fileId: Uint8Array;
  /** At least one. */
  readonly receipts: readonly StoredReceipt[];
  readonly endOffset: number;
  /** Offset behind the first receipt. */
  readonly firstEnd: number;
  /** Bytes behind the last good record: one that a crash cut short, or damage. */
  readonly tornBytes: number;
  /** Damage for sure: a record that matches stands behind one that does not, or says nothing. */
  readonly isDamaged: boolean;
}

/**
 * Null for a file that is gone, or whose header or first receipt is damaged. Throws
 * WEIR_SPOOL_VERSION.
 */
export async function readReceiptFile(
  files: Files,
  directory: string,
  fileNo: number,
): Promise<ReceiptFile | null> {
  const path = `${directory}/${receiptFileName(fileNo)}`;
  const bytes = await readWhole(files, path, FILE_BYTES_MAX);
  const records = bytes && decodeRecordFile(bytes, RECEIPT_MAGIC, fileNo, path);
  if (bytes === null || records === null) return null;
  const { fileId, bodies, ends } = records;
  const receipts: StoredReceipt[] = [];
  for (const body of bodies) {
    const receipt = tryReceipt(body);
    if (receipt === null) break;
    receipts.push(receipt);
  }
  const [firstEnd] = ends;
  const endOffset = ends[receipts.length - 1];
  if (firstEnd === undefined || endOffset === undefined) return null;
  const tornBytes = bytes.length - endOffset;
  const isDamaged = records.isHoled || receipts.length < bodies.length;
  return { fileNo, fileId, receipts, endOffset, firstEnd, tornBytes, isDamaged };
}

function tryReceipt(body: Uint8Array): StoredReceipt | null {
  try {
    const receipt = decodeReceipt(body);
    numberOfNote(receipt.note);
    parseDocument(receipt.document);
    return receipt;
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

export interface ReceiptReading {
  /** Of the newest file that is good, oldest first; empty if there is none. */
  readonly receipts: readonly StoredReceipt[];
  /** Newer files that cannot be read. */
  readonly damagedFileCount: number;
  /** Bytes at the end that are no whole record: one is being written, or was cut short. */
  readonly tornBytes: number;
  /** Why the files are not as they were written; null if nothing shows that they are not. */
  readonly problem: string | null;
}

/** Touches nothing; the log may be at work. Rejects with WEIR_SPOOL_VERSION or a system error. */
export async function readReceipts(files: Files, directory: string): Promise<ReceiptReading> {
  // The newest file may be replaced and removed between the look at the directory and the reading.
  for (let attempt = 1; ; attempt++) {
    const numbers = await receiptFileNumbers(files, directory);
    let damagedFileCount = 0;
    for (const fileNo of numbers.reverse()) {
      const found = await readReceiptFile(files, directory, fileNo);
      if (found === null) {
        damagedFileCount++;
        continue;
      }
      const { receipts, tornBytes } = found;
      return { receipts, damagedFileCount, tornBytes, problem: problemOf(found, damagedFileCount) };
    }
    if (numbers.length === 0 || attempt >= ATTEMPTS_MAX)
      return {
        ...{ receipts: [], damagedFileCount, tornBytes: 0 },
        problem: numbers.length === 0 ? null : unreadable(damagedFileCount),
      };
  }
}

const unreadable = (count: number): string =>
  `${count} files of signed receipts do not match their checksums`;

function problemOf(
  { receipts, fileNo, isDamaged }: ReceiptFile,
  damagedFileCount: number,
): string | null {
  if (damagedFileCount > 0) return unreadable(damagedFileCount);
  if (isDamaged) return `a receipt in ${receiptFileName(fileNo)} does not match its checksum`;
  for (const [i, { note }] of receipts.entries()) {
    const before = receipts[i - 1];
    if (before === undefined) continue;
    const previous = Buffer.from(hashOfText(before.note)).toString('base64');
    const isNext = numberOfNote(note) === numberOfNote(before.note) + 1;
    if (!isNext || note.split('\n')[2] !== `previous ${previous}`)
      return `receipt ${numberOfNote(note)} does not name the one before it`;
  }
  return null;
}
