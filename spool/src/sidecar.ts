// NDJSON files with a version line and a CRC line: epochs and keys. FORMAT.md "epochs and keys".
import { crc32c } from '@node-rs/crc32';
import { FORMAT_VERSION, versionError } from './layout.js';

export type JsonObject = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeSidecar(
  format: string,
  head: JsonObject,
  lines: Iterable<JsonObject>,
): Uint8Array {
  const parts = [JSON.stringify({ format, version: FORMAT_VERSION, ...head })];
  for (const line of lines) parts.push(JSON.stringify(line));
  const count = parts.length - 1;
  const body = encoder.encode(`${parts.join('\n')}\n`);
  const tail = encoder.encode(`${JSON.stringify({ count, crc32c: hex8(crc32c(body)) })}\n`);
  const bytes = new Uint8Array(body.length + tail.length);
  bytes.set(body);
  bytes.set(tail, body.length);
  return bytes;
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

function parseObject(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : null;
  } catch {
    return null;
  }
}
