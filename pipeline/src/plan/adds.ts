// Types of the paths that the components of a graph add to events.
import { compileExpression } from '../condition/condition.js';
import { WeirError } from '../errors.js';
import type { AddedType, Adds } from '../event/types.js';
import { FIELD_BY_PATH, FIELDS } from '../schema/fields.js';
import { numberProblem } from '../schema/ranges.js';
import type { AssignDocument, GraphDocument, TransformDocument } from './document.js';

/** True when the component is someone's own, so that only its module knows what it adds. */
export const isModule = (document: TransformDocument): boolean =>
  'module' in document && document.module !== undefined;

/** What `ioc` writes besides the fields of OCSF's object osint. */
export const IOC_ADDS = {
  'labels.ioc_tier': 'number',
  'labels.ioc_matches': 'number',
  'labels.ioc_others': 'string',
} as const satisfies Adds;

export interface AddsOptions {
  /** What the graph's modules declare, by id of the transform. */
  readonly declared?: Readonly<Record<string, Adds>>;
  /** Modules may add what nobody declared: unknown names are let through. */
  readonly isOpen?: boolean;
}

/**
 * What `set` transforms write, and what the graph's other components declare by id. Throws
 * WEIR_CONFIG_INVALID when two of them give one path different types.
 */
export function addsOfGraph(graph: GraphDocument, options: AddsOptions = {}): Adds {
  const { declared = {} } = options;
  const types: Record<string, AddedType> = Object.create(null);
  const owners = new Map<string, string>();
  const add = (path: string, type: AddedType, id: string): void => {
    if (FIELD_BY_PATH.has(path)) return;
    const known = types[path];
    if (known !== undefined && known !== type)
      throw new WeirError(
        'WEIR_CONFIG_INVALID',
        `/transforms/${id} adds ${path} as ${type}; /transforms/${owners.get(path)} as ${known}`,
      );
    types[path] = type;
    owners.set(path, id);
  };
  const assigns: [string, AssignDocument][] = [];
  for (const [id, document] of Object.entries(graph.transforms)) {
    if (document.type === 'assign') assigns.push([id, document]);
    for (const [path, type] of Object.entries(declared[id] ?? {})) add(path, type, id);
    for (const [path, type] of addsOf(document, id)) add(path, type, id);
  }
  addAssigned(assigns, types, add, options.isOpen ?? false);
  return types;
}

/** Of what stands in the document as it is. */
function addsOf(document: TransformDocument, id: string): [string, AddedType][] {
  if (document.type === 'set')
    return Object.entries(document.fields).map(([path, value]) => {
      checkSet(path, value, id);
      return [path, typeof value as AddedType];
    });
  if (document.type === 'ioc') return Object.entries(IOC_ADDS);
  if (document.type === 'lookup')
    return Object.keys(document.set).map((path) => [path, document.types?.[path] ?? 'string']);
  return [];
}

/**
 * The type of an expression may follow from what another one sets: those whose names are known go
 * first, whatever the order of the graph. Throws what is wrong with the first that never can.
 */
function addAssigned(
  assigns: readonly (readonly [string, AssignDocument])[],
  types: Adds,
  add: (path: string, type: AddedType, id: string) => void,
  isOpen: boolean,
): void {
  let waiting = assigns.flatMap(([id, { values }]) =>
    Object.entries(values).map(([path, text]) => ({ id, path, text })),
  );
  while (waiting.length > 0) {
    let firstError: unknown = null;
    const left = waiting.filter(({ id, path, text }) => {
      const at = `/transforms/${id}/values/${path}`;
      let type: AddedType | 'dyn';
      try {
        type = compileExpression(text, { adds: types, isOpen, at }).type;
      } catch (error) {
        firstError ??= error;
        return true;
      }
      checkAssigned(path, type, at, isOpen);
      if (type !== 'dyn') add(path, type, id);
      return false;
    });
    if (left.length === waiting.length) throw firstError;
    waiting = left;
  }
}

function checkAssigned(path: string, type: AddedType | 'dyn', at: string, isOpen: boolean): void {
  const field = FIELD_BY_PATH.get(path);
  if (field === undefined) {
    if (type !== 'dyn' || isOpen) return;
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `${at} gives a value whose type only the event knows; say it with string(...), double(...) ` +
        'or bool(...)',
    );
  }
  const wanted = FIELDS[field]?.kind === 'number' ? 'number' : 'string';
  if (type !== 'dyn' && type !== wanted)
    throw new WeirError('WEIR_CONFIG_INVALID', `${at} must give a ${wanted}; it gives a ${type}`);
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
