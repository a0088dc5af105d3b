// The signed receipts of a sink: one a closed intent, each naming the one before it, durable before
// the intent counts as settled. EVIDENCE.md "Receipts".
import type { FileHandle, Files, Random } from '@weir/pipeline';
import { assert, messageOf, WeirError } from '@weir/pipeline';
import { TEMPORARY_SUFFIX } from '../layout.js';
import { encodeRecord, encodeRecordFileHeader, RECORD_FILE_ID_BYTES } from '../record-file.js';
import { removeIfThere, Serial } from '../small-files.js';
import { writeAgain } from '../write-again.js';
import { type ReceiptDocument, type ReceiptOutcome, ReceiptOutcomes } from './outcomes.js';
import {
  RECEIPT_MAGIC,
  type ReceiptFile,
  readReceiptFile,
  receiptFileName,
  receiptFileNumbers,
} from './receipt-files.js';
import {
  encodeReceipt,
  hashOfText,
  NO_PREVIOUS,
  numberOfNote,
  parseDocument,
  receiptText,
} from './receipt-note.js';

/** A key that signs notes. */
export interface NoteSigner {
  /** `weir/loader/<node id>`. */
  readonly name: string;
  /** `text` ends with a newline. Returns the whole note. Throws when the key cannot be used. */
  sign(text: string): string;
}

export interface ReceiptLogOptions {
  readonly files: Files;
  readonly random: Random;
  /** Of this sink; it is made if it is not there. Its parent exists and is durable. */
  readonly directory: string;
  /** Id of the sink. */
  readonly sink: string;
  readonly signer: NoteSigner;
  /** Size at which a file is followed by the next. Default 4 MiB. */
  readonly fileBytesMax?: number;
  /** Ranges of a fold above which its oldest numbers are told apart no more. Default 65,536. */
  readonly foldRangesMax?: number;
}

/** What was found at the start. */
export interface ReceiptOpening {
  readonly receiptCount: number;
  /** Files that cannot be read. They are left where they are. */
  readonly damagedFileCount: number;
  /** Bytes behind the last whole receipt: a crash cut one short, or damage. */
  readonly tornBytes: number;
}

const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** A file may be so many times as large as the fold that it begins with. */
const FOLD_SHARE = 4;
const FOLD_RANGES_MAX = 65_536;

/**
 * Rejects with WEIR_SPOOL_VERSION (nothing is touched then) or the system's error.
 */
export async function openReceiptLog(options: ReceiptLogOptions): Promise<ReceiptLog> {
  const { files, directory } = options;
  await files.makeDir(directory);
  await files.syncDir(directory.slice(0, directory.lastIndexOf('/')) || '/');
  const numbers = await receiptFileNumbers(files, directory);
  const readable: number[] = [];
  let newest: ReceiptFile | null = null;
  for (const fileNo of [...numbers].reverse()) {
    // What is read may be in memory only, after a kill: nothing may build on it before.
    if (newest === null)
      await writeAgain(files, directory, receiptFileName(fileNo), { mayBeUnreadable: true });
    const found = await readReceiptFile(files, directory, fileNo);
    if (found === null) continue;
    newest ??= found;
    readable.push(fileNo);
  }
  const log = new ReceiptLog(options, numbers.at(-1) ?? 0, newest, readable);
  await log.begin(numbers.length - readable.length);
  return log;
}

/** An append that fails leaves the log as it was; the next one goes to a new file. */
export class ReceiptLog {
  readonly #options: ReceiptLogOptions;
  readonly #outcomes = new ReceiptOutcomes();
  readonly #serial = new Serial();
  #found: ReceiptFile | null;
  /** Files that were read and are not needed once a newer one is durable. */
  #older: number[];
  #fileNo: number;
  #file: OpenFile | null = null;
  #number = 0;
  #lastIntent = 0;
  #previous = NO_PREVIOUS;
  opening: ReceiptOpening = { receiptCount: 0, damagedFileCount: 0, tornBytes: 0 };

  constructor(
    options: ReceiptLogOptions,
    fileNoMax: number,
    newest: ReceiptFile | null,
    readable: readonly number[],
  ) {
    this.#options = options;
    this.#fileNo = fileNoMax;
    this.#found = newest;
    this.#older = [...readable];
    for (const { note, document } of newest?.receipts ?? []) {
      const parsed = parseDocument(document);
      this.#outcomes.addDocument(parsed);
      this.#number = numberOfNote(note);
      this.#previous = hashOfText(note);
      this.#lastIntent = Math.max(this.#lastIntent, parsed.intent);
    }
  }

  /** Number of the newest receipt; 0 for none. */
  get number(): number {
    return this.#number;
  }
  /** Highest intent that has a receipt; 0 for none. */
  get lastIntent(): number {
    return this.#lastIntent;
  }
  get outcomes(): Pick<ReceiptOutcomes, 'unknown' | 'streams' | 'isEmpty'> {
    return this.#outcomes;
  }

  /** Takes up the newest file, if it ends with a whole record. */
  async begin(damagedFileCount: number): Promise<void> {
    const found = this.#found;
    this.#found = null;
    const { files, directory } = this.#options;
    const tornBytes = found?.tornBytes ?? 0;
    this.opening = { receiptCount: found?.receipts.length ?? 0, damagedFileCount, tornBytes };
    if (found === null || tornBytes > 0) return;
    const handle = await files.open(`${directory}/${receiptFileName(found.fileNo)}`, 'write');
    try {
      await files.syncDir(directory);
    } catch (error) {
      await closeQuietly(handle);
      throw error;
    }
    this.#older = this.#older.filter((fileNo) => fileNo !== found.fileNo);
    const { fileNo, fileId, endOffset, firstEnd, receipts } = found;
    const bytesMax = this.#bytesMaxOf(firstEnd);
    const recordCount = receipts.length;
    this.#file = { handle, fileNo, fileId, bytesMax, endOffset, recordCount };
  }

