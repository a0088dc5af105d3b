// The event model: OCSF 1.8 attributes. Parsers write them by FieldId, whether they are a column of
// their own or an entry of the Map `attributes`; the row view and conditions read them alike.
// Anything else goes to `unmapped` under the name that the event gives it.
import { assert } from '../errors.js';
import { ATTRIBUTE_SPECS } from './attributes.js';
import { COLUMN_SPECS } from './columns.js';
import type { FieldSpec } from './field-spec.js';

export type { FieldKind, FieldSpec, FieldType } from './field-spec.js';

const specs = { ...COLUMN_SPECS, ...ATTRIBUTE_SPECS };
assert(
  Object.keys(specs).length ===
    Object.keys(COLUMN_SPECS).length + Object.keys(ATTRIBUTE_SPECS).length,
  'no attribute has the name of a column',
);

export type FieldName = keyof typeof specs;
export const FIELD_NAMES = Object.keys(specs) as FieldName[];
export const FIELDS: readonly FieldSpec[] = FIELD_NAMES.map((name) => specs[name]);
/** Fields below this number have a column of their own. */
export const COLUMN_FIELD_COUNT: number = Object.keys(COLUMN_SPECS).length;
/** FieldId by name: `out.span(row, FIELD.src_endpoint_ip, start, end)`. */
export const FIELD = Object.fromEntries(FIELD_NAMES.map((name, id) => [name, id])) as Record<
  FieldName,
  number
>;

type Specs = (typeof specs)[FieldName];
/** Dotted path of a field that is a column, for instance `src_endpoint.ip`. */
export type FieldPath = Specs['path'];
/** What `get` returns for a path: numbers for number columns, text for all others. */
export type FieldTypes = {
  readonly [Spec in Specs as Spec['path']]: Spec['kind'] extends 'number' ? number : string;
};
/** FieldId by dotted path. */
export const FIELD_BY_PATH: ReadonlyMap<string, number> = new Map(
  FIELDS.map((spec, id) => [spec.path, id]),
);
