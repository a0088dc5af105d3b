// Events of quarantine into the events table, once their parser is fixed: under their first
// identity, each once, whatever is killed in between (design 5). The order of steps is that of the
// loader: read back, durable intent, rows, ledger, receipt, quarantine rows superseded. Whoever
// finds an intent open notes what landed; what did not is still in quarantine and nothing else.
//
// Only numbers that the ledger has as quarantined are taken: the loader is done with them, so the
// two never write the same number. Of one data directory there is one requeuer at a time.
import {
  type BatchProcessor,
  type Files,
  MARK,
  type StoreProfile,
  type Timers,
  WeirError,
} from '@weir/pipeline';
import type { ReceiptOutcome } from '@weir/spool';
import type { Fence } from '../loader/fence.js';
import { quarantineWhole } from '../loader/put-aside.js';
import { insertBlocks, insertLedger } from '../loader/statements.js';
import { isDataError, type Store, type TableNames } from '../store/index.js';
import { PROFILES, QUARANTINE_COLUMNS } from '../store/profiles.js';
import { readRetention } from '../store/retention.js';
import { batchesOf, isCut, type RequeueBatch } from './batches.js';
import { RequeueIntentFile } from './intent.js';
import { addReport, emptyReport, type RequeueReport } from './report.js';
import { type PageEnd, type QuarantineFilter, type QuarantineRow, readQuarantine } from './rows.js';
import {
  readBackEvents,
  readNotedAsQuarantined,
  rowKey,
  supersede,
  type WantedRows,
} from './statements.js';
import { outcomesOf, wantedOf } from './wanted.js';

export interface RequeuerOptions {
  readonly store: Store;
  readonly tables: TableNames;
  readonly profile: StoreProfile;
  readonly fence: Fence;
  readonly files: Files;
  readonly timers: Timers;
  /** Directory of the loader's intent; it exists. */
  readonly intentDirectory: string;
  /** Part of the query ids, so that a fence ends only statements of its own. */
  readonly name: string;
  /** Must not repeat, not even after a restart: part of the query ids. */
  readonly run: string;
  /** Parses as the graph says, or with the pack. */
  readonly processorOf: (pack: string | null) => BatchProcessor;
  /** Signs that these numbers are stored now; null where nothing is signed. */
  readonly noteReceipt: ((outcomes: Iterable<ReceiptOutcome>) => Promise<void>) | null;
  /** Whether a stream is this node's, or came to it from another one. */
  readonly isOurs: (stream: string) => boolean;
  readonly log: (line: string) => void;
  /** Plants a fault for proofs: what an earlier attempt has inserted is not looked for. */
  readonly sabotage?: 'requeue_without_read_back';
}

export interface RequeueRequest {
  readonly filter: QuarantineFilter;
  /** Pack to parse with; null: as the graph says. */
  readonly pack: string | null;
  /** At most so many rows are tried; null: all. */
  readonly limit: number | null;
  /** Nothing is written. */
  readonly isDryRun: boolean;
}

/** Rows that go together: one intent, one INSERT a table and partition. */
const CHUNK_ROWS_MAX = 1_000;
/** A store that is away is tried again so often. */
const RETRIES_MAX = 20;
const RETRY_DELAY_MS = 500;

/** What became of the rows of a chunk. */
interface Parsed {
  readonly stored: readonly QuarantineRow[];
  /** Events blocks by partition. */
  readonly blocks: ReadonlyMap<string, Uint8Array[]>;
  /** Rows for quarantine again, with today's reason and version. */
  readonly failedBlocks: ReadonlyMap<string, Uint8Array[]>;
  readonly report: RequeueReport;
}

export class Requeuer {
  readonly #options: RequeuerOptions;
  readonly #intents: RequeueIntentFile;
  readonly #prefix: string;
  #statementCount = 0;
  #isBusy = false;

