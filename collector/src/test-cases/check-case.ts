// What a case gave against what its folder expects.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '@weir/pipeline';
import { parseDocument } from '@weir/pipeline/config';
import { type FieldDifference, fieldDifferences } from './field-differences.js';
import { INPUT_NAME, type TestCase } from './find-cases.js';
import type { CaseLine, CaseOutput } from './run-case.js';

/** Why a case failed, or what --update changed. */
export interface Finding {
  /** Expected file, and the line in it, from 1; null when it is not about one line. */
  readonly file: string;
  readonly line: number | null;
  /** Where the event stands in input.raw; null when it is not about one. */
  readonly input: { readonly file: string; readonly line: number } | null;
  /** A sentence; with fields, what they are about. */
  readonly message: string;
  readonly fields: readonly FieldDifference[];
}

export interface CaseResult {
  readonly name: string;
  /** Configuration that the case went through; null for the packs alone. */
  readonly config: string | null;
  /** `updated`: an expected file was written. */
  readonly outcome: 'passed' | 'failed' | 'updated';
  readonly eventCount: number;
  readonly durationMs: number;
  /** Empty when it passed. */
  readonly failures: readonly Finding[];
  /** What --update changed in files that were there. */
  readonly changes: readonly Finding[];
}

const EXPECTED_NAME = /^expected(\..+)?\.jsonl$/;

/** `expected.jsonl`; with several sinks to look at, `expected.SINK.jsonl`. */
const expectedName = (sink: string, isOnly: boolean): string =>
  isOnly ? 'expected.jsonl' : `expected.${sink}.jsonl`;

export interface CheckOptions {
  readonly isUpdate: boolean;
  readonly durationMs: number;
}

export function checkCase(
  testCase: TestCase,
  outputs: readonly CaseOutput[],
  { isUpdate, durationMs }: CheckOptions,
): CaseResult {
  const { name, folder, config, events } = testCase;
  const failures: Finding[] = [];
  const changes: Finding[] = [];
  let isWritten = false;
  const names = outputs.map(({ sink }) => expectedName(sink, outputs.length === 1));
  outputs.forEach(({ lines }, index) => {
    const path = join(folder, names[index] as string);
    const isThere = existsSync(path);
    const found = isThere ? findingsOf(testCase, path, lines) : [];
    if (!isUpdate) {
      failures.push(
        ...(isThere ? found : [about(path, 'there is no such file; --update writes it')]),
      );
      return;
    }
    if (isThere && found.length === 0) return;
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    isWritten = true;
    changes.push(...found);
  });
  failures.push(...strayFiles(folder, names));
  const outcome = failures.length > 0 ? 'failed' : isWritten ? 'updated' : 'passed';
  return { name, config, outcome, eventCount: events.length, durationMs, failures, changes };
}

/** A file that nothing is compared with looks like a test and is none. */
function strayFiles(folder: string, names: readonly string[]): Finding[] {
  return readdirSync(folder)
    .filter((name) => EXPECTED_NAME.test(name) && !names.includes(name))
    .map((name) =>
      about(
        join(folder, name),
        `compared with nothing; this case is compared with ${names.join(', ')}`,
      ),
    );
}

const about = (file: string, message: string, line: number | null = null): Finding => ({
  file,
  line,
  input: null,
  message,
  fields: [],
});

interface ExpectedLine {
  readonly value: unknown;
  /** From 1. */
  readonly line: number;
}

function findingsOf(
  { folder, events, lineNumbers }: TestCase,
  path: string,
  lines: readonly CaseLine[],
): Finding[] {
  const found: Finding[] = [];
  const expected = readExpected(path, found);
  // Which line belongs to which event is not known.
  if (found.length > 0) return found;
  lines.forEach((got, index) => {
    const wanted = expected[index];
    const input = { file: join(folder, INPUT_NAME), line: lineNumbers[index] as number };
    if (wanted === undefined) {
      const message = `no line for event ${index + 1} of ${events.length}`;
      found.push({ ...about(path, message), input, fields: [{ path: '', got }] });
    } else if (!isDeepStrictEqual(wanted.value, got)) {
      const fields = fieldDifferences(wanted.value, got);
      found.push({ file: path, line: wanted.line, input, message: `event ${index + 1}`, fields });
    }
  });
  for (const { line, value } of expected.slice(lines.length)) {
    const message = `more lines than events: ${events.length} came in`;
    found.push({ ...about(path, message, line), fields: [{ path: '', expected: value }] });
  }
  return found;
}

/** One JSON object a line; an empty line is none. */
function readExpected(path: string, found: Finding[]): ExpectedLine[] {
  const expected: ExpectedLine[] = [];
  readFileSync(path, 'utf8')
    .split('\n')
    .forEach((text, index) => {
      if (text.trim() === '') return;
      const line = index + 1;
      try {
        expected.push({ value: JSON.parse(text) as unknown, line });
      } catch {
        found.push(about(path, `not JSON: ${reasonFor(text)}`, line));
      }
    });
  return expected;
}

/** `column 12: Unexpected token`. */
function reasonFor(text: string): string {
  try {
    parseDocument(text, '.json');
    return 'cannot be read';
  } catch (error) {
    return messageOf(error).replace(/^\.json:\d+:(\d+): /, 'column $1: ');
  }
}
