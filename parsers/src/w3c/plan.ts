// The directives of a W3C extended log compiled into a plan: what each column is, and what the
// program that writes it means with some of them.
import { FIELD } from '@weir/pipeline';
import { HTTP_COLUMNS, NETWORK_COLUMNS, ROWS } from './fields.js';

export interface W3cPlan {
  readonly names: readonly string[];
  readonly kinds: Uint8Array;
  readonly fields: Uint16Array;
  /** OCSF class: HTTP Activity, Network Activity or Base Event. */
  readonly classUid: number;
  readonly vendor: string;
  readonly product: string;
  readonly version: string;
  readonly isMicrosoft: boolean;
  /** IIS: spaces in values are pluses, and nothing is quoted. */
  readonly isPlain: boolean;
  /** Times are not UTC, and nothing says what they are. */
  readonly isLocalTime: boolean;
  /** `2026-03-01` of `#Date`, for rows that have a time and no date. */
  readonly date: string;
}

const PLANS_MAX = 256;
const plans = new Map<string, W3cPlan | null>();
let lastContext = '';
let lastPlan: W3cPlan | null = null;
const byName = new Map(
  ROWS.flatMap(([names, kind, field]) =>
    names.split(' ').map((name) => [name.toLowerCase(), { kind, field }] as const),
  ),
);

/** The plan of a header; null for one that is not of this format. Compiled once. */
export function w3cPlanOf(context: string): W3cPlan | null {
  if (context === lastContext) return lastPlan;
  let plan = plans.get(context);
  if (plan === undefined) {
    plan = compile(context);
    if (plans.size >= PLANS_MAX) plans.clear();
    plans.set(context, plan);
  }
  lastContext = context;
  lastPlan = plan;
  return plan;
}

function compile(context: string): W3cPlan | null {
  const lines = context.split('\n').map((line) => line.trimEnd());
  const directive = (name: string): string =>
    lines
      .findLast((line) => line.startsWith(`#${name}:`))
      ?.slice(name.length + 2)
      .trim() ?? '';
  const names = directive('Fields').split(/[ \t]+/);
  if (names[0] === '') return null;
  const software = directive('Software');
  const [, vendor = '', product = '', version = ''] =
    /^(Microsoft )?(.*?)(?: v?(\d[\d.]*))?$/.exec(software) ?? [];
  const rows = names.map((name) => byName.get(name.toLowerCase()));
  const has = (columns: readonly string[]): boolean => columns.some((name) => names.includes(name));
  return {
    names,
    kinds: Uint8Array.from(rows, (row) => row?.kind ?? 0),
    fields: Uint16Array.from(rows, (row) => row?.field ?? FIELD.message),
    classUid: has(HTTP_COLUMNS) ? 4002 : has(NETWORK_COLUMNS) ? 4001 : 0,
    vendor: vendor.trim(),
    product,
    version,
    isMicrosoft: vendor !== '',
    isPlain: software.startsWith('Microsoft Internet Information Services'),
    isLocalTime: /^local$/i.test(directive('Time Format')),
    date: /^\d{4}-\d\d-\d\d/.exec(directive('Date'))?.[0] ?? '',
  };
}
