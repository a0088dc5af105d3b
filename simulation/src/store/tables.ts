// The tables of the model: rows by part, as the engine keeps them, and the answers to the queries
// that loader and ledger ask.
import { decodeNative, type Value } from './native.js';

export interface Row {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: string;
  readonly seq: number;
  readonly source: string;
  readonly sourceSeq: number;
  readonly ingestUs: number;
  readonly retentionClass: string;
  /** One character a byte. */
  readonly raw: string;
  /** Why it is in quarantine; empty in events. */
  readonly reason: string;
}
export type RowTable = 'events' | 'quarantine';
export type LedgerKind = 'stored' | 'quarantined' | 'filtered' | 'lost';

export interface DispositionRow {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: string;
  readonly kind: string;
  readonly cause: string;
  readonly seqFirst: number;
  readonly eventCount: number;
}
export interface LedgerRow {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: string;
  readonly kind: LedgerKind;
  readonly ranges: readonly (readonly [number, number])[];
}

/** An anchor: a checkpoint that was sent here. Numbers as the client gives 64-bit ones. */
export interface CheckpointRow {
  readonly node: string;
  readonly tree: string;
  readonly size: string;
  readonly root: string;
  readonly note: string;
}

/** What one INSERT makes of one partition: it is there whole or not at all. */
export interface Part {
  readonly partition: string;
  readonly rows: readonly Row[];
}

const US_PER_DAY = 86_400_000_000;
export const keyOf = (tenant: string, stream: string, epoch: string): string =>
  `${tenant}\n${stream}\n${epoch}`;

/** The parts that an INSERT of these blocks makes, in the order of the first row of each. */
export function partsOf(blocks: readonly Uint8Array[]): Part[] {
  const parts = new Map<string, Row[]>();
  for (const { rowCount, columns } of decodeNative(blocks)) {
    const at = (name: string, row: number): Value => columns.get(name)?.[row] ?? null;
    for (let i = 0; i < rowCount; i++) {
      const row: Row = {
        tenant: String(at('tenant_id', i)),
        stream: String(at('stream', i)),
        epoch: String(at('epoch', i)),
        seq: Number(at('seq', i)),
        source: String(at('source', i)),
        sourceSeq: Number(at('source_seq', i)),
        ingestUs: Number(at('ingest_time', i)),
        retentionClass: String(at('retention_class', i)),
        raw: String(at('raw_data', i)),
        reason: String(at('reason', i) ?? ''),
      };
      const partition = `${Math.floor(row.ingestUs / US_PER_DAY)}/${row.retentionClass}`;
      const rows = parts.get(partition);
      if (rows === undefined) parts.set(partition, [row]);
      else rows.push(row);
    }
  }
  return [...parts].map(([partition, rows]) => ({ partition, rows }));
}

export class Tables {
  readonly #rows: Readonly<Record<RowTable, Row[]>> = { events: [], quarantine: [] };
  readonly #byStream: Readonly<Record<RowTable, Map<string, Row[]>>> = {
    events: new Map(),
    quarantine: new Map(),
  };
  readonly dispositions: DispositionRow[] = [];
  readonly ledger: LedgerRow[] = [];
  readonly checkpoints: CheckpointRow[] = [];
  partCount = 0;

  addPart(table: RowTable, { rows }: Part): void {
    this.partCount++;
    for (const row of rows) {
      this.#rows[table].push(row);
      const key = keyOf(row.tenant, row.stream, row.epoch);
      const known = this.#byStream[table].get(key);
      if (known === undefined) this.#byStream[table].set(key, [row]);
      else known.push(row);
    }
  }

  /** As they lie there, before any merge. */
  rowsOf(table: RowTable): readonly Row[] {
    return this.#rows[table];
  }

  rowsOfStream(table: RowTable, key: string): readonly Row[] {
    return this.#byStream[table].get(key) ?? [];
  }

  /** Numbers by kind, as the ledger's sets have them. */
  ledgerSets(): Map<string, Record<LedgerKind, Set<number>>> {
    const streams = new Map<string, Record<LedgerKind, Set<number>>>();
    for (const { tenant, stream, epoch, kind, ranges } of this.ledger) {
      const key = keyOf(tenant, stream, epoch);
      let sets = streams.get(key);
      if (sets === undefined) {
        const empty = (): Set<number> => new Set();
        sets = { stored: empty(), quarantined: empty(), filtered: empty(), lost: empty() };
        streams.set(key, sets);
      }
      for (const [first, last] of ranges)
        for (let seq = first; seq <= last; seq++) sets[kind].add(seq);
    }
    return streams;
  }
}
