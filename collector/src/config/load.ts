// Where the configuration comes from: defaults < file of the system < file of the user <
// environment < flags (PIP-10).
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasTable, type JsonSchema, WeirError } from '@weir/pipeline';
import { type ConfigProblem, problemsOf } from '@weir/pipeline/config';
import { checkTogether } from './check-together.js';
import { settingsOfEnvironment } from './environment.js';
import { isTable, MergedDocument, type Origin, type Table } from './merge.js';
import { type ReadPlace, readSystemPlace, readUserPlace } from './places.js';
import { DEFAULT_SOURCES } from './schema/sources.js';
import { type Config, ConfigSchema } from './schema.js';
import { resolveSecrets } from './secrets.js';

/** Flags of `weir run`; undefined where not given. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly syslog?: string | undefined;
  readonly http?: string | undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  /** File or folder of the user, else of the system; null when there was none. */
  readonly file: string | null;
  /** Every file that was read, in the order in which they were laid over each other. */
  readonly files: readonly string[];
  /** URL of the directory that relative names of modules start from; ends with a slash. */
  readonly baseUrl: string;
  /** URL of a pipeline in code, null for a configuration file. */
  readonly pipelineModule: string | null;
  /** Sentences about what is right and still unwise. */
  readonly warnings: readonly string[];
  /** Who said the setting at a JSON pointer: a file, a variable, `command line` or `default`. */
  originOf(path: string): string;
  /** An error of a later check that begins with a path, with the file that said it before it. */
  named(error: unknown): unknown;
}

const COMMAND_LINE = 'command line';
const schema = ConfigSchema as unknown as JsonSchema;

/** Throws WEIR_CONFIG_UNREADABLE, or WEIR_CONFIG_INVALID with all mistakes, one a line. */
export function loadConfig(
  flags: ConfigFlags,
  environment: Readonly<NodeJS.ProcessEnv>,
): LoadedConfig {
  const merged = new MergedDocument();
  const system = readSystemPlace(environment);
  const user = readUserPlace(flags.config);
  for (const place of [system, user]) if (place !== null) addPlace(merged, place);
  failOn(merged.problems, merged, user ?? system);

  const here = resolve('.');
  for (const { name, document } of settingsOfEnvironment(environment)) {
    if (Object.keys(isTable(document.sources) ? document.sources : {}).every(isDefaultSource)) {
      placeDefaultSources(merged, document.sources);
    }
    merged.add(document, { name, directory: here });
  }
  applyFlags(merged, flags, { name: COMMAND_LINE, directory: here });

  const secrets = resolveSecrets(merged, environment);
  const config = merged.document as unknown as Config;
  const problems = problemsOf(config, schema);
  const isShaped = problems.length === 0;
  const together = isShaped ? checkTogether(config, environment) : { problems: [], warnings: [] };
  failOn([...secrets.problems, ...problems, ...together.problems], merged, user ?? system);
  const baseDirectory = (user ?? system)?.directory ?? here;
  resolvePaths(config, merged, baseDirectory);
  const files = [system, user].flatMap((place) => place?.files ?? []);
  return {
    config,
    file: (user ?? system)?.path ?? null,
    files: files.map(({ name }) => name),
    baseUrl: `${pathToFileURL(baseDirectory).href}/`,
    pipelineModule: files.findLast(({ moduleUrl }) => moduleUrl !== null)?.moduleUrl ?? null,
    warnings: [...secrets.warnings, ...together.warnings],
    originOf: (path) => merged.exactOriginOf(path)?.name ?? 'default',
    named: (error) => withOrigin(error, merged, user ?? system),
  };
}

function addPlace(merged: MergedDocument, place: ReadPlace): void {
  const files = place.files.map(({ name, directory, document }) => ({
    document,
    origin: { name, directory },
  }));
  merged.addTogether(files);
}

