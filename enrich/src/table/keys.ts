// Values as keys: the same bytes for every way to write the same thing, in tables and in events.
import { domainToASCII } from 'node:url';
import { readAddress } from '@weir/pipeline';

const KEY_BYTES_MAX = 4_096;
const encoder = new TextEncoder();

/** Where a key is put; valid until the next one is. */
export const keyBytes = new Uint8Array(KEY_BYTES_MAX);
export const addressBytes = new Uint8Array(16);

export const addressKey = (text: string): 0 | 4 | 16 => readAddress(text, addressBytes);

/**
 * Length of a host name in keyBytes: lower case, names of other scripts as RFC 5891 has them,
 * without the root's dot. -1 where it is no name with a dot in it.
 */
export function domainKey(text: string): number {
  const length = lowerAscii(text);
  if (length === NOT_ASCII) {
    const ascii = domainToASCII(text);
    return ascii === '' ? -1 : domainKey(ascii);
  }
  const end = length > 0 && keyBytes[length - 1] === 0x2e ? length - 1 : length;
  if (end < 3 || end > 253) return -1;
  let dots = 0;
  let labelStart = 0;
  for (let i = 0; i < end; i++) {
    const byte = keyBytes[i] as number;
    if (byte === 0x2e) {
      if (i === labelStart) return -1;
      labelStart = i + 1;
      dots++;
    } else if (!isNameByte(byte)) return -1;
  }
  // What ends in a number is an address, or nothing.
  return dots > 0 && labelStart < end && !isDigit(keyBytes[end - 1] as number) ? end : -1;
}

const NOT_ASCII = -2;

function lowerAscii(text: string): number {
  const { length } = text;
  if (length > KEY_BYTES_MAX) return -1;
  for (let i = 0; i < length; i++) {
    const character = text.charCodeAt(i);
    if (character > 127) return NOT_ASCII;
    keyBytes[i] = character >= 0x41 && character <= 0x5a ? character | 0x20 : character;
  }
  return length;
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isNameByte = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) || isDigit(byte) || byte === 0x2d || byte === 0x5f;

/** Length of a file's hash in keyBytes: MD5, SHA-1, SHA-256 or SHA-512 in hexadecimal digits. */
export function hashKey(text: string): number {
  const { length } = text;
  if (length !== 32 && length !== 40 && length !== 64 && length !== 128) return -1;
  for (let i = 0; i < length; i++) {
    const lower = text.charCodeAt(i) | 0x20;
    const isHex = (lower >= 0x61 && lower <= 0x66) || isDigit(text.charCodeAt(i));
    if (!isHex) return -1;
    keyBytes[i] = isDigit(text.charCodeAt(i)) ? text.charCodeAt(i) : lower;
  }
  return length;
}

export const textKey = (text: string): number => {
  if (text.length === 0 || text.length * 3 > KEY_BYTES_MAX) return -1;
  const ascii = plainAscii(text);
  return ascii >= 0 ? ascii : encoder.encodeInto(text, keyBytes).written;
};

function plainAscii(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character > 127) return NOT_ASCII;
    keyBytes[i] = character;
  }
  return text.length;
}

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * Length of a URL in keyBytes, without what does not tell one resource from another: scheme, user,
 * fragment, the port that the scheme has anyway; the host in lower case, and `/` for no path. -1
 * where there is no host.
 */
export function urlKey(text: string): number {
  const scheme = SCHEME.exec(text)?.[0] ?? '';
  let rest = scheme === '' ? text : text.slice(scheme.length);
  const fragment = rest.indexOf('#');
  if (fragment >= 0) rest = rest.slice(0, fragment);
  const hostEnd = rest.search(/[/?]|$/);
  const authority = rest.slice(rest.lastIndexOf('@', hostEnd) + 1, hostEnd);
  const host = withoutPort(authority.toLowerCase(), scheme.toLowerCase());
  if (host === '') return -1;
  const path = rest.slice(hostEnd);
  return textKey(`${host}${path.startsWith('/') ? '' : '/'}${path}`);
}

function withoutPort(host: string, scheme: string): string {
  if (host.endsWith(':80') && scheme !== 'https://') return host.slice(0, -3);
  if (host.endsWith(':443') && scheme !== 'http://') return host.slice(0, -4);
  return host;
}
