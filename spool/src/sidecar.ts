// NDJSON files with a version line and a CRC line: epochs and keys. FORMAT.md "epochs and keys".
import { crc32c } from '@node-rs/crc32';
import { FORMAT_VERSION, versionError } from './layout.js';

export type JsonObject = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Lines encoded in one go, some milliseconds of work. */
const linesPerPart = 2_048;

/** The file in parts; together they are what decodeSidecar reads. */
export function* encodeSidecar(
  format: string,
  head: JsonObject,
  lines: Iterable<JsonObject>,
): Generator<Uint8Array, void> {
  let texts = [JSON.stringify({ format, version: FORMAT_VERSION, ...head })];
  let count = 0;
  let crc = 0;
  const flush = (): Uint8Array => {
    const bytes = encoder.encode(`${texts.join('\n')}\n`);
    crc = crc32c(bytes, crc);
    texts = [];
    return bytes;
  };
  for (const line of lines) {
    texts.push(JSON.stringify(line));
    count++;
    if (texts.length >= linesPerPart) yield flush();
  }
  if (texts.length > 0) yield flush();
  yield encoder.encode(`${JSON.stringify({ count, crc32c: hex8(crc) })}\n`);
}

/** Null if damaged. Throws WEIR_SPOOL_VERSION if intact but of another version. */
export function decodeSidecar(
  bytes: Uint8Array,
  format: string,
  file: string,
): { readonly head: JsonObject; readonly lines: JsonObject[] } | null {
  const tailAt = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  if (tailAt <= 0 || bytes.at(-1) !== 0x0a) return null;
  const tail = parseObject(decoder.decode(bytes.subarray(tailAt)));
  const body = bytes.subarray(0, tailAt);
  if (tail === null || tail.crc32c !== hex8(crc32c(body))) return null;
  const [head, ...lines] = decoder.decode(body).trimEnd().split('\n').map(parseObject);
  if (head === null || head === undefined || head.format !== format) return null;
  if (head.version !== FORMAT_VERSION) throw versionError(file, Number(head.version));
  const objects = lines.filter((line) => line !== null);
  return objects.length === tail.count ? { head, lines: objects } : null;
}

export const textOf = (object: JsonObject, name: string): string => {
  const value = object[name];
  return typeof value === 'string' ? value : '';
};
export const numberOf = (object: JsonObject, name: string): number => {
  const value = object[name];
  return typeof value === 'number' ? value : 0;
};
export function bigintOf(object: JsonObject, name: string): bigint {
  const text = textOf(object, name);
  return /^[0-9]{1,20}$/.test(text) ? BigInt(text) : 0n;
}

const hex8 = (value: number): string => value.toString(16).padStart(8, '0');

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseObject(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
