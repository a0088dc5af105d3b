// Canonical forms: addresses by RFC 5952, MAC addresses as aa:bb:cc:dd:ee:ff, words in lower case.
// What is canonical already stays where it stands in the event; anything else goes to scratch.
import type { ColumnWriter } from '@weir/pipeline';
import { COLON, DOT, isDigit, isHexDigit, MINUS, PERCENT } from './ascii.js';
import { isIp, isIpv4 } from './ip.js';

const GROUPS = 8;
const HEX = '0123456789abcdef';
const groups = new Uint16Array(GROUPS);

/**
 * An address into a span column; false when the text is none. `base` is added to positions of
 * `source` to make them absolute. A zone (`fe80::1%eth0`, RFC 4007) stays, brackets go.
 */
export function writeCanonicalIp(
  source: Uint8Array,
  row: number,
  field: number,
  start: number,
  end: number,
  base: number,
  out: ColumnWriter,
): boolean {
  // Most are of version 4, whose only form is the canonical one.
  if (isIpv4(source, start, end)) {
    out.span(row, field, start + base, end + base);
    return true;
  }
  let first = start;
  let last = end;
  if (source[first] === 0x5b && source[last - 1] === 0x5d) {
    first++;
    last--;
  }
  let zone = last;
  if (isColonNear(source, first, last)) {
    zone = first;
    while (zone < last && source[zone] !== PERCENT) zone++;
    if (zone + 1 === last) return false;
  }
  if (!isIp(source, first, zone)) return false;
  if (isCanonical(source, first, zone)) {
    out.span(row, field, first + base, last + base);
    return true;
  }
  const from = out.scratch.position;
  readGroups(source, first, zone);
  writeGroups(out);
  // Copied before the scratch can move: the zone may stand in it.
  for (let i = zone; i < last; i++) out.scratch.byte(source[i] as number);
  out.span(row, field, from, out.scratch.position);
  return true;
}

/** The first group of an IPv6 address has four digits at most. */
function isColonNear(bytes: Uint8Array, start: number, end: number): boolean {
  const stop = Math.min(end, start + 5);
  for (let i = start; i < stop; i++) if (bytes[i] === COLON) return true;
  return false;
}

/**
 * IPv4 always is; of IPv6 only what is surely canonical: lower case, no leading zero, no group of
 * zero alone, and no dotted part. Anything else is written anew.
 */
function isCanonical(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isColonNear(bytes, start, end)) return true;
  let isStart = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === COLON) {
      isStart = true;
      continue;
    }
    if (byte === DOT || (byte >= 0x41 && byte <= 0x46)) return false;
    if (isStart && byte === 0x30) return false;
    isStart = false;
  }
  return true;
}

const hexValue = (byte: number): number => (isDigit(byte) ? byte - 0x30 : (byte | 0x20) - 0x57);

/** Of a valid address. A gap is filled with zeros. */
function readGroups(bytes: Uint8Array, start: number, end: number): void {
  groups.fill(0);
  let count = 0;
  let gapAt = -1;
  let at = start;
  while (at < end) {
    if (bytes[at] === COLON) {
      // Between two groups there is one; two are the gap.
      if (bytes[at + 1] === COLON) {
        gapAt = count;
        at += 2;
      } else at++;
      continue;
    }
    let stop = at;
    let value = 0;
    while (stop < end && isHexDigit(bytes[stop] as number))
      value = value * 16 + hexValue(bytes[stop++] as number);
    if (bytes[stop] === DOT && stop < end) {
      count = readDotted(bytes, at, end, count);
      break;
    }
    groups[count++] = value;
    at = stop;
  }
  if (gapAt < 0) return;
  const moved = count - gapAt;
  for (let i = 1; i <= moved; i++) {
    groups[GROUPS - i] = groups[count - i] as number;
    if (count - i < GROUPS - moved) groups[count - i] = 0;
  }
}

function readDotted(bytes: Uint8Array, start: number, end: number, count: number): number {
  let high = 0;
  let value = 0;
  let part = 0;
  for (let i = start; i <= end; i++) {
    if (i < end && bytes[i] !== DOT) {
      value = value * 10 + (bytes[i] as number) - 0x30;
      continue;
    }
    if (part % 2 === 0) high = value;
    else groups[count + (part >> 1)] = high * 256 + value;
    part++;
    value = 0;
  }
  return count + 2;
}

