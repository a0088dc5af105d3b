// People's own components: loaded once a worker, and once in the main thread to see that they load.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PACK_NAMES } from '@weir/parsers';
import {
  type Adds,
  type CheckedGraph,
  type Component,
  checkGraph,
  definitionOf,
  IN_CODE,
  messageOf,
  type PipelineDefinition,
  systemCodeOf,
  type TransformDocument,
  WeirError,
  type WorkerSetup,
} from '@weir/pipeline';
import { whileLoading } from '../../modules/loading.js';

/** A component and what its `create` made. */
export interface LoadedComponent {
  readonly component: Component;
  readonly state: unknown;
}
export type LoadedComponents = ReadonlyMap<string, LoadedComponent>;

/** What a transform's type takes. A bare function stands for the first. */
const KINDS: Readonly<Record<string, readonly Component['kind'][]>> = {
  enrich: ['enricher'],
  filter: ['filter'],
  parse: ['parser', 'bytes_parser'],
  route: ['route'],
};
const ADDED_TYPES: readonly unknown[] = ['string', 'number', 'boolean'];
const METHOD_OF: Readonly<Record<Component['kind'], string>> = {
  enricher: 'enrich',
  filter: 'keep',
  parser: 'parse',
  bytes_parser: 'parseBytes',
  route: 'routes',
};

export interface CheckedModules extends CheckedGraph {
  /** A parser or an enricher does not say what it adds: events may have any field. */
  readonly isOpen: boolean;
}

/**
 * Loads and creates every component, and checks the graph with what they declare. Rejects with
 * WEIR_CONFIG_INVALID, which names the component and the file.
 */
export async function checkModules(setup: WorkerSetup): Promise<CheckedModules> {
  return checkLoaded(setup, await loadComponents(setup));
}

export function checkLoaded(setup: WorkerSetup, components: LoadedComponents): CheckedModules {
  const declared: Record<string, Adds> = {};
  let isOpen = false;
  for (const [id, { component }] of components) {
    if (component.kind === 'filter' || component.kind === 'route') continue;
    if (component.adds === undefined) isOpen = true;
    else declared[id] = component.adds;
  }
  return { ...checkGraph(setup.graph, { declared, packs: PACK_NAMES }), isOpen };
}

export async function loadComponents(setup: WorkerSetup): Promise<LoadedComponents> {
  const { graph, baseUrl, pipelineModule } = setup;
  const definition =
    pipelineModule === null
      ? null
      : definitionOf(defaultOf(await load(pipelineModule, pipelineModule)), pipelineModule);
  const loaded = new Map<string, LoadedComponent>();
  for (const [id, document] of Object.entries(graph.transforms)) {
    const found = await findComponent(id, document, definition, baseUrl);
    if (found === null) continue;
    const { component, where } = found;
    const options = ('options' in document ? document.options : undefined) ?? {};
    loaded.set(id, { component, state: await create(component, options, where) });
  }
  return loaded;
}

interface Found {
  readonly component: Component;
  /** Component and file, for messages. */
  readonly where: string;
}

async function findComponent(
  id: string,
  document: TransformDocument,
  definition: PipelineDefinition | null,
  baseUrl: string,
): Promise<Found | null> {
  const module = 'module' in document ? document.module : undefined;
  const isOfCode =
    module === IN_CODE ||
    (document.type === 'route' && Object.values(document.routes).includes(IN_CODE));
  if (isOfCode) {
    const where = `/transforms/${id} (in the pipeline module)`;
    const component = definition?.components.get(id);
    if (component === undefined) throw invalid(`${where} has no function`);
    return { component: asComponent(component, document.type, id, where), where };
  }
  if (module === undefined) return null;
  const exportName = ('export' in document ? document.export : undefined) ?? 'default';
  const where = `/transforms/${id}/module ${module}`;
  const exports = await load(resolveModule(module, baseUrl, where), where);
  if (!(exportName in exports)) throw invalid(`${where} has no export ${exportName}`);
  const exported = exportName === 'default' ? defaultOf(exports) : exports[exportName];
  return { component: asComponent(exported, document.type, id, where), where };
}

const invalid = (message: string, cause?: unknown): WeirError =>
  new WeirError('WEIR_CONFIG_INVALID', message, {}, cause);

type Exports = Readonly<Record<string, unknown>>;

/** Of a CommonJS module that a compiler made, `default` is the exports and holds the default. */
function defaultOf(exports: Exports): unknown {
  const found = exports.default as { readonly __esModule?: unknown; readonly default?: unknown };
  return found?.__esModule === true ? found.default : found;
}

const load = (url: string, where: string): Promise<Exports> =>
  whileLoading(where, async () => {
    try {
      return (await import(url)) as Exports;
    } catch (error) {
      throw invalid(`${where} cannot be loaded: ${messageOf(error)}`, error);
    }
  });

