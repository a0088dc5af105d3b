// Packets that the kernel's firewall logs: iptables and nftables with LOG, UFW, firewalld. After
// net/netfilter/nf_log_syslog.c: `[ts] PREFIX IN=eth0 OUT= MAC=... SRC=... DST=... LEN=60 ...
// PROTO=TCP SPT=50022 DPT=22 WINDOW=64240 RES=0x00 SYN URGP=0`.
import { type ColumnWriter, FIELD, MARK, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { AS, TypedWriter } from '../common/typed-writer.js';
import type { Pack } from '../pack.js';
import {
  at,
  CLOSE_BRACKET,
  EQUALS,
  find,
  isDigit,
  isLetter,
  OPEN_BRACKET,
  SPACE,
  skipSpaces,
  startsWith,
  trimEnd,
} from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { parseUnsigned } from '../text/number.js';
import { writeClass } from '../text/values.js';
import { CLASS } from './outcomes.js';

/** How far a prefix reaches: iptables allows 29 bytes, nftables 127. */
const PREFIX_BYTES_MAX = 180;
/** `IN=` and the name of an interface, which IFNAMSIZ keeps below 16 bytes. */
const INTERFACE_BYTES_MAX = 24;
const MAC_BYTES = 17;
/** `MAC=` holds a whole Ethernet header: destination, source, type. */
const ETHERNET_BYTES = 3 * 14 - 1;

const OWN = { mac: 100, protocol: 101, length: 102, id: 103 } as const;
type KeyRow = readonly [key: string, as: number, field: number];
const KEYS: readonly KeyRow[] = [
  ['IN', AS.text, FIELD.src_endpoint_interface_name],
  ['OUT', AS.text, FIELD.dst_endpoint_interface_name],
  ['SRC', AS.ip, FIELD.src_endpoint_ip],
  ['DST', AS.ip, FIELD.dst_endpoint_ip],
  ['SPT', AS.unsigned, FIELD.src_endpoint_port],
  ['DPT', AS.unsigned, FIELD.dst_endpoint_port],
  ['MAC', OWN.mac, 0],
  ['PROTO', OWN.protocol, 0],
  ['LEN', OWN.length, FIELD.traffic_bytes],
  ['ID', OWN.id, 0],
  ['UID', AS.text, FIELD.actor_user_uid],
  // MACSRC, MACDST and MACPROTO stand in place of MAC where the option macdecode is on.
  ['MACSRC', AS.mac, FIELD.src_endpoint_mac],
  ['MACDST', AS.mac, FIELD.dst_endpoint_mac],
];
const keyTable = new KeyTable(KEYS.map(([key], index) => [key, index + 1] as const));

/** IANA protocol numbers of the names that the kernel writes; others it writes as numbers. */
const PROTOCOLS = {
  ICMP: 1,
  TCP: 6,
  UDP: 17,
  ESP: 50,
  AH: 51,
  ICMPv6: 58,
  SCTP: 132,
  UDPLITE: 136,
};
const protocolTable = new KeyTable(Object.entries(PROTOCOLS));

/** Words of prefixes that say what becomes of the packet: activity of the class, disposition_id. */
const WORDS: readonly (readonly [words: string, activity: number, disposition: number])[] = [
  ['BLOCK BLOCKED DENY DENIED', 5, 2],
  ['DROP DROPPED', 5, 6],
  ['REJECT REJECTED', 5, 25],
  ['ALLOW ALLOWED ACCEPT ACCEPTED PASS', 6, 1],
  ['AUDIT LOG', 6, 17],
];
const wordTable = new KeyTable(
  WORDS.flatMap(([words], index) =>
    words
      .split(' ')
      .flatMap((word) => [[word, index + 1] as const, [word.toLowerCase(), index + 1] as const]),
  ),
);
const TRAFFIC = 6;
const typed = new TypedWriter();

export const netfilter: Pack = {
  name: 'linux_netfilter',
  version: '1',
  summary: 'Packets logged by the Linux firewall: iptables, nftables, UFW, firewalld.',
  tags: ['kernel', 'ulogd'],
  // Behind another tag, or none, the list must begin at once or behind a prefix in brackets.
  detect(bytes, start, end) {
    const first = at(bytes, start, end);
    if (first === 0x49) return startsWith(bytes, start, end, 'IN=');
    return first === OPEN_BRACKET && startsWith(bytes, start, end, '[UFW ');
  },
  parse,
};

function parse(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const last = trimEnd(bytes, start, end);
  const first = behindUptime(bytes, skipSpaces(bytes, start, last), last);
  const list = listStart(bytes, first, last);
  if (list < 0) return 'no';
  typed.begin(batch, row, out);
  out.code(row, FIELD.metadata_product_name, 'netfilter');
  out.code(row, FIELD.metadata_product_vendor_name, 'Linux');
  out.span(row, FIELD.message, start, last);
  writePrefix(first, list);
  writeList(list, last);
  // The packet's way: only a packet for this host has no way out, only one of its own none in.
  const hasIn = out.has(row, FIELD.src_endpoint_interface_name);
  const hasOut = out.has(row, FIELD.dst_endpoint_interface_name);
  if (hasIn !== hasOut) out.number(row, FIELD.connection_info_direction_id, hasIn ? 1 : 2);
  return 'parsed';
}

/** Behind `[12345.678901] `, the seconds since the start of the kernel. */
export function behindUptime(bytes: Uint8Array, start: number, end: number): number {
  if (at(bytes, start, end) !== OPEN_BRACKET) return start;
  let position = skipSpaces(bytes, start + 1, end);
  if (!isDigit(at(bytes, position, end))) return start;
  while (position < end && (isDigit(bytes[position] as number) || bytes[position] === 0x2e))
    position++;
  return at(bytes, position, end) === CLOSE_BRACKET ? skipSpaces(bytes, position + 1, end) : start;
}

/** Where `IN=` stands, with ` OUT=` behind its value; -1 where there is none. */
function listStart(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end - 3, start + PREFIX_BYTES_MAX);
  for (let i = start; i < limit; i++) {
    if (bytes[i + 2] !== EQUALS || bytes[i] !== 0x49 || bytes[i + 1] !== 0x4e) continue;
    // `SPT` and the like do not end in IN; a word of a prefix may: then a space is missing.
    const space = find(bytes, SPACE, i, Math.min(end, i + INTERFACE_BYTES_MAX));
    if (startsWith(bytes, space, end, ' OUT=')) return i;
  }
  return -1;
}

