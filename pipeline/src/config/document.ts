// A configuration document against a JSON Schema, with errors that name the path, the value and the
// nearest known key. Used by every process that takes a configuration.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { JsonSchema } from '../component.js';
import { WeirError } from '../errors.js';
import { nearestOf } from './nearest.js';

export { nearestOf };

/**
 * Keyword of a schema whose values are never printed: `value` for the whole of it, `url` for the
 * password in it.
 */
export const SECRET_KEYWORD = 'x-weir-secret';

/** Beside a pattern: what it asks for, in words. Messages show these and not the pattern. */
export const FORM_KEYWORD = 'x-weir-form';

const GOT_CHARACTERS_MAX = 100;

/** One mistake. */
export interface ConfigProblem {
  /** JSON pointer of the value, empty for the whole document. */
  readonly path: string;
  /** A sentence that begins with a path, and shows no secret. */
  readonly message: string;
}

/** Compiling costs more than checking, and a start checks more than once. */
const compiled = new WeakMap<JsonSchema, ValidateFunction>();

/**
 * Checks the document and fills in defaults, in place; all mistakes at once, none when it is right.
 * A message is such as `/sources/edge/shards must be <= 64; got 100`.
 */
export function problemsOf(document: unknown, schema: JsonSchema): readonly ConfigProblem[] {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = compile(schema);
    compiled.set(schema, validate);
  }
  if (validate(document)) return [];
  const errors = validate.errors ?? [];
  const problems = new Map<string, ConfigProblem>();
  for (const error of errors) {
    // The discriminator says more about a type that is missing.
    const isRepeated =
      error.keyword === 'required' &&
      errors.some(
        (other) =>
          other.keyword === 'discriminator' &&
          other.instancePath === error.instancePath &&
          other.params.tag === error.params.missingProperty,
      );
    if (isRepeated) continue;
    const message = describe(error);
    problems.set(message, { path: pointerOf(error), message });
  }
  return [...problems.values()];
}

/** Throws WEIR_CONFIG_INVALID with all mistakes, one a line. */
export function validateDocument(document: unknown, schema: JsonSchema): void {
  const problems = problemsOf(document, schema);
  if (problems.length === 0) return;
  const message = problems.map((problem) => problem.message).join('\n');
  throw new WeirError('WEIR_CONFIG_INVALID', message);
}

function compile(schema: JsonSchema): ValidateFunction {
  const ajv = new Ajv({
    useDefaults: true,
    discriminator: true,
    verbose: true,
    strict: true,
    allErrors: true,
    allowUnionTypes: true,
    // Compiling is most of what a start pays for its configuration; the schema has a test.
    validateSchema: false,
    code: { optimize: false },
    // The branches of a discriminator stand apart from the `required` beside them.
    strictRequired: false,
  });
  ajv.addVocabulary([SECRET_KEYWORD, FORM_KEYWORD]);
  return ajv.compile(schema);
}

function describe(error: ErrorObject): string {
  const path = error.instancePath === '' ? '/' : unescapePointer(error.instancePath);
  const { params } = error;
  if (error.keyword === 'additionalProperties') return describeUnknownKey(error, path);
  if (error.keyword === 'required')
    return `${join(path, String(params.missingProperty))} is missing`;
  const got = `got ${show(error)}`;
  if (error.keyword === 'enum') {
    return `${path} ${oneOf(params.allowedValues as unknown[])}; ${got}${didYouMean(error.data, params.allowedValues as unknown[])}`;
  }
  if (error.keyword === 'discriminator') {
    const types = discriminatorValues(error.parentSchema);
    const shown = params.tagValue === undefined ? 'nothing' : shorten(params.tagValue);
    return `${join(path, String(params.tag))} ${oneOf(types)}; got ${shown}${didYouMean(params.tagValue, types)}`;
  }
  if (error.keyword === 'type') {
    const names = [params.type as string | string[]].flat().map((name) => TYPE_NAMES[name] ?? name);
    return `${path} must be ${names.join(' or ')}; ${got}${hintOf(error)}`;
  }
  const form = error.parentSchema?.[FORM_KEYWORD];
  if (error.keyword === 'pattern' && typeof form === 'string')
    return `${path} must be ${form}; ${got}`;
  return `${path} ${error.message ?? 'is invalid'}; ${got}${hintOf(error)}`;
}

/** Of an unknown key its own place, so that its file can be named. */
function pointerOf(error: ErrorObject): string {
  if (error.keyword !== 'additionalProperties') return error.instancePath;
  const key = String(error.params.additionalProperty);
  return `${error.instancePath}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a table of settings',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function describeUnknownKey(error: ErrorObject, path: string): string {
  const unknownKey = String(error.params.additionalProperty);
  const known = Object.keys((error.parentSchema?.properties ?? {}) as object);
  const [namePattern] = Object.keys((error.parentSchema?.patternProperties ?? {}) as object);
  const place = join(path, unknownKey);
  if (namePattern !== undefined) return `${place} is not a valid name; names match ${namePattern}`;
  const nearest = nearestOf(unknownKey, known);
  const help = nearest === null ? `known keys: ${known.join(', ')}` : `did you mean ${nearest}?`;
  return `${place} is not a known key; ${help}`;
}

function hintOf(error: ErrorObject): string {
  const description = error.parentSchema?.description;
  return typeof description === 'string' ? ` (${description})` : '';
}

const oneOf = (values: readonly unknown[]): string =>
  `must be one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;

function didYouMean(value: unknown, known: readonly unknown[]): string {
  const nearest = typeof value === 'string' ? nearestOf(value, known.map(String)) : null;
  return nearest === null ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
}

/** The wrong value, unless it is a secret or could hold one. */
function show(error: ErrorObject): string {
  const kind = error.parentSchema?.[SECRET_KEYWORD];
  const { data } = error;
  if (kind === 'value') return 'a secret';
  // What is no URL may be a secret in the wrong place.
  if (kind === 'url' && typeof data === 'string')
    return data.includes('://') ? shorten(hideUserInfo(data)) : 'text that is none';
  if (Array.isArray(data)) return data.some(isObject) ? 'a list' : shorten(data);
  return isObject(data) ? 'a table of settings' : shorten(data);
}

/** The address without user, password and the values of its query, whether it is right or wrong. */
export const hideUserInfo = (url: string): string =>
  url.replace(/^([a-z]*:\/\/).*@/i, '$1***@').replace(/(?<=\?.*=)[^&#]+/g, '***');

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  if (text.length <= GOT_CHARACTERS_MAX) return text;
  return `${text.slice(0, GOT_CHARACTERS_MAX)}... (${text.length} characters)`;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

function discriminatorValues(schema: unknown): string[] {
  const branches =
    (schema as { oneOf?: { properties?: { type?: { const?: unknown } } }[] })?.oneOf ?? [];
  return branches.map((branch) => String(branch.properties?.type?.const));
}

const join = (path: string, key: string): string => (path === '/' ? `/${key}` : `${path}/${key}`);
const unescapePointer = (path: string): string => path.replaceAll('~1', '/').replaceAll('~0', '~');
