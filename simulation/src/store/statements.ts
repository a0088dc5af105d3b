// The statements that loader, fence and ledger send, and no others: the model refuses what it does
// not know, so that a new statement cannot pass unnoticed.
import {
  type CheckpointRow,
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
  | { readonly kind: 'checkpoints'; readonly rows: readonly CheckpointRow[] }
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
  const table = /^INSERT INTO `\w+`\.`(dispositions|ledger|checkpoints)`/.exec(sql)?.[1];
  if (table === 'dispositions') return { kind: 'dispositions', rows: dispositionRows(sql) };
  if (table === 'ledger') return { kind: 'ledger', rows: ledgerRows(sql) };
  if (table === 'checkpoints') return { kind: 'checkpoints', rows: [checkpointRow(sql)] };
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

const CHECKPOINT = new RegExp(
  String.raw`^INSERT INTO \S+ \(node, tree, size, root, note, state\) ` +
    String.raw`VALUES \(${TEXT}, (\d+), (\d+), ${TEXT}, ${TEXT}, ${TEXT}\)$`,
  's',
);
function checkpointRow(sql: string): CheckpointRow {
  const found = CHECKPOINT.exec(sql);
  if (found === null) throw new RangeError(`the model knows no ${sql.slice(0, 120)}`);
  const [, node = '', tree = '', size = '', root = '', note = ''] = found;
  return { node: unquote(node), tree, size, root: unquote(root), note: unquote(note) };
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
  if (/^SELECT tenant_id, stream, epoch, seq_max FROM `\w+`\.`ledger_by_stream` ORDER /.test(sql))
    return ledgerByStream(tables).sort(byIdentity);
  if (/^SELECT kind, run\[1\] AS seq_first, run\[-1\] AS seq_last FROM /.test(sql))
    return ledgerRuns(tables, params);
  if (/^SELECT name FROM system\.tables WHERE /.test(sql)) return [{ name: params.name }];
  if (/^SELECT tree, size, root, any\(note\) AS note FROM `\w+`\.`checkpoints` /.test(sql))
    return anchors(tables, params);
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

type Answer = Record<string, string>;
const byIdentity = (one: Answer, other: Answer): number => {
  const differing = ['tenant_id', 'stream'].find((name) => one[name] !== other[name]);
  if (differing === undefined) return BigInt(one.epoch ?? 0) < BigInt(other.epoch ?? 0) ? -1 : 1;
  return (one[differing] ?? '') < (other[differing] ?? '') ? -1 : 1;
};

/** Of some buckets of a stream: the runs of dense numbers of each kind. */
function ledgerRuns(tables: Tables, params: Params): Answer[] {
  const sets = tables.ledgerSets().get(streamOf(params));
  const [first, end] = [Number(params.first) * 65_536, Number(params.end) * 65_536];
  const rows: Answer[] = [];
  for (const kind of ['stored', 'quarantined', 'filtered', 'lost'] as const) {
    const seqs = [...(sets?.[kind] ?? [])].filter((seq) => seq >= first && seq < end);
    let before: number | null = null;
    for (const seq of seqs.sort((a, b) => a - b)) {
      const run = rows.at(-1);
      if (before === seq - 1 && run !== undefined) run.seq_last = String(seq);
      else rows.push({ kind, seq_first: String(seq), seq_last: String(seq) });
      before = seq;
    }
  }
  return rows;
}

/** Each root of a size once; of sizes that are asked for, and where there are several roots. */
function anchors({ checkpoints }: Tables, params: Params): Answer[] {
  const rows = new Map<string, Answer>();
  const roots = new Map<string, number>();
  for (const { node, tree, size, root, note } of checkpoints) {
    if (node !== params.nodeId || rows.has(`${tree} ${size} ${root}`)) continue;
    rows.set(`${tree} ${size} ${root}`, { tree, size, root, note });
    roots.set(`${tree} ${size}`, (roots.get(`${tree} ${size}`) ?? 0) + 1);
  }
  const sizes = (params.sizes as readonly number[]).map(String);
  return [...rows.values()]
    .filter(({ tree, size = '' }) => {
      const isForked = (roots.get(`${tree} ${size}`) ?? 0) > 1;
      return Number(size) >= Number(params.sizeMin) || sizes.includes(size) || isForked;
    })
    .sort(
      (one, other) =>
        Number(one.tree) - Number(other.tree) ||
        Number(one.size) - Number(other.size) ||
        ((one.root ?? '') < (other.root ?? '') ? -1 : 1),
    );
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
