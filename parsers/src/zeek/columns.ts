// The header lines of a TSV log of Zeek (LogAscii: `#separator`, `#set_separator`, `#empty_field`,
// `#unset_field`, `#path`, `#fields`, `#types`) compiled into a plan: what each column is.
import type { ListForm } from './list-value.js';
import { isSame } from './list-value.js';
import { type LogPlan, NAMES, nameTable, planForPath } from './plans.js';

/** What a column holds, by the type that Zeek gives it. */
export const TYPE = { text: 1, literal: 2, truth: 3, list: 4 } as const;

export interface ColumnPlan {
  readonly log: LogPlan;
  readonly separator: number;
  readonly unset: Uint8Array;
  readonly empty: Uint8Array;
  readonly count: number;
  /** By column: number of its name in the plan, 0 for one that no log has. */
  readonly numbers: Uint16Array;
  readonly names: readonly string[];
  readonly types: Uint8Array;
  readonly listForms: readonly ListForm[];
  /** Whether the header said what the columns hold. */
  readonly hasTypes: boolean;
  readonly typeNames: readonly string[];
}

const encoder = new TextEncoder();
const TAB = '\t';
const LITERAL_TYPES: ReadonlySet<string> = new Set([
  'count',
  'int',
  'port',
  'double',
  'time',
  'interval',
]);
const PLANS_MAX = 512;
const plans = new Map<string, ColumnPlan | null>();
let lastContext = '';
let lastPlan: ColumnPlan | null = null;

/** The plan of a header; null for one that is none of Zeek's. Compiled once. */
export function columnPlanOf(context: string): ColumnPlan | null {
  if (context === lastContext) return lastPlan;
  let plan = plans.get(context);
  if (plan === undefined) {
    plan = compile(context);
    // Senders choose what stands here: a bound, and not the oldest, since all of them are cheap.
    if (plans.size >= PLANS_MAX) plans.clear();
    plans.set(context, plan);
  }
  lastContext = context;
  lastPlan = plan;
  return plan;
}

function compile(context: string): ColumnPlan | null {
  const lines = context.split('\n').map((line) => line.replace(/\r$/, ''));
  const separatorLine = lines.find((line) => line.startsWith('#separator '));
  const separator = separatorLine === undefined ? TAB : unescaped(separatorLine.slice(11));
  if (separator.length !== 1 || separator > '\x7f') return null;
  const directive = (word: string): string | undefined => {
    const start = `#${word}${separator}`;
    return lines.find((line) => line.startsWith(start))?.slice(start.length);
  };
  const names = directive('fields')?.split(separator) ?? [];
  const typeNames = directive('types')?.split(separator) ?? [];
  if (names.length === 0 || names.some((name) => name === '')) return null;
  const hasTypes = typeNames.length === names.length;
  if (!hasTypes && typeNames.length > 0) return null;
  const unset = encoder.encode(directive('unset_field') ?? '-');
  const setSeparator = encoder.encode(unescaped(directive('set_separator') ?? ','));
  if (setSeparator.length !== 1) return null;
  const path = directive('path') ?? '';
  const types = names.map((_, index) => typeOf(typeNames[index] ?? 'string'));
  return {
    log: planForPath(path === '-' ? '' : path),
    separator: separator.charCodeAt(0),
    unset,
    empty: encoder.encode(directive('empty_field') ?? '(empty)'),
    count: names.length,
    numbers: Uint16Array.from(names, numberOf),
    names,
    types: Uint8Array.from(types),
    listForms: names.map((_, index) => ({
      separator: setSeparator[0] as number,
      isText: isTextList(typeNames[index] ?? ''),
      unset,
    })),
    hasTypes,
    typeNames,
  };
}

function numberOf(name: string): number {
  const bytes = encoder.encode(name);
  const number = nameTable.lookup(bytes, 0, bytes.length);
  return NAMES[number] === name ? number : 0;
}

function typeOf(name: string): number {
  if (/^(set|vector|table|list)\[/.test(name)) return TYPE.list;
  if (name === 'bool') return TYPE.truth;
  return LITERAL_TYPES.has(name) ? TYPE.literal : TYPE.text;
}

function isTextList(name: string): boolean {
  const element = /\[(.*)\]$/.exec(name)?.[1] ?? '';
  return !LITERAL_TYPES.has(element) && element !== 'bool';
}

/** `\x09` and the like. */
const unescaped = (text: string): string =>
  text.replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

/** True for a value that says that there is none. */
export const isAbsent = (
  plan: ColumnPlan,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean =>
  start === end || isSame(bytes, start, end, plan.unset) || isSame(bytes, start, end, plan.empty);
