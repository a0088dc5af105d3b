// One side of a connection as Cisco firewalls and routers write it (Cisco Secure Firewall ASA
// Series Syslog Messages): `inside:192.0.2.1/80`, `inside/192.0.2.1(80)`, `192.0.2.1/80`,
// `192.0.2.1(80)`, `192.0.2.1:80`, `192.0.2.1`; behind it the translated address in parentheses,
// the user, or both: `outside:192.0.2.1/80 (198.51.100.1/80)(LOCAL\alice)`.
import { at, COLON, COMMA, isDigit, SLASH, SPACE } from '../text/ascii.js';
import { isIp } from '../text/ip.js';
import { SIDE } from './targets.js';

const OPEN = 0x28;
const CLOSE = 0x29;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const GROUPS_MAX = 4;

export interface EndpointReader {
  value(target: number, start: number, end: number): void;
}

/** By byte: 1 for those that end an endpoint's text. */
const isEnd = new Uint8Array(256).fill(1, 0, SPACE + 1);
for (const byte of [OPEN, CLOSE, COMMA, 0x3b, 0x22, 0x27, 0x3e, CLOSE_BRACKET]) isEnd[byte] = 1;

/** Reads at `start`; `side` is 0 for the source. Position behind it, -1 when there is none. */
export function readEndpoint(
  bytes: Uint8Array,
  start: number,
  end: number,
  side: number,
  out: EndpointReader,
): number {
  if (at(bytes, start, end) === OPEN_BRACKET) return readBracketed(bytes, start, end, side, out);
  let position = start;
  let colon = -1;
  let colons = 0;
  let slash = -1;
  while (position < end && isEnd[bytes[position] as number] === 0) {
    const byte = bytes[position] as number;
    if (byte === COLON) {
      if (colons++ === 0) colon = position;
    } else if (byte === SLASH) slash = position;
    position++;
  }
  const stop = position;
  let last = stop;
  // `2001:db8::` ends with colons of its own.
  const isAddress = colons > 1 && isIp(bytes, start, slash < 0 ? stop : slash);
  if (!isAddress)
    while (last > start && (bytes[last - 1] === 0x2e || bytes[last - 1] === COLON)) last--;
  if (last === start) return -1;
  if (colon === last) colons = 0;
  const hasPort = split(bytes, start, last, colon, colons, slash, side, out);
  return stop === last ? readGroups(bytes, stop, end, side, hasPort, out) : last;
}

/** `[2001:db8::1]:500` */
function readBracketed(
  bytes: Uint8Array,
  start: number,
  end: number,
  side: number,
  out: EndpointReader,
): number {
  let close = start + 1;
  while (close < end && bytes[close] !== CLOSE_BRACKET && close - start < 64) close++;
  if (at(bytes, close, end) !== CLOSE_BRACKET) return -1;
  if (!isIp(bytes, start + 1, close)) return -1;
  out.value(SIDE.address + side, start + 1, close);
  const mark = at(bytes, close + 1, end);
  if (mark !== COLON && mark !== SLASH) return close + 1;
  const stop = digitsEnd(bytes, close + 2, end);
  out.value(SIDE.port + side, close + 2, stop);
  return stop;
}

/** Interface, address and port of bytes[start, end). True when there was a port. */
function split(
  bytes: Uint8Array,
  start: number,
  end: number,
  colon: number,
  colons: number,
  slash: number,
  side: number,
  out: EndpointReader,
): boolean {
  // inside/192.0.2.1: an interface in front of the slash.
  if (slash >= 0 && isIp(bytes, slash + 1, end)) {
    out.value(SIDE.interface + side, start, slash);
    out.value(SIDE.address + side, slash + 1, end);
    return false;
  }
  const stop = slash >= 0 ? slash : end;
  if (slash >= 0) out.value(SIDE.port + side, slash + 1, end);
  if (colons === 0) {
    out.value(SIDE.address + side, start, stop);
    return slash >= 0;
  }
  if (colons > 1 && isIp(bytes, start, stop)) {
    out.value(SIDE.address + side, start, stop);
    return slash >= 0;
  }
  // 192.0.2.1:80, and router:80 where what follows is digits alone.
  if (slash < 0 && colons === 1 && digitsEnd(bytes, colon + 1, stop) === stop) {
    out.value(SIDE.address + side, start, colon);
    out.value(SIDE.port + side, colon + 1, stop);
    return true;
  }
  out.value(SIDE.interface + side, start, colon);
  out.value(SIDE.address + side, colon + 1, stop);
  return slash >= 0;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && isDigit(bytes[position] as number)) position++;
  return position;
}

/** What stands in parentheses behind the address: a port, the translated address, the user. */
function readGroups(
  bytes: Uint8Array,
  start: number,
  end: number,
  side: number,
  hadPort: boolean,
  out: EndpointReader,
): number {
  let position = start;
  let hasPort = hadPort;
  for (let group = 0; group < GROUPS_MAX; group++) {
    const isAttached = at(bytes, position, end) === OPEN;
    const open = isAttached ? position : position + 1;
    if (!isAttached && (at(bytes, position, end) !== SPACE || at(bytes, open, end) !== OPEN))
      return position;
    const close = closeOf(bytes, open, end);
    if (close >= end) return position;
    if (isAttached && !hasPort && digitsEnd(bytes, open + 1, close) === close) {
      out.value(SIDE.port + side, open + 1, close);
      hasPort = true;
    } else if (!readNat(bytes, open + 1, close, side, out)) {
      // Apart from the address it can be anything: the template knows.
      if (!isAttached || !readUser(bytes, open + 1, close, side, out)) return position;
    }
    position = close + 1;
  }
  return position;
}

/** The parenthesis that closes the one at `open`; a user's name can hold some of its own. */
function closeOf(bytes: Uint8Array, open: number, end: number): number {
  let depth = 0;
  for (let position = open; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return position;
  }
  return end;
}

/** `198.51.100.1/80`, `198.51.100.1` or `name/80`, and nothing else. */
function readNat(
  bytes: Uint8Array,
  start: number,
  end: number,
  side: number,
  out: EndpointReader,
): boolean {
  let slash = end;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === SLASH && i > start) slash = i;
    else if (slash < end ? !isDigit(byte) : byte <= SPACE || byte === COMMA || byte === 0x5c)
      return false;
  }
  if (slash === end ? !isIp(bytes, start, end) : slash + 1 === end) return false;
  out.value(SIDE.nat + side, start, slash);
  out.value(SIDE.natPort + side, slash + 1, end);
  return true;
}

/**
 * `LOCAL\alice`, or `alice, 15:Employees` with a security group tag behind it. False for neither.
 */
function readUser(
  bytes: Uint8Array,
  start: number,
  end: number,
  side: number,
  out: EndpointReader,
): boolean {
  let stop = start;
  while (stop < end && bytes[stop] !== COMMA) if (bytes[stop++] === COLON) return false;
  out.value(SIDE.user + side, start, stop);
  return true;
}
