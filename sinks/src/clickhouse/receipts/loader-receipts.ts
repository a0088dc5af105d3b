// Receipts of the loader: one a closed intent. A key that cannot be used holds up no event; what
// was settled meanwhile is made good from the ledger once the key is there.
import { type Clock, type Files, messageOf, type Random } from '@weir/pipeline';
import { openReceiptLog, type ReceiptLog, type ReceiptOutcome } from '@weir/spool';
import type { Store, TableNames } from '../store/index.js';
import { type LedgerScope, ledgerOutcomes } from './ledger-ranges.js';

/** Opens the loader key; a problem is a sentence for people. */
export type ReceiptKey =
  | { readonly name: string; readonly sign: (text: string) => string }
  | { readonly problem: string };

export interface LoaderReceiptsOptions {
  readonly files: Files;
  readonly random: Random;
  readonly clock: Clock;
  /** Of this sink's receipts; its parent exists. */
  readonly directory: string;
  readonly sink: string;
  readonly openKey: () => Promise<ReceiptKey>;
  readonly store: Store;
  readonly tables: TableNames;
  readonly scope: () => LedgerScope;
  /** Numbers issued when the sink was not configured. */
  readonly before?: readonly ReceiptOutcome[];
  readonly log: (line: string) => void;
}

export interface LoaderReceiptsStats {
  /** Written since the start. */
  readonly receiptCount: number;
  /** Intents without one: the key could not be used, or writing failed (then they are repeated). */
  readonly failureCount: number;
  /** Null while the key can be used. */
  readonly keyProblem: string | null;
}

/** How long a key that cannot be used is left alone. */
const KEY_RETRY_MS = 60_000;

