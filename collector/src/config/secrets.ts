// Secrets: settings whose value may stand elsewhere (`file:PATH`, `env:NAME`) and is never shown.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type JsonSchema, reasonOf } from '@weir/pipeline';
import { type ConfigProblem, hideUserInfo } from '@weir/pipeline/config';
import type { MergedDocument } from './merge.js';
import { SECRET } from './schema/nodes.js';
import { type Config, ConfigSchema } from './schema.js';
import { visitSettings } from './walk.js';

const SECRET_BYTES_MAX = 64 * 1024;
const OTHERS_MAY_READ = 0o004;
const HIDDEN = '***';
/** Options of someone's own component have no schema; these names speak for themselves. */
const SECRET_NAME = /passw|secret|token|api_?key|credential/i;

/**
 * Puts values in the place of references, in the document. A relative PATH starts from the file
 * that names it. Problems and warnings name the setting, never its value.
 */
export function resolveSecrets(
  merged: MergedDocument,
  environment: Readonly<NodeJS.ProcessEnv>,
): { readonly problems: readonly ConfigProblem[]; readonly warnings: readonly string[] } {
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  visitSettings(merged.document, ConfigSchema as unknown as JsonSchema, (visited) => {
    const { path, value, schema, set } = visited;
    if (schema[SECRET] === undefined || typeof value !== 'string') return;
    const [, kind, name] = /^(file|env):(.*)$/s.exec(value) ?? [];
    if (kind === undefined || name === undefined) return;
    const found =
      kind === 'env'
        ? secretOfVariable(name, environment)
        : secretOfFile(resolve(merged.originOf(path)?.directory ?? '.', name), name);
    if ('problem' in found) problems.push({ path, message: `${path} ${found.problem}` });
    else set(found.value);
    if (found.warning !== undefined) warnings.push(`${path} ${found.warning}`);
  });
  return { problems, warnings };
}

type Found = ({ readonly value: string } | { readonly problem: string }) & {
  readonly warning?: string;
};

function secretOfVariable(name: string, environment: Readonly<NodeJS.ProcessEnv>): Found {
  const value = environment[name] ?? '';
  if (value === '') return { problem: `takes its value from ${name}, which is not set` };
  return { value };
}

function secretOfFile(path: string, name: string): Found {
  try {
    const { mode, size } = statSync(path);
    if (size > SECRET_BYTES_MAX) {
      return {
        problem: `is to be read from ${name}, which is longer than ${SECRET_BYTES_MAX} bytes`,
      };
    }
    const value = readFileSync(path, 'utf8').trim();
    if (value === '') return { problem: `is to be read from ${name}, which is empty` };
    if ((mode & OTHERS_MAY_READ) === 0) return { value };
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    return {
      value,
      warning: `is read from ${name}, which every user of this machine may read (mode ${shown}); chmod 600 mends it`,
    };
  } catch (error) {
    return { problem: `cannot be read from ${name}: ${reasonOf(error)}` };
  }
}

/** A copy for people and logs. */
export function withoutSecrets(config: Config): Config {
  const shown = structuredClone(config);
  visitSettings(shown, ConfigSchema as unknown as JsonSchema, ({ value, schema, set }) => {
    if (typeof value === 'string' && value !== '' && schema[SECRET] !== undefined) {
      set(schema[SECRET] === 'url' ? hideUserInfo(value) : HIDDEN);
    }
  });
  for (const transform of Object.values(shown.transforms)) {
    if (!('options' in transform) || transform.options === undefined) continue;
    transform.options = hideNamed(transform.options) as Record<string, unknown>;
  }
  return shown;
}

function hideNamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideNamed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      SECRET_NAME.test(key) ? HIDDEN : hideNamed(inner),
    ]),
  );
}
