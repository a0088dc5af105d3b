// What a case gave against what its folder expects.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '@weir/pipeline';
import { diff } from 'jest-diff';
import type { TestCase } from './find-cases.js';
import type { CaseLine, CaseOutput } from './run-case.js';

export interface CaseResult {
  readonly name: string;
  /** `updated`: the expected file was written. */
  readonly outcome: 'passed' | 'failed' | 'updated';
  readonly eventCount: number;
  readonly durationMs: number;
  /** Readable differences; empty when it passed. */
  readonly failures: readonly string[];
}

const FAILURES_SHOWN_MAX = 10;
const CONTEXT_LINES = 2;

/** `expected.jsonl`; with several sinks to look at, `expected.SINK.jsonl`. */
export const expectedPath = (folder: string, sink: string, isOnly: boolean): string =>
  join(folder, isOnly ? 'expected.jsonl' : `expected.${sink}.jsonl`);

export interface CheckOptions {
  readonly isUpdate: boolean;
  readonly isColored: boolean;
  readonly durationMs: number;
}

export function checkCase(
  { name, folder, events }: TestCase,
  outputs: readonly CaseOutput[],
  options: CheckOptions,
): CaseResult {
  const failures: string[] = [];
  let isWritten = false;
  for (const { sink, lines } of outputs) {
    const isOnly = outputs.length === 1;
    const path = expectedPath(folder, sink, isOnly);
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    if (options.isUpdate) {
      if (existsSync(path) && isSame(readFileSync(path, 'utf8'), lines)) continue;
      writeFileSync(path, text);
      isWritten = true;
      continue;
    }
    failures.push(
      ...differences(path, lines, options.isColored).map((each) =>
        isOnly ? each : `at sink ${sink}, ${each}`,
      ),
    );
  }
  const outcome = failures.length > 0 ? 'failed' : isWritten ? 'updated' : 'passed';
  return { name, outcome, eventCount: events.length, durationMs: options.durationMs, failures };
}

function isSame(text: string, lines: readonly CaseLine[]): boolean {
  try {
    return isDeepStrictEqual(parsed(text), lines);
  } catch {
    return false;
  }
}

function differences(path: string, lines: readonly CaseLine[], isColored: boolean): string[] {
  if (!existsSync(path)) return [`there is no ${path}; --update writes it`];
  let expected: unknown[];
  try {
    expected = parsed(readFileSync(path, 'utf8'));
  } catch (error) {
    return [`${path} is not one JSON object a line: ${messageOf(error)}`];
  }
  const found: string[] = [];
  if (expected.length !== lines.length) {
    found.push(`${expected.length} events are expected and ${lines.length} came in`);
  }
  lines.forEach((line, index) => {
    const wanted = expected[index];
    if (wanted === undefined || isDeepStrictEqual(wanted, line)) return;
    if (found.length < FAILURES_SHOWN_MAX) found.push(shown(index, wanted, line, isColored));
    else if (found.length === FAILURES_SHOWN_MAX) found.push('more events differ');
  });
  return found;
}

function shown(index: number, wanted: unknown, line: CaseLine, isColored: boolean): string {
  const plain = (text: string): string => text;
  const text = diff(wanted, line, {
    aAnnotation: 'expected',
    bAnnotation: 'actual',
    expand: false,
    contextLines: CONTEXT_LINES,
    ...(isColored
      ? {}
      : {
          aColor: plain,
          bColor: plain,
          changeColor: plain,
          commonColor: plain,
          patchColor: plain,
        }),
  });
  return `event ${index + 1}:\n${text ?? ''}`;
}

const parsed = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
