// The steps of one intent: durable intent, rows, dispositions, ledger, frontier. Each step may be
// repeated; none may be left out, and none may come earlier.

import type { TableNames } from '../store/index.js';
import { type Group, intentOf } from './group.js';
import { comparePositions, type Intent, type IntentFile } from './intent.js';
import type { Landed } from './landed.js';
import type { LoaderOptions } from './options.js';
import type { LedgerKind } from './outcome.js';
import { Outcome } from './outcome.js';
import {
  EVENTS_COLUMNS,
  insertBlocks,
  insertDispositions,
  insertLedger,
  QUARANTINE_COLUMNS,
} from './statements.js';

/** Counts of settled events, and of rows sent. */
interface Counts {
  storedEvents: number;
  quarantinedEvents: number;
  filteredEvents: number;
  insertedRows: number;
  insertCount: number;
  quarantinedByReason: Record<string, number>;
}

export class Delivery {
  readonly #options: LoaderOptions;
  readonly #tables: TableNames;
  readonly #intentFile: IntentFile;
  readonly #counts: Counts = {
    storedEvents: 0,
    quarantinedEvents: 0,
    filteredEvents: 0,
    insertedRows: 0,
    insertCount: 0,
    quarantinedByReason: {},
  };
  /** Newest that was written, open or not. */
  #intent: Intent | null = null;
  /** The intent's frames are gone from the spool: there is nothing left to finish. */
  #isAbandoned = false;
  #sabotaged = false;
  /** Of all statements of this loader; another loader of the same store has another. */
  readonly queryIdPrefix: string;
  settledCount = 0;

  constructor(options: LoaderOptions, tables: TableNames, intentFile: IntentFile) {
    this.#options = options;
    this.#tables = tables;
    this.#intentFile = intentFile;
    const name = options.loaderName ?? 'loader';
    this.queryIdPrefix = `weir-${name.replace(/[^\w-]/g, '_')}-`;
  }

  get openIntent(): Intent | null {
    const { frontier } = this.#options.consumer;
    const intent = this.#intent;
    if (intent === null || this.#isAbandoned) return null;
    return frontier !== null && comparePositions(intent.to, frontier) <= 0 ? null : intent;
  }

  counts(): Readonly<Counts> & { readonly lastIntentId: number } {
    const { quarantinedByReason } = this.#counts;
    return {
      ...this.#counts,
      quarantinedByReason: { ...quarantinedByReason },
      lastIntentId: this.#intent?.id ?? 0,
    };
  }

  /** False when something stands there that cannot be read. */
  async loadIntent(): Promise<boolean> {
    const stored = await this.#intentFile.load();
    if (stored.kind === 'intent') this.#intent = stored.intent;
    return stored.kind !== 'unreadable';
  }

  abandon(): void {
    this.#isAbandoned = true;
  }

  /** From here on a crash leaves the intent open. */
  async begin(intent: Intent): Promise<void> {
    this.#intent = intent;
    this.#isAbandoned = false;
    await this.#intentFile.store(intent);
  }

  deliver(group: Group, landed: Landed | null): Promise<void> {
    return this.deliverAs(intentOf(group, (this.#intent?.id ?? 0) + 1, 1), group, landed);
  }

  async deliverAs(intent: Intent, group: Group, landed: Landed | null): Promise<void> {
    await this.begin(intent);
    if (this.#options.sabotage === 'drop_batch' && !this.#sabotaged) {
      this.#sabotaged = group.entries.splice(0, 1).length > 0;
    }
    const eventBlocks: Uint8Array[] = [];
    const quarantineBlocks: Uint8Array[] = [];
    for (const { encoded } of group.entries) {
      if (encoded.events !== null) eventBlocks.push(encoded.events.bytes);
      if (encoded.quarantine !== null) quarantineBlocks.push(encoded.quarantine.bytes);
    }
    await this.insert(intent, eventBlocks, quarantineBlocks);
    const { store, consumer } = this.#options;
    await insertDispositions(store, this.#tables, group.entries);
    const outcome = new Outcome();
    for (const entry of group.entries) outcome.addBatch(entry, landed);
    await insertLedger(store, this.#tables, outcome);
    await consumer.settle(intent.to);
    this.#count(group, outcome);
  }

  /** One INSERT a table; everything of a group is in one partition. */
  async insert(
    intent: Intent,
    eventBlocks: readonly Uint8Array[],
    quarantineBlocks: readonly Uint8Array[],
  ): Promise<void> {
    const { store } = this.#options;
    const { insertCount } = this.#counts;
    const queryId = `${this.queryIdPrefix}${intent.id}-${intent.attempt}-${insertCount}`;
    const tables = this.#tables;
    await insertBlocks(store, tables.events, EVENTS_COLUMNS, eventBlocks, `${queryId}-events`);
    await insertBlocks(
      store,
      tables.quarantine,
      QUARANTINE_COLUMNS,
      quarantineBlocks,
      `${queryId}-quarantine`,
    );
    this.#counts.insertCount += Math.sign(eventBlocks.length) + Math.sign(quarantineBlocks.length);
  }

  #count(group: Group, outcome: Outcome): void {
    this.settledCount++;
    this.#counts.insertedRows += group.rowCount;
    const byKind: Record<LedgerKind, number> = { stored: 0, quarantined: 0, filtered: 0, lost: 0 };
    for (const { kind, seqs } of outcome.ranges)
      for (let i = 0; i < seqs.length; i += 2)
        byKind[kind] += (seqs[i + 1] as number) - (seqs[i] as number) + 1;
    this.#counts.storedEvents += byKind.stored;
    this.#counts.quarantinedEvents += byKind.quarantined;
    this.#counts.filteredEvents += byKind.filtered;
    const reasons = this.#counts.quarantinedByReason;
    for (const { encoded } of group.entries)
      for (const [reason, count] of Object.entries(encoded.quarantinedByReason))
        reasons[reason] = (reasons[reason] ?? 0) + count;
  }
}
