// Parts of a URL (RFC 3986 3) into the fields of an HTTP request.
import { type ColumnWriter, FIELD } from '@weir/pipeline';
import { CLOSE_BRACKET, COLON, find, isLetter, SLASH } from './ascii.js';
import { parseUnsigned } from './number.js';

const QUESTION_MARK = 0x3f;
const NUMBER_SIGN = 0x23;
const AT_SIGN = 0x40;

/**
 * Scheme, host, port, path and query of source[start, end), an absolute URL or one that begins with
 * a slash; anything else has no parts. `base` makes positions absolute.
 */
export function writeUrlParts(
  source: Uint8Array,
  row: number,
  start: number,
  end: number,
  base: number,
  out: ColumnWriter,
): void {
  let position = start;
  if (source[start] !== SLASH) {
    while (position < end && isLetter(source[position] as number)) position++;
    const hasAuthority =
      position > start &&
      position + 3 < end &&
      source[position] === COLON &&
      source[position + 1] === SLASH &&
      source[position + 2] === SLASH;
    if (!hasAuthority) return;
    out.span(row, FIELD.http_request_url_scheme, start + base, position + base);
    const authority = position + 3;
    position = authorityEnd(source, authority, end);
    writeAuthority(source, row, authority, position, base, out);
  }
  const fragment = find(source, NUMBER_SIGN, position, end);
  const query = find(source, QUESTION_MARK, position, fragment);
  out.span(row, FIELD.http_request_url_path, position + base, query + base);
  out.span(row, FIELD.http_request_url_query_string, query + 1 + base, fragment + base);
}

function authorityEnd(source: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const byte = source[i];
    if (byte === SLASH || byte === QUESTION_MARK || byte === NUMBER_SIGN) return i;
  }
  return end;
}

/** `user@host:port`; the user is left where it is, in the whole URL. */
function writeAuthority(
  source: Uint8Array,
  row: number,
  start: number,
  end: number,
  base: number,
  out: ColumnWriter,
): void {
  let first = start;
  for (let i = start; i < end; i++) if (source[i] === AT_SIGN) first = i + 1;
  let last = end;
  while (last > first && source[last - 1] !== COLON && source[last - 1] !== CLOSE_BRACKET) last--;
  const hasPort = last > first && source[last - 1] === COLON;
  const hostEnd = hasPort ? last - 1 : end;
  out.span(row, FIELD.http_request_url_hostname, first + base, hostEnd + base);
  if (!hasPort) return;
  const port = parseUnsigned(source, last, end);
  if (port <= 65_535) out.number(row, FIELD.http_request_url_port, port);
}