  constructor(options: RequeuerOptions) {
    this.#options = options;
    this.#intents = new RequeueIntentFile(options.files, options.intentDirectory);
    this.#prefix = `weir-requeue_${options.name.replace(/\W/g, '_')}-`;
  }

  /**
   * Completes what an earlier attempt has begun; resolves with how many of its rows had landed. To
   * be called at a start. Rejects with the errors of store and files: then it is to be called
   * again.
   */
  recover(): Promise<number> {
    return this.#alone(() => this.#recover());
  }

  /**
   * Rejects with WEIR_REQUEUE_BUSY while another one runs, with WEIR_ABORTED behind a whole chunk,
   * and with the errors of the store; the next call, or recover(), makes good what was left open.
   */
  run(
    request: RequeueRequest,
    signal: AbortSignal,
    onProgress: (report: RequeueReport) => void = () => undefined,
  ): Promise<RequeueReport> {
    return this.#alone(() => this.#run(request, signal, onProgress));
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isBusy)
      throw new WeirError('WEIR_REQUEUE_BUSY', 'another requeue is under way here; wait for it');
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }

  async #run(
    request: RequeueRequest,
    signal: AbortSignal,
    onProgress: (report: RequeueReport) => void,
  ): Promise<RequeueReport> {
    const total = emptyReport(request.isDryRun);
    let after: PageEnd | null = null;
    let retryCount = 0;
    let mustRecover = !request.isDryRun;
    for (;;) {
      if (signal.aborted) throw new WeirError('WEIR_ABORTED', 'the requeue was stopped');
      try {
        // What had landed was asked for, by this call or by an earlier one.
        if (mustRecover) addReport(total, { requeued: await this.#recover() });
        mustRecover = false;
        const left = request.limit === null ? CHUNK_ROWS_MAX : request.limit - total.tried;
        const page = { limit: Math.min(CHUNK_ROWS_MAX, left), after };
        if (page.limit <= 0) return total;
        const { store, tables } = this.#options;
        const rows: QuarantineRow[] = await readQuarantine(store, tables, request.filter, page);
        if (rows.length === 0) return total;
        addReport(total, await this.#chunk(rows, request));
        after = rows.at(-1) as PageEnd;
        retryCount = 0;
        onProgress(total);
      } catch (error) {
        const isAway = error instanceof WeirError && error.code === 'WEIR_STORE_UNREACHABLE';
        if (!isAway || ++retryCount > RETRIES_MAX) throw error;
        mustRecover = !request.isDryRun;
        await this.#options.timers.sleep(RETRY_DELAY_MS, signal);
      }
    }
  }

  async #recover(): Promise<number> {
    const { store, tables, fence, log, sabotage } = this.#options;
    const intent = await this.#intents.load();
    if (intent === null) return 0;
    await fence(this.#prefix);
    if (intent === 'unreadable' || sabotage === 'requeue_without_read_back') {
      // The next requeue reads back what it takes, whatever was written here.
      await this.#intents.remove();
      if (intent === 'unreadable') log('the requeue intent cannot be read; it was removed');
      return 0;
    }
    const landed = await readBackEvents(store, tables, intent);
    const streams = intent.streams.map(({ seqs, ...id }) => ({
      ...id,
      seqs: seqs.filter((seq) => landed.has(rowKey(id.tenant, id.stream, id.epoch, seq))),
    }));
    await this.#note({ ...intent, streams: streams.filter(({ seqs }) => seqs.length > 0) });
    await this.#intents.remove();
    log(`a requeue that was cut off is complete: ${landed.size} of its rows had landed`);
    return landed.size;
  }

  /** Sorts out what is not to be tried. */
  async #chunk(rows: readonly QuarantineRow[], request: RequeueRequest): Promise<RequeueReport> {
    const { store, tables, isOurs } = this.#options;
    const report = emptyReport(request.isDryRun);
    report.tried = rows.length;
    const noted = await readNotedAsQuarantined(store, tables, wantedOf(rows));
    const retention = await readRetention(store, tables, 'events');
    const nowUs = await this.#storeNowUs();
    const expiredUs = ({ retentionClass }: QuarantineRow): number => {
      const days = retention?.classes[retentionClass] ?? retention?.days;
      return days === undefined ? 0 : nowUs - (days * 24 - 1) * US_PER_HOUR;
    };
    const usable = rows.filter((row) => {
      const { tenant, stream, epoch, seq } = row;
      if (!isOurs(stream)) report.otherNodes++;
      else if (!noted.has(rowKey(tenant, stream, epoch, seq))) report.inFlight++;
      else if (row.ingestUs < expiredUs(row)) report.expired++;
      else if (isCut(row)) report.cut++;
      else return true;
      return false;
    });
    addReport(report, await this.#requeue(usable, request));
    return report;
  }

  /** The clock of the store, by which rows expire there. */
  async #storeNowUs(): Promise<number> {
    const rows = await this.#options.store.query<{ now: string }>(
      'SELECT toUnixTimestamp64Micro(now64(6)) AS now',
    );
    return Number(rows[0]?.now);
  }

  /** By halves where the store refuses the data; a single row that it refuses stays. */
  async #requeue(rows: readonly QuarantineRow[], request: RequeueRequest): Promise<RequeueReport> {
    if (rows.length === 0) return emptyReport(request.isDryRun);
    try {
      return await this.#requeueTogether(rows, request);
    } catch (error) {
      if (!isDataError(error)) throw error;
      const landed = await this.#recover();
      if (rows.length === 1) return this.#refused(rows, landed);
      const middle = Math.floor(rows.length / 2);
      const report = emptyReport(request.isDryRun);
      // What had landed before the refusal is superseded by now, and read back by its half.
      addReport(report, await this.#requeue(rows.slice(0, middle), request));
      addReport(report, await this.#requeue(rows.slice(middle), request));
      return report;
    }
  }

  async #refused(rows: readonly QuarantineRow[], landed: number): Promise<RequeueReport> {
    const report = emptyReport(false);
    report.requeued = landed;
    if (landed > 0) return report;
    const [made] = batchesOf(rows);
    if (made === undefined) return report;
    const { quarantine } = quarantineWhole(made.batch, MARK.schema_invalid, null);
    if (quarantine !== null) await this.#insertFailed([quarantine.bytes]);
    report.stillFailing.schema_invalid = 1;
    return report;
  }

  async #requeueTogether(
    rows: readonly QuarantineRow[],
    request: RequeueRequest,
  ): Promise<RequeueReport> {
    const { store, tables, profile, sabotage } = this.#options;
    const wanted = wantedOf(rows);
    const landed =
      sabotage === 'requeue_without_read_back'
        ? new Set<string>()
        : await readBackEvents(store, tables, wanted);
    const parsed = await this.#parse(rows, landed, request.pack);
    const { stored, blocks, failedBlocks, report } = parsed;
    if (request.isDryRun) return { ...report, isDryRun: true };
    if (stored.length === 0 && failedBlocks.size === 0) return report;
    const taken = wantedOf(stored);
    await this.#intents.store({ version: 1, ...taken });
    const { columns } = PROFILES[profile];
    for (const events of blocks.values())
      await insertBlocks(store, tables.events, columns, events, this.#queryId('events'));
    await this.#note(taken);
    for (const failed of failedBlocks.values()) await this.#insertFailed(failed);
    await this.#intents.remove();
    return report;
  }

  /** Rows that are known to be in the events table: ledger, receipt, quarantine. */
  async #note(wanted: WantedRows): Promise<void> {
    if (wanted.streams.length === 0) return;
    const { store, tables, noteReceipt } = this.#options;
    const ranges = outcomesOf(wanted);
    await insertLedger(store, tables, { ranges }, this.#queryId('ledger'));
    await noteReceipt?.(ranges);
    await supersede(store, tables, wanted, this.#queryId('supersede'));
  }

  /** One more version of the rows, which goes over the one before. */
  #insertFailed(blocks: readonly Uint8Array[]): Promise<void> {
    const { store, tables } = this.#options;
    const queryId = this.#queryId('quarantine');
    return insertBlocks(store, tables.quarantine, QUARANTINE_COLUMNS, blocks, queryId);
  }

  async #parse(
    rows: readonly QuarantineRow[],
    landed: ReadonlySet<string>,
    pack: string | null,
  ): Promise<Parsed> {
    const processor = this.#options.processorOf(pack);
    const stored: QuarantineRow[] = [];
    const blocks = new Map<string, Uint8Array[]>();
    const failedBlocks = new Map<string, Uint8Array[]>();
    const report = emptyReport(false);
    for (const made of batchesOf(rows)) {
      const isLanded = ({ tenant, stream, epoch, seq }: QuarantineRow): boolean =>
        landed.has(rowKey(tenant, stream, epoch, seq));
      const skipped = [...made.holes, ...made.rows.filter(isLanded).map(({ seq }) => seq)];
      const skipSeqs = Float64Array.from(skipped).sort();
      const encoded = await processor.process(made.batch, skipSeqs);
      const quarantined = new Set(encoded.quarantinedSeqs);
      const filtered = new Set(
        encoded.filtered.flatMap(({ seqRanges }) =>
          seqRanges.flatMap(([first, last]) => seqsOf(first, last)),
        ),
      );
      for (const row of made.rows)
        if (isLanded(row) || !(quarantined.has(row.seq) || filtered.has(row.seq))) stored.push(row);
      report.filtered += made.rows.filter(
        (row) => filtered.has(row.seq) && !quarantined.has(row.seq) && !isLanded(row),
      ).length;
      countReasons(report, encoded.quarantinedByReason, made, quarantined);
      const partition = partitionOf(made.rows[0] as QuarantineRow);
      if (encoded.events !== null) add(blocks, partition, encoded.events.bytes);
      if (encoded.quarantine !== null) add(failedBlocks, partition, encoded.quarantine.bytes);
    }
    report.requeued = stored.length;
    return { stored, blocks, failedBlocks, report };
  }

  #queryId(what: string): string {
    return `${this.#prefix}${this.#options.run}-${this.#statementCount++}-${what}`;
  }
}