/** A function alone is an enricher or a filter; objects may come from any copy of the package. */
function asComponent(exported: unknown, type: string, id: string, where: string): Component {
  const kinds = KINDS[type] ?? [];
  const [kind] = kinds;
  checkCallable(exported, where);
  if (typeof exported === 'function' && (type === 'enrich' || type === 'filter'))
    return { kind, name: id, [METHOD_OF[kind as Component['kind']]]: exported } as never;
  const component = exported as Component | null;
  const isKnown =
    typeof component === 'object' && component !== null && kinds.includes(component.kind);
  if (!isKnown) throw invalid(`${where} is not made for ${type}: ${wantedFor(type)}`);
  const method = METHOD_OF[component.kind];
  const value = (component as unknown as Exports)[method];
  if (component.kind === 'route' ? typeof value !== 'object' : typeof value !== 'function')
    throw invalid(`${where} has no ${method}`);
  checkCallable(value, `${where} ${method}`);
  if ('adds' in component) checkAdds(component.adds, where);
  return component;
}

/** What would fail at every event, and can be told before the first. */
function checkCallable(value: unknown, where: string): void {
  if (typeof value !== 'function') return;
  const text = Function.prototype.toString.call(value);
  if (text.startsWith('class')) throw invalid(`${where} is a class; give an object or a function`);
  if (value.constructor.name === 'AsyncFunction')
    throw invalid(`${where} is an async function; all must be done before it returns`);
}

function checkAdds(adds: unknown, where: string): void {
  if (adds === undefined) return;
  if (typeof adds !== 'object' || adds === null || Array.isArray(adds))
    throw invalid(`${where} has adds that are no object of types by path`);
  for (const [path, type] of Object.entries(adds))
    if (!ADDED_TYPES.includes(type))
      throw invalid(
        `${where} adds ${path} as ${JSON.stringify(type)}; types are ${ADDED_TYPES.join(', ')}`,
      );
}

function wantedFor(type: string): string {
  if (type === 'enrich') return 'export a function or defineEnricher({...})';
  if (type === 'filter') return 'export a function or defineFilter({...})';
  return type === 'parse' ? 'export defineParser({...})' : 'give a function for each output';
}

function create(component: Component, options: unknown, where: string): Promise<unknown> {
  return whileLoading(where, async () => {
    if (!('create' in component) || component.create === undefined) return undefined;
    try {
      return await component.create(options as never);
    } catch (error) {
      throw invalid(`${where} cannot be created: ${messageOf(error)}`, error);
    }
  });
}

/** A file beside the configuration, or an installed package as seen from there. */
function resolveModule(name: string, baseUrl: string, where: string): string {
  const isPath = /^(\.{0,2}\/|file:)/.test(name);
  const url = new URL(name, baseUrl);
  if (url.protocol === 'file:' && existsSync(url)) return url.href;
  if (isPath) throw invalid(`${where} does not exist (${describe(url)})`);
  try {
    return pathToFileURL(createRequire(new URL('config.js', baseUrl)).resolve(name)).href;
  } catch (error) {
    // A package for `import` only is not found by `require`.
    const found =
      systemCodeOf(error) === 'ERR_PACKAGE_PATH_NOT_EXPORTED' ? importOnly(name, baseUrl) : null;
    if (found !== null) return found;
    throw invalid(`${where} is neither a file beside the configuration nor an installed package`);
  }
}

const describe = (url: URL): string => (url.protocol === 'file:' ? fileURLToPath(url) : url.href);

/** The `import` or `default` entry of a package's exports for exactly this name. */
function importOnly(name: string, baseUrl: string): string | null {
  const parts = name.split('/');
  const packageName = parts.slice(0, name.startsWith('@') ? 2 : 1).join('/');
  const subpath = `.${name.slice(packageName.length)}`;
  let directory = fileURLToPath(new URL('.', baseUrl));
  for (;;) {
    const root = join(directory, 'node_modules', packageName);
    const manifest = join(root, 'package.json');
    if (existsSync(manifest)) {
      const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports?: unknown };
      const target = importTarget(exports, subpath);
      return target === null ? null : pathToFileURL(join(root, target)).href;
    }
    const parent = dirname(directory);
    if (parent === directory) return null;
    directory = parent;
  }
}

function importTarget(exports: unknown, subpath: string): string | null {
  if (typeof exports === 'string') return subpath === '.' ? exports : null;
  if (typeof exports !== 'object' || exports === null) return null;
  const table = exports as Exports;
  const isBySubpath = Object.keys(table).some((key) => key.startsWith('.'));
  if (isBySubpath) return subpath in table ? conditionTarget(table[subpath]) : null;
  return subpath === '.' ? conditionTarget(table) : null;
}

function conditionTarget(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return null;
  const { node, import: imported, default: fallback } = value as Exports;
  return conditionTarget(node) ?? conditionTarget(imported) ?? conditionTarget(fallback);
}
