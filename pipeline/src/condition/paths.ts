// Which values of an event a condition may name, and of what type they are.
import type { ASTNode } from '@marcbachmann/cel-js';
import { nearestOf } from '../config/nearest.js';
import type { AddedType, Adds } from '../event/types.js';
import { FIELD_BY_PATH, FIELDS } from '../schema/fields.js';

/** `dyn`: only the event knows. `time`: a timestamp. */
export type ValueType = AddedType | 'dyn' | 'time';

/** A value of an event that a condition names. */
export interface EventPathRef {
  readonly kind: 'field' | 'key' | 'property' | 'unmapped_all';
  /** Dotted path, key of unmapped, or name of the property. */
  readonly name: string;
  /** As written, for nesting in a context: `['src_endpoint', 'ip']`. */
  readonly steps: readonly string[];
  readonly type: ValueType;
  /** A label of which nobody says the type: it is text. */
  readonly isUndeclared?: boolean;
}

export interface Known {
  readonly adds: Adds;
  /** Components may add paths that nobody has declared yet: unknown names are let through. */
  readonly isOpen: boolean;
}

/** Facts about an event that are no fields of it. */
export const PROPERTIES = ['source', 'tenant', 'stream', 'raw_data'] as const;
const MAPS = ['unmapped', 'labels'];
const MACROS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** A name that no event can have; `node` is where it stands. */
export class UnknownName extends Error {
  readonly node: ASTNode;
  constructor(message: string, node: ASTNode) {
    super(message);
    this.node = node;
  }
}

/**
 * The steps of `a.b["c"]`, or null when the node is something else. `bound`: names of macros.
 */
export function stepsOf(node: ASTNode, bound: ReadonlySet<string>): string[] | null {
  if (node.op === 'id') return bound.has(node.args) ? null : [node.args];
  if (node.op === '.') {
    const steps = stepsOf(node.args[0], bound);
    steps?.push(node.args[1]);
    return steps;
  }
  if (node.op === '[]') {
    const [left, right] = node.args;
    if (right.op !== 'value' || typeof right.args !== 'string') return null;
    const steps = stepsOf(left, bound);
    steps?.push(right.args);
    return steps;
  }
  return null;
}

/** Throws UnknownName. */
export function resolvePath(steps: readonly string[], node: ASTNode, known: Known): EventPathRef {
  const [root = '', ...rest] = steps;
  if ((PROPERTIES as readonly string[]).includes(root) && rest.length === 0)
    return { kind: 'property', name: root, steps, type: 'string' };
  if (root === 'unmapped') {
    if (rest.length === 0) return { kind: 'unmapped_all', name: root, steps, type: 'dyn' };
    if (rest.length > 1)
      throw new UnknownName(
        `unmapped has no levels; write unmapped[${JSON.stringify(rest.join('.'))}]`,
        node,
      );
    return { kind: 'key', name: rest[0] ?? '', steps, type: 'string' };
  }
  const path = steps.join('.');
  const added = Object.hasOwn(known.adds, path) ? known.adds[path] : undefined;
  if (added !== undefined) return { kind: 'key', name: path, steps, type: added };
  const field = FIELD_BY_PATH.get(path);
  if (field !== undefined) {
    const isNumber = FIELDS[field]?.kind === 'number';
    const type = path === 'time' ? 'time' : isNumber ? 'number' : 'string';
    return { kind: 'field', name: path, steps, type };
  }
  checkName(steps, path, node, known);
  const type = known.isOpen ? 'dyn' : 'string';
  return { kind: 'key', name: path, steps, type, isUndeclared: true };
}

function checkName(steps: readonly string[], path: string, node: ASTNode, known: Known): void {
  const [root = ''] = steps;
  const paths = [...FIELD_BY_PATH.keys(), ...Object.keys(known.adds)];
  if (paths.some((candidate) => candidate.startsWith(`${path}.`)) || path === 'labels')
    throw new UnknownName(`${path} is no value; name one of its fields`, node);
  if (root === 'labels' || known.isOpen) return;
  const roots = new Set([...paths.map(rootOf), ...MAPS, ...PROPERTIES]);
  const nearest = roots.has(root)
    ? nearestOf(path, paths)
    : (nearestOf(path, paths) ?? nearestOf(root, [...roots]));
  const hint =
    nearest === null
      ? `a key without a field of its own is unmapped[${JSON.stringify(path)}]`
      : `did you mean ${nearest}?`;
  throw new UnknownName(`${path} is not a known field; ${hint}`, node);
}

const rootOf = (path: string): string => path.split('.', 1)[0] ?? path;

/** Every path that the expression names; throws UnknownName. */
export function pathsOf(ast: ASTNode, known: Known): EventPathRef[] {
  const found = new Map<string, EventPathRef>();
  const walk = (node: ASTNode, bound: ReadonlySet<string>): void => {
    const steps = stepsOf(node, bound);
    if (steps !== null) {
      const path = resolvePath(steps, node, known);
      found.set(path.steps.join('\0'), path);
      return;
    }
    for (const [child, names] of childrenOf(node)) {
      walk(child, names.length === 0 ? bound : new Set([...bound, ...names]));
    }
  };
  walk(ast, new Set());
  return [...found.values()];
}

/** The parts of a node, each with the names that a macro binds in it. */
function childrenOf(node: ASTNode): [ASTNode, readonly string[]][] {
  const none: readonly string[] = [];
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [[node.args[0], none]];
    case '!_':
    case '-_':
      return [[node.args, none]];
    case 'call':
      return node.args[1].map((child) => [child, none]);
    case 'rcall': {
      const [name, receiver, args] = node.args;
      const [first] = args;
      const isMacro = MACROS.has(name) && args.length > 1 && first?.op === 'id';
      const names = isMacro ? [first.args] : none;
      const rest = isMacro ? args.slice(1) : args;
      return [
        [receiver, none],
        ...rest.map((child): [ASTNode, readonly string[]] => [child, names]),
      ];
    }
    case 'map':
      return node.args.flat().map((child) => [child, none]);
    default:
      return (node.args as readonly ASTNode[]).map((child) => [child, none]);
  }
}
