// Linux-PAM, from any service: `pam_unix(sshd:session): session opened for user alice(uid=1000) by
// (uid=0)`, and of old systems the same behind `sshd(pam_unix)[123]:`. After the modules' sources:
// pam_unix, pam_faillock, pam_tally2, pam_winbind, pam_sss, pam_succeed_if, pam_listfile,
// pam_access.
import { type ColumnWriter, FIELD, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { type Holes, TextEvents, type TextRow } from '../common/text-events.js';
import { AS, TypedWriter } from '../common/typed-writer.js';
import type { Pack } from '../pack.js';
import {
  at,
  COLON,
  EQUALS,
  find,
  isDigit,
  OPEN_BRACKET,
  SEMICOLON,
  SPACE,
  skipSpaces,
  startsWith,
} from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { writeClass } from '../text/values.js';
import {
  ACCOUNT_LOCKED,
  CLASS,
  LOGOFF,
  LOGON_FAILED,
  LOGON_SUCCEEDED,
  OTHER,
  OTHER_FAILED,
  PASSWORD_CHANGED,
} from './outcomes.js';
import { textEnd, textStart } from './text.js';

const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;

const holes: Holes = {
  user: [AS.account, FIELD.user_name],
  uid: [AS.text, FIELD.user_uid],
  by: [AS.account, FIELD.actor_user_name],
  by_uid: [AS.text, FIELD.actor_user_uid],
  host: [AS.host, FIELD.src_endpoint_ip],
  action: [AS.text, FIELD.action],
  detail: [AS.text, FIELD.status_detail],
};
const rows: readonly TextRow[] = [
  ['session {action:opened} for user {user*}(uid={uid#}) by {by*}(uid={by_uid#})', LOGON_SUCCEEDED],
  ['session {action:opened} for user {user*} by {by*}(uid={by_uid#})', LOGON_SUCCEEDED],
  ['session {action:opened} for user {user*}(uid={uid#}) by {by~}', LOGON_SUCCEEDED],
  ['session {action:opened} for user {user*} by {by~}', LOGON_SUCCEEDED],
  ['session {action:opened} for user {user~}', LOGON_SUCCEEDED],
  ['session {action:closed} for user {user*}(uid={uid#})', LOGOFF],
  ['session {action:closed} for user {user~}', LOGOFF],
  ['check pass; {detail:user unknown}', OTHER_FAILED],
  ['{detail:User unknown}', OTHER_FAILED],
  ['{detail:bad username} [{user~}]', LOGON_FAILED],
  ['{detail:auth could not identify password} for [{user~}]', LOGON_FAILED],
  ['password changed for {user~}', PASSWORD_CHANGED],
  ['{detail:expired password} for user {user*} ({reason~})', LOGON_FAILED],
  ['account {user*} {detail:has expired (account expired)}', LOGON_FAILED],
  ['account {user*} {detail:has expired (failed to change password)}', LOGON_FAILED],
  ['account {user*} {detail:has password changed in future}', LOGON_FAILED],
  ["user '{user*}' {action:granted access}", LOGON_SUCCEEDED],
  ["user '{user*}' {action:denied access} ({detail~})", LOGON_FAILED],
  ["user '{user*}' {action:OK}", LOGON_SUCCEEDED],
  ['getting password ({flags~})', OTHER],
  ['Consecutive login failures for user {user*} account temporarily locked', ACCOUNT_LOCKED],
  ['user {user*} ({uid#}) tally {tally#}, deny {deny#}', LOGON_FAILED],
  ['requirement "{requirement~}" not met by user "{user*}"', LOGON_FAILED],
  ['requirement "{requirement~}" was met by user "{user*}"', OTHER],
  ['received for user {user*}: {code#} ({detail~})', LOGON_FAILED],
  ['{action:Refused} user {user*} for service {service}', LOGON_FAILED],
  ["{action:access denied} for user `{user*}' from `{host}'", LOGON_FAILED],
  ["{action:access denied} for user `{user*}' from `{terminal~}'", LOGON_FAILED],
  ['Failed to create session: {detail~}', OTHER_FAILED],
];
const events = new TextEvents(holes, rows);
const typed = new TypedWriter();

/** The list of `authentication failure; logname= uid=0 ...`: kind of value and field by key. */
const PAIRS: readonly (readonly [key: string, as: number, field: number])[] = [
  ['logname', AS.account, FIELD.actor_user_name],
  ['uid', AS.text, FIELD.actor_user_uid],
  ['tty', AS.text, FIELD.session_terminal],
  ['ruser', AS.account, FIELD.src_endpoint_owner_name],
  ['rhost', AS.host, FIELD.src_endpoint_ip],
  ['user', AS.account, FIELD.user_name],
];
const pairTable = new KeyTable(PAIRS.map(([key], index) => [key, index + 1] as const));

export const pam: Pack = {
  name: 'linux_pam',
  version: '1',
  summary: 'Linux-PAM modules, in the log of any service.',
  tags: ['pam_unix', 'pam_succeed_if', 'pam_tally', 'pam_rhosts_auth', 'PAM_pwdb'],
  detect: (bytes, start, end) =>
    at(bytes, start, end) === 0x70 && startsWith(bytes, start, end, 'pam_'),
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
  const last = textEnd(bytes, from, end);
  if (from === last) return 'no';
  typed.begin(batch, row, out);
  serviceEnd = 0;
  events.forget();
  const first = startsWith(bytes, from, last, 'pam_') ? writeModule(from, last) : from;
  if (first < 0) return 'no';
  out.code(row, FIELD.metadata_product_name, 'Linux-PAM');
  out.span(row, FIELD.message, from, last);
  const isKnown = writePamFailure(typed, first, last) || events.write(typed, first, last);
  if (!isKnown) writeClass(row, 0, 0, out);
  const isSignIn = out.numberAt(row, FIELD.class_uid) === CLASS.authentication;
  if (isSignIn) typed.put(AS.text, FIELD.service_name, serviceStart, serviceEnd);
  else typed.unmapped('pam_service', serviceStart, serviceEnd);
  return 'parsed';
}

/** What writeModule found. */
let serviceStart = 0;
let serviceEnd = 0;

/** `pam_unix(sshd:auth): ` and `pam_krb5[123]: `. Returns where the text goes on, or -1. */
function writeModule(start: number, end: number): number {
  const { bytes } = typed.batch;
  let stop = start;
  while (stop < end && !isAfterName(bytes[stop] as number)) stop++;
  const next = at(bytes, stop, end);
  if (next === OPEN_PARENTHESIS) {
    const close = find(bytes, CLOSE_PARENTHESIS, stop, end);
    if (at(bytes, close + 1, end) !== COLON) return -1;
    const colon = find(bytes, COLON, stop, close);
    typed.unmapped('pam_module', start, stop);
    serviceStart = stop + 1;
    serviceEnd = colon;
    typed.unmapped('pam_type', Math.min(colon + 1, close), close);
    return skipSpaces(bytes, close + 2, end);
  }
  const colon = next === OPEN_BRACKET ? find(bytes, COLON, stop, end) : stop;
  if (at(bytes, colon, end) !== COLON) return -1;
  typed.unmapped('pam_module', start, stop);
  return skipSpaces(bytes, colon + 1, end);
}

const isAfterName = (byte: number): boolean =>
  byte === OPEN_PARENTHESIS || byte === COLON || byte === OPEN_BRACKET || byte === SPACE;

/**
 * `authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=alice`, which
 * sshd writes itself for those that it counted: `PAM 2 more authentication failures; ...`. False,
 * and nothing is written, when the text is none of these.
 */
export function writePamFailure(typed: TypedWriter, start: number, end: number): boolean {
  const { bytes } = typed.batch;
  let first = start;
  if (startsWith(bytes, start, end, 'PAM ')) {
    first += 4;
    while (first < end && isDigit(bytes[first] as number)) first++;
    if (startsWith(bytes, first, end, ' more ')) first += 6;
  }
  const isFailure = startsWith(bytes, first, end, 'authentication failure');
  if (!isFailure && !startsWith(bytes, first, end, 'authentication success')) return false;
  const semicolon = find(bytes, SEMICOLON, first, end);
  const { out, row } = typed;
  const { classUid, activityId, numbers } = isFailure ? LOGON_FAILED : LOGON_SUCCEEDED;
  writeClass(row, classUid, activityId, out);
  for (const [field, value] of numbers) out.number(row, field, value);
  typed.put(AS.text, FIELD.status_detail, start, semicolon);
  writePairs(typed, semicolon + 1, end);
  // A user whom nobody knows has no name in the log.
  if (!out.has(row, FIELD.user_name)) writeClass(row, CLASS.base, 0, out);
  return true;
}

function writePairs(typed: TypedWriter, start: number, end: number): void {
  const { bytes } = typed.batch;
  let position = skipSpaces(bytes, start, end);
  while (position < end) {
    const equals = find(bytes, EQUALS, position, end);
    if (equals === end) return;
    // The user comes last and can have spaces in the name.
    const pair = pairTable.lookup(bytes, position, equals);
    const key = pair === 0 ? undefined : PAIRS[pair - 1];
    const stop = key?.[0] === 'user' ? end : find(bytes, SPACE, equals + 1, end);
    if (key === undefined) {
      if (stop > equals + 1) typed.out.unmapped(typed.row, position, equals, equals + 1, stop);
    } else if (stop > equals + 1) typed.pair(key[1], key[2], position, equals, equals + 1, stop);
    position = skipSpaces(bytes, stop, end);
  }
}
