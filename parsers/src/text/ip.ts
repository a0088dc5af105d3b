// Textual addresses: RFC 4291 2.2 for IPv6, dotted quads for IPv4. They are validated
// here and put into canonical form by canonical.ts.
import { COLON, DOT, isHexDigit, ZERO } from './ascii.js';

/** True when [start, end) is an IPv4 or IPv6 address, without prefix length, port or zone. */
export function isIp(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < 2 || length > 45) return false;
  const stop = Math.min(end, start + 5);
  for (let i = start; i < stop; i++) {
    const byte = bytes[i] as number;
    if (byte === DOT) return isIpv4(bytes, start, end);
    if (byte === COLON) return isIpv6(bytes, start, end);
  }
  return false;
}

/** True for a dotted quad. */
export function isIpv4(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  for (let part = 1; part <= 4; part++) {
    let value = digitAt(bytes, position++, end);
    if (value < 0) return false;
    // A leading zero is octal to some readers and decimal to others: it is no address here.
    if (value > 0) {
      for (let i = 0; i < 2; i++) {
        const digit = digitAt(bytes, position, end);
        if (digit < 0) break;
        value = value * 10 + digit;
        position++;
      }
    }
    if (value > 255) return false;
    if (part < 4 && (position >= end || bytes[position++] !== DOT)) return false;
  }
  return position === end;
}

/** 0 to 9, or -1. */
function digitAt(bytes: Uint8Array, position: number, end: number): number {
  if (position >= end) return -1;
  const digit = (bytes[position] as number) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

function isIpv6(bytes: Uint8Array, start: number, end: number): boolean {
  let groups = 0;
  let hasGap = false;
  let at = start;
  if (bytes[at] === COLON) {
    if (bytes[at + 1] !== COLON || end - start < 2) return false;
    hasGap = true;
    at += 2;
  }
  while (at < end) {
    let stop = at;
    while (stop < end && isHexDigit(bytes[stop] as number)) stop++;
    if (stop < end && bytes[stop] === DOT) {
      if (!isIpv4(bytes, at, end)) return false;
      groups += 2;
      at = end;
      break;
    }
    if (stop === at || stop - at > 4) return false;
    groups++;
    if (stop === end) {
      at = end;
      break;
    }
    if (bytes[stop] !== COLON) return false;
    at = stop + 1;
    if (at === end) return false;
    if (bytes[at] === COLON) {
      if (hasGap) return false;
      hasGap = true;
      at++;
    }
  }
  return hasGap ? groups < 8 : groups === 8;
}
