// Who and from where, in the text of SYSTEM and AUTHENTICATION events: PAN-OS has no fields for
// them there. Only the forms that its messages have are read, nothing is guessed.
import { FIELD, type RawBatch } from '@weir/pipeline';
import { AS, type TypedWriter } from '../common/typed-writer.js';
import type { PanosFacts } from './facts.js';
import { TYPE } from './layouts.js';
import { SUBTYPE } from './words.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const SOURCES = ['From: ', 'Login from: ', 'initiated by: ', ' from '].map(encode);
const QUOTED_USERS = ["user '", "User '"].map(encode);
const USERS = ['for user ', 'User name: '].map(encode);
const USER_HEAD = encode('User ');
const LOGGED_IN = encode(' logged in ');
const LOGGED_OUT = encode(' logged out ');
const BY = encode(' by ');
/** `DHCP RENEW: interface eth0, ip 192.0.2.7 netmask ...`: the client of DHCP is the firewall. */
const LEASE = encode(', ip ');

const COMMA = 0x2c;
const DOT = 0x2e;
const QUOTE = 0x27;
const SPACE = 0x20;

export function readSystemText(
  batch: RawBatch,
  row: number,
  facts: PanosFacts,
  typed: TypedWriter,
): void {
  if (facts.type !== TYPE.system && facts.type !== TYPE.authentication) return;
  const { out } = typed;
  const isRaw = facts.textStart < batch.bytes.length;
  const shift = isRaw ? 0 : batch.bytes.length;
  const source = isRaw ? batch.bytes : out.scratch.memory;
  const from = facts.textStart - shift;
  const to = facts.textEnd - shift;
  if (facts.userEnd === 0) readUser(source, from, to, shift, facts);
  if (out.has(row, FIELD.src_endpoint_ip)) return;
  const lease = facts.subtype === SUBTYPE.dhcp ? find(source, from, to, LEASE) : -1;
  if (lease > 0) {
    const end = wordEnd(source, lease, to);
    if (typed.put(AS.ip, FIELD.src_endpoint_ip, lease + shift, end + shift)) return;
  }
  for (const marker of SOURCES) {
    const found = find(source, from, to, marker);
    if (found < 0) continue;
    const end = wordEnd(source, found, to);
    if (typed.put(AS.ip, FIELD.src_endpoint_ip, found + shift, end + shift)) return;
  }
}

function readUser(
  source: Uint8Array,
  from: number,
  to: number,
  shift: number,
  facts: PanosFacts,
): void {
  if (find(source, from, Math.min(to, from + USER_HEAD.length), USER_HEAD) > 0) {
    const start = from + USER_HEAD.length;
    const end = wordEnd(source, start, to);
    const isIn = find(source, end, Math.min(to, end + LOGGED_IN.length), LOGGED_IN) > 0;
    const isOut = find(source, end, Math.min(to, end + LOGGED_OUT.length), LOGGED_OUT) > 0;
    if (isIn || isOut) {
      facts.textAuth = isIn ? 1 : 2;
      keep(facts, start + shift, end + shift);
      return;
    }
  }
  for (const marker of QUOTED_USERS) {
    const start = find(source, from, to, marker);
    if (start < 0) continue;
    let end = start;
    while (end < to && source[end] !== QUOTE) end++;
    if (end < to) keep(facts, start + shift, end + shift);
    return;
  }
  for (const marker of USERS) {
    const start = find(source, from, to, marker);
    if (start < 0) continue;
    const end = wordEnd(source, start, to);
    // `for user Auto update agent` names no user: a word behind the name says so.
    if (end < to && source[end] === SPACE) return;
    keep(facts, start + shift, end + shift);
    return;
  }
  if (facts.subtype !== SUBTYPE.general) return;
  const by = find(source, from, to, BY);
  if (by > 0 && wordEnd(source, by, to) === to) keep(facts, by + shift, to + shift);
}

function keep(facts: PanosFacts, start: number, end: number): void {
  if (start >= end) return;
  facts.userStart = start;
  facts.userEnd = end;
}

/** End of the word at `start`: before a space, a comma, or a full stop that ends a sentence. */
function wordEnd(source: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && source[position] !== SPACE && source[position] !== COMMA) position++;
  while (position > start && source[position - 1] === DOT) position--;
  return position;
}

/** Position behind the first `text`, -1 when it is not there. */
function find(source: Uint8Array, from: number, to: number, text: Uint8Array): number {
  const last = to - text.length;
  for (let i = from; i <= last; i++) {
    let k = 0;
    while (k < text.length && source[i + k] === text[k]) k++;
    if (k === text.length) return i + k;
  }
  return -1;
}
