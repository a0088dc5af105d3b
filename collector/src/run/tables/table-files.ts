// The tables of a running collector: read in the background when it starts and when a file has
// changed, and swapped whole. A batch that is with a worker keeps the tables it came with; a file
// that is broken changes nothing but a metric and one line in the log.
import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type GraphDocument, LIMITS, messageOf, type SharedTable } from '@weir/pipeline';
import { lastGoodPath, removeOthers } from './last-good.js';
import { signatureOf, type WantedTable, wantedTables } from './read-table.js';
import type { TableAnswer, TableJob } from './table-thread.js';

const THREAD = new URL('./table-thread.js', import.meta.url);
/** Of the thread that makes a table; the table itself and the file's bytes are no part of it. */
const HEAP_MIB_MAX = 2_048;

export interface TableFilesOptions {
  readonly graph: GraphDocument;
  readonly dataDirectory: string;
  readonly log: {
    readonly info: (fields: object, text: string) => void;
    readonly warn: (fields: object, text: string) => void;
    readonly error: (fields: object, text: string) => void;
  };
}

/** State of one table, for metrics. */
export interface TableState {
  readonly ids: readonly string[];
  readonly type: string;
  readonly keyCount: number;
  readonly byteCount: number;
  readonly rejectedCount: number;
  /** Why the file as it is gives no table; empty when it does. */
  readonly problem: string;
  readonly readCount: number;
  readonly failureCount: number;
}

export class TableFiles {
  readonly #files: readonly TableFile[];
  readonly #firstRead: Promise<void>;
  #isFirstDone: boolean;
  #current: readonly SharedTable[] = [];

  constructor(options: TableFilesOptions) {
    const wanted = wantedTables(options.graph);
    if (wanted.length > 0) removeOthers(options.dataDirectory, wanted);
    this.#files = wanted.map((table) => new TableFile(table, options, () => this.#collect()));
    this.#isFirstDone = this.#files.length === 0;
    this.#firstRead = this.#first();
  }

  /** As they are now. The first batches wait until each was tried once, a minute at most. */
  current(): readonly SharedTable[] | Promise<readonly SharedTable[]> {
    return this.#isFirstDone ? this.#current : this.#firstRead.then(() => this.#current);
  }

  get states(): readonly TableState[] {
    return this.#files.map((file) => file.state);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.stop()));
  }

  async #first(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LIMITS.tableFirstReadMs);
      timer.unref();
    });
    await Promise.race([Promise.all(this.#files.map((file) => file.start())), late]);
    clearTimeout(timer);
    this.#isFirstDone = true;
  }

  #collect(): void {
    this.#current = this.#files.flatMap(({ table }) => (table === null ? [] : [table]));
  }
}

class TableFile {
  table: SharedTable | null = null;
  readonly #wanted: WantedTable;
  readonly #options: TableFilesOptions;
  readonly #onChange: () => void;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | null = null;
  #thread: Worker | null = null;
  /** State of the file that was tried last, and at the look before this one. */
  #tried = '';
  #seen = '';
  #isStopped = false;
  #keyCount = 0;
  #rejectedCount = 0;
  #problem = '';
  #readCount = 0;
  #failureCount = 0;

  constructor(wanted: WantedTable, options: TableFilesOptions, onChange: () => void) {
    this.#wanted = wanted;
    this.#options = options;
    this.#onChange = onChange;
  }

  get state(): TableState {
    return {
      ids: this.#wanted.ids,
      type: this.#wanted.spec.type,
      keyCount: this.#keyCount,
      byteCount: this.table?.bytes.byteLength ?? 0,
      rejectedCount: this.#rejectedCount,
      problem: this.#problem,
      readCount: this.#readCount,
      failureCount: this.#failureCount,
    };
  }

  async start(): Promise<void> {
    const { check_interval_ms: intervalMs = LIMITS.tableCheckIntervalMs } = this.#wanted.spec;
    if (intervalMs > 0) {
      this.#timer = setInterval(() => this.#look(), intervalMs);
      this.#timer.unref();
    }
    await this.#read();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#thread?.terminate();
  }

  /** A file that is still being written is left alone until two looks see the same. */
  #look(): void {
    if (this.#reading !== null) return;
    const state = stateOf(this.#wanted.spec.path);
    const isSteady = state === this.#seen;
    this.#seen = state;
    if (isSteady && state !== this.#tried) void this.#read();
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    const { key, spec } = this.#wanted;
    const answer = await this.#ask({
      spec,
      lastGoodPath: lastGoodPath(this.#options.dataDirectory, key),
      isLastGoodWanted: this.table === null,
    });
    if (this.#isStopped) return;
    this.#tried = answer.signature;
    if (answer.problem === '') this.#readCount++;
    else this.#failureCount++;
    if (answer.bytes !== null) {
      this.table = { key, version: (this.table?.version ?? 0) + 1, bytes: answer.bytes };
      this.#keyCount = answer.keyCount;
      this.#rejectedCount = answer.rejectedCount;
      this.#onChange();
    }
    this.#tell(answer);
  }

  #ask(job: TableJob): Promise<TableAnswer> {
    return new Promise((resolve) => {
      const thread = new Worker(THREAD, {
        workerData: job,
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
      });
      this.#thread = thread;
      const fail = (reason: string): void =>
        resolve({
          bytes: null,
          keyCount: 0,
          rejectedCount: 0,
          firstRejection: '',
          signature: stateOf(job.spec.path),
          problem: `${basename(job.spec.path)} cannot be read: ${reason}`,
          keepProblem: '',
        });
      thread.once('message', resolve);
      thread.once('error', (error) => fail(messageOf(error)));
      thread.once('exit', (code) => fail(`the thread that read it ended with ${code}`));
    });
  }

  /** Once for each problem, and when it is over. */
  #tell({ problem, firstRejection, keepProblem, keyCount, bytes }: TableAnswer): void {
    const { log } = this.#options;
    const { ids, spec } = this.#wanted;
    const line = { component: ids.join(), table: basename(spec.path) };
    if (keepProblem !== '')
      log.warn({ ...line, error: keepProblem }, 'the table is not kept for the next start');
    if (problem === '') {
      const text = this.#problem === '' ? 'table read' : 'table read; the one before was broken';
      log.info({ ...line, keys: keyCount, bytes: bytes?.byteLength ?? 0 }, text);
      if (this.#rejectedCount > 0)
        log.warn(
          { ...line, rows: this.#rejectedCount, first: firstRejection },
          'rows are left out',
        );
    } else if (problem !== this.#problem) {
      const use =
        this.table === null ? 'events go on without it, marked' : 'the last good one is used';
      log.error({ ...line, error: problem }, `the table cannot be read: ${use}`);
    }
    this.#problem = problem;
  }
}

function stateOf(path: string): string {
  try {
    return signatureOf(path);
  } catch {
    return 'missing';
  }
}