  /**
   * Resolves when the receipt is durable. Rejects with WEIR_SINK_IO: there is no such receipt then,
   * or, after a crash, there may be. Errors of the key are passed on.
   */
  append(intent: number, outcomes: Iterable<ReceiptOutcome>): Promise<void> {
    const named = [...outcomes];
    return this.#serial.run(() => this.#append(intent, named));
  }

  async #append(intent: number, named: readonly ReceiptOutcome[]): Promise<void> {
    const single = new ReceiptOutcomes();
    for (const outcome of named) single.add(outcome);
    if (this.#number > 0 && this.#isFull) await this.#fold();
    const isFresh = this.#number === 0;
    const { sink } = this.#options;
    const document: ReceiptDocument = {
      sink,
      intent,
      fold: false,
      ...(isFresh ? { fresh: true } : {}),
      streams: single.streams(),
    };
    await this.#write(document, isFresh);
    for (const outcome of named) this.#outcomes.add(outcome);
    this.#lastIntent = Math.max(this.#lastIntent, intent);
  }

  /** A new file that begins with the outcomes of all receipts before it. */
  async #fold(): Promise<void> {
    this.#outcomes.settle(this.#options.foldRangesMax ?? FOLD_RANGES_MAX);
    const { sink } = this.#options;
    const streams = this.#outcomes.streams();
    await this.#write({ sink, intent: this.#lastIntent, fold: true, streams }, true);
  }

  async #write(document: ReceiptDocument, isFirst: boolean): Promise<void> {
    const { signer, sink } = this.#options;
    const text = JSON.stringify(document);
    const head = { number: this.#number + 1, previous: this.#previous };
    const note = signer.sign(receiptText(signer.name, sink, head, text));
    const body = encodeReceipt({ note, document: text });
    try {
      if (isFirst) await this.#startFile(body);
      else await this.#appendTo(this.#file, body);
    } catch (error) {
      await this.#giveUpFile();
      throw new WeirError(
        'WEIR_SINK_IO',
        `the receipt of intent ${document.intent} cannot be written: ${messageOf(error)}`,
        { sink, intent: document.intent },
        error,
      );
    }
    this.#number = head.number;
    this.#previous = hashOfText(note);
  }

  async #appendTo(file: OpenFile | null, body: Uint8Array): Promise<void> {
    assert(file !== null, 'a receipt that is not the first of its file has a file');
    const record = encodeRecord(file.fileId, file.recordCount, body);
    await file.handle.write([record], file.endOffset);
    await file.handle.datasync();
    file.endOffset += record.length;
    file.recordCount++;
  }

  async #startFile(body: Uint8Array): Promise<void> {
    const { files, random, directory } = this.#options;
    const fileNo = ++this.#fileNo;
    const fileId = random.bytes(RECORD_FILE_ID_BYTES);
    const record = encodeRecord(fileId, 0, body);
    const header = encodeRecordFileHeader(RECEIPT_MAGIC, fileId, fileNo);
    const path = `${directory}/${receiptFileName(fileNo)}`;
    const temporary = path + TEMPORARY_SUFFIX;
    await removeIfThere(files, temporary);
    const handle = await files.open(temporary, 'create');
    try {
      await handle.write([header, record], 0);
      await handle.sync();
      await files.rename(temporary, path);
      await files.syncDir(directory);
    } catch (error) {
      await closeQuietly(handle);
      await removeIfThere(files, temporary).catch(() => undefined);
      throw error;
    }
    const before = this.#file;
    const firstEnd = header.length + record.length;
    const bytesMax = this.#bytesMaxOf(firstEnd);
    this.#file = { handle, fileNo, fileId, bytesMax, endOffset: firstEnd, recordCount: 1 };
    if (before !== null) {
      this.#older.push(before.fileNo);
      await closeQuietly(before.handle);
    }
    await this.#removeOlder();
  }

  /** They only take space: one that stays is removed at the next fold. */
  async #removeOlder(): Promise<void> {
    const { files, directory } = this.#options;
    const left: number[] = [];
    for (const fileNo of this.#older) {
      try {
        await removeIfThere(files, `${directory}/${receiptFileName(fileNo)}`);
      } catch {
        left.push(fileNo);
      }
    }
    this.#older = left;
  }

  /** After a failed write or sync the descriptor is dead, and what the file holds is uncertain. */
  async #giveUpFile(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    this.#older.push(file.fileNo);
    await closeQuietly(file.handle);
  }

  get #isFull(): boolean {
    return this.#file === null || this.#file.endOffset >= this.#file.bytesMax;
  }

  #bytesMaxOf(firstEnd: number): number {
    return Math.max(this.#options.fileBytesMax ?? FILE_BYTES_MAX, firstEnd * FOLD_SHARE);
  }

  async close(): Promise<void> {
    await this.#serial.run(async () => {
      if (this.#file !== null) await closeQuietly(this.#file.handle);
      this.#file = null;
    });
  }
}

/** The file that is appended to. */
interface OpenFile {
  readonly handle: FileHandle;
  readonly fileNo: number;
  readonly fileId: Uint8Array;
  readonly bytesMax: number;
  endOffset: number;
  recordCount: number;
}

async function closeQuietly(handle: FileHandle): Promise<void> {
  await handle.close();
}
