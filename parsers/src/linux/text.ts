// The text of a syslog message without what relays and old systems put around it.
import { skipSpaces, trimEnd } from '../text/ascii.js';

/** Behind a byte order mark (RFC 5424 6.4) and spaces. */
export function textStart(bytes: Uint8Array, start: number, end: number): number {
  const hasMark =
    end - start >= 3 &&
    bytes[start] === 0xef &&
    bytes[start + 1] === 0xbb &&
    bytes[start + 2] === 0xbf;
  return skipSpaces(bytes, hasMark ? start + 3 : start, end);
}

export const textEnd = trimEnd;
