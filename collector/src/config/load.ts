// Where the configuration comes from: defaults < file < environment < flags (PIP-10).
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type JsonSchema, messageOf, WeirError } from '@weir/pipeline';
import { parseDocument, validateDocument } from '@weir/pipeline/config';
import { checkTogether } from './check-together.js';
import { type Config, ConfigSchema } from './schema.js';

/** Flags of `weir run`; undefined where not given. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly syslog?: string | undefined;
  readonly http?: string | undefined;
}

export const DEFAULT_FILES = ['weir.toml', 'weir.json'] as const;

export interface LoadedConfig {
  readonly config: Config;
  /** File that was read, null when there was none. */
  readonly file: string | null;
}

/** Throws WEIR_CONFIG_UNREADABLE or WEIR_CONFIG_INVALID. */
export function loadConfig(flags: ConfigFlags, environment: NodeJS.ProcessEnv): LoadedConfig {
  const file = flags.config ?? DEFAULT_FILES.find((name) => existsSync(name)) ?? null;
  const document = file === null ? {} : readDocument(file);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new WeirError('WEIR_CONFIG_INVALID', `/ must be a table of settings in ${file}`);
  }
  const config = document as Config;
  const schema = ConfigSchema as unknown as JsonSchema;
  blaming(file ?? 'defaults', () => {
    validateDocument(config, schema);
    checkTogether(config);
  });
  // What comes from environment and flags is held to the same schema.
  applyEnvironment(config, environment);
  blaming('CLICKHOUSE_URL or EVENTS_TABLE', () => validateDocument(config, schema));
  applyFlags(config, flags);
  blaming('command line', () => {
    validateDocument(config, schema);
    checkTogether(config);
  });
  // The embedded engine does not take a relative path.
  config.data_dir = resolve(config.data_dir);
  return { config, file };
}

/** Puts the origin of a wrong value before the sentence about it. */
function blaming(origin: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    throw new WeirError(error.code, `${origin}: ${error.message}`, error.details);
  }
}

function readDocument(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new WeirError('WEIR_CONFIG_UNREADABLE', `cannot read ${file}: ${messageOf(error)}`);
  }
  return parseDocument(text, file);
}

function applyEnvironment(config: Config, environment: NodeJS.ProcessEnv): void {
  if (environment.CLICKHOUSE_URL) config.store.url = environment.CLICKHOUSE_URL;
  if (environment.EVENTS_TABLE) config.store.events_table = environment.EVENTS_TABLE;
}

function applyFlags(config: Config, flags: ConfigFlags): void {
  if (flags.data !== undefined) config.data_dir = flags.data;
  if (flags.syslog !== undefined) setListen(config, 'syslog', flags.syslog);
  if (flags.http !== undefined) setListen(config, 'http', flags.http);
}

/** A flag moves the one source of its type; with none or several the file must say it. */
function setListen(config: Config, type: 'syslog' | 'http', address: string): void {
  const ofType = Object.values(config.sources).filter((source) => source.type === type);
  const [only] = ofType;
  if (only === undefined || ofType.length > 1) {
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `--${type} needs exactly one source of type ${type}, the configuration has ${ofType.length}`,
    );
  }
  only.listen = address;
}
