// Reading a configuration document: text to object, object against a JSON Schema, and errors that
// name the path, the value and the nearest known key. Used by every process that takes a
// configuration.
import { Ajv, type ErrorObject } from 'ajv';
import { parse as parseToml } from 'smol-toml';
import type { JsonSchema } from '../component.js';
import { messageOf, WeirError } from '../errors.js';

/** `fileName` decides by its ending: .toml or .json. Throws WEIR_CONFIG_UNREADABLE. */
export function parseDocument(text: string, fileName: string): unknown {
  const ending = fileName.slice(fileName.lastIndexOf('.') + 1).toLowerCase();
  try {
    if (ending === 'toml') return parseToml(text);
    if (ending === 'json') return JSON.parse(text);
  } catch (error) {
    throw new WeirError('WEIR_CONFIG_UNREADABLE', `${fileName}: ${firstLine(messageOf(error))}`);
  }
  throw new WeirError(
    'WEIR_CONFIG_UNREADABLE',
    `${fileName}: cannot tell the format; the name must end in .toml or .json`,
  );
}

/**
 * Checks the document and fills in defaults, in place. Throws WEIR_CONFIG_INVALID with a message
 * such as `/sources/edge/shards must be <= 64; got 100`.
 */
export function validateDocument(document: unknown, schema: JsonSchema): void {
  const ajv = new Ajv({
    useDefaults: true,
    discriminator: true,
    verbose: true,
    strict: true,
    // The branches of a discriminator stand apart from the `required` beside them.
    strictRequired: false,
  });
  const validate = ajv.compile(schema);
  if (validate(document)) return;
  const error = validate.errors?.[0];
  throw new WeirError('WEIR_CONFIG_INVALID', error === undefined ? 'invalid' : describe(error));
}

function describe(error: ErrorObject): string {
  const path = error.instancePath === '' ? '/' : error.instancePath;
  const { params } = error;
  if (error.keyword === 'additionalProperties') {
    const unknownKey = String(params.additionalProperty);
    const known = Object.keys((error.parentSchema?.properties ?? {}) as object);
    const [namePattern] = Object.keys((error.parentSchema?.patternProperties ?? {}) as object);
    if (namePattern !== undefined) {
      return `${join(path, unknownKey)} is not a valid name; names match ${namePattern}`;
    }
    return `${join(path, unknownKey)} is not a known key; ${suggestion(unknownKey, known)}`;
  }
  if (error.keyword === 'required')
    return `${join(path, String(params.missingProperty))} is missing`;
  const got = `got ${JSON.stringify(error.data) ?? 'nothing'}`;
  if (error.keyword === 'enum') {
    const allowed = (params.allowedValues as unknown[]).map((value) => JSON.stringify(value));
    return `${path} must be one of ${allowed.join(', ')}; ${got}`;
  }
  if (error.keyword === 'discriminator') {
    const types = discriminatorValues(error.parentSchema);
    return `${join(path, String(params.tag))} must be one of ${types.join(', ')}; got ${JSON.stringify(params.tagValue) ?? 'nothing'}`;
  }
  const hint =
    typeof error.parentSchema?.description === 'string'
      ? ` (${error.parentSchema.description})`
      : '';
  return `${path} ${error.message ?? 'is invalid'}; ${got}${hint}`;
}

function discriminatorValues(schema: unknown): string[] {
  const branches =
    (schema as { oneOf?: { properties?: { type?: { const?: unknown } } }[] })?.oneOf ?? [];
  return branches.map((branch) => JSON.stringify(branch.properties?.type?.const));
}

const join = (path: string, key: string): string => (path === '/' ? `/${key}` : `${path}/${key}`);
const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text;

function suggestion(unknownKey: string, known: readonly string[]): string {
  const nearest = nearestOf(unknownKey, known);
  return nearest === null ? `known keys: ${known.join(', ')}` : `did you mean ${nearest}?`;
}

/** The closest of the candidates within a third of the word's length, or null. */
export function nearestOf(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
