// A model of the store. What is committed outlives everything, a part is there whole or not at all,
// and what runs ends with a fence, a kill or a restart. A reply may get lost at any point between.
import { type Timer, type Timers, WeirError } from '@weir/pipeline';
import { answer, type Params, parseCommand, rowTableOf } from './statements.js';
import { type Part, partsOf, type RowTable, Tables } from './tables.js';

/**
 * What becomes of one statement.
 * - lost_before: it never arrives. reply_lost: it takes effect, and nobody hears of it.
 * - refused: by the server's state, nothing is changed; `code` is its exception.
 * - partial: the first parts are there when the server refuses the rest.
 * - hang: no reply; it takes effect `afterMs` later, unless it is ended before.
 * - killed_before, killed_after: the engine dies before or behind the rename of the parts.
 * - killed_partial: it dies behind the rename of the first part.
 * - killed_token: it dies between its log of deduplication tokens and the rename.
 */
export type StoreFault =
  | { readonly kind: 'lost_before' | 'reply_lost' | 'partial' }
  | { readonly kind: 'refused'; readonly code: number }
  | { readonly kind: 'hang'; readonly afterMs: number }
  | { readonly kind: 'killed_before' | 'killed_after' | 'killed_partial' | 'killed_token' };

export interface StatementInfo {
  readonly kind: 'insert' | 'command' | 'query';
  readonly sql: string;
}

export interface EngineOptions {
  readonly timers: Timers;
  /** Time on the way there, and back. */
  readonly latencyMs: () => number;
  readonly restartMs: () => number;
  readonly faultOf: (statement: StatementInfo) => StoreFault | null;
  /** The client gives up waiting after this long. */
  readonly requestTimeoutMs: number;
  /** Rows with this text are refused by the events table, as values that do not fit are. */
  readonly poisonText: string | null;
  readonly note: (what: string, value: string | number) => void;
}

const MEMORY_LIMIT = 241;
/** Values of a row that do not fit their columns. */
const CANNOT_CONVERT = 70;
const TRANSIENT = new Set([202, 241, 252, 319, 999]);

interface Running {
  readonly queryId: string;
  isEnded: boolean;
  readonly ended: () => void;
}
interface Settings {
  readonly [name: string]: string | number;
}

