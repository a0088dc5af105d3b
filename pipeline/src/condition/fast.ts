// The common part of CEL as closures over the row: no context, no exception for an absent field.
// What is not in it is left to the library. A test holds both equal.
//
// A value is text, number or boolean; undefined stands for CEL's error, which an absent field is.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { LiveRow } from '../event/live-row.js';
import { FIELD_BY_PATH } from '../schema/fields.js';
import { isWithin, matcherOf, networksOf } from './functions.js';
import { type EventPathRef, type Known, resolvePath, stepsOf, type ValueType } from './paths.js';

export type Value = string | number | boolean | undefined;
export type Evaluate = (row: LiveRow) => Value;

interface Typed {
  readonly type: ValueType;
  readonly run: Evaluate;
  /** Of a literal. */
  readonly constant?: Value;
  /** As people know it. */
  readonly name?: string;
  /** A label of which nobody says the type. */
  readonly isUndeclared?: boolean;
}

/** Two types that can never be compared: a mistake in the expression. */
export class TypeMismatch extends Error {
  readonly node: ASTNode;
  constructor(message: string, node: ASTNode) {
    super(message);
    this.node = node;
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Null when the expression uses more of CEL than this knows. Throws TypeMismatch. */
export function compileFast(node: ASTNode, known: Known): Typed | null {
  const steps = stepsOf(node, NO_NAMES);
  if (steps !== null) return pathValue(resolvePath(steps, node, known));
  switch (node.op) {
    case 'value':
      return literal(node.args);
    case '-_': {
      const operand = compileFast(node.args, known);
      if (typeof operand?.constant !== 'number') return null;
      return constantOf(-operand.constant, 'number');
    }
    case '!_':
      return not(node, compileFast(node.args, known));
    case '&&':
    case '||':
      return logical(node, known);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(node, known);
    case 'in':
      return membership(node, known);
    case '?:':
      return choice(node.args, known);
    case 'call':
      return call(node, known);
    case 'rcall':
      return method(node.args, known);
    default:
      return null;
  }
}

const constantOf = (constant: string | number | boolean, type: ValueType): Typed => ({
  type,
  constant,
  run: () => constant,
});

function literal(value: unknown): Typed | null {
  if (typeof value === 'string') return constantOf(value, 'string');
  if (typeof value === 'boolean') return constantOf(value, 'boolean');
  if (typeof value === 'number') return constantOf(value, 'number');
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value)))
    return constantOf(Number(value), 'number');
  return null;
}

function pathValue(path: EventPathRef): Typed | null {
  const run = readerOf(path);
  if (run === null) return null;
  const { type, steps, isUndeclared = false } = path;
  return { type, run, name: steps.join('.'), isUndeclared };
}

function readerOf(path: EventPathRef): Evaluate | null {
  const { name, type } = path;
  if (path.kind === 'unmapped_all' || type === 'time') return null;
  if (path.kind === 'property') return PROPERTY_OF[name] as Evaluate;
  const field = path.kind === 'field' ? FIELD_BY_PATH.get(name) : undefined;
  if (field !== undefined) return (row) => row.valueOf(field);
  if (path.steps[0] === 'unmapped') return (row) => row.unmapped(name);
  return (row) => row.valueAt(name);
}

export const PROPERTY_OF: Readonly<Record<string, (row: LiveRow) => string>> = {
  source: (row) => row.source,
  tenant: (row) => row.tenant,
  stream: (row) => row.stream,
  raw_data: (row) => row.rawText(),
};

function mustBe(type: ValueType, typed: Typed, node: ASTNode): void {
  if (typed.type !== 'dyn' && typed.type !== type)
    throw new TypeMismatch(
      `a ${type} is wanted here, and ${shown(typed)}${hint(typed, type)}`,
      node,
    );
}

/** How a label comes by the type that is wanted of it. */
function hint({ name, isUndeclared }: Typed, wanted: ValueType): string {
  if (!isUndeclared || (wanted !== 'boolean' && wanted !== 'number')) return '';
  return `; declare it with adds: {'${name}': '${wanted}'} in the enricher`;
}

function shown({ name, type, constant }: Typed): string {
  return `${name ?? (constant === undefined ? 'this' : JSON.stringify(constant))} is a ${type}`;
}

function not(node: ASTNode, operand: Typed | null): Typed | null {
  if (operand === null) return null;
  mustBe('boolean', operand, node);
  const { run } = operand;
  return {
    type: 'boolean',
    run: (row) => {
      const value = run(row);
      return typeof value === 'boolean' ? !value : undefined;
    },
  };
}

/** An error on one side does not matter when the other side decides (CEL, logical operators). */
function logical(node: ASTNode & { op: '&&' | '||' }, known: Known): Typed | null {
  const left = compileFast(node.args[0], known);
  const right = compileFast(node.args[1], known);
  if (left === null || right === null) return null;
  mustBe('boolean', left, node.args[0]);
  mustBe('boolean', right, node.args[1]);
  const decides = node.op === '||';
  const runLeft = left.run;
  const runRight = right.run;
  return {
    type: 'boolean',
    run: (row) => {
      const first = runLeft(row);
      if (first === decides) return decides;
      const second = runRight(row);
      if (second === decides) return decides;
      return first === !decides && second === !decides ? !decides : undefined;
    },
  };
}

