// The steps of one intent: durable intent, rows, dispositions, ledger, receipt, frontier. Each step
// may be repeated; none may be left out, and none may come earlier.

import { isPlanted } from '@weir/pipeline';
import { comparePositions } from '../../delivery/batch-head.js';
import type { TableNames } from '../store/index.js';
import { PROFILES, QUARANTINE_COLUMNS } from '../store/profiles.js';
import { blocksOf, type Group, intentOf, type PartitionBlocks } from './group.js';
import type { Intent, StoredIntent } from './intent.js';
import type { Landed } from './landed.js';
import type { LoaderOptions } from './options.js';
import type { LedgerKind } from './outcome.js';
import { Outcome } from './outcome.js';
import { insertBlocks, insertDispositions, insertLedger } from './statements.js';

/** Counts of settled events, and of rows sent. */
interface Counts {
  storedEvents: number;
  quarantinedEvents: number;
  filteredEvents: number;
  insertedRows: number;
  insertedBytes: number;
  insertCount: number;
  quarantinedByReason: Record<string, number>;
}

export class Delivery {
  readonly #options: LoaderOptions;
  readonly #tables: TableNames;
  readonly #counts: Counts = {
    storedEvents: 0,
    quarantinedEvents: 0,
    filteredEvents: 0,
    insertedRows: 0,
    insertedBytes: 0,
    insertCount: 0,
    quarantinedByReason: {},
  };
  /** Newest that was written, open or not. */
  #intent: Intent | null = null;
  /** The intent's frames are gone from the spool: there is nothing left to finish. */
  #isAbandoned = false;
  #sabotaged = false;
  /** Of all statements of this loader, also of its earlier processes; no other loader has it. */
  readonly queryIdPrefix: string;
  /** Of this process: ids must not repeat, not even when the counters start again. */
  readonly #queryIdRun: string;
  #statementCount = 0;
  settledCount = 0;

  constructor(options: LoaderOptions, tables: TableNames) {
    this.#options = options;
    this.#tables = tables;
    const name = options.loaderName ?? 'loader';
    // No hyphen in the name: else the prefix of one loader could be that of another, too.
    this.queryIdPrefix = `weir-${name.replace(/\W/g, '_')}-`;
    const random = options.random?.u32() ?? 0;
    this.#queryIdRun = `${options.clock.nowNs().toString(36)}${random.toString(36)}`;
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

  async loadIntent(): Promise<StoredIntent> {
    const stored = await this.#options.intents.load();
    if (stored.kind === 'intent') this.#intent = stored.intent;
    return stored;
  }

  /** Forgets the open intent, once the ledger knows those of its rows that landed. */
  async abandon(intent: Intent, landed: Landed): Promise<void> {
    const outcome = new Outcome();
    outcome.addLanded(landed, []);
    await this.#note(intent, outcome, true);
    this.#isAbandoned = true;
  }

  /** From here on a crash leaves the intent open. */
  async begin(intent: Intent): Promise<void> {
    this.#intent = intent;
    this.#isAbandoned = false;
    await this.#options.intents.store(intent);
  }

  deliver(group: Group): Promise<void> {
    const intent = intentOf(group, (this.#intent?.id ?? 0) + 1, 1);
    return this.deliverAs(intent, group, group.landed, false);
  }

  /**
   * Settles the last batch of the group, which stands before the intent's `to` when the last frames
   * of a repeated intent cannot be read any more (`isPartial`, as for any other of its frames).
   */
  async deliverAs(
    intent: Intent,
    group: Group,
    landed: Landed | null,
    isPartial: boolean,
  ): Promise<void> {
    const isLate = isPlanted('intent_after_rows');
    if (!isLate) await this.begin(intent);
    const settleTo = group.entries.at(-1)?.head.position ?? intent.to;
    // Until one is settled without being stored: a next attempt makes good one that fails.
    const isDropped =
      this.#options.sabotage === 'drop_batch' &&
      !this.#sabotaged &&
      group.entries.splice(0, 1).length > 0;
    for (const blocks of blocksOf(group.entries)) await this.insert(intent, blocks);
    if (isLate) await this.begin(intent);
    const { store, consumer } = this.#options;
    const tables = this.#tables;
    const { entries } = group;
    await insertDispositions(store, tables, entries, this.#queryId(intent, 'dispositions'));
    const outcome = new Outcome();
    for (const entry of entries) outcome.addBatch(entry, landed);
    if (landed !== null) outcome.addLanded(landed, entries);
    if (isPlanted('frontier_before_ledger')) await consumer.settle(settleTo);
    await this.#note(intent, outcome, isPartial);
    await consumer.settle(settleTo);
    if (isDropped) this.#sabotaged = true;
    this.#options.onSettled?.(outcome.ranges);
    this.#count(group, outcome);
  }

  /** In the ledger first: what a receipt signs must be there for whoever looks. */
  async #note(intent: Intent, outcome: Outcome, isPartial: boolean): Promise<void> {
    const { store, receipts } = this.#options;
    const isEarly = isPlanted('receipt_before_ledger');
    if (isEarly) await receipts?.append(intent.id, outcome.ranges, isPartial);
    await insertLedger(store, this.#tables, outcome, this.#queryId(intent, 'ledger'));
    if (!isEarly) await receipts?.append(intent.id, outcome.ranges, isPartial);
  }

  /** One INSERT a table; the blocks are of one partition. */
  async insert(intent: Intent, { events, quarantine }: PartitionBlocks): Promise<void> {
    const { store, profile } = this.#options;
    const tables = this.#tables;
    const { columns } = PROFILES[profile];
    const eventsId = this.#queryId(intent, 'events');
    await insertBlocks(store, tables.events, columns, events, eventsId, intent.id);
    const quarantineId = this.#queryId(intent, 'quarantine');
    const quarantineColumns = QUARANTINE_COLUMNS;
    await insertBlocks(
      store,
      tables.quarantine,
      quarantineColumns,
      quarantine,
      quarantineId,
      intent.id,
    );
    this.#counts.insertCount += Math.sign(events.length) + Math.sign(quarantine.length);
    for (const block of [...events, ...quarantine]) this.#counts.insertedBytes += block.length;
  }

  #queryId(intent: Intent, what: string): string {
    const run = this.#queryIdRun;
    return `${this.queryIdPrefix}${run}-${intent.id}-${intent.attempt}-${this.#statementCount++}-${what}`;
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
