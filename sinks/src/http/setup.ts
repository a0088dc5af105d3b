// Address and headers of a server, checked once.
import { Buffer } from 'node:buffer';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { WeirError } from '@weir/pipeline';

/** `who` is the sink in words. Throws WEIR_CONFIG_INVALID. */
export function httpUrlOf(text: string, who: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `the url of ${who} must be http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]`,
    );
  return url;
}

/** Without user, password and query, which may hold a secret. */
export const placeOf = (url: URL): string => `${url.origin}${url.pathname}`;

export interface BodyKind {
  /** Content-Type. */
  readonly type: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
}

/**
 * User and password of the URL, what the sink says itself, and what is given, which wins; in lower
 * case, so that one given twice stands there once. Throws WEIR_CONFIG_INVALID.
 */
export function headersOf(
  url: URL,
  given: Readonly<Record<string, string>>,
  { type, compression }: BodyKind,
  own: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': type };
  if (url.username !== '' || url.password !== '') {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  }
  for (const [name, value] of [...Object.entries(own), ...Object.entries(given)]) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      // The value may be a secret.
      throw new WeirError(
        'WEIR_CONFIG_INVALID',
        `headers/${name}: no request can have such a header`,
        {},
        error,
      );
    }
    headers[name.toLowerCase()] = value;
  }
  delete headers['content-encoding'];
  delete headers['content-length'];
  if (compression !== 'none') headers['content-encoding'] = compression;
  return headers;
}