/** The prefix names the rule; a word in it that says what it does is the action. */
function writePrefix(start: number, end: number): void {
  const { out, row, batch } = typed;
  const { bytes } = batch;
  let first = start;
  let last = trimEnd(bytes, start, end);
  if (at(bytes, first, last) === OPEN_BRACKET && bytes[last - 1] === CLOSE_BRACKET) {
    first++;
    last--;
  } else if (last > first && bytes[last - 1] === 0x3a) last--;
  out.span(row, FIELD.firewall_rule_name, first, last);
  let kind = 0;
  for (let position = first; position < last; ) {
    let stop = position;
    while (stop < last && isLetter(bytes[stop] as number)) stop++;
    const found = stop > position ? wordTable.lookup(bytes, position, stop) : 0;
    if (found !== 0) {
      kind = found;
      out.span(row, FIELD.action, position, stop);
      break;
    }
    position = stop + 1;
  }
  const [, activity, disposition] = WORDS[kind - 1] ?? ['', TRAFFIC, 0];
  writeClass(row, CLASS.network, activity, out);
  if (disposition !== 0) out.number(row, FIELD.disposition_id, disposition);
}

function writeList(start: number, end: number): void {
  const { bytes } = typed.batch;
  let position = start;
  while (position < end) {
    position = skipSpaces(bytes, position, end);
    if (position >= end) break;
    if (bytes[position] === OPEN_BRACKET) {
      // The packet that an ICMP error is about stands in brackets, with the same keys.
      const close = find(bytes, CLOSE_BRACKET, position, end);
      typed.unmapped('icmp_packet', position + 1, close);
      position = close + 1;
      continue;
    }
    const stop = find(bytes, SPACE, position, end);
    const equals = find(bytes, EQUALS, position, stop);
    if (equals === stop) writeFlag(position, stop);
    else writePair(position, equals, equals + 1, stop);
    position = stop;
  }
}

const FLAGS = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 };
const flagTable = new KeyTable(Object.entries(FLAGS));

/** `SYN` and its like are flags of TCP; `DF`, `MF`, `CE` those of IP. */
function writeFlag(start: number, stop: number): void {
  const { out, row } = typed;
  const flag = flagTable.lookup(typed.batch.bytes, start, stop);
  if (flag === 0) {
    out.unmapped(row, start, stop, start, stop);
    return;
  }
  const field = FIELD.connection_info_tcp_flags;
  const known = out.has(row, field) ? out.numberAt(row, field) : 0;
  out.number(row, field, known | flag);
}

function writePair(keyStart: number, keyEnd: number, start: number, stop: number): void {
  const { out, row, batch } = typed;
  if (start === stop) return;
  const key = keyTable.lookup(batch.bytes, keyStart, keyEnd);
  if (key === 0) {
    out.unmapped(row, keyStart, keyEnd, start, stop);
    return;
  }
  const [, as, field] = KEYS[key - 1] as KeyRow;
  // UDP and ICMP have a length and an id of their own behind the protocol.
  const isOfIp = !out.has(row, FIELD.connection_info_protocol_num);
  if (as === OWN.length && isOfIp) typed.pair(AS.unsigned, field, keyStart, keyEnd, start, stop);
  else if (as === OWN.length) typed.unmapped('UDP_LEN', start, stop);
  else if (as === OWN.id) typed.unmapped(isOfIp ? 'ID' : 'ICMP_ID', start, stop);
  else if (as === OWN.mac) writeMacs(keyStart, keyEnd, start, stop);
  else if (as === OWN.protocol) writeProtocol(keyStart, keyEnd, start, stop);
  else typed.pair(as, field, keyStart, keyEnd, start, stop);
}

function writeMacs(keyStart: number, keyEnd: number, start: number, stop: number): void {
  const { out, row } = typed;
  if (stop - start === ETHERNET_BYTES) {
    const source = start + MAC_BYTES + 1;
    const isGood =
      typed.put(AS.mac, FIELD.dst_endpoint_mac, start, start + MAC_BYTES) &&
      typed.put(AS.mac, FIELD.src_endpoint_mac, source, source + MAC_BYTES);
    if (isGood) {
      typed.unmapped('ethertype', source + MAC_BYTES + 1, stop);
      return;
    }
    typed.mark(MARK.value_invalid, start);
  }
  // Other links have headers of other lengths.
  out.unmapped(row, keyStart, keyEnd, start, stop);
}

function writeProtocol(keyStart: number, keyEnd: number, start: number, stop: number): void {
  const { out, row, batch } = typed;
  const known = protocolTable.lookup(batch.bytes, start, stop);
  const value = known === 0 ? parseUnsigned(batch.bytes, start, stop) : known;
  if (value <= 255) out.number(row, FIELD.connection_info_protocol_num, value);
  else {
    typed.mark(MARK.value_invalid, start);
    out.unmapped(row, keyStart, keyEnd, start, stop);
  }
  if (known !== 0) typed.put(AS.lower, FIELD.connection_info_protocol_name, start, stop);
}
