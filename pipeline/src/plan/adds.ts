// Types of the paths that the components of a graph add to events.
import { WeirError } from '../errors.js';
import type { AddedType, Adds } from '../event/types.js';
import { FIELD_BY_PATH, FIELDS } from '../schema/fields.js';
import { numberProblem } from '../schema/ranges.js';
import type { GraphDocument, TransformDocument } from './document.js';

/** True when the component is someone's own, so that only its module knows what it adds. */
export const isModule = (document: TransformDocument): boolean =>
  'module' in document && document.module !== undefined;

/**
 * What `set` transforms write, and what the graph's other components declare by id. Throws
 * WEIR_CONFIG_INVALID when two of them give one path different types.
 */
export function addsOfGraph(
  graph: GraphDocument,
  declared: Readonly<Record<string, Adds>> = {},
): Adds {
  const types: Record<string, AddedType> = Object.create(null);
  const owners = new Map<string, string>();
  const add = (path: string, type: AddedType, id: string): void => {
    const known = types[path];
    if (known !== undefined && known !== type)
      throw new WeirError(
        'WEIR_CONFIG_INVALID',
        `/transforms/${id} adds ${path} as ${type}; /transforms/${owners.get(path)} as ${known}`,
      );
    types[path] = type;
    owners.set(path, id);
  };
  for (const [id, document] of Object.entries(graph.transforms)) {
    if (document.type === 'set')
      for (const [path, value] of Object.entries(document.fields)) {
        checkSet(path, value, id);
        if (!FIELD_BY_PATH.has(path)) add(path, typeof value as AddedType, id);
      }
    for (const [path, type] of Object.entries(declared[id] ?? {}))
      if (!FIELD_BY_PATH.has(path)) add(path, type, id);
  }
  return types;
}

function checkSet(path: string, value: unknown, id: string): void {
  const wanted = wantedAt(path, value);
  if (wanted === null) return;
  const at = `/transforms/${id}/fields/${path}`;
  throw new WeirError('WEIR_CONFIG_INVALID', `${at} must be a ${wanted}; got ${show(value)}`);
}

/** What a path takes; null when the value is fine. */
function wantedAt(path: string, value: unknown): string | null {
  const isNumber = typeof value === 'number';
  const field = FIELD_BY_PATH.get(path);
  if (field !== undefined) {
    if (FIELDS[field]?.kind !== 'number') return typeof value === 'string' ? null : 'string';
    return isNumber ? numberProblem(field, value) : 'number';
  }
  if (isNumber) return Number.isFinite(value) ? null : 'finite number';
  return typeof value === 'string' || typeof value === 'boolean'
    ? null
    : 'string, number or boolean';
}

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);
