// Conditions of filters, routes and taps: CEL (https://cel.dev) over the fields of an event.
//
// A condition holds when it is true. Where it is false or cannot be told, because a field that it
// needs is absent, it does not hold: `src_endpoint.port != 443` is not met by an event without
// port. `has(src_endpoint.port)` asks for presence, and CEL's own rule lets `a || b` hold when b
// does, whatever a lacks. An expression gives a value in the same language, typed; where it cannot
// be told, there is none.
import { TypeError as CelTypeError, Environment, ParseError } from '@marcbachmann/cel-js';
import { messageOf, WeirError } from '../errors.js';
import type { LiveRow } from '../event/live-row.js';
import type { AddedType, Adds } from '../event/types.js';
import { FIELD_BY_PATH } from '../schema/fields.js';
import { compileFast, PROPERTY_OF, TypeMismatch, type Value } from './fast.js';
import { checkFunctions, registerFunctions, WrongArgument, withRe2 } from './functions.js';
import { type EventPathRef, type Known, pathsOf, UnknownName } from './paths.js';

export interface ConditionOptions {
  /** Paths without a column that components before this one declare. */
  readonly adds?: Adds;
  /** Components whose declarations are not known may come before: unknown names are let through. */
  readonly isOpen?: boolean;
  /** Where the condition stands in the configuration; messages start with it. */
  readonly at?: string;
}

/** True when the condition holds for the row. Never throws. */
export type Condition = (row: LiveRow) => boolean;

/** The value of an expression for the row; undefined where it cannot be told. Never throws. */
export interface Expression {
  /** `dyn`: only the event knows. */
  readonly type: AddedType | 'dyn';
  readonly run: (row: LiveRow) => Value;
}

const environment = registerFunctions(new Environment({ unlistedVariablesAreDyn: true }));

/**
 * Throws WEIR_CONFIG_INVALID with the position for text that is not CEL, for an unknown field and
 * for types that do not go together.
 */
export function compileCondition(text: string, options: ConditionOptions = {}): Condition {
  return compile(text, options, true);
}

/** The same by the library alone, for the test that holds both equal. */
export const compileWithContext = (text: string, options: ConditionOptions = {}): Condition =>
  compile(text, options, false);

function compile(text: string, options: ConditionOptions, mayBeFast: boolean): Condition {
  const { type, run } = evaluator(text, options, mayBeFast);
  if (type === 'boolean' || type === 'dyn') return (row) => run(row) === true;
  const error = new WeirError(
    'WEIR_CONFIG_INVALID',
    `a condition is true or false; this is a ${type}`,
  );
  throw described(error, text, options.at);
}

/**
 * An expression that gives text, a number, or true or false. Throws WEIR_CONFIG_INVALID as
 * compileCondition does, and for values that no field can have.
 */
export function compileExpression(text: string, options: ConditionOptions = {}): Expression {
  const { type, run } = evaluator(text, options, true);
  if (isAddedType(type) || type === 'dyn') return { type, run };
  const error = new WeirError(
    'WEIR_CONFIG_INVALID',
    `a field takes text, a number, or true or false; this is a ${type}`,
  );
  throw described(error, text, options.at);
}

const isAddedType = (type: string): type is AddedType =>
  type === 'string' || type === 'number' || type === 'boolean';

/** Names of CEL's types. */
const TYPES: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int: 'number',
  uint: 'number',
  double: 'number',
};

interface Evaluator {
  readonly type: string;
  readonly run: (row: LiveRow) => Value;
}

function evaluator(text: string, options: ConditionOptions, mayBeFast: boolean): Evaluator {
  const known: Known = { adds: options.adds ?? {}, isOpen: options.isOpen ?? false };
  try {
    const parsed = environment.parse(text);
    const paths = pathsOf(parsed.ast, known);
    checkFunctions(parsed.ast);
    const fast = compileFast(parsed.ast, known);
    const checked = environment.check(text);
    if (!checked.valid && checked.error !== undefined) throw checked.error;
    const celType = checked.type ?? 'dyn';
    const type = fast?.type ?? TYPES[celType] ?? celType;
    if (fast !== null && mayBeFast) return { type, run: fast.run };
    return { type, run: withContext(environment.parse(withRe2(text, parsed.ast)), paths) };
  } catch (error) {
    throw described(error, text, options.at);
  }
}

/** For what the closures do not know: a context of the values that the expression names. */
function withContext(
  evaluate: (context: Record<string, unknown>) => unknown,
  paths: readonly EventPathRef[],
): (row: LiveRow) => Value {
  return (row) => {
    const context: Record<string, unknown> = Object.create(null);
    for (const path of paths) place(context, path, celValue(row, path));
    try {
      return plainValue(evaluate(context));
    } catch {
      return undefined;
    }
  };
}

/** What a field can hold, a timestamp in microseconds; undefined for lists, maps and the like. */
function plainValue(value: unknown): Value {
  if (value instanceof Date) return value.getTime() * 1000;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : undefined;
  }
  const isPlain =
    typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number';
  return isPlain ? (value as Value) : undefined;
}

/** Whole numbers of columns are CEL ints, so that `%` and int literals go with them. */
function celValue(row: LiveRow, path: EventPathRef): unknown {
  const { kind, name } = path;
  if (kind === 'unmapped_all') return row.unmappedAll();
  if (kind === 'property') return PROPERTY_OF[name]?.(row);
  const field = kind === 'field' ? FIELD_BY_PATH.get(name) : undefined;
  const value =
    field !== undefined
      ? row.valueOf(field)
      : path.steps[0] === 'unmapped'
        ? row.unmapped(name)
        : row.valueAt(name);
  if (typeof value !== 'number') return value;
  if (path.type === 'time') return new Date(value / 1000);
  return Number.isSafeInteger(value) ? BigInt(value) : value;
}

function place(context: Record<string, unknown>, path: EventPathRef, value: unknown): void {
  const { steps } = path;
  let target = context;
  for (let i = 0; i < steps.length - 1; i++) {
    const step = steps[i] as string;
    target[step] ??= Object.create(null);
    target = target[step] as Record<string, unknown>;
  }
  if (value !== undefined) target[steps[steps.length - 1] as string] ??= value;
}

function described(error: unknown, text: string, at: string | undefined): WeirError {
  const place = at === undefined ? '' : `${at} `;
  const start = positionOf(error);
  const position = start === null ? '' : ` at position ${start}`;
  const summary =
    error instanceof ParseError || error instanceof CelTypeError ? error.summary : messageOf(error);
  return new WeirError(
    'WEIR_CONFIG_INVALID',
    `${place}${summary}${position}; got ${JSON.stringify(text)}`,
    {},
    error,
  );
}

function positionOf(error: unknown): number | null {
  if (
    error instanceof UnknownName ||
    error instanceof TypeMismatch ||
    error instanceof WrongArgument
  )
    return error.node.start;
  if (error instanceof ParseError || error instanceof CelTypeError)
    return error.range?.start ?? error.node?.start ?? null;
  return null;
}