/** Each mistake with the file, variable or flag that made it before it. */
function failOn(
  problems: readonly ConfigProblem[],
  merged: MergedDocument,
  place: ReadPlace | null,
): void {
  if (problems.length === 0) return;
  const sentences = problems.map(({ path, message }) => {
    return `${originName(path, merged, place)}: ${message}`;
  });
  throw new WeirError('WEIR_CONFIG_INVALID', sentences.join('\n'), {
    problemCount: sentences.length,
  });
}

const originName = (path: string, merged: MergedDocument, place: ReadPlace | null): string =>
  merged.originOf(path)?.name ?? place?.path ?? 'defaults';

function withOrigin(error: unknown, merged: MergedDocument, place: ReadPlace | null): unknown {
  if (!(error instanceof WeirError) || error.code !== 'WEIR_CONFIG_INVALID') return error;
  const path = /^\/(sources|transforms|sinks)\/[^\s:;]*/.exec(error.message)?.[0];
  if (path === undefined) return error;
  const message = `${originName(path, merged, place)}: ${error.message}`;
  return new WeirError(error.code, message, error.details, error);
}

function applyFlags(merged: MergedDocument, flags: ConfigFlags, origin: Origin): void {
  if (flags.data !== undefined) merged.add({ data_dir: flags.data }, origin);
  for (const type of ['syslog', 'http'] as const) {
    const listen = flags[type];
    if (listen === undefined) continue;
    placeDefaultSources(merged, {});
    const id = onlySourceOf(merged.document.sources, type);
    if (id !== null) merged.add({ sources: { [id]: { listen } } }, origin);
  }
}

const isDefaultSource = (id: string): boolean => Object.hasOwn(DEFAULT_SOURCES, id);

/** The default of the schema comes too late for `changes` to it. */
function placeDefaultSources(merged: MergedDocument, changes: unknown): void {
  if (changes !== undefined) merged.document.sources ??= structuredClone(DEFAULT_SOURCES);
}

/**
 * A flag moves the one source of its type; with none or several the file must say it. Null when
 * the sources are so wrong that the check will say more.
 */
function onlySourceOf(sources: unknown, type: 'syslog' | 'http'): string | null {
  if (!isTable(sources)) return null;
  const ofType = Object.entries(sources).filter(([, source]) => (source as Table)?.type === type);
  const [only] = ofType;
  if (only !== undefined && ofType.length === 1) return only[0];
  throw new WeirError(
    'WEIR_CONFIG_INVALID',
    `--${type} needs exactly one source of type ${type}, the configuration has ${ofType.length}`,
  );
}

const PEM_FILES = ['tls_ca_file', 'tls_certificate_file', 'tls_key_file'] as const;

/**
 * What is read as part of the configuration is found from the file that names it, what is written
 * from the working directory. The embedded engine does not take a relative path.
 */
function resolvePaths(config: Config, merged: MergedDocument, baseDirectory: string): void {
  config.data_dir = resolve(config.data_dir);
  const directoryOf = (path: string): string => merged.originOf(path)?.directory ?? baseDirectory;
  for (const [id, sink] of Object.entries(config.sinks)) {
    if (sink.type === 'file') sink.path = resolve(sink.path);
    const pems = sink as { [name in (typeof PEM_FILES)[number]]?: string };
    for (const name of PEM_FILES) {
      const path = pems[name];
      if (path !== undefined) pems[name] = resolve(directoryOf(`/sinks/${id}/${name}`), path);
    }
  }
  for (const name of PEM_FILES) {
    const path = config.kafka[name];
    if (path !== '') config.kafka[name] = resolve(directoryOf(`/kafka/${name}`), path);
  }
  for (const [id, transform] of Object.entries(config.transforms)) {
    if (hasTable(transform))
      Object.assign(transform, {
        path: resolve(directoryOf(`/transforms/${id}/path`), transform.path),
      });
    if (!('module' in transform) || transform.module === undefined) continue;
    const directory = directoryOf(`/transforms/${id}/module`);
    const isFile = transform.module.startsWith('.') || isAbsolute(transform.module);
    // Workers start from one directory; files of another are named in full.
    if (isFile && directory !== baseDirectory) {
      transform.module = pathToFileURL(resolve(directory, transform.module)).href;
    }
  }
}
