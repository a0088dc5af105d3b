// NDJSON files with a version line and a CRC line: epochs and keys. FORMAT.md "epochs and keys".
import { crc32c } from '@node-rs/crc32';
import { FORMAT_VERSION, versionError } from './layout.js';

export type JsonObject = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const newline = 0x0a;

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
  return mapSidecar(bytes, format, file, (line) => line);
}

/** The same line by line: what `map` does not keep of a line is not kept. */
export function mapSidecar<T>(
  bytes: Uint8Array,
  format: string,
  file: string,
  map: (line: JsonObject) => T,
): { readonly head: JsonObject; readonly lines: T[] } | null {
  const tailAt = bytes.lastIndexOf(newline, bytes.length - 2) + 1;
  if (tailAt <= 0 || bytes.at(-1) !== newline) return null;
  const tail = parseObject(decoder.decode(bytes.subarray(tailAt)));
  const body = bytes.subarray(0, tailAt);
  if (tail === null || tail.crc32c !== hex8(crc32c(body))) return null;
  const text = Buffer.from(body.buffer, body.byteOffset, body.length);
  let at = text.indexOf(newline) + 1;
  const head = parseObject(text.toString('utf8', 0, at));
  if (head === null || head.format !== format) return null;
  if (head.version !== FORMAT_VERSION) throw versionError(file, Number(head.version));
  const lines: T[] = [];
  while (at < text.length) {
    const end = text.indexOf(newline, at) + 1;
    const line = parseObject(text.toString('utf8', at, end));
    if (line === null) return null;
    lines.push(map(line));
    at = end;
  }
  return lines.length === tail.count ? { head, lines } : null;
}

/** From the first bytes of a file, not checked by a CRC. */
export function isOtherVersionByHead(first: Uint8Array, format: string): boolean {
  const [headText = ''] = decoder.decode(first).split('\n', 1);
  const head = parseObject(headText);
  return head?.format === format && head.version !== FORMAT_VERSION;
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
