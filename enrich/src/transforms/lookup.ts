// Columns of the row of a table that a value of the event names.
import type { LiveRow, LookupDocument } from '@weir/pipeline';
import { addressBytes, addressKey, keyBytes, textKey } from '../table/keys.js';
import { KIND } from '../table/layout.js';
import type { TableView } from '../table/view.js';
import { columnsOf } from '../table-spec.js';
import type { Tables } from './tables.js';

export function lookup(document: LookupDocument, tables: Tables): (event: LiveRow) => void {
  const { field, match = 'exact', overwrite = false } = document;
  const table = tables.rows(document);
  const types = columnsOf(document);
  const targets = Object.keys(document.set).map((path, column) => ({
    path,
    column,
    type: types[column]?.type ?? 'string',
  }));
  const find = FINDERS[match];
  return (event) => {
    const view = table();
    const value = event.valueAt(field);
    if (value === undefined) return;
    const key = find(view, typeof value === 'string' ? value : String(value));
    if (key < 0) return;
    const row = view.rowOf(key);
    for (const { path, column, type } of targets) {
      const text = view.text(row, column);
      if (text === '' || (!overwrite && event.has(path))) continue;
      if (type === 'string') event.setShared(path, text);
      else event.set(path, type === 'number' ? Number(text) : text === 'true');
    }
  };
}

type Find = (table: TableView, text: string) => number;

const findText: Find = (table, text) => {
  const length = textKey(text);
  return length < 0 ? -1 : table.find(KIND.text, keyBytes, 0, length);
};
const FINDERS: Readonly<Record<NonNullable<LookupDocument['match']>, Find>> = {
  exact: findText,
  ignore_case: (table, text) => findText(table, text.toLowerCase()),
  cidr: (table, text) => {
    const length = addressKey(text);
    return length === 0 ? -1 : table.findAddress(addressBytes, length);
  },
};
