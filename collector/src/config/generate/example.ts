// An example configuration before it is written down: sections with settings, each with its
// comment, and whether it is only shown (`isOff`) because it stands at its default.
import { type ComponentSpec, components, SECTION_OF } from '../components/index.js';
import { isTable, type Table } from '../merge.js';
import { ConfigSchema } from '../schema.js';
import { type SettingSchema, settingsOf, typeWords } from './setting-words.js';

export interface ExampleSetting {
  readonly key: string;
  readonly value: unknown;
  /** Sentences; empty for none. */
  readonly comment: string;
  readonly isOff: boolean;
  /** It is what it would be if it was left out. */
  readonly isDefault: boolean;
}

/** A table of the document; one with an empty path is the document itself. */
export interface ExampleSection {
  readonly path: readonly string[];
  readonly comment: string;
  readonly settings: readonly ExampleSetting[];
}

/** Components by kind, as `weir generate` takes them. */
export interface ExampleChoice {
  readonly sources: readonly ComponentSpec[];
  readonly transforms: readonly ComponentSpec[];
  readonly sinks: readonly ComponentSpec[];
}

const root = ConfigSchema as unknown as SettingSchema;
const COMPONENT_SECTIONS = Object.values(SECTION_OF);

/** With every setting there is for the chosen components, in the order of the schema. */
export function fullExample(choice: ExampleChoice): readonly ExampleSection[] {
  const document = wiredDocument(choice);
  const sections: ExampleSection[] = [
    { path: [], comment: '', settings: shownSettings(topLevel(), {}) },
  ];
  for (const [name, schema] of Object.entries(root.properties ?? {})) {
    if ((COMPONENT_SECTIONS as readonly string[]).includes(name)) {
      sections.push(...componentSections(name, schema, document));
    } else if (schema.properties !== undefined) {
      sections.push({
        path: [name],
        comment: schema.description ?? '',
        settings: shownSettings(schema, neededOf(choice)[name] ?? {}),
      });
    }
  }
  return sections;
}

/** A document as sections without comments. */
export function plainExample(document: Table): readonly ExampleSection[] {
  const top: ExampleSetting[] = [];
  const sections: ExampleSection[] = [];
  const settingOf = ([key, value]: [string, unknown]): ExampleSetting => ({
    key,
    value,
    comment: '',
    isOff: false,
    isDefault: false,
  });
  for (const [name, value] of Object.entries(document)) {
    if (!isTable(value)) top.push(settingOf([name, value]));
    else if ((COMPONENT_SECTIONS as readonly string[]).includes(name)) {
      for (const [id, component] of Object.entries(value)) {
        const settings = Object.entries(component as Table).map(settingOf);
        sections.push({ path: [name, id], comment: '', settings });
      }
    } else
      sections.push({ path: [name], comment: '', settings: Object.entries(value).map(settingOf) });
  }
  return top.length === 0 ? sections : [{ path: [], comment: '', settings: top }, ...sections];
}

/** The chosen components as a document, each reading what stands before it. */
export function wiredDocument(choice: ExampleChoice): Table {
  const document: Table = {};
  // The default of a sink, which it need not say.
  let inputs: readonly string[] = ['*'];
  for (const [section, specs] of Object.entries(choice)) {
    const entries: Table = {};
    for (const [index, spec] of (specs as readonly ComponentSpec[]).entries()) {
      const before = specs.slice(0, index).filter((other: ComponentSpec) => other === spec).length;
      const id = idOf(spec, before);
      const example = withOwnAddress(spec, before);
      const isRead = spec.kind === 'transform' || (spec.kind === 'sink' && inputs[0] !== '*');
      entries[id] = { type: spec.type, ...example, ...(isRead ? { inputs } : {}) };
      if (spec.kind === 'transform') inputs = outputsOf(id, example);
    }
    if (specs.length > 0) document[section] = entries;
  }
  return { ...document, ...neededOf(choice) };
}

/** Settings of other sections that the chosen components cannot do without. */
function neededOf({ sources, transforms, sinks }: ExampleChoice): Record<string, Table> {
  const needed: Record<string, Table> = {};
  for (const { needs = {} } of [...sources, ...transforms, ...sinks])
    for (const [section, settings] of Object.entries(needs))
      needed[section] = { ...needed[section], ...settings };
  return needed;
}

function idOf(spec: ComponentSpec, before: number): string {
  const id = spec.kind === 'source' ? spec.type : spec.exampleId;
  return before === 0 ? id : `${id}_${before + 1}`;
}

/** Two listeners cannot share an address, nor two sinks a file. */
function withOwnAddress({ example }: ComponentSpec, before: number): Table {
  if (before === 0) return example;
  const { listen, path } = example;
  if (typeof listen === 'string') {
    const moved = listen.replace(/\d+$/, (port) => String(Number(port) + before));
    return { ...example, listen: moved };
  }
  if (typeof path !== 'string') return example;
  return { ...example, path: path.replace(/(\.\w+)$/, `-${before + 1}$1`) };
}

/** All outputs of a route, else the transform itself. */
function outputsOf(id: string, example: Table): readonly string[] {
  const { routes } = example;
  if (!isTable(routes)) return [id];
  return [...Object.keys(routes), 'otherwise'].map((output) => `${id}.${output}`);
}

function topLevel(): SettingSchema {
  const scalars = Object.entries(root.properties ?? {}).filter(([, { type }]) => type !== 'object');
  return { properties: Object.fromEntries(scalars) };
}

function componentSections(name: string, schema: SettingSchema, document: Table): ExampleSection[] {
  const entries = Object.entries((document[name] ?? {}) as Table);
  if (entries.length === 0)
    return [{ path: [name], comment: schema.description ?? '', settings: [] }];
  return entries.map(([id, value]) => {
    const given = value as Table;
    const spec = components.find(
      ({ kind, type }) => SECTION_OF[kind] === name && type === given.type,
    );
    const component = (spec?.schema ?? {}) as SettingSchema;
    const type = { key: 'type', value: given.type, comment: '', isOff: false, isDefault: false };
    return {
      path: [name, id],
      comment: component.description ?? '',
      settings: [type, ...shownSettings(component, given)],
    };
  });
}

/** What is given is on, and so is what must be given; the rest is shown at its default. */
function shownSettings(schema: SettingSchema, given: Table): ExampleSetting[] {
  return settingsOf(schema).map(({ name, schema: inner, isNeeded }) => {
    const isGiven = Object.hasOwn(given, name);
    const value = isGiven ? given[name] : (inner.default ?? inner.examples?.[0]);
    return {
      key: name,
      value,
      comment: commentOf(inner, value),
      isOff: !isGiven && !isNeeded,
      isDefault: !isGiven && inner.default !== undefined,
    };
  });
}

function commentOf(schema: SettingSchema, shown: unknown): string {
  const words = typeWords(schema);
  const isTelling = schema.enum !== undefined || schema.minimum !== undefined;
  const sentences = [schema.description ?? ''];
  if (isTelling) sentences.push(`${words[0]?.toUpperCase()}${words.slice(1)}.`);
  const { default: fallback } = schema;
  if (fallback !== undefined && JSON.stringify(fallback) !== JSON.stringify(shown)) {
    sentences.push(`Default: ${JSON.stringify(fallback)}.`);
  }
  return sentences.join(' ').trim();
}