export class ModelEngine {
  readonly tables = new Tables();
  readonly #options: EngineOptions;
  readonly #running = new Set<Running>();
  /** What a server keeps in its log of deduplication tokens, table by table. */
  readonly #tokens = new Set<string>();
  #upAgain: Promise<void> | null = null;
  restartCount = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#upAgain === null;
  }

  /** Ends the process of the engine and starts it again; nothing of what ran can land any more. */
  restart(): Promise<void> {
    if (this.#upAgain !== null) return this.#upAgain;
    this.restartCount++;
    this.#options.note('engine restart', this.#running.size);
    for (const running of [...this.#running]) this.#end(running);
    const { timers, restartMs } = this.#options;
    this.#upAgain = timers.sleep(restartMs()).then(() => {
      this.#upAgain = null;
    });
    return this.#upAgain;
  }

  insert(
    sql: string,
    blocks: readonly Uint8Array[],
    queryId: string,
    settings: Settings,
  ): Promise<void> {
    const table = rowTableOf(sql);
    // A copy at once: the memory of the blocks is used again after the reply.
    const parts = partsOf(blocks);
    return this.#execute({ kind: 'insert', sql }, queryId, (fault) => {
      this.#refusePoison(table, parts);
      this.#commit(table, parts, fault, settings);
    });
  }

  async command(sql: string, queryId: string): Promise<void> {
    const command = parseCommand(sql);
    await this.#execute({ kind: 'command', sql }, queryId, () => {
      if (command.kind === 'kill') this.#kill(command.queryIdPrefix);
      else if (command.kind === 'ledger') this.tables.ledger.push(...command.rows);
      else if (command.kind === 'checkpoints') this.tables.checkpoints.push(...command.rows);
      else this.tables.dispositions.push(...command.rows);
    });
  }

  async query<T>(sql: string, params: Params): Promise<T[]> {
    let rows: Record<string, unknown>[] = [];
    await this.#execute({ kind: 'query', sql }, '', () => {
      rows = answer(this.tables, sql, params);
    });
    return rows as T[];
  }

  /** Waits for the ends of all statements of a client that KILL QUERY names. */
  #kill(prefix: string): void {
    for (const running of [...this.#running])
      if (running.queryId.startsWith(prefix)) this.#end(running);
  }

  #end(running: Running): void {
    running.isEnded = true;
    this.#running.delete(running);
    running.ended();
  }

  async #execute(
    statement: StatementInfo,
    queryId: string,
    apply: (fault: StoreFault | null) => void,
  ): Promise<void> {
    const { timers, latencyMs, faultOf, note } = this.#options;
    const { kind, sql } = statement;
    await timers.sleep(latencyMs());
    if (!this.isUp) throw unreachable('ECONNREFUSED');
    const fault = faultOf(statement);
    note(`store ${kind} ${fault?.kind ?? 'ok'}`, `${sql.slice(0, 44)} ${queryId}`);
    if (fault?.kind === 'lost_before') throw unreachable('ECONNRESET');
    if (fault?.kind === 'refused') throw rejected(fault.code);
    if (fault?.kind === 'hang') return await this.#hang(fault.afterMs, queryId, apply);
    await this.#runFor(latencyMs(), queryId);
    if (fault?.kind === 'killed_before') return this.#die();
    apply(fault);
    if (fault === null) return;
    if (fault.kind === 'partial') throw rejected(MEMORY_LIMIT);
    if (fault.kind === 'reply_lost') throw unreachable('ECONNRESET');
    this.#die();
  }

  #die(): never {
    void this.restart();
    throw unreachable('ECONNRESET');
  }

  /** Rejects when the statement is ended before its time. */
  #runFor(ms: number, queryId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const running: Running = {
        queryId,
        isEnded: false,
        ended: () => {
          timer.cancel();
          reject(unreachable('ECONNRESET'));
        },
      };
      this.#running.add(running);
      const timer: Timer = this.#options.timers.after(ms, () => {
        this.#running.delete(running);
        resolve();
      });
    });
  }

  /** The client hears nothing and gives up; the statement goes on. */
  async #hang(afterMs: number, queryId: string, apply: (fault: null) => void): Promise<void> {
    const { timers, requestTimeoutMs, note } = this.#options;
    const done = this.#runFor(afterMs, queryId).then(() => {
      apply(null);
      note('store zombie landed', queryId);
    });
    done.catch(() => undefined);
    const given = new AbortController();
    const gaveUp = timers.sleep(requestTimeoutMs, given.signal).then(() => {
      throw unreachable('timeout');
    });
    // Whatever is first: a late reply is one all the same.
    await Promise.race([done, gaveUp]).finally(() => given.abort());
  }

  #refusePoison(table: RowTable, parts: readonly Part[]): void {
    const { poisonText } = this.#options;
    if (poisonText === null || table !== 'events') return;
    for (const { rows } of parts)
      for (const { raw, seq } of rows) {
        if (!raw.includes(poisonText)) continue;
        this.#options.note('store poison', seq);
        throw rejected(CANNOT_CONVERT);
      }
  }

  #commit(
    table: RowTable,
    parts: readonly Part[],
    fault: StoreFault | null,
    settings: Settings,
  ): void {
    const isFirstOnly = fault?.kind === 'partial' || fault?.kind === 'killed_partial';
    // One part is whole or not there at all.
    const landing = isFirstOnly ? parts.slice(0, Math.floor(parts.length / 2)) : parts;
    const token =
      Number(settings.insert_deduplicate ?? 1) === 0
        ? undefined
        : settings.insert_deduplication_token;
    for (const part of landing) {
      const logged = `${table} ${part.partition} ${token}`;
      if (token !== undefined && this.#tokens.has(logged)) continue;
      if (token !== undefined) this.#tokens.add(logged);
      // The token is in the log before the part has its name.
      if (fault?.kind === 'killed_token') return;
      this.tables.addPart(table, part);
    }
  }
}

const unreachable = (code: string): WeirError =>
  new WeirError('WEIR_STORE_UNREACHABLE', `ClickHouse at model cannot be reached: ${code}`, {
    url: 'model',
    code,
  });

const rejected = (code: number): WeirError =>
  new WeirError('WEIR_STORE_REJECTED', `Code: ${code}. DB::Exception`, {
    code,
    transient: TRANSIENT.has(code),
  });
