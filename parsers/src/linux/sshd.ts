// OpenSSH's server. Sentences after its source: auth.c (auth_log), auth2.c, auth-pam.c, packet.c,
// kex.c, session.c, sshd.c and sshd-session.c, versions 4 to 10.
import { type ColumnWriter, FIELD, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { type Holes, TextEvents, type TextRow } from '../common/text-events.js';
import { AS, TypedWriter } from '../common/typed-writer.js';
import type { Pack } from '../pack.js';
import { at, CLOSE_BRACKET, COLON, isDigit, SPACE, skipSpaces, startsWith } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { parseUnsigned } from '../text/number.js';
import { monthAt } from '../text/time.js';
import { writeClass } from '../text/values.js';
import {
  LOGOFF,
  LOGON,
  LOGON_FAILED,
  LOGON_SUCCEEDED,
  OTHER,
  OTHER_FAILED,
  SSH_CLOSE,
  SSH_FAIL,
  SSH_LISTEN,
  SSH_OPEN,
  SSH_REFUSE,
  SSH_RESET,
  SSH_TRAFFIC,
} from './outcomes.js';
import { writePamFailure } from './pam.js';
import { textEnd, textStart } from './text.js';

const holes: Holes = {
  user: [AS.account, FIELD.user_name],
  root: [AS.lower, FIELD.user_name],
  actor: [AS.account, FIELD.actor_user_name],
  host: [AS.host, FIELD.src_endpoint_ip],
  name: [AS.host, FIELD.src_endpoint_hostname],
  port: [AS.unsigned, FIELD.src_endpoint_port],
  to: [AS.host, FIELD.dst_endpoint_ip],
  to_port: [AS.unsigned, FIELD.dst_endpoint_port],
  method: [AS.text, FIELD.auth_protocol],
  action: [AS.text, FIELD.action],
  detail: [AS.text, FIELD.status_detail],
  terminal: [AS.text, FIELD.session_terminal],
};

/** `Accepted publickey for alice from 192.0.2.1 port 50022 ssh2: ED25519 SHA256:...` */
function signIns(action: string, result: TextRow[1], known: readonly string[] = []): TextRow[] {
  const start = `{action:${action}} {method} for `;
  const users = [...known, 'invalid user {user*}', 'illegal user {user*}', '{user*}'];
  const tails = [
    ' from {host} port {port#} {protocol}',
    ' from {host} port {port#} {protocol}: {key_type} {key_fingerprint}',
    ' from {host} port {port#} {protocol}: {key~}',
    ' from {host} port {port#}',
    ' from {host}',
  ];
  const rows = users.flatMap((user) => tails.map((tail) => [start + user + tail, result] as const));
  return [...rows, [`${start}{user}`, result]];
}

/** The peer as packet.c writes it, with the user once it is known. */
function peers(before: string, after: string, result: TextRow[1]): TextRow[] {
  const who = [
    'authenticating user {actor*} {host} port {port#}',
    'invalid user {actor*} {host} port {port#}',
    'authenticating user {host} port {port#}',
    'invalid user {host} port {port#}',
    'user {actor*} {host} port {port#}',
    '{host} port {port#}',
    '{host}',
  ];
  return who.map((peer) => [before + peer + after, result] as const);
}

const ATTEMPTS = '{detail:maximum authentication attempts exceeded} for ';
const MAPPING = 'reverse mapping checking getaddrinfo for ';

const rows: readonly TextRow[] = [
  // Without a name there is no one to sign in.
  ['{action:Failed} {auth_method} for invalid user  from {host} port {port#} {protocol}', SSH_FAIL],
  ['Invalid user  from {host} port {port#}', SSH_FAIL],
  // Who was let in exists, mostly without spaces; the id of a certificate, behind the address, is a
  // text that whoever signed it chose.
  ...signIns('Accepted', LOGON_SUCCEEDED, ['{user}']),
  ...signIns('Failed', LOGON_FAILED),
  ...signIns('Postponed', LOGON),
  ...signIns('Partial', LOGON),
  ['Accepted key {key_type} {key_fingerprint} found at {key_file~}:{key_line#}', OTHER],
  ['Found matching {key_type} key: {key_fingerprint}', OTHER],
  ['{detail:Invalid user} {user*} from {host} port {port#}', LOGON_FAILED],
  ['{detail:Invalid user} {user*} from {host}', LOGON_FAILED],
  ['{detail:Illegal user} {user*} from {host}', LOGON_FAILED],
  ['User {user*} from {host} {action:not allowed} because {detail~}', LOGON_FAILED],
  ['User {user*} {action:not allowed} because {detail~}', LOGON_FAILED],
  ['input_userauth_request: {detail:invalid user} {user*}', LOGON_FAILED],
  [`${ATTEMPTS}invalid user {user*} from {host} port {port#} {protocol}`, LOGON_FAILED],
  [`${ATTEMPTS}{user*} from {host} port {port#} {protocol}`, LOGON_FAILED],
  [
    '{detail:Too many authentication failures} for invalid user {user*} from {host} port {port#} {protocol}',
    LOGON_FAILED,
  ],
  [
    '{detail:Too many authentication failures} for {user*} from {host} port {port#} {protocol}',
    LOGON_FAILED,
  ],
  ['Disconnecting: {detail:Too many authentication failures} for {user*}', LOGON_FAILED],
  ['PAM: {detail~} for illegal user {user*} from {host}', LOGON_FAILED],
  ['PAM: {detail~} for {user*} from {host}', LOGON_FAILED],
  ['{root:ROOT} LOGIN REFUSED FROM {host} port {port#}', LOGON_FAILED],
  ['{root:ROOT} LOGIN REFUSED FROM {host}', LOGON_FAILED],
  ['Authentication refused: {detail~}', OTHER_FAILED],
  [
    'Authentication tried for {user*} with {detail~} from host {name}, client address {host}',
    LOGON_FAILED,
  ],
  ['Authorized to {user*}, krb5 principal {principal} ({check~})', LOGON_SUCCEEDED],
  [
    'Starting session: shell on {terminal} for {user*} from {host} port {port#} id {channel#}',
    LOGON,
  ],
  ['Starting session: {session_type} for {user*} from {host} port {port#} id {channel#}', LOGON],
  [
    "Starting session: subsystem '{subsystem}' for {user*} from {host} port {port#} id {channel#}",
    LOGON,
  ],
  [
    "Starting session: forced-command ({forced_by~}) '{command*}' for {user*} from {host} port {port#} id {channel#}",
    LOGON,
  ],
  ['Close session: user {user*} from {host} port {port#} id {channel#}', LOGOFF],
  ['subsystem request for {subsystem} by user {actor*} failed, {detail~}', OTHER_FAILED],
  ['subsystem request for {subsystem} by user {actor*}', SSH_TRAFFIC],
  ['subsystem request for {subsystem}', SSH_TRAFFIC],
  ...peers('Connection {action:closed} by ', '', SSH_CLOSE),
  ...peers('Connection {action:reset} by ', '', SSH_RESET),
  ...peers('Connection from ', ' timed out', SSH_FAIL),
  ['Connection from {host} port {port#} on {to} port {to_port#}', SSH_OPEN],
  ['Connection from {host} port {port#} on {to} port {to_port#} rdomain {rdomain~}', SSH_OPEN],
  ...peers('Connection from ', '', SSH_OPEN),
  ['Disconnected from {host} port {port#} {detail~}', SSH_CLOSE],
  ...peers('Disconnected from ', '', SSH_CLOSE),
  ...peers('Disconnecting ', ': {detail~}', SSH_CLOSE),
  ...peers('Disconnecting ', '', SSH_CLOSE),
  ['Received disconnect from {host} port {port#}:{code#}: {detail~}', SSH_CLOSE],
  ['Received disconnect from {host} port {port#}:{code#}:', SSH_CLOSE],
  ['Received disconnect from {host}: {code#}: {detail~}', SSH_CLOSE],
  ['Received disconnect from {host}: {code#}:', SSH_CLOSE],
  ['{detail:Did not receive identification string} from {host} port {port#}', SSH_FAIL],
  ['{detail:Did not receive identification string} from {host}', SSH_FAIL],
  ["{detail:Bad protocol version identification} '{banner*}' from {host} port {port#}", SSH_FAIL],
  ["{detail:Bad protocol version identification} '{banner*}' from {host}", SSH_FAIL],
  ['banner exchange: Connection from {host} port {port#}: {detail~}', SSH_FAIL],
  ...peers('Unable to negotiate with ', ': {detail~}', SSH_FAIL),
  ['Unable to negotiate with {host}: {detail~}', SSH_FAIL],
  ...peers('ssh_dispatch_run_fatal: Connection from ', ': {detail~}', SSH_FAIL),
  ...peers('Protocol major versions differ for ', ': {detail~}', SSH_FAIL),
  ...peers('Read error from remote host ', ': {detail~}', SSH_FAIL),
  ...peers('Timeout, client not responding from ', '', SSH_FAIL),
  [
    '{detail:Timeout before authentication} for connection from {host} to {to}, pid = {child_pid#}',
    SSH_FAIL,
  ],
  ['{detail:Timeout before authentication} for {host} port {port#}', SSH_FAIL],
  ['{detail:Timeout before authentication} for {host}', SSH_FAIL],
  ['kex_exchange_identification: {detail~}', SSH_FAIL],
  ['kex_protocol_error: {detail~}', SSH_FAIL],
  ['kex protocol error: {detail~}', SSH_FAIL],
  ['ssh_packet_read: {detail~}', SSH_FAIL],
  ['userauth_finish: {detail~}', SSH_FAIL],
  ['{detail:Corrupted MAC on input.}', SSH_FAIL],
  ['{detail:Unable to negotiate a key exchange method}', SSH_FAIL],
  ['Read from socket failed: {detail~}', SSH_FAIL],
  ['Write failed: {detail~}', SSH_FAIL],
  ['refused connect from {name} ({host})', SSH_REFUSE],
  [
    '{action:drop} connection #{number#} from [{host}]:{port#} on [{to}]:{to_port#} {detail~}',
    SSH_REFUSE,
  ],
  ['srclimit_penalise: {detail~}', SSH_REFUSE],
  ['Server listening on {to} port {to_port#}.', SSH_LISTEN],
  ['Address {host} maps to {name}, but this does not map back to the address{detail~}', OTHER],
  [`${MAPPING}{name} [{host}] {detail:failed}{rest~}`, OTHER_FAILED],
  ['Nasty PTR record "{name}" is set up for {host}, ignoring', OTHER],
];
const events = new TextEvents(holes, rows);
const typed = new TypedWriter();

/** log.c puts the level in front of what is not `info`: `error: `, `fatal: `, `debug1: `. */
const levels = new KeyTable(
  Object.entries({ fatal: 5, error: 4, debug1: 1, debug2: 1, debug3: 1 }),
);
const LEVEL_BYTES_MAX = 7;
const CHANGE = ': Change of username or service not allowed: ';

export const sshd: Pack = {
  name: 'linux_sshd',
  version: '1',
  summary: 'OpenSSH server: sign-in, sessions and connections.',
  tags: ['sshd', 'sshd-session', 'sshd-auth', '/usr/sbin/sshd', 'com.openssh.sshd'],
  detect: () => false,
  parse,
  rule: () => events.lastPattern,
};

function parse(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): ParseVerdict {
  const { bytes } = batch;
  const from = textStart(bytes, start, end);
  const to = textEnd(bytes, from, end);
  if (from === to || startsWith(bytes, from, to, 'pam_')) return 'no';
  out.code(row, FIELD.metadata_product_name, 'OpenSSH');
  out.code(row, FIELD.metadata_product_vendor_name, 'OpenBSD');
  out.span(row, FIELD.message, from, to);
  typed.begin(batch, row, out);
  events.forget();
  let first = from;
  let last = to;
  if (bytes[last - 1] === CLOSE_BRACKET) {
    if (first + 10 <= last && startsWith(bytes, last - 10, last, ' [preauth]')) last -= 10;
    else if (startsWith(bytes, first, last, 'message repeated ')) {
      first = repeated(bytes, first, last);
      if (first !== from) last--;
    }
  }
  first = behindId(bytes, first, last);
  first = behindLevel(bytes, row, first, last, out);
  last = textEnd(bytes, first, last);
  const change = changeOfName(bytes, first, last);
  if (change > 0) last = change;
  if (change < 0 || !writeText(first, last)) writeClass(row, 0, 0, out);
  return 'parsed';
}

/**
 * `Disconnecting invalid user alice 192.0.2.1 port 50022: Change of username or service not
 * allowed: (alice,ssh-connection) -> (bob,ssh-connection)`: both names are the client's. Position
 * of the text about the change, which is written here; 0 for other texts; -1 where the text stands
 * twice, since a name then holds it, and no one can tell which address is the peer's.
 */
function changeOfName(bytes: Uint8Array, start: number, end: number): number {
  if (!startsWith(bytes, start, end, 'Disconnecting ')) return 0;
  const at = findText(bytes, CHANGE, start, end);
  if (at < 0) return 0;
  const behind = at + CHANGE.length;
  if (findText(bytes, CHANGE, behind, end) >= 0) return -1;
  typed.out.span(typed.row, FIELD.status_detail, at + 2, behind - 2);
  typed.unmapped('change', behind, end);
  return at;
}

function findText(bytes: Uint8Array, text: string, start: number, end: number): number {
  for (let i = start; i + text.length <= end; i++)
    if (bytes[i] === COLON && startsWith(bytes, i, end, text)) return i;
  return -1;
}

function writeText(first: number, last: number): boolean {
  const { bytes } = typed.batch;
  if (events.write(typed, first, last)) return true;
  if (writePamFailure(typed, first, last)) return true;
  // A relay that did not know the header put one of its own in front of it.
  if (monthAt(bytes, first, last) === 0) return false;
  const inner = behindHeader(bytes, first, last);
  return inner > first && events.write(typed, inner, last);
}

/** rsyslogd: `message repeated 3 times: [ Failed password for ...]`. Where the message starts. */
function repeated(bytes: Uint8Array, start: number, end: number): number {
  const from = start + 'message repeated '.length;
  let stop = from;
  while (stop < end && isDigit(bytes[stop] as number)) stop++;
  const count = parseUnsigned(bytes, from, stop);
  if (Number.isNaN(count) || !startsWith(bytes, stop, end, ' times: [')) return start;
  typed.out.number(typed.row, FIELD.count, count);
  return skipSpaces(bytes, stop + ' times: ['.length, end);
}

/** Solaris: `[ID 800047 auth.notice] Failed none for ...`. */
function behindId(bytes: Uint8Array, start: number, end: number): number {
  if (!startsWith(bytes, start, end, '[ID ')) return start;
  let stop = start;
  while (stop < end && bytes[stop] !== CLOSE_BRACKET) stop++;
  typed.unmapped('id', start + 4, stop);
  return skipSpaces(bytes, Math.min(stop + 1, end), end);
}

function behindLevel(
  bytes: Uint8Array,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): number {
  // The levels end in `: ` after five or six letters; most texts have no colon there.
  let colon = start;
  const limit = Math.min(end, start + LEVEL_BYTES_MAX);
  while (colon < limit && (bytes[colon] as number) > COLON) colon++;
  if (isDigit(at(bytes, colon, limit))) colon++;
  if (at(bytes, colon, limit) !== COLON || at(bytes, colon + 1, end) !== SPACE) return start;
  const severityId = levels.lookup(bytes, start, colon);
  if (severityId === 0) return start;
  out.number(row, FIELD.severity_id, severityId);
  out.span(row, FIELD.metadata_log_level, start, colon);
  return skipSpaces(bytes, colon + 1, end);
}

const HEADER_BYTES_MAX = 120;
function behindHeader(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end - 2, start + HEADER_BYTES_MAX);
  for (let i = start; i < limit; i++)
    if (bytes[i] === CLOSE_BRACKET && bytes[i + 1] === COLON) return skipSpaces(bytes, i + 2, end);
  return start;
}
