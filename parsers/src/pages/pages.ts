// The pages of docs/packs, one for each pack: its declaration, the table of packs in README.md, and
// what its golden cases give. `npm run docs` writes them; pages.test.ts holds them equal and runs
// their examples.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CaseConfig, type GoldenCase, goldenCases } from '../golden-cases.js';
import { all } from '../list.js';
import type { Pack } from '../pack.js';
import { classNames, type FieldUse, fieldsOf, type Json } from './fields.js';

export const PACKS_FOLDER = 'docs/packs';
const MADE_FROM = 'Made from `parsers/src` by `npm run docs`; do not edit.';
const EXAMPLES_MAX = 4;
const EXAMPLE_BYTES_MAX = 1200;
const EXAMPLE_BYTES_GOOD = 200;
const PRINTABLE = /^[\t\n\x20-\x7e]+$/;

/** An event of a golden case, and what comes out of it. */
interface Sample {
  readonly raw: string;
  readonly given: Partial<CaseConfig>;
  readonly line: Json;
}

/** Page by path from the root of the repository. */
export function packPages(): ReadonlyMap<string, string> {
  const samples = new Map<string, Sample[]>(all.map(({ name }) => [name, []]));
  for (const golden of goldenCases())
    for (const sample of samplesOf(golden)) samples.get(String(sample.line.parser))?.push(sample);
  const words = readmeWords();
  const pages = all.map((pack) => [
    `${PACKS_FOLDER}/${pack.name}.md`,
    pageOf(pack, words.get(pack.name), samples.get(pack.name) ?? []),
  ]);
  return new Map([
    ...(pages as [string, string][]),
    [`${PACKS_FOLDER}/README.md`, indexPage(words)] as const,
  ]);
}

function samplesOf({ folder, given, events }: GoldenCase): Sample[] {
  const expected = readFileSync(join(folder, 'expected.jsonl'), 'utf8').trimEnd().split('\n');
  return events.map(({ bytes, header }, index) => ({
    raw: (header === '' ? '' : `${header}\n`) + bytes.toString('latin1'),
    given,
    line: JSON.parse(expected[index] ?? '{}') as Json,
  }));
}

interface Words {
  readonly reads: string;
  readonly knownBy: string;
}

/** The rows of the table of packs; a row can be of several. */
function readmeWords(): ReadonlyMap<string, Words> {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
  return new Map(
    rows.flatMap((row) => {
      // A pipe inside of a cell has a backslash in front of it.
      const [, names = '', reads = '', knownBy = ''] = row.split(/ ?(?<!\\)\| ?/);
      return [...names.matchAll(/`(\w+)`/g)].map(
        ([, name = '']) => [name, { reads, knownBy }] as const,
      );
    }),
  );
}

function pageOf(pack: Pack, words: Words | undefined, samples: readonly Sample[]): string {
  const fields = fieldsOf(samples.map(({ line }) => line));
  const isTold = pack.rule !== undefined;
  return [
    `# Pack \`${pack.name}\``,
    '',
    MADE_FROM,
    '',
    pack.summary,
    '',
    `- Version: ${pack.version}; it changes when the same bytes give another event.`,
    `- Reads: ${words?.reads ?? pack.summary}`,
    `- Known by: ${words?.knownBy ?? 'its first bytes'}`,
    ...(pack.tags === undefined
      ? []
      : [`- Programs: ${pack.tags.map((tag) => `\`${tag}\``).join(', ')}`]),
    `- \`weir parse --explain\` ${isTold ? 'says which of its rules took an event.' : 'names the pack; it has no rules to tell.'}`,
    `- \`weir parse --pack ${pack.name}\` and \`pack = "${pack.name}"\` of a \`parse\` transform name it, and skip detection.`,
    '',
    `Classes in its ${samples.length} golden events: ${classNames(samples.map(({ line }) => line))}.`,
    '',
    ...examplesOf(samples),
    '## Fields',
    '',
    'Paths of OCSF 1.8 that the golden cases have, in how many of their events, and one of the values. What has no',
    'field is kept under `unmapped` with the name that the vendor gave it.',
    '',
    '| Path | Events | For example |',
    '|---|---:|---|',
    ...fields.map(fieldRow),
    '',
  ].join('\n');
}

const fieldRow = ({ path, count, example }: FieldUse): string =>
  `| \`${path}\` | ${count} | ${example === '' ? '' : `\`${example}\``} |`;

/** One of each type of event: without faults where there is one, neither bare nor endless. */
function examplesOf(samples: readonly Sample[]): string[] {
  const shown = new Map<unknown, Sample>();
  const fit = samples
    .filter(({ raw, line }) => PRINTABLE.test(raw) && !('error' in line) && raw.trim() !== '')
    .filter(({ raw }) => raw.length <= EXAMPLE_BYTES_MAX && !raw.includes('```'))
    .sort((a, b) => costOf(a) - costOf(b));
  for (const sample of fit) {
    const key = sample.line.type_uid;
    if (!shown.has(key) && shown.size < EXAMPLES_MAX) shown.set(key, sample);
  }
  if (shown.size === 0) return [];
  const blocks = [...shown.values()].flatMap((sample) => {
    const { raw_data: _raw, ...line } = sample.line;
    const settings = JSON.stringify(sample.given);
    return [
      ...(settings === '{}' ? [] : [`With \`${settings}\`:`, '']),
      '```text',
      sample.raw,
      '```',
      '',
      '```json',
      JSON.stringify(line, null, 2),
      '```',
      '',
    ];
  });
  return [
    '## Examples',
    '',
    'Received at 12:00 UTC of 2026-03-01 where nothing else is said, and what becomes of it.',
    '',
    ...blocks,
  ];
}

/** Faults count most, then whether it has a class, then how far its length is from a good one. */
function costOf({ raw, line }: Sample): number {
  const marks = (line.marks as string[] | undefined) ?? [];
  const faults = marks.filter((mark) => !mark.startsWith('timestamp_')).length;
  const distance = Math.abs(raw.length - EXAMPLE_BYTES_GOOD);
  return (faults * 2 + (line.class_uid === 0 ? 1 : 0)) * EXAMPLE_BYTES_MAX * 2 + distance;
}

function indexPage(words: ReadonlyMap<string, Words>): string {
  const rows = all.map(({ name, summary, version }) => {
    const knownBy = words.get(name)?.knownBy ?? '';
    return `| [${name}](${name}.md) | ${version} | ${summary.replaceAll('|', '\\|')} | ${knownBy} |`;
  });
  return [
    '# Packs',
    '',
    `${MADE_FROM} How a pack is made stands in [parsers/README.md](../../parsers/README.md), how a parser of your own is in`,
    '[pipelines](../pipelines.md).',
    '',
    '| Pack | Version | What it reads | Known by |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
