// Every pack, through `weir parse` as a user runs it: the normalised fields that come out.
import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Proof, ProofContext } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';

const SOURCES = fileURLToPath(new URL('../../../../parsers/src', import.meta.url));
const WEIR = fileURLToPath(new URL('../../../../collector/bin/weir.js', import.meta.url));
/** Of a pack's fields, beside those that every event has. */
const FIELDS_MIN = 3;
/** Every event has these, whatever its parser understood. */
const COMMON: ReadonlySet<string> = new Set([
  ...['time', 'class_uid', 'category_uid', 'activity_id', 'type_uid', 'severity_id', 'message'],
  ...['metadata.version', 'syslog.facility', 'syslog.severity', 'raw_data', 'raw_data_base64'],
  ...['parser', 'parser_version', 'marks', 'error', 'offset'],
]);
/** Generic readers name fields as their sender does, so they may have none of OCSF's. */
const GENERIC: ReadonlySet<string> = new Set(['syslog_3164', 'syslog_5424', 'xml', 'csv', 'w3c']);

export const parsers: Proof = {
  name: 'parsers',
  summary:
    'the golden events of every pack through `weir parse`: which normalised fields they give',
  sabotages: ['packs_off'],
  needs: { cores: 1, diskMiB: 64, memoryMiB: 512, privileges: [], expectedSeconds: 60 },
  run: prove,
};

interface Seen {
  eventCount: number;
  readonly fields: Map<string, number>;
}

async function prove({ sabotage, say }: ProofContext): Promise<ProofResult> {
  const names = await packNames();
  const seen = new Map<string, Seen>();
  let eventCount = 0;
  for (const { input, flags } of inputs()) {
    const more = sabotage === 'packs_off' ? ['--pack', 'syslog_3164'] : [];
    for (const line of await parse(input, [...flags, ...more])) {
      eventCount++;
      note(seen, JSON.parse(line) as Record<string, unknown>);
    }
  }
  for (const name of names) {
    const fields = fieldsOf(seen, name);
    say(`${name}: ${seen.get(name)?.eventCount ?? 0} events, ${fields.length} fields`);
    if (fields.length > 0) say(`  ${fields.join(' ')}`);
  }
  const poor = names.filter(
    (name) => !GENERIC.has(name) && fieldsOf(seen, name).length < FIELDS_MIN,
  );
  const figures = {
    packCount: names.length,
    eventCount,
    fieldCount: new Set([...seen.values()].flatMap(({ fields }) => [...fields.keys()])).size,
    packs: names.map((name) => `${name}: ${fieldsOf(seen, name).join(' ')}`),
  };
  if (poor.length > 0)
    return fail(
      `${eventCount} events lost fields: of ${poor.join(', ')} too few came out`,
      figures,
    );
  return pass(figures);
}

function fieldsOf(seen: ReadonlyMap<string, Seen>, name: string): string[] {
  const fields = [...(seen.get(name)?.fields ?? [])];
  return fields.sort((a, b) => b[1] - a[1]).map(([path]) => path);
}

function note(seen: Map<string, Seen>, event: Record<string, unknown>): void {
  const name = String(event.parser);
  const entry = seen.get(name) ?? { eventCount: 0, fields: new Map<string, number>() };
  seen.set(name, entry);
  entry.eventCount++;
  for (const path of pathsOf(event))
    if (!COMMON.has(path)) entry.fields.set(path, (entry.fields.get(path) ?? 0) + 1);
}

/** Dotted paths of the values; the elements of a list share one. */
function pathsOf(value: unknown, prefix = ''): string[] {
  if (prefix === 'unmapped') return [];
  if (typeof value !== 'object' || value === null) return [prefix];
  if (Array.isArray(value)) return [...new Set(value.flatMap((each) => pathsOf(each, prefix)))];
  return Object.entries(value).flatMap(([key, inner]) =>
    pathsOf(inner, prefix === '' ? key : `${prefix}.${key}`),
  );
}

function* caseFolders(): Iterable<string> {
  for (const pack of readdirSync(SOURCES).sort()) {
    const cases = join(SOURCES, pack, 'testcases');
    if (!existsSync(cases)) continue;
    for (const name of readdirSync(cases).sort()) yield join(cases, name);
  }
}

interface Input {
  readonly input: Buffer;
  readonly flags: readonly string[];
}

/**
 * Cases with the same flags go through one process. Header lines hold for all lines behind them, so
 * a case that brings some has a process of its own.
 */
function inputs(): Input[] {
  const alone: Input[] = [];
  const together = new Map<string, { input: Buffer[]; flags: string[] }>();
  for (const folder of caseFolders()) {
    const flags = flagsOf(folder);
    const input = readFileSync(join(folder, 'input.raw'));
    if (/^(<\d+>)?#/m.test(input.toString('latin1'))) {
      alone.push({ input, flags });
      continue;
    }
    const key = flags.join(' ');
    const group = together.get(key) ?? { input: [], flags };
    together.set(key, group);
    group.input.push(input, ...(input.at(-1) === 0x0a ? [] : [Buffer.from('\n')]));
  }
  const joined = [...together.values()].map(({ input, flags }) => ({
    input: Buffer.concat(input),
    flags,
  }));
  return [...joined, ...alone];
}

function flagsOf(folder: string): string[] {
  const path = join(folder, 'config.json');
  if (!existsSync(path)) return ['--input-format', 'syslog'];
  const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const flags = ['--input-format', String(config.format ?? 'syslog')];
  if (typeof config.pack === 'string') flags.push('--pack', config.pack);
  if (typeof config.columns === 'string') flags.push('--columns', config.columns);
  return flags;
}

/** What `--pack` takes, as the command says itself. */
async function packNames(): Promise<string[]> {
  const text = await new Promise<string>((resolve) =>
    execFile(process.execPath, [WEIR, 'parse', '--pack', '?'], (_error, _stdout, stderr) =>
      resolve(stderr),
    ),
  );
  const list = /must be one of (.*?); got/s.exec(text)?.[1] ?? '';
  return list.split(/,\s*/).filter((name) => name !== 'auto' && name !== '');
}

async function parse(input: Buffer, flags: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, [WEIR, 'parse', ...flags], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.end(input);
  await new Promise((done) => child.once('close', done));
  return output.split('\n').filter((line) => line !== '');
}