type Comparison = ASTNode & { op: '==' | '!=' | '<' | '<=' | '>' | '>=' };

/** What the library lets through, and what holds for no event. */
function checkComparable(node: Comparison, known: Known): void {
  for (const [side, other] of [node.args, [...node.args].reverse()] as [ASTNode, ASTNode][]) {
    const steps = stepsOf(side, NO_NAMES);
    if (steps === null || other.op !== 'value') continue;
    const { type } = resolvePath(steps, side, known);
    const name = steps.join('.');
    if (other.args === null)
      throw new TypeMismatch(`no field is null; presence is asked for by has(${name})`, node);
    if (type === 'time')
      throw new TypeMismatch(
        `${name} is a timestamp; compare it with timestamp("2026-01-31T00:00:00Z")`,
        node,
      );
  }
}

function comparison(node: Comparison, known: Known): Typed | null {
  checkComparable(node, known);
  const left = compileFast(node.args[0], known);
  const right = compileFast(node.args[1], known);
  if (left === null || right === null) return null;
  if (left.type !== right.type && left.type !== 'dyn' && right.type !== 'dyn')
    throw new TypeMismatch(
      `${shown(left)} and ${shown(right)}: they cannot be compared` +
        hint(left, right.type) +
        hint(right, left.type),
      node,
    );
  const compare = COMPARE[node.op];
  const runLeft = left.run;
  const runRight = right.run;
  return {
    type: 'boolean',
    run: (row) => {
      const first = runLeft(row);
      if (first === undefined) return undefined;
      const second = runRight(row);
      if (typeof first !== typeof second) return undefined;
      return compare(first, second as typeof first);
    },
  };
}

type Plain = string | number | boolean;
const COMPARE: Readonly<Record<Comparison['op'], (a: Plain, b: Plain) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function membership(node: ASTNode & { op: 'in' }, known: Known): Typed | null {
  const [leftNode, rightNode] = node.args;
  const left = compileFast(leftNode, known);
  if (left === null || rightNode.op !== 'list') return null;
  const members: Value[] = [];
  for (const item of rightNode.args) {
    const member = compileFast(item, known);
    if (member?.constant === undefined) return null;
    if (left.type !== 'dyn' && left.type !== member.type)
      throw new TypeMismatch(`${shown(left)}, and the list has a ${member.type}`, item);
    members.push(member.constant);
  }
  const set = new Set(members);
  const { run } = left;
  return {
    type: 'boolean',
    run: (row) => {
      const value = run(row);
      return value === undefined ? undefined : set.has(value);
    },
  };
}

function choice(args: readonly ASTNode[], known: Known): Typed | null {
  const [condition, yes, no] = args.map((part) => compileFast(part, known));
  if (condition == null || yes == null || no == null) return null;
  mustBe('boolean', condition, args[0] as ASTNode);
  return {
    type: yes.type === no.type ? yes.type : 'dyn',
    run: (row) => {
      const value = condition.run(row);
      if (value === true) return yes.run(row);
      return value === false ? no.run(row) : undefined;
    },
  };
}

function call(node: ASTNode & { op: 'call' }, known: Known): Typed | null {
  const [name, [argument]] = node.args;
  if (name === 'cidr') return cidr(node.args[1], known);
  if (name !== 'has' || argument?.op !== '.') return null;
  const steps = stepsOf(argument, NO_NAMES);
  if (steps === null) return null;
  const path = resolvePath(steps, argument, known);
  return { type: 'boolean', run: (row) => row.has(path.name) };
}

function cidr(args: readonly ASTNode[], known: Known): Typed | null {
  const [addressNode, networksNode] = args;
  if (addressNode === undefined || networksNode === undefined || args.length !== 2) return null;
  const networks = networksOf(networksNode);
  const address = compileFast(addressNode, known);
  if (address === null) return null;
  mustBe('string', address, addressNode);
  const { run } = address;
  return {
    type: 'boolean',
    run: (row) => {
      const text = run(row);
      return typeof text === 'string' ? isWithin(text, networks) : undefined;
    },
  };
}

const TEXT_METHODS: Readonly<Record<string, (text: string, argument: string) => boolean>> = {
  startsWith: (text, argument) => text.startsWith(argument),
  endsWith: (text, argument) => text.endsWith(argument),
  contains: (text, argument) => text.includes(argument),
};

function method(args: readonly [string, ASTNode, ASTNode[]], known: Known): Typed | null {
  const [name, receiverNode, [argumentNode]] = args;
  if (argumentNode === undefined || args[2].length !== 1) return null;
  const argument = compileFast(argumentNode, known)?.constant;
  if (typeof argument !== 'string') return null;
  const test = name === 'matches' ? matcherOf(argumentNode) : TEXT_METHODS[name];
  if (test === undefined) return null;
  const receiver = compileFast(receiverNode, known);
  if (receiver === null) return null;
  mustBe('string', receiver, receiverNode);
  const { run } = receiver;
  return {
    type: 'boolean',
    run: (row) => {
      const text = run(row);
      return typeof text === 'string' ? test(text, argument) : undefined;
    },
  };
}
