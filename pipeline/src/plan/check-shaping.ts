// What is wrong with the settings of transforms that look up, hide or sample, and can be told
// without their files.
import { nearestOf } from '../config/nearest.js';
import { WeirError } from '../errors.js';
import { FIELD_BY_PATH, FIELDS } from '../schema/fields.js';
import type {
  GeoipDocument,
  HashDocument,
  IocDocument,
  LookupDocument,
  TransformDocument,
} from './document.js';

const HASH_KEY_BYTES_MIN = 16;

/** Throws WEIR_CONFIG_INVALID; `at` is the path of the transform. */
export function checkShaping(at: string, document: TransformDocument): void {
  const { type } = document;
  if (type === 'geoip') checkGeoip(at, document);
  if (type === 'ioc') checkIoc(at, document);
  if (type === 'lookup') checkLookup(at, document);
  if (type === 'redact') checkFields(at, 'fields', document.fields, checkPath);
  if (type === 'hash') checkHash(at, document);
  if (type === 'sample' && document.field !== undefined) checkPath(`${at}/field`, document.field);
}

const invalid = (message: string): WeirError => new WeirError('WEIR_CONFIG_INVALID', message);

function checkFields(
  at: string,
  setting: string,
  fields: readonly string[],
  check: (at: string, path: string) => void,
): void {
  for (const [index, path] of fields.entries()) check(`${at}/${setting}/${index}`, path);
}

/**
 * A path of the schema, or a key that a parser or component may add: those that look like a field
 * of the schema, and are none, are mistakes.
 */
function checkPath(at: string, path: string): void {
  if (FIELD_BY_PATH.has(path)) return;
  const [root = ''] = path.split('.', 1);
  const paths = [...FIELD_BY_PATH.keys()];
  const isSchema = path.includes('.') && paths.some((known) => known.startsWith(`${root}.`));
  if (!isSchema && !paths.some((known) => known.startsWith(`${path}.`))) return;
  const nearest = nearestOf(path, paths);
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
  throw invalid(`${at} is not a known field${hint}; got ${JSON.stringify(path)}`);
}

function checkTextField(at: string, path: string): void {
  checkPath(at, path);
  const field = FIELD_BY_PATH.get(path);
  if (field !== undefined && FIELDS[field]?.kind === 'number')
    throw invalid(`${at} is a number; a field of text is wanted; got ${JSON.stringify(path)}`);
}

function checkGeoip(at: string, { fields }: GeoipDocument): void {
  checkFields(at, 'fields', fields, (place, path) => {
    checkTextField(place, path);
    const target = `${path.slice(0, -'ip'.length)}location.country`;
    if (path.endsWith('.ip') && FIELD_BY_PATH.has(target)) return;
    const known = [...FIELD_BY_PATH.keys()]
      .filter((candidate) => candidate.endsWith('.location.country'))
      .map((candidate) => `${candidate.slice(0, -'location.country'.length)}ip`);
    throw invalid(
      `${place} has no place to write to; known: ${known.join(', ')}; got ${JSON.stringify(path)}`,
    );
  });
}

function checkIoc(at: string, document: IocDocument): void {
  const { addresses, domains, urls, hashes } = document;
  for (const [setting, fields] of Object.entries({ addresses, domains, urls, hashes }))
    checkFields(at, setting, fields, checkTextField);
  if (addresses.length + domains.length + urls.length + hashes.length === 0)
    throw invalid(`${at} looks at no field: addresses, domains, urls and hashes are empty`);
}

function checkLookup(at: string, { field, set, types = {} }: LookupDocument): void {
  checkPath(`${at}/field`, field);
  for (const path of Object.keys(set)) checkPath(`${at}/set/${path}`, path);
  for (const path of Object.keys(types)) {
    if (!Object.hasOwn(set, path)) throw invalid(`${at}/types/${path} is not among the paths set`);
    if (FIELD_BY_PATH.has(path)) throw invalid(`${at}/types/${path} has a type by the schema`);
  }
}

function checkHash(at: string, { fields, key }: HashDocument): void {
  checkFields(at, 'fields', fields, checkTextField);
  const keyBytes = new TextEncoder().encode(key).length;
  if (keyBytes < HASH_KEY_BYTES_MIN)
    throw invalid(`${at}/key too short: ${keyBytes} bytes, at least ${HASH_KEY_BYTES_MIN} wanted`);
}
