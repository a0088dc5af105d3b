// Example configurations as text. By hand, since no library keeps settings that are commented out.
import { isTable, type Table } from '../merge.js';
import type { ExampleSection, ExampleSetting } from './example.js';

export const EXAMPLE_FORMATS = ['toml', 'yaml', 'json'] as const;
export type ExampleFormat = (typeof EXAMPLE_FORMATS)[number];

const COLUMNS_MAX = 100;

/** `heading`: sentences above all, one a line; they are left out where there are no comments. */
export function writeExample(
  sections: readonly ExampleSection[],
  format: ExampleFormat,
  heading: readonly string[] = [],
): string {
  if (format === 'json') return `${JSON.stringify(documentOf(sections), null, 2)}\n`;
  const blocks = format === 'toml' ? sections.flatMap(tomlBlock) : yamlBlocks(sections);
  const head = heading.length === 0 ? [] : [heading.flatMap((line) => comment(line)).join('\n')];
  return `${[...head, ...blocks].join('\n\n')}\n`;
}

/** What is on, and every default; there are no comments to show the rest in. */
function documentOf(sections: readonly ExampleSection[]): Table {
  const document: Table = {};
  for (const { path, settings } of sections) {
    let table = document;
    for (const key of path) {
      table[key] ??= {};
      table = table[key] as Table;
    }
    for (const { key, value, isOff, isDefault } of settings) {
      if (!isOff || isDefault) table[key] = value;
    }
  }
  return document;
}

function tomlBlock({ path, comment: text, settings }: ExampleSection): string[] {
  const lines = comment(text);
  if (settings.length === 0) return lines.length === 0 ? [] : [lines.join('\n')];
  if (path.length > 0) lines.push(`[${path.join('.')}]`);
  lines.push(
    ...settingLines(settings, '', (key, value) => `${tomlKey(key)} = ${tomlValue(value)}`),
  );
  return [lines.join('\n')];
}

const tomlKey = (key: string): string => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key));

function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (!isTable(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(
    ([key, inner]) => `${tomlKey(key)} = ${tomlValue(inner)}`,
  );
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

/** A section of which nothing is on is off itself: an empty key would be null. */
function yamlBlocks(sections: readonly ExampleSection[]): string[] {
  const blocks: string[] = [];
  let parent: string | null = null;
  for (const { path, comment: text, settings } of sections) {
    const isOff = settings.every((setting) => setting.isOff);
    const indent = '  '.repeat(path.length);
    const mark = isOff && path.length > 0 ? '# ' : '';
    const lines: string[] = [];
    const [group, id] = path;
    if (settings.length === 0) {
      lines.push(...comment(text));
    } else {
      if (group !== undefined && id !== undefined && group !== parent) lines.push(`${group}:`);
      lines.push(...comment(text, id === undefined ? '' : '  '));
      if (id !== undefined) lines.push(`  ${id}:`);
      else if (group !== undefined) lines.push(`${mark}${group}:`);
      lines.push(
        ...settingLines(settings, indent, (key, value) => `${yamlKey(key)}: ${yamlValue(value)}`),
      );
    }
    parent = id === undefined ? null : (group ?? null);
    if (lines.length > 0) blocks.push(lines.join('\n'));
  }
  return blocks;
}

const yamlKey = (key: string): string => (/^[\w.-]+$/.test(key) ? key : JSON.stringify(key));

/** JSON is YAML; plain words go without quotes. */
function yamlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yamlValue).join(', ')}]`;
  if (isTable(value)) {
    const pairs = Object.entries(value).map(
      ([key, inner]) => `${yamlKey(key)}: ${yamlValue(inner)}`,
    );
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  if (typeof value === 'string' && /^[a-z][a-z0-9_.-]*$/.test(value) && !isYamlWord(value)) {
    return value;
  }
  return JSON.stringify(value);
}

/** Words that YAML 1.1 or 1.2 reads as something else. */
const isYamlWord = (text: string): boolean => /^(true|false|yes|no|on|off|null|y|n)$/.test(text);

/** What is off stands behind `# ` in the column of what is on. */
function settingLines(
  settings: readonly ExampleSetting[],
  indent: string,
  line: (key: string, value: unknown) => string,
): string[] {
  return settings.flatMap((setting) => {
    const text = line(setting.key, setting.value);
    return [...comment(setting.comment, indent), `${indent}${setting.isOff ? '# ' : ''}${text}`];
  });
}

/** Sentences wrapped into `# ` lines. */
function comment(text: string, indent = ''): string[] {
  if (text === '') return [];
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > COLUMNS_MAX && line.length > indent.length + 1) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
