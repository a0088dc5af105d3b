// The ledger of one sink: what became of every number that it was given. A record is durable when
// it resolves, and it is written after the other side has taken the rows and before the frontier
// moves, so the ledger is always a subset of what was delivered.
import type { Files, Random } from '@weir/pipeline';
import { isNoSpace, messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import type { StreamEpoch } from '../layout.js';
import { TEMPORARY_SUFFIX } from '../layout.js';
import { RangeSet } from '../range-set.js';
import { RECORD_FILE_HEADER_BYTES } from '../record-file.js';
import { removeIfThere, Serial } from '../small-files.js';
import { writeAgain } from '../write-again.js';
import {
  encodeHeader,
  LedgerAppender,
  ledgerName,
  ledgerNumbers,
  type ReadFile,
  readLedgerFile,
} from './ledger-file.js';
import {
  type CodedOutcome,
  type LedgerRecord,
  Names,
  noteRefusal,
  RecordEncoder,
} from './record-codec.js';
import { type LedgerKind, Tally } from './tally.js';

export interface SinkLedgerOptions {
  readonly files: Files;
  readonly random: Random;
  /** Made when it is not there; its parent must exist. */
  readonly directory: string;
  /** A file is rewritten as a snapshot when it is larger, and four times its own snapshot. */
  readonly fileBytesMin?: number;
  /** Chunks of 8,192 numbers of which each number's kind is kept exactly. */
  readonly chunkCountMax?: number;
  /** Older files that are kept behind the newest. */
  readonly historyFileCount?: number;
}

/** 1 MiB of memory: the newest million of numbers. */
export const CHUNK_COUNT_MAX = 128;

export interface LedgerOpening {
  /** No file was there that could be read. */
  readonly isNew: boolean;
  /** Cut off at the end of the newest file, as a crash leaves them. */
  readonly tornBytes: number;
  /** Files that could not be read at all; an older one was taken. */
  readonly damagedFileCount: number;
}

/** Rejects with WEIR_SINK_IO, or with WEIR_SPOOL_VERSION for a file of another version. */
export async function openSinkLedger(options: SinkLedgerOptions): Promise<SinkLedger> {
  const { files, directory } = options;
  try {
    await files.makeDir(directory);
    await files.syncDir(parentOf(directory));
    for (const name of await files.readDir(directory))
      if (name.endsWith(TEMPORARY_SUFFIX)) await removeIfThere(files, `${directory}/${name}`);
    const numbers = await ledgerNumbers(files, directory);
    let damagedFileCount = 0;
    for (const fileNo of [...numbers].reverse()) {
      // After a kill it may be in memory only, and what is read here will be relied upon.
      await writeAgain(files, directory, ledgerName(fileNo));
      const chunkCountMax = options.chunkCountMax ?? CHUNK_COUNT_MAX;
      const found = await readLedgerFile(files, directory, fileNo, chunkCountMax);
      if (found !== null) return await SinkLedger.open(options, found, numbers, damagedFileCount);
      damagedFileCount++;
    }
    return await SinkLedger.open(options, null, numbers, damagedFileCount);
  } catch (error) {
    throw ledgerError('opening', directory, error);
  }
}

export class SinkLedger {
  readonly opening: LedgerOpening;
  readonly #options: SinkLedgerOptions;
  readonly #tally: Tally;
  readonly #serial = new Serial();
  #names: Names;
  #encoder: RecordEncoder;
  #appender: LedgerAppender | null = null;
  #snapshotBytes = 0;
  /** Of the files that are there, oldest first. */
  readonly #numbers: number[];
  /** The highest that was ever tried: no file may have come of it. */
  #fileNoMax: number;
  #state: Uint8Array | null;

  /** @internal Use openSinkLedger. */
  static async open(
    options: SinkLedgerOptions,
    found: ReadFile | null,
    numbers: readonly number[],
    damagedFileCount: number,
  ): Promise<SinkLedger> {
    const ledger = new SinkLedger(options, found, numbers, damagedFileCount);
    await ledger.#begin(found);
    return ledger;
  }

  private constructor(
    options: SinkLedgerOptions,
    found: ReadFile | null,
    numbers: readonly number[],
    damagedFileCount: number,
  ) {
    this.#options = options;
    this.#numbers = [...numbers];
    this.#fileNoMax = numbers.at(-1) ?? 0;
    this.opening = { isNew: found === null, tornBytes: found?.tornBytes ?? 0, damagedFileCount };
    this.#tally = found?.tally ?? new Tally(options.chunkCountMax ?? CHUNK_COUNT_MAX);
    this.#names = found?.decoder.names ?? new Names();
    this.#state = found?.decoder.state ?? null;
    this.#encoder = new RecordEncoder(this.#names, this.#tally.codes);
  }

  /** As the newest record that brought one has it. */
  get state(): Uint8Array | null {
    return this.#state;
  }

  /** What of [first, last] is recorded, as first, last pairs. */
  known(id: StreamEpoch, first: number, last: number): readonly number[] {
    return this.#tally.find(id)?.known.pairsWithin(first, last) ?? [];
  }

  /** Numbers by kind since the ledger began. */
  totals(): Record<LedgerKind, number> {
    const totals = { stored: 0, quarantined: 0, filtered: 0, lost: 0, before: 0 };
    for (const stream of this.#tally.streams)
      stream.counts.forEach((count, code) => {
        totals[this.#tally.codes.at(code).kind] += count;
      });
    return totals;
  }

  /** Chunks in memory; for tests of its bound. */
  get chunkCount(): number {
    return this.#tally.chunkCount;
  }

  /**
   * Durable when it resolves. A number that is recorded already keeps the stronger kind. Rejects
   * with WEIR_SINK_IO; then nothing was recorded, and the same record can be tried again.
   */
  record(record: LedgerRecord): Promise<void> {
    return this.#serial.run(async () => {
      const coded = record.outcomes
        .filter(({ seqs }) => seqs.length > 0)
        .map(({ kind, cause, seqs, ...id }): CodedOutcome => {
          const code = this.#codeOf(kind, cause);
          return { stream: this.#tally.stream(id), code, seqs: ascending(seqs) };
        });
      const refusals = (record.refusals ?? []).map(({ cause, eventCount, ...id }) => {
        return { stream: this.#tally.stream(id), cause, eventCount };
      });
      const state = record.state ?? null;
      try {
        await this.#append(() => this.#encoder.outcome(coded, refusals, state));
      } catch (error) {
        // What the descriptor holds is not known any more: the next record goes to a new file.
        await this.#leave();
        throw ledgerError('writing', this.#options.directory, error);
      }
      for (const { stream, code, seqs } of coded) {
        for (let i = 0; i < seqs.length; i += 2)
          this.#tally.add(stream, code, seqs[i] as number, seqs[i + 1] as number);
      }
      for (const { stream } of coded) stream.settle();
      for (const { stream, cause, eventCount } of refusals) noteRefusal(stream, cause, eventCount);
      if (state !== null) this.#state = state;
    });
  }

  close(): Promise<void> {
    return this.#serial.run(() => this.#leave());
  }

  #codeOf(kind: LedgerKind, cause: string): number {
    return this.#tally.codes.codeOf(kind, kind === 'filtered' || kind === 'lost' ? cause : '');
  }

  async #append(encode: () => Uint8Array): Promise<void> {
    const { fileBytesMin = 4 * 1024 * 1024 } = this.#options;
    const used = this.#appender?.bytesUsed ?? 0;
    if (this.#appender === null || used > Math.max(fileBytesMin, 4 * this.#snapshotBytes)) {
      await this.#startFile(encode);
      return;
    }
    await this.#appender.write(encode());
    await this.#appender.sync();
  }

  /** A file that a crash cut short is not written to again. */
  async #begin(found: ReadFile | null): Promise<void> {
    if (found === null || found.tornBytes > 0 || this.opening.damagedFileCount > 0) {
      try {
        await this.#startFile(null);
      } catch (error) {
        // On a full disk the file comes with the first record; until then nothing is recorded.
        if (!isNoSpace(error)) throw error;
      }
      return;
    }
    const { files, directory } = this.#options;
    const handle = await files.open(`${directory}/${ledgerName(found.fileNo)}`, 'write');
    this.#appender = new LedgerAppender(handle, found.fileId, found.endOffset, found.recordCount);
  }

  /** A new file with a snapshot, and with one more record where there is one. */
  async #startFile(encode: (() => Uint8Array) | null): Promise<void> {
    await this.#leave();
    const { files, random, directory } = this.#options;
    const fileNo = this.#fileNoMax + 1;
    const path = `${directory}/${ledgerName(fileNo)}`;
    const temporary = path + TEMPORARY_SUFFIX;
    await removeIfThere(files, temporary);
    const fileId = random.bytes(16);
    const handle = await files.open(temporary, 'create');
    const appender = new LedgerAppender(handle, fileId, RECORD_FILE_HEADER_BYTES, 0);
    this.#names = new Names();
    this.#encoder = new RecordEncoder(this.#names, this.#tally.codes);
    let isThere = false;
    try {
      await handle.write([encodeHeader(fileId, fileNo)], 0);
      for (const stream of this.#tally.streams)
        if (isWorthKeeping(stream)) await appender.write(this.#encoder.stream(stream));
      await appender.write(this.#encoder.end(this.#state));
      const snapshotBytes = appender.bytesUsed;
      if (encode !== null) await appender.write(encode());
      await handle.sync();
      // Behind a failed rename or fsync of the directory the number may be taken.
      this.#fileNoMax = fileNo;
      await files.rename(temporary, path);
      isThere = true;
      await files.syncDir(directory);
      this.#snapshotBytes = snapshotBytes;
    } catch (error) {
      await appender.close();
      await removeIfThere(files, temporary).catch(() => undefined);
      throw error;
    } finally {
      if (isThere) this.#numbers.push(fileNo);
    }
    this.#appender = appender;
    await this.#removeOldest();
  }

  async #removeOldest(): Promise<void> {
    const { files, directory, historyFileCount = 4 } = this.#options;
    while (this.#numbers.length > historyFileCount + 1) {
      const path = `${directory}/${ledgerName(this.#numbers[0] as number)}`;
      await removeIfThere(files, path);
      this.#numbers.shift();
    }
  }

  async #leave(): Promise<void> {
    const appender = this.#appender;
    this.#appender = null;
    await appender?.close();
  }
}

/** Frames of a stream come in order, but a loss may be declared long after. */
function ascending(seqs: readonly number[]): readonly number[] {
  for (let i = 2; i < seqs.length; i += 2)
    if ((seqs[i] as number) <= (seqs[i - 1] as number)) return RangeSet.ofPairs(seqs).pairs;
  return seqs;
}

const isWorthKeeping = (stream: { known: { isEmpty: boolean }; refused: { size: number } }) =>
  !stream.known.isEmpty || stream.refused.size > 0;

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

function ledgerError(doing: string, directory: string, error: unknown): Error {
  if (systemCodeOf(error) === '' || error instanceof WeirError) return error as Error;
  return new WeirError(
    'WEIR_SINK_IO',
    `${doing} the sink ledger in ${directory} failed: ${messageOf(error)}`,
    { systemCode: systemCodeOf(error) },
    error,
  );
}
