// A table of a user's own (assets, tenants, users) from a file: rows found by the value of a key
// column. Such a file is written for this purpose, so a row that is wrong makes the file broken.
import { type LookupDocument, networkOf } from '@weir/pipeline';
import type { TableRow } from '../formats/rows.js';
import { TableBuilder } from '../table/builder.js';
import { keyBytes, textKey } from '../table/keys.js';
import { KIND, type Kind } from '../table/layout.js';
import { TableError } from '../table-error.js';
import type { BuiltTable } from './built.js';
import { networkKey } from './indicators.js';

export type ColumnType = 'string' | 'number' | 'boolean';

export interface LookupSettings {
  readonly keyColumn: string;
  readonly match: NonNullable<LookupDocument['match']>;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly bytesMax: number;
}

/** Throws TableError with the place of the first row that is wrong. */
export function buildLookup(rows: Iterable<TableRow>, settings: LookupSettings): BuiltTable {
  const { keyColumn, match, columns, bytesMax } = settings;
  const builder = new TableBuilder(Math.max(1, columns.length), bytesMax);
  for (const { where, values } of rows) {
    if (builder.keyCount === 0)
      checkColumns(values, [keyColumn, ...columns.map(({ name }) => name)], where);
    const keyText = textOf(values[keyColumn]);
    const { kind, length } = keyOf(keyText, match, where);
    if (builder.find(kind, keyBytes, 0, length) >= 0)
      throw new TableError(`${where}: ${JSON.stringify(keyText)} comes a second time`);
    const key = keyBytes.slice(0, length);
    const cells = columns.map(({ name, type }) => cellOf(values[name], type, `${where}: ${name}`));
    builder.add(kind, key, 0, length, cells.length === 0 ? [''] : cells);
  }
  if (builder.keyCount === 0) throw new TableError('it has no rows');
  return {
    bytes: builder.finish(),
    keyCount: builder.keyCount,
    rejectedCount: 0,
    firstRejection: '',
  };
}

/** In JSON a row may leave columns out, but the key. */
function checkColumns(
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
  where: string,
): void {
  const isCsv = Object.getPrototypeOf(values) === null;
  for (const name of isCsv ? names : names.slice(0, 1))
    if (!(name in values))
      throw new TableError(
        `${where}: there is no column ${name}; there are ${Object.keys(values).join(', ')}`,
      );
}

function keyOf(
  text: string,
  match: LookupSettings['match'],
  where: string,
): { readonly kind: Kind; readonly length: number } {
  if (match === 'cidr') {
    const network = networkOf(text);
    if (network === null)
      throw new TableError(`${where}: ${JSON.stringify(text)} is no network or address`);
    return networkKey(network.bytes, network.prefixLength);
  }
  const length = textKey(match === 'ignore_case' ? text.toLowerCase() : text);
  if (length < 0)
    throw new TableError(`${where}: the key ${text === '' ? 'is empty' : 'is too long'}`);
  return { kind: KIND.text, length };
}

const textOf = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value).trim();
};

function cellOf(value: unknown, type: ColumnType, where: string): string {
  const text = textOf(value);
  if (text === '' || type === 'string') return text;
  const isRight =
    type === 'number' ? Number.isFinite(Number(text)) : text === 'true' || text === 'false';
  if (!isRight) throw new TableError(`${where} must be a ${type}; got ${JSON.stringify(text)}`);
  return text;
}
