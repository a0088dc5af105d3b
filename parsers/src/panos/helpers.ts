// Small readings that PAN-OS's fields share.
import { type ColumnWriter, FIELD } from '@weir/pipeline';
import { isHexDigit } from '../text/ascii.js';
import type { KeyTable } from '../text/key-table.js';

/** `N/A`, `n/a`, `null` and a lone `-`: PAN-OS's words for no value. */
export function isNone(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length > 4) return false;
  const first = bytes[start] as number;
  if (length === 3) {
    if ((first | 0x20) !== 0x6e || bytes[start + 1] !== 0x2f) return false;
    return ((bytes[start + 2] as number) | 0x20) === 0x61;
  }
  if (length === 1) return first === 0x2d;
  return length === 4 && first === 0x6e && bytes[start + 1] === 0x75 && bytes[start + 3] === 0x6c;
}

const lower = new Uint8Array(32);

/** Number of a word in any case, by a table in lower case; 0 when it is not there. */
export function lowerLookup(
  table: KeyTable,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const found = table.lookup(bytes, start, end);
  if (found !== 0 || end - start > lower.length) return found;
  let hasUpper = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    const isUpper = byte >= 0x41 && byte <= 0x5a;
    hasUpper ||= isUpper;
    lower[i - start] = isUpper ? byte | 0x20 : byte;
  }
  return hasUpper ? table.lookup(lower, 0, end - start) : 0;
}

/** A hash into the field of its length; false when it is none. */
export function writeHash(
  source: Uint8Array,
  row: number,
  from: number,
  to: number,
  shift: number,
  isCertificate: boolean,
  out: ColumnWriter,
): boolean {
  for (let i = from; i < to; i++) if (!isHexDigit(source[i] as number)) return false;
  const length = to - from;
  let field = -1;
  if (length === 64)
    field = isCertificate ? FIELD.tls_certificate_fingerprints_sha256 : FIELD.file_hashes_sha256;
  else if (length === 40)
    field = isCertificate ? FIELD.tls_certificate_fingerprints_sha1 : FIELD.file_hashes_sha1;
  else if (length === 32 && !isCertificate) field = FIELD.file_hashes_md5;
  if (field < 0) return false;
  out.span(row, field, from + shift, to + shift);
  return true;
}
