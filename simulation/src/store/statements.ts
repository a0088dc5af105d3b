// The statements that loader, fence and ledger send, and no others: the model refuses what it does
// not know, so that a new statement cannot pass unnoticed.
import {
  type DispositionRow,
  keyOf,
  type LedgerKind,
  type LedgerRow,
  type RowTable,
  type Tables,
} from './tables.js';

export type Params = Readonly<Record<string, unknown>>;
export type Command =
  | { readonly kind: 'dispositions'; readonly rows: readonly DispositionRow[] }
  | { readonly kind: 'ledger'; readonly rows: readonly LedgerRow[] }
  | { readonly kind: 'kill'; readonly queryIdPrefix: string };

const TEXT = String.raw`'((?:[^'\\]|\\.)*)'`;
const unquote = (text: string): string => text.replace(/\\(.)/gs, '$1');

export function rowTableOf(sql: string): RowTable {
  const name = /^INSERT INTO `\w+`\.`(\w+)` \([\w, ]+\) FORMAT Native$/.exec(sql)?.[1];
  if (name !== 'events' && name !== 'quarantine') throw new RangeError(`the model knows no ${sql}`);
  return name;
}

export function parseCommand(sql: string): Command {
  const killed = /^KILL QUERY WHERE startsWith\(query_id, '([\w-]*)'\) SYNC$/.exec(sql);
  if (killed !== null) return { kind: 'kill', queryIdPrefix: killed[1] as string };
  const table = /^INSERT INTO `\w+`\.`(dispositions|ledger)`/.exec(sql)?.[1];
  if (table === 'dispositions') return { kind: 'dispositions', rows: dispositionRows(sql) };
  if (table === 'ledger') return { kind: 'ledger', rows: ledgerRows(sql) };
  throw new RangeError(`the model knows no statement ${sql.slice(0, 120)}`);
}

function dispositionRows(sql: string): DispositionRow[] {
  const pattern = new RegExp(
    String.raw`\(${TEXT}, ${TEXT}, (\d+), ${TEXT}, ${TEXT}, (\d+), \[([^\]]*)\], (\d+), ` +
      String.raw`fromUnixTimestamp64Micro\((-?\d+)\)\)`,
    'g',
  );
  const found = [...sql.slice(sql.indexOf(' VALUES ')).matchAll(pattern)];
  return found.map(([, tenant, stream, epoch, kind, cause, seqFirst, , eventCount]) => ({
    tenant: unquote(tenant as string),
    stream: unquote(stream as string),
    epoch: epoch as string,
    kind: kind as string,
    cause: unquote(cause as string),
    seqFirst: Number(seqFirst),
    eventCount: Number(eventCount),
  }));
}

function ledgerRows(sql: string): LedgerRow[] {
  const pattern = new RegExp(String.raw`\(${TEXT}, ${TEXT}, '(\d+)', '(\w+)', '([\d,-]+)'\)`, 'g');
  return [...sql.slice(sql.indexOf('arrayJoin([')).matchAll(pattern)].map(
    ([, tenant, stream, epoch, kind, pairs]) => ({
      tenant: unquote(tenant as string),
      stream: unquote(stream as string),
      epoch: epoch as string,
      kind: kind as LedgerKind,
      ranges: (pairs as string).split(',').map((pair) => {
        const [first, last] = pair.split('-').map(Number);
        return [first as number, last as number] as const;
      }),
    }),
  );
}

/** Rows as the client gives them: 64-bit numbers are texts. */
export function answer(tables: Tables, sql: string, params: Params): Record<string, unknown>[] {
  const readBack = /^SELECT groupUniqArray\(seq\) AS seqs FROM `\w+`\.`(events|quarantine)` /.exec(
    sql,
  );
  if (readBack !== null) return [{ seqs: readBackSeqs(tables, readBack[1] as RowTable, params) }];
  const highest = /^SELECT count\(\) AS found, max\(seq\) AS seq_max FROM `\w+`\.`(\w+)` /.exec(
    sql,
  );
  if (highest !== null) return [highestOf(tables, highest[1] as RowTable, params)];
  if (/^SELECT \* FROM `\w+`\.`ledger_by_stream`$/.test(sql)) return ledgerByStream(tables);
  if (/^SELECT \* FROM `\w+`\.`ledger_gaps`$/.test(sql)) return ledgerGaps(tables);
  if (/^SELECT tenant_id, stream, epoch, cause, max\(event_count\) AS events /.test(sql))
    return refusedTotals(tables);
  throw new RangeError(`the model knows no query ${sql.slice(0, 120)}`);
}