const US_PER_HOUR = 3_600_000_000;
const US_PER_DAY = 24 * US_PER_HOUR;

/** As the tables' PARTITION BY. */
const partitionOf = ({ ingestUs, retentionClass }: QuarantineRow): string =>
  `${Math.floor(ingestUs / US_PER_DAY)}/${retentionClass}`;

const seqsOf = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

function add(blocks: Map<string, Uint8Array[]>, partition: string, bytes: Uint8Array): void {
  const known = blocks.get(partition);
  if (known === undefined) blocks.set(partition, [bytes]);
  else known.push(bytes);
}

/** Holes have no bytes and count as rejected, too: as many are taken off again. */
function countReasons(
  report: RequeueReport,
  byReason: Readonly<Record<string, number>>,
  { holes }: RequeueBatch,
  quarantined: ReadonlySet<number>,
): void {
  let holeCount = holes.filter((seq) => quarantined.has(seq)).length;
  const reasons = Object.entries(byReason).sort(([a], [b]) => rankOf(a) - rankOf(b));
  for (const [reason, count] of reasons) {
    const own = Math.max(0, count - holeCount);
    holeCount -= count - own;
    if (own > 0) report.stillFailing[reason] = (report.stillFailing[reason] ?? 0) + own;
  }
}

/** Reasons that an event without bytes can have, first. */
const rankOf = (reason: string): number =>
  ['unsupported_type', 'component_failed'].includes(reason) ? 0 : 1;