/** RFC 5952 4: the longest run of two or more zero groups is left out, the first of equals. */
function writeGroups(out: ColumnWriter): void {
  const { scratch } = out;
  let gapStart = -1;
  let gapLength = 1;
  for (let i = 0; i < GROUPS; i++) {
    let stop = i;
    while (stop < GROUPS && groups[stop] === 0) stop++;
    if (stop - i > gapLength) {
      gapStart = i;
      gapLength = stop - i;
    }
    if (stop > i) i = stop;
  }
  // RFC 5952 5: an IPv4-mapped address keeps its dotted form.
  const isMapped = gapStart === 0 && gapLength === 5 && groups[5] === 0xffff;
  for (let i = 0; i < GROUPS; i++) {
    if (i === gapStart) {
      scratch.byte(COLON);
      scratch.byte(COLON);
      i += gapLength - 1;
      continue;
    }
    if (i > 0 && i !== gapStart + gapLength) scratch.byte(COLON);
    if (i === 0 && gapStart === 0) continue;
    if (isMapped && i === 6) {
      writeDotted(out);
      return;
    }
    writeHex(groups[i] as number, out);
  }
}

function writeDotted({ scratch }: ColumnWriter): void {
  for (let part = 0; part < 4; part++) {
    if (part > 0) scratch.byte(DOT);
    const group = groups[6 + (part >> 1)] as number;
    const value = part % 2 === 0 ? group >> 8 : group & 0xff;
    if (value >= 100) scratch.byte(0x30 + Math.floor(value / 100));
    if (value >= 10) scratch.byte(0x30 + (Math.floor(value / 10) % 10));
    scratch.byte(0x30 + (value % 10));
  }
}

function writeHex(value: number, { scratch }: ColumnWriter): void {
  let shift = 12;
  while (shift > 0 && value >> shift === 0) shift -= 4;
  for (; shift >= 0; shift -= 4) scratch.byte(HEX.charCodeAt((value >> shift) & 15));
}

/**
 * Six octets, however they are joined (`00-1A-2b-..`, `001a.2b3c.4d5e`, `001A2B3C4D5E`), as
 * aa:bb:cc:dd:ee:ff; false for anything else.
 */
export function writeMac(
  source: Uint8Array,
  row: number,
  field: number,
  start: number,
  end: number,
  base: number,
  out: ColumnWriter,
): boolean {
  let digits = 0;
  let isPlain = end - start === 17;
  for (let i = start; i < end; i++) {
    const byte = source[i] as number;
    if (isHexDigit(byte)) {
      digits++;
      if (byte >= 0x41 && byte <= 0x46) isPlain = false;
    } else if (byte === COLON || byte === MINUS || byte === DOT) {
      // Digits stand in pairs or fours.
      if (digits === 0 || digits % 2 !== 0 || i + 1 === end) return false;
      if (byte !== COLON || (i - start) % 3 !== 2) isPlain = false;
    } else return false;
  }
  if (digits !== 12) return false;
  if (isPlain) {
    out.span(row, field, start + base, end + base);
    return true;
  }
  const { scratch } = out;
  const from = scratch.position;
  let written = 0;
  for (let i = start; i < end; i++) {
    const byte = source[i] as number;
    if (!isHexDigit(byte)) continue;
    if (written > 0 && written % 2 === 0) scratch.byte(COLON);
    scratch.byte(isDigit(byte) ? byte : byte | 0x20);
    written++;
  }
  out.span(row, field, from, scratch.position);
  return true;
}

/** ASCII letters in lower case. */
export function writeLower(
  source: Uint8Array,
  row: number,
  field: number,
  start: number,
  end: number,
  base: number,
  out: ColumnWriter,
): void {
  let at = start;
  while (at < end && !isUpper(source[at] as number)) at++;
  if (at === end) {
    out.span(row, field, start + base, end + base);
    return;
  }
  const { scratch } = out;
  const from = scratch.position;
  for (let i = start; i < end; i++) {
    const byte = source[i] as number;
    scratch.byte(isUpper(byte) ? byte | 0x20 : byte);
  }
  out.span(row, field, from, scratch.position);
}

const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;
