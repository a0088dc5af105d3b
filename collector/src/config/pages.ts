// The pages of docs/components, made from schema and words of each component.
import { type ComponentSpec, components, SECTION_OF } from './components/index.js';
import { componentExample } from './generate/index.js';
import {
  type Setting,
  type SettingSchema,
  settingsOf,
  typeWords,
} from './generate/setting-words.js';

const FOLDER = 'docs/components';
const MADE_FROM = 'Made from `collector/src/config` by `npm run docs`; do not edit.';

/** Page by path from the root of the repository. */
export function componentPages(): ReadonlyMap<string, string> {
  const pages = new Map(components.map((spec) => [pathOf(spec), pageOf(spec)]));
  pages.set(`${FOLDER}/README.md`, indexPage());
  return pages;
}

const pathOf = ({ kind, type }: ComponentSpec): string =>
  `${FOLDER}/${SECTION_OF[kind]}/${type}.md`;

const summaryOf = (spec: ComponentSpec): string => (spec.schema as SettingSchema).description ?? '';

function pageOf(spec: ComponentSpec): string {
  const fence = (language: string, text: string): string[] => [
    `\`\`\`${language}`,
    text.trimEnd(),
    '```',
    '',
  ];
  const files = Object.entries(spec.exampleFiles ?? {}).flatMap(([name, text]) => [
    `\`${name}\`, beside the configuration:`,
    '',
    ...fence(name.slice(name.lastIndexOf('.') + 1), text),
  ]);
  return [
    `# ${spec.kind} \`${spec.type}\``,
    '',
    `${MADE_FROM} Stability: ${spec.stability}.`,
    '',
    summaryOf(spec),
    '',
    '## Example',
    '',
    ...fence('toml', componentExample(spec, 'toml')),
    'The same in YAML:',
    '',
    ...fence('yaml', componentExample(spec, 'yaml')),
    ...files,
    `\`weir generate ${selectionOf(spec)}\` prints it with every setting.`,
    '',
    '## Settings',
    '',
    ...settingsTable(settingsOf(spec.schema as SettingSchema)),
    '',
    '## What it promises',
    '',
    ...spec.guarantees.map((sentence) => `- ${sentence}`),
    '',
    '## When something goes wrong',
    '',
    '| What | What happens |',
    '|---|---|',
    ...spec.failures.map(([what, then]) => `| ${what} | ${then} |`),
    '',
    '## Metrics',
    '',
    `Labelled with \`component_id\` (the id in the configuration), \`component_kind="${spec.kind}"\` and ` +
      '`component_type`:',
    '',
    ...spec.metrics.map((name) => `- \`${name}\``),
    '',
  ].join('\n');
}

function selectionOf({ kind, type }: ComponentSpec): string {
  if (kind === 'source') return type;
  return kind === 'transform' ? `syslog/${type}/stdout` : `syslog//${type}`;
}

function settingsTable(settings: readonly Setting[]): string[] {
  const rows = settings.map(({ name, schema, isNeeded }) => {
    const cells = [
      `\`${name}\``,
      typeWords(schema),
      isNeeded ? 'must be given' : defaultWords(schema),
      schema.description ?? '',
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| Setting | Type | Default | What it does |', '|---|---|---|---|', ...rows];
}

const defaultWords = ({ default: value }: SettingSchema): string =>
  value === undefined ? 'none' : `\`${JSON.stringify(value)}\``;

function indexPage(): string {
  const tables = (Object.keys(SECTION_OF) as (keyof typeof SECTION_OF)[]).flatMap((kind) => {
    const section = SECTION_OF[kind];
    const rows = components
      .filter((spec) => spec.kind === kind)
      .map((spec) => {
        const link = `[${spec.type}](${section}/${spec.type}.md)`;
        return `| ${link} | ${spec.stability} | ${summaryOf(spec)} |`;
      });
    const title = `## ${section[0]?.toUpperCase()}${section.slice(1)}`;
    return [title, '', '| Type | Stability | What it does |', '|---|---|---|', ...rows, ''];
  });
  return [
    '# Components',
    '',
    `${MADE_FROM} How configuration is written and found stands in [configuration](../configuration.md).`,
    '',
    ...tables,
  ].join('\n');
}
