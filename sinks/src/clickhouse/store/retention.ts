// How long rows are kept: the TTL of the events and the quarantine table, by retention class. Both
// are partitioned by day and class, and a part goes as a whole (ttl_only_drop_parts), so that
// expiry costs a rename and no merge.
import { WeirError } from '@weir/pipeline';
import type { Store } from './store.js';
import type { TableNames } from './tables.js';

export const RETENTION_DAYS_DEFAULT = 90;

/** Days of a class without a name here are `days`. */
export interface Retention {
  readonly days: number;
  readonly classes: Readonly<Record<string, number>>;
}

/** Tables whose rows expire. The ledger never does: it says what there was. */
export const EXPIRING = ['events', 'quarantine'] as const;
export type ExpiringTable = (typeof EXPIRING)[number];

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** Days as an expression over the columns of a row. Classes without a difference are left out. */
export function daysExpression({ days, classes }: Retention): string {
  const own = Object.entries(classes)
    .filter(([, other]) => other !== days)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (own.length === 0) return String(days);
  const names = own.map(([name]) => quoted(name)).join(', ');
  const numbers = own.map(([, other]) => other).join(', ');
  return `transform(retention_class, [${names}], [${numbers}], ${days})`;
}

export const ttlExpression = (retention: Retention): string =>
  `toDateTime(ingest_time) + toIntervalDay(${daysExpression(retention)})`;

/** The shortest of all classes. */
export const daysMin = ({ days, classes }: Retention): number =>
  Math.min(days, ...Object.values(classes));

const LITERALS = "(?:[^\\]'\\\\]|'(?:[^'\\\\]|\\\\.)*')*";
const BY_CLASS = new RegExp(
  `\\+ toIntervalDay\\(transform\\(retention_class, \\[(${LITERALS})\\], ` +
    '\\[([\\d, ]+)\\], (\\d+)\\)\\)',
);

/** What a CREATE TABLE statement says; null for no TTL, or for one that is not of ours. */
export function parseRetention(ddl: string): Retention | null {
  const plain = /\+ toIntervalDay\((\d+)\)/.exec(ddl)?.[1];
  if (plain !== undefined) return { days: Number(plain), classes: {} };
  const found = BY_CLASS.exec(ddl);
  if (found === null) return null;
  const [, names = '', numbers = '', days] = found;
  const values = numbers.split(',').map(Number);
  const classes: Record<string, number> = {};
  for (const [at, [, name = '']] of [...names.matchAll(/'((?:[^'\\]|\\.)*)'/g)].entries())
    classes[name.replace(/\\(.)/g, '$1')] = values[at] ?? 0;
  return { days: Number(days), classes };
}

/** Null for a table without a TTL of ours, and for one that is not there. */
export async function readRetention(
  store: Store,
  tables: TableNames,
  table: ExpiringTable,
): Promise<Retention | null> {
  const rows = await store.query<{ ddl: string }>(
    'SELECT create_table_query AS ddl FROM system.tables ' +
      'WHERE database = {database:String} AND name = {name:String}',
    { database: tables.database, name: table === 'events' ? tables.eventsName : table },
  );
  return rows[0] === undefined ? null : parseRetention(rows[0].ddl);
}

export interface RetentionChange {
  readonly table: ExpiringTable;
  readonly from: Retention | null;
  readonly to: Retention;
}

/** What would have to change; a table that is not there needs nothing. */
export async function retentionChanges(
  store: Store,
  tables: TableNames,
  wanted: Readonly<Partial<Record<ExpiringTable, Retention>>>,
): Promise<RetentionChange[]> {
  const changes: RetentionChange[] = [];
  for (const table of EXPIRING) {
    const to = wanted[table];
    if (to === undefined) continue;
    checkDays(to);
    const from = await readRetention(store, tables, table);
    if (from === null || daysExpression(from) !== daysExpression(to))
      changes.push({ table, from, to });
  }
  return changes;
}

/**
 * Sets the TTL, and has the server work out anew when each part expires: else parts that are there
 * keep the date that they were written with. Only dates are written, no row is. What has expired by
 * then goes with the server's next look, seconds later; `isAwaited`: resolves when all dates are
 * known.
 */
export async function setRetention(
  store: Store,
  tables: TableNames,
  { table, to }: RetentionChange,
  options: { readonly isAwaited?: boolean; readonly onCluster?: (sql: string) => string } = {},
): Promise<void> {
  const onCluster = options.onCluster ?? ((sql) => sql);
  const alter = (change: string, settings: Record<string, number>): Promise<void> =>
    store.command(onCluster(`ALTER TABLE ${tables[table]} ${change}`), {}, settings);
  await alter('MODIFY SETTING materialize_ttl_recalculate_only = 1', {});
  await alter(`MODIFY TTL ${ttlExpression(to)}`, { materialize_ttl_after_modify: 0 });
  await alter('MATERIALIZE TTL', { mutations_sync: options.isAwaited === true ? 2 : 0 });
}

const DAYS_MAX = 36_500;

function checkDays({ days, classes }: Retention): void {
  for (const [name, value] of [['', days] as const, ...Object.entries(classes)])
    if (!Number.isInteger(value) || value < 1 || value > DAYS_MAX)
      throw new WeirError(
        'WEIR_USAGE',
        `retention${name === '' ? '' : ` of class ${name}`} must be 1 to ${DAYS_MAX} days; got ${value}`,
      );
}
