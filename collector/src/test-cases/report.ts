// Results of `weir test` for people, for scripts and for CI servers.
import type { CaseResult, Finding } from './check-case.js';
import { valuesOf } from './field-differences.js';
import { junitXml } from './junit.js';

const MARKS: Readonly<Record<CaseResult['outcome'], string>> = {
  passed: 'ok',
  failed: 'FAILED',
  updated: 'updated',
};
const FINDINGS_SHOWN_MAX = 10;
const FIELDS_SHOWN_MAX = 20;
const RED = '\x1b[31m';
const GREEN = '\x1b[32m';
const BOLD = '\x1b[1m';
const PLAIN = '\x1b[0m';

type Paint = (code: string, text: string) => string;
const painted: Paint = (code, text) => `${code}${text}${PLAIN}`;
const plain: Paint = (_code, text) => text;

export function textOf(results: readonly CaseResult[], isColoured = false): string {
  const paint = isColoured ? painted : plain;
  const lines: string[] = [];
  let config: string | null | undefined;
  for (const result of results) {
    if (result.config !== config) lines.push(`pipeline: ${result.config ?? 'the packs alone'}`);
    config = result.config;
    lines.push(...linesOfCase(result, paint));
  }
  return [...lines, summaryOf(results)].join('\n');
}

function linesOfCase(result: CaseResult, paint: Paint): string[] {
  const { name, outcome, eventCount, failures, changes } = result;
  const mark = paint(outcome === 'failed' ? RED : GREEN, MARKS[outcome]);
  return [
    `${mark} ${name} (${eventCount} ${eventCount === 1 ? 'event' : 'events'})`,
    ...findingsText([...failures, ...changes], paint),
  ];
}

function findingsText(findings: readonly Finding[], paint: Paint): string[] {
  const more = findings.length - FINDINGS_SHOWN_MAX;
  return [
    ...findings.slice(0, FINDINGS_SHOWN_MAX).flatMap((finding) => findingText(finding, paint)),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function findingText({ file, line, input, message, fields }: Finding, paint: Paint): string[] {
  const place = line === null ? file : `${file}:${line}`;
  const from = input === null ? '' : ` (${input.file}:${input.line})`;
  const lines = [`  ${place}: ${message}${from}`];
  for (const field of fields.slice(0, FIELDS_SHOWN_MAX)) {
    const { expected, got } = valuesOf(field);
    lines.push(
      `    ${paint(BOLD, field.path || 'the whole line')}`,
      `      expected ${paint(GREEN, expected)}`,
      `      got      ${paint(RED, got)}`,
    );
  }
  if (fields.length > FIELDS_SHOWN_MAX)
    lines.push(`    and ${fields.length - FIELDS_SHOWN_MAX} more fields`);
  return lines;
}

const countOf = (results: readonly CaseResult[], outcome: CaseResult['outcome']): number =>
  results.filter((result) => result.outcome === outcome).length;

export function summaryOf(results: readonly CaseResult[]): string {
  const updated = countOf(results, 'updated');
  const counts = `${countOf(results, 'passed')} passed, ${countOf(results, 'failed')} failed`;
  return updated > 0 ? `${counts}, ${updated} updated` : counts;
}

/** One object, for scripts. */
export function jsonOf(results: readonly CaseResult[]): string {
  const [passed, failed, updated] = (['passed', 'failed', 'updated'] as const).map((outcome) =>
    countOf(results, outcome),
  );
  return JSON.stringify({ passed, failed, updated, results }, null, 2);
}

/** The XML that CI servers read as JUnit's. */
export const junitOf = (results: readonly CaseResult[]): string =>
  junitXml(
    'weir test',
    results.map(({ name, outcome, durationMs, failures }) => ({
      name,
      durationMs,
      failure: outcome === 'failed' ? findingsText(failures, plain).join('\n') : null,
    })),
  );
