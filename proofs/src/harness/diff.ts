// Two reports side by side.
import type { ProofReport } from './report.js';

/** Lines: what was run, how the machines differ, then every figure with the ratio of the second. */
export function diffLines(a: ProofReport, b: ProofReport): string[] {
  const lines: string[] = [];
  const head = (what: string, left: unknown, right: unknown): void => {
    if (JSON.stringify(left) !== JSON.stringify(right))
      lines.push(`differs: ${what}: ${text(left)} | ${text(right)}`);
  };
  head('name', a.name, b.name);
  head('outcome', a.outcome, b.outcome);
  head('reason', a.reason, b.reason);
  head('seed', a.seed, b.seed);
  head('sabotage', a.sabotage, b.sabotage);
  const facts = new Set([...Object.keys(a.machine), ...Object.keys(b.machine)]);
  for (const fact of facts)
    head(`machine: ${fact}`, value(a.machine, fact), value(b.machine, fact));
  lines.push(row('figure', 'A', 'B', 'B / A'));
  const figures = { durationMs: a.durationMs, ...a.figures };
  const others = { durationMs: b.durationMs, ...b.figures };
  for (const name of new Set([...Object.keys(figures), ...Object.keys(others)])) {
    const left = value(figures, name);
    const right = value(others, name);
    lines.push(row(name, text(left), text(right), ratio(left, right)));
  }
  return lines;
}

const value = (object: object, name: string): unknown =>
  (object as Readonly<Record<string, unknown>>)[name];
const text = (figure: unknown): string => (figure === undefined ? '-' : JSON.stringify(figure));

function ratio(left: unknown, right: unknown): string {
  if (typeof left !== 'number' || typeof right !== 'number') return left === right ? '=' : '';
  if (left === right) return '1.00';
  return left === 0 ? '' : (right / left).toFixed(2);
}

const row = (name: string, a: string, b: string, last: string): string =>
  `${name.padEnd(28)} ${a.padStart(20)} ${b.padStart(20)} ${last.padStart(8)}`.trimEnd();
