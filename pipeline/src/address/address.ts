// IP addresses and networks as bytes: text forms of RFC 4632 (IPv4 prefixes) and RFC 4291 2.2-2.3
// (IPv6 addresses and prefixes). An IPv4 address in IPv6 form (::ffff:192.0.2.1) is the IPv4
// address. A zone (fe80::1%eth0) says on which link the address is, and is left out.

/** Bytes of an address that was read; 0: the text is no address. */
export type AddressBytes = 0 | 4 | 16;

const DOT = 0x2e;
const COLON = 0x3a;

/** Reads an address into `to`, 16 bytes long; says how many of them it has. */
export function readAddress(text: string, to: Uint8Array): AddressBytes {
  for (let i = 0; i < text.length && i < 5; i++) {
    const character = text.charCodeAt(i);
    if (character === DOT) return readIpv4(text, 0, text.length, to, 0) ? 4 : 0;
    if (character === COLON) return readIpv6(text, to);
  }
  return 0;
}

function readIpv4(text: string, start: number, end: number, to: Uint8Array, at: number): boolean {
  let part = -1;
  let position = at;
  for (let i = start; i <= end; i++) {
    const character = i === end ? DOT : text.charCodeAt(i);
    if (character === DOT) {
      if (part < 0 || position === at + 4) return false;
      to[position++] = part;
      part = -1;
      continue;
    }
    const digit = character - 0x30;
    // No leading zero: some readers take it for octal.
    if (digit < 0 || digit > 9 || part === 0) return false;
    part = part < 0 ? digit : part * 10 + digit;
    if (part > 255) return false;
  }
  return position === at + 4;
}

function readIpv6(text: string, to: Uint8Array): AddressBytes {
  const zone = text.indexOf('%');
  const end = zone < 0 ? text.length : zone;
  if (zone === text.length - 1 && zone >= 0) return 0;
  let position = 0;
  let gapAt = -1;
  let i = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return 0;
    gapAt = 0;
    i = 2;
  }
  while (i < end) {
    const groupStart = i;
    let group = 0;
    for (; i < end; i++) {
      const digit = hexDigit(text.charCodeAt(i));
      if (digit < 0) break;
      group = group * 16 + digit;
    }
    const length = i - groupStart;
    if (i < end && text.charCodeAt(i) === DOT) {
      if (position > 12 || !readIpv4(text, groupStart, end, to, position)) return 0;
      position += 4;
      i = end;
      break;
    }
    if (length === 0 || length > 4 || position > 14) return 0;
    to[position++] = group >> 8;
    to[position++] = group & 255;
    if (i === end) break;
    if (text.charCodeAt(i) !== COLON || ++i === end) return 0;
    if (text.charCodeAt(i) === COLON) {
      if (gapAt >= 0) return 0;
      gapAt = position;
      i++;
    }
  }
  return finishIpv6(to, position, gapAt);
}

function finishIpv6(to: Uint8Array, position: number, gapAt: number): AddressBytes {
  if (gapAt < 0) {
    if (position !== 16) return 0;
  } else {
    if (position > 14) return 0;
    to.copyWithin(16 - (position - gapAt), gapAt, position);
    to.fill(0, gapAt, 16 - (position - gapAt));
  }
  for (let i = 0; i < 10; i++) if (to[i] !== 0) return 16;
  if (to[10] !== 255 || to[11] !== 255) return 16;
  to.copyWithin(0, 12, 16);
  return 4;
}

function hexDigit(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  const lower = character | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** A network: the address with all bits behind `prefixLength` zero. */
export interface IpNetwork {
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array;
  readonly prefixLength: number;
  /** False where the text had bits set behind the prefix. */
  readonly isExact: boolean;
}

/** Of `10.0.0.0/8`, `2001:db8::/32`, or a single address; null for any other text. */
export function networkOf(text: string): IpNetwork | null {
  const slash = text.indexOf('/');
  const address = new Uint8Array(16);
  const length = readAddress(slash < 0 ? text : text.slice(0, slash), address);
  if (length === 0) return null;
  const bits = length * 8;
  const digits = slash < 0 ? `${bits}` : text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > bits) return null;
  const prefixLength = Number(digits);
  const bytes = address.slice(0, length);
  const masked = bytes.slice();
  clearBits(masked, length, prefixLength);
  return { bytes: masked, prefixLength, isExact: bytes.every((byte, i) => byte === masked[i]) };
}

/** Sets all bits behind the first `prefixLength` of [0, length) to zero. */
export function clearBits(bytes: Uint8Array, length: number, prefixLength: number): void {
  const whole = prefixLength >> 3;
  if (whole >= length) return;
  bytes[whole] = (bytes[whole] as number) & (0xff00 >> (prefixLength & 7));
  for (let i = whole + 1; i < length; i++) bytes[i] = 0;
}

/** True when the first bits of an address of `length` bytes are those of the network. */
export function contains(network: IpNetwork, address: Uint8Array, length: AddressBytes): boolean {
  const { bytes, prefixLength } = network;
  if (bytes.length !== length) return false;
  const whole = prefixLength >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false;
  const rest = prefixLength & 7;
  if (rest === 0) return true;
  const mask = 0xff00 >> rest;
  return ((bytes[whole] as number) & mask & 255) === ((address[whole] as number) & mask & 255);
}

/** Canonical text of 4 or 16 bytes: RFC 5952 for IPv6. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2)
    groups.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  let bestAt = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > bestLength) [bestAt, bestLength] = [i, end - i];
    if (end > i) i = end;
  }
  const text = (part: readonly number[]): string =>
    part.map((group) => group.toString(16)).join(':');
  if (bestAt < 0) return text(groups);
  return `${text(groups.slice(0, bestAt))}::${text(groups.slice(bestAt + bestLength))}`;
}
