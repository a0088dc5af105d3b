// What a THREAT event is about: the name and number of what was found, and the URL or file.
import { type ColumnWriter, FIELD, type RawBatch } from '@weir/pipeline';
import { BACKSLASH, COLON, SLASH } from '../text/ascii.js';
import { parseUnsigned } from '../text/number.js';
import type { PanosFacts } from './facts.js';
import { SUBTYPE } from './words.js';

/** `Name of the threat(12345)`, `(9999)` or a number alone. */
export function writeThreat(
  source: Uint8Array,
  row: number,
  from: number,
  to: number,
  shift: number,
  out: ColumnWriter,
): void {
  let open = to;
  if (source[to - 1] === 0x29) {
    open = to - 1;
    while (open > from && source[open] !== 0x28) open--;
    if (source[open] !== 0x28 || Number.isNaN(parseUnsigned(source, open + 1, to - 1))) open = to;
  }
  if (open < to) out.span(row, FIELD.finding_info_uid, open + 1 + shift, to - 1 + shift);
  let last = open;
  while (last > from && source[last - 1] === 0x20) last--;
  if (last === from) return;
  const isNumber = open === to && !Number.isNaN(parseUnsigned(source, from, to));
  const field = isNumber ? FIELD.finding_info_uid : FIELD.finding_title;
  out.span(row, field, from + shift, last + shift);
}

/** URL/Filename: by its subtype, and by whether a path stands in it. */
export function writeMisc(
  batch: RawBatch,
  row: number,
  facts: PanosFacts,
  out: ColumnWriter,
): void {
  const { miscStart: start, miscEnd: end } = facts;
  const isRaw = start < batch.bytes.length;
  const shift = isRaw ? 0 : batch.bytes.length;
  const source = isRaw ? batch.bytes : out.scratch.memory;
  const from = start - shift;
  const to = end - shift;
  let slash = from;
  while (slash < to && source[slash] !== SLASH) slash++;
  if (facts.subtype === SUBTYPE.url || slash < to) {
    writeUrl(source, row, from, to, shift, slash, out);
    return;
  }
  let backslash = to;
  while (backslash > from && source[backslash - 1] !== BACKSLASH) backslash--;
  if (backslash > from) out.span(row, FIELD.file_path, start, end);
  out.span(row, FIELD.file_name, backslash + shift, end);
}

/** `host:port/path?query`, with or without a scheme before it. */
function writeUrl(
  source: Uint8Array,
  row: number,
  from: number,
  to: number,
  shift: number,
  firstSlash: number,
  out: ColumnWriter,
): void {
  out.span(row, FIELD.http_request_url_url_string, from + shift, to + shift);
  let host = from;
  let path = firstSlash;
  if (firstSlash > from && source[firstSlash - 1] === COLON && source[firstSlash + 1] === SLASH) {
    out.span(row, FIELD.http_request_url_scheme, from + shift, firstSlash - 1 + shift);
    host = firstSlash + 2;
    path = host;
    while (path < to && source[path] !== SLASH) path++;
  }
  let colon = host;
  while (colon < path && source[colon] !== COLON) colon++;
  out.span(row, FIELD.http_request_url_hostname, host + shift, colon + shift);
  const port = parseUnsigned(source, colon + 1, path);
  if (port <= 65_535) out.number(row, FIELD.http_request_url_port, port);
  let query = path;
  while (query < to && source[query] !== 0x3f) query++;
  out.span(row, FIELD.http_request_url_path, path + shift, query + shift);
  out.span(row, FIELD.http_request_url_query_string, query + 1 + shift, to + shift);
}
