// Test cases of users: a folder each, with the events and what should become of them.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type InputFormat, type JsonSchema, reasonOf, WeirError } from '@weir/pipeline';
import { problemsOf } from '@weir/pipeline/config';

export const INPUT_NAME = 'input.raw';
export const SETTINGS_NAME = 'config.json';
const FOLDERS_LEFT_OUT = new Set(['node_modules', 'dist', '.git', 'var']);

/** What config.json of a case may say. */
export interface CaseSettings {
  /** How the events came in: from a syslog or an HTTP source. */
  readonly format: InputFormat;
  /** Parser pack; only without a configuration. */
  readonly pack: string;
  /** When the events were received, ISO 8601. Years and zones are inferred from it. */
  readonly receivedAt: string;
  /** Source of the configuration that the events come from; default the first of the format. */
  readonly source?: string;
  /** Sink to look at; default every sink. */
  readonly sink?: string;
}

export interface TestCase {
  readonly name: string;
  readonly folder: string;
  /** One event each, the line end dropped; an empty line is no event. */
  readonly events: readonly Uint8Array[];
  readonly settings: CaseSettings;
}

const SETTINGS_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    format: { enum: ['syslog', 'json'], default: 'syslog' },
    pack: { type: 'string', default: 'auto' },
    receivedAt: { type: 'string', default: '2026-03-01T12:00:00Z' },
    source: { type: 'string' },
    sink: { type: 'string' },
  },
};

/** Case folders in and below the paths, by name. Throws WEIR_USAGE when a path has none. */
export function findCases(paths: readonly string[]): TestCase[] {
  return paths.flatMap((path) => {
    if (!existsSync(path)) throw new WeirError('WEIR_USAGE', `there is no ${path}`);
    const folders = statSync(path).isDirectory() ? foldersIn(path) : [];
    if (folders.length === 0) {
      throw new WeirError(
        'WEIR_USAGE',
        `no test case in ${path}: a case is a folder with ${INPUT_NAME}, one event a line`,
      );
    }
    return folders.map((folder) => readCase(folder, relative(path, folder) || folder));
  });
}

function foldersIn(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true });
  const below = entries
    .filter((entry) => entry.isDirectory() && !FOLDERS_LEFT_OUT.has(entry.name))
    .map((entry) => entry.name)
    .sort()
    .flatMap((name) => foldersIn(join(path, name)));
  const isCase = entries.some((entry) => entry.isFile() && entry.name === INPUT_NAME);
  return isCase ? [path, ...below] : below;
}

function readCase(folder: string, name: string): TestCase {
  const settings = readSettings(join(folder, SETTINGS_NAME));
  return { name, folder, events: linesOf(readFileSync(join(folder, INPUT_NAME))), settings };
}

function readSettings(path: string): CaseSettings {
  let settings: unknown = {};
  try {
    if (existsSync(path)) settings = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new WeirError('WEIR_CONFIG_UNREADABLE', `${path}: ${reasonOf(error)}`);
  }
  const [problem] = problemsOf(settings, SETTINGS_SCHEMA);
  if (problem !== undefined) {
    throw new WeirError('WEIR_CONFIG_INVALID', `${path}: ${problem.message}`);
  }
  const found = settings as CaseSettings;
  if (Number.isNaN(Date.parse(found.receivedAt))) {
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `${path}: /receivedAt must be a time such as 2026-03-01T12:00:00Z; got ${found.receivedAt}`,
    );
  }
  return found;
}

function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end > start) lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