const streamOf = ({ tenant, stream, epoch }: Params): string =>
  keyOf(String(tenant), String(stream), String(epoch));

function readBackSeqs(tables: Tables, table: RowTable, params: Params): string[] {
  const [first, last] = [Number(params.seqFirst), Number(params.seqLast)];
  const [usFirst, usLast] = [Number(params.usFirst), Number(params.usLast)];
  const seqs = new Set<number>();
  for (const { seq, ingestUs } of tables.rowsOfStream(table, streamOf(params)))
    if (seq >= first && seq <= last && ingestUs >= usFirst && ingestUs <= usLast) seqs.add(seq);
  return [...seqs].map(String);
}

function highestOf(tables: Tables, table: RowTable, params: Params): Record<string, string> {
  const seqFirst = Number(params.seqFirst);
  const seqs = tables
    .rowsOfStream(table, streamOf(params))
    .map(({ seq }) => seq)
    .filter((seq) => seq >= seqFirst);
  return { found: String(seqs.length), seq_max: String(Math.max(0, ...seqs)) };
}

const idOf = (key: string): Record<'tenant_id' | 'stream' | 'epoch', string> => {
  const [tenant_id = '', stream = '', epoch = ''] = key.split('\n');
  return { tenant_id, stream, epoch };
};

function ledgerByStream(tables: Tables): Record<string, string>[] {
  return [...tables.ledgerSets()].map(([key, sets]) => {
    const counts = { stored: 0, quarantined: 0, filtered: 0, lost: 0 };
    const seen = new Set<number>();
    let seqMax = -1;
    for (const kind of ['stored', 'quarantined', 'filtered', 'lost'] as const)
      for (const seq of sets[kind]) {
        seqMax = Math.max(seqMax, seq);
        if (seen.has(seq)) continue;
        seen.add(seq);
        counts[kind]++;
      }
    return {
      ...idOf(key),
      stored: String(counts.stored),
      quarantined: String(counts.quarantined),
      filtered: String(counts.filtered),
      lost: String(counts.lost),
      seq_max: String(seqMax),
      missing: String(seqMax + 1 - seen.size),
    };
  });
}

function ledgerGaps(tables: Tables): Record<string, string>[] {
  const rows: Record<string, string>[] = [];
  for (const [key, sets] of tables.ledgerSets()) {
    const seen = new Set([...sets.stored, ...sets.quarantined, ...sets.filtered, ...sets.lost]);
    let seqMax = -1;
    for (const seq of seen) seqMax = Math.max(seqMax, seq);
    for (let seq = 0; seq <= seqMax; seq++) {
      if (seen.has(seq)) continue;
      const first = seq;
      // A range ends at the end of its bucket.
      while (!seen.has(seq + 1) && (seq + 1) % 65_536 !== 0) seq++;
      rows.push({ ...idOf(key), seq_first: String(first), seq_last: String(seq) });
    }
  }
  return rows;
}

function refusedTotals(tables: Tables): Record<string, string>[] {
  const totals = new Map<string, number>();
  for (const { tenant, stream, epoch, kind, cause, eventCount } of tables.dispositions) {
    if (kind !== 'refused') continue;
    const key = `${keyOf(tenant, stream, epoch)}\n${cause}`;
    totals.set(key, Math.max(totals.get(key) ?? 0, eventCount));
  }
  return [...totals].map(([key, events]) => ({
    ...idOf(key),
    cause: key.split('\n')[3] ?? '',
    events: String(events),
  }));
}
