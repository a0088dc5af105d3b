// Test cases of users: a folder each, with the events and what should become of them.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { PACK_NAMES } from '@weir/parsers';
import { type InputFormat, type JsonSchema, reasonOf, WeirError } from '@weir/pipeline';
import { parseDocument, problemsOf } from '@weir/pipeline/config';
import { userPlaceIn } from '../config/places.js';

export const INPUT_NAME = 'input.raw';
export const SETTINGS_NAME = 'config.json';
/** Neither looked into for cases nor watched. */
export const FOLDERS_LEFT_OUT: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  '.git',
  'var',
]);

/** What config.json of a case may say. */
export interface CaseSettings {
  /** How the events came in: from a syslog or an HTTP source. */
  readonly format: InputFormat;
  /** Configuration that it goes through, relative to its folder. */
  readonly config?: string;
  /** Parser pack, and nothing else: it goes through no configuration. */
  readonly pack?: string;
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
  /** File or folder of the configuration that it goes through; null for the packs alone. */
  readonly config: string | null;
  /** One event each, the line end dropped; an empty line is no event. */
  readonly events: readonly Uint8Array[];
  /** Line of each event in input.raw, from 1. */
  readonly lineNumbers: readonly number[];
  readonly settings: CaseSettings;
}

const SETTINGS_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    format: { enum: ['syslog', 'json'], default: 'syslog' },
    config: { type: 'string', minLength: 1 },
    pack: { enum: [...PACK_NAMES] },
    receivedAt: { type: 'string', default: '2026-03-01T12:00:00Z' },
    source: { type: 'string' },
    sink: { type: 'string' },
  },
};

/**
 * Case folders in and below the paths, by name. `config` names the configuration for all of them;
 * undefined: each takes the nearest one, see nearestConfig. Throws WEIR_USAGE when a path has none,
 * and for a case without events; WEIR_CONFIG_UNREADABLE or _INVALID for its settings.
 */
export function findCases(paths: readonly string[], config: string | undefined): TestCase[] {
  const isSeen = new Set<string>();
  return paths.flatMap((path) => {
    if (!existsSync(path)) throw new WeirError('WEIR_USAGE', `there is no ${path}`);
    const folders = statSync(path).isDirectory() ? foldersIn(path) : [];
    if (folders.length === 0) {
      throw new WeirError(
        'WEIR_USAGE',
        `no test case in ${path}: a case is a folder with ${INPUT_NAME}, one event a line`,
      );
    }
    return folders
      .filter((folder) => !isSeen.has(resolve(folder)) && isSeen.add(resolve(folder)))
      .map((folder) => readCase(folder, path, config));
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

function readCase(folder: string, path: string, config: string | undefined): TestCase {
  const settings = readSettings(join(folder, SETTINGS_NAME));
  const lines = linesOf(readUsed(join(folder, INPUT_NAME)));
  if (lines.length === 0)
    throw new WeirError(
      'WEIR_USAGE',
      `${join(folder, INPUT_NAME)}:1: there is no event; one a line is wanted`,
    );
  return {
    name: relative(path, folder) || folder,
    folder,
    config: configOf(settings, folder, path, config),
    events: lines.map(({ bytes }) => bytes),
    lineNumbers: lines.map(({ line }) => line),
    settings,
  };
}

/** What --config names goes before what the case names, and that before the nearest. */
function configOf(
  settings: CaseSettings,
  folder: string,
  path: string,
  flag: string | undefined,
): string | null {
  if (settings.pack !== undefined) return null;
  if (flag !== undefined) return flag;
  return settings.config === undefined
    ? nearestConfig(folder, path)
    : join(folder, settings.config);
}

/**
 * weir.toml, .yaml, .json or weir.d in the folder or the first above it that has one, up to the
 * working directory; outside of that up to the path that was named.
 */
function nearestConfig(folder: string, path: string): string | null {
  const highest = isWithin(folder, '.') ? resolve('.') : resolve(path);
  for (let place = folder; ; place = join(place, '..')) {
    const found = userPlaceIn(place);
    if (found !== null) return found;
    if (resolve(place) === highest) return null;
  }
}

function isWithin(folder: string, above: string): boolean {
  const way = relative(above, folder);
  return !way.startsWith('..') && !isAbsolute(way);
}

function readUsed(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new WeirError('WEIR_USAGE', `cannot read ${path}: ${reasonOf(error)}`);
  }
}

function readSettings(path: string): CaseSettings {
  const text = existsSync(path) ? Buffer.from(readUsed(path)).toString('utf8') : '{}';
  const settings = parseDocument(text, path);
  const [problem] = problemsOf(settings, SETTINGS_SCHEMA);
  if (problem !== undefined) throw wrong(path, text, problem.path, problem.message);
  const found = settings as CaseSettings;
  if (found.pack !== undefined && found.config !== undefined)
    throw wrong(path, text, '/pack', '/pack and /config exclude each other');
  if (Number.isNaN(Date.parse(found.receivedAt))) {
    const message = `/receivedAt must be a time such as 2026-03-01T12:00:00Z; got ${found.receivedAt}`;
    throw wrong(path, text, '/receivedAt', message);
  }
  return found;
}

/** With the line on which the key stands. */
function wrong(path: string, text: string, pointer: string, message: string): WeirError {
  const key = JSON.stringify(pointer.slice(1));
  const index = text.split('\n').findIndex((line) => line.includes(key));
  return new WeirError('WEIR_CONFIG_INVALID', `${path}:${Math.max(0, index) + 1}: ${message}`);
}

interface InputLine {
  readonly bytes: Uint8Array;
  readonly line: number;
}

function linesOf(bytes: Uint8Array): InputLine[] {
  const lines: InputLine[] = [];
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end > start) lines.push({ bytes: bytes.subarray(start, end), line });
    start = end + 1;
  }
  return lines;
}