export class LoaderReceipts {
  readonly #options: LoaderReceiptsOptions;
  #log: ReceiptLog | null = null;
  #keyProblem: string | null = null;
  #keyRetryAtMs = Number.NEGATIVE_INFINITY;
  #receiptCount = 0;
  #failureCount = 0;
  /** What the sink was not there for has its receipt. */
  #isBegun = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LoaderReceiptsOptions) {
    this.#options = options;
  }

  stats(): LoaderReceiptsStats {
    return {
      receiptCount: this.#receiptCount,
      failureCount: this.#failureCount,
      keyProblem: this.#keyProblem,
    };
  }

  /**
   * All intents up to this one are closed: those that have no receipt get one. Rejects with the
   * errors of files and store; never for the key.
   */
  async begin(intentClosed: number): Promise<void> {
    await this.#use(intentClosed, async () => {});
  }

  /**
   * Resolves when the receipt is durable, or when the key cannot be used. An intent that is
   * repeated in part (`isPartial`) may have been closed by an earlier process that could not sign;
   * what that one made of the frames that are gone is read from the ledger.
   */
  async append(
    intent: number,
    outcomes: Iterable<ReceiptOutcome>,
    isPartial: boolean,
  ): Promise<void> {
    const isUsable = await this.#use(intent - 1, async (log) => {
      if (isPartial) await this.#nameUnknown(log);
      await log.append(intent, outcomes);
      this.#receiptCount++;
    });
    if (!isUsable) this.#failureCount++;
  }

  /** What a requeue has stored, apart from any intent of the loader; else as `append`. */
  async note(outcomes: Iterable<ReceiptOutcome>): Promise<void> {
    const isUsable = await this.#use(0, (log) =>
      this.#appendOwn(log, log.lastIntent, [...outcomes]),
    );
    if (!isUsable) this.#failureCount++;
  }

  /** One after the other: loader and requeue share the log. False: the key cannot be used. */
  #use(intentClosed: number, write: (log: ReceiptLog) => Promise<void>): Promise<boolean> {
    const used = this.#last.then(() => this.#useAlone(intentClosed, write));
    this.#last = used.catch(() => undefined);
    return used;
  }

  async #useAlone(
    intentClosed: number,
    write: (log: ReceiptLog) => Promise<void>,
  ): Promise<boolean> {
    try {
      this.#log ??= await this.#open();
      if (this.#log === null) return false;
      if (!this.#isBegun) await this.#noteBefore(this.#log);
      if (this.#log.lastIntent < intentClosed) await this.#makeGood(this.#log, intentClosed);
      await write(this.#log);
      return true;
    } catch (error) {
      if (error instanceof KeyError) {
        this.#noteKeyProblem(error.message);
        await this.close();
        return false;
      }
      this.#failureCount++;
      throw error;
    }
  }

  async #open(): Promise<ReceiptLog | null> {
    const { files, random, clock, directory, sink, openKey, log } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#keyRetryAtMs) return null;
    const key = await openKey();
    if ('problem' in key) {
      this.#noteKeyProblem(key.problem);
      return null;
    }
    const signer = { name: key.name, sign: (text: string) => signOrThrow(key.sign, text) };
    const opened = await openReceiptLog({ files, random, directory, sink, signer });
    const { damagedFileCount, tornBytes } = opened.opening;
    if (damagedFileCount > 0)
      log(`${damagedFileCount} files of receipts cannot be read; they stay in ${directory}`);
    if (tornBytes > 0) log(`the last ${tornBytes} bytes of the receipts were no whole receipt`);
    if (this.#keyProblem !== null) log('the loader key can be used again: receipts are signed');
    this.#keyProblem = null;
    return opened;
  }

  #noteKeyProblem(problem: string): void {
    if (this.#keyProblem !== problem)
      this.#options.log(`no receipts are signed: ${problem}; events are delivered without them`);
    this.#keyProblem = problem;
    this.#keyRetryAtMs = this.#options.clock.monotonicMs() + KEY_RETRY_MS;
  }

  async #noteBefore(log: ReceiptLog): Promise<void> {
    const unknown: ReceiptOutcome[] = [];
    for (const outcome of this.#options.before ?? []) {
      const seqs = log.outcomes.unknown(outcome, outcome.seqs);
      if (seqs.length > 0) unknown.push({ ...outcome, seqs });
    }
    if (unknown.length > 0) await this.#appendOwn(log, log.lastIntent, unknown);
    this.#isBegun = true;
  }

  /**
   * Intents that an earlier version closed, or this one while the key could not be used. The last
   * piece alone names the intent, so that a crash in between begins this anew.
   */
  async #makeGood(log: ReceiptLog, intentClosed: number): Promise<void> {
    await this.#nameUnknown(log);
    await this.#appendOwn(log, intentClosed, []);
  }

  /** What the ledger knows and no receipt names. */
  async #nameUnknown(log: ReceiptLog): Promise<void> {
    const { store, tables, scope } = this.#options;
    let eventCount = 0;
    for await (const outcomes of ledgerOutcomes(store, tables, scope())) {
      const unknown: ReceiptOutcome[] = [];
      for (const outcome of outcomes) {
        const seqs = log.outcomes.unknown(outcome, outcome.seqs);
        if (seqs.length > 0) unknown.push({ ...outcome, seqs });
        for (let i = 0; i < seqs.length; i += 2)
          eventCount += (seqs[i + 1] as number) - (seqs[i] as number) + 1;
      }
      if (unknown.length > 0) await this.#appendOwn(log, log.lastIntent, unknown);
    }
    if (eventCount > 0)
      this.#options.log(`receipts for ${eventCount} numbers were made from the ledger`);
  }

  async #appendOwn(
    log: ReceiptLog,
    intent: number,
    outcomes: readonly ReceiptOutcome[],
  ): Promise<void> {
    await log.append(intent, outcomes);
    this.#receiptCount++;
  }

  async close(): Promise<void> {
    await this.#log?.close();
    this.#log = null;
  }
}

/** The key did not sign. */
class KeyError extends Error {}

function signOrThrow(sign: (text: string) => string, text: string): string {
  try {
    return sign(text);
  } catch (error) {
    throw new KeyError(`the key does not sign: ${messageOf(error)}`);
  }
}
