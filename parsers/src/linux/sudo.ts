// sudo: `alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id`, and what it
// refuses, with the reason before the list: `alice : user NOT in sudoers ; TTY=...`. After sudo's
// manual, sudoers(5), LOG FORMAT, and its source, eventlog.c.
import { type ColumnWriter, FIELD, type ParseVerdict, type RawBatch } from '@weir/pipeline';
import { AS, TypedWriter } from '../common/typed-writer.js';
import type { Pack } from '../pack.js';
import { at, COLON, EQUALS, SEMICOLON, SPACE, skipSpaces, startsWith } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { writeClass } from '../text/values.js';
import { LAUNCH_REFUSED, LAUNCHED, OTHER } from './outcomes.js';
import { textEnd, textStart } from './text.js';

type KeyRow = readonly [key: string, as: number, field: number];
/** The values of a command; a zero means that there is no field. */
const KEYS: readonly KeyRow[] = [
  ['TTY', AS.text, FIELD.process_session_terminal],
  ['PWD', AS.text, FIELD.process_working_directory],
  ['USER', AS.account, FIELD.process_user_name],
  ['GROUP', 0, 0],
  ['COMMAND', AS.text, FIELD.process_cmd_line],
  ['HOST', AS.text, FIELD.device_hostname],
  ['ENV', 0, 0],
  ['TSID', 0, 0],
  ['CHROOT', 0, 0],
  ['CWD', 0, 0],
  ['LINES', 0, 0],
];
const keyTable = new KeyTable(KEYS.map(([key], index) => [key, index + 1] as const));
const COMMAND = keyTable.lookup(new TextEncoder().encode('COMMAND'), 0, 7);
const ENV = keyTable.lookup(new TextEncoder().encode('ENV'), 0, 3);
const KEY_BYTES_MAX = 8;
const CONTINUED = '(command continued) ';
const typed = new TypedWriter();

export const sudo: Pack = {
  name: 'linux_sudo',
  version: '1',
  summary: 'sudo: commands that were run and those that were refused.',
  tags: ['sudo', 'sudoedit', '/usr/bin/sudo'],
  detect: () => false,
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
  const first = textStart(bytes, start, end);
  const last = textEnd(bytes, first, end);
  if (first === last || startsWith(bytes, first, last, 'pam_')) return 'no';
  typed.begin(batch, row, out);
  out.code(row, FIELD.metadata_product_name, 'sudo');
  out.span(row, FIELD.message, first, last);
  // A name ends at ` : `; what has none is a message of sudo about itself.
  const colon = separatorAt(bytes, first, last, COLON);
  if (colon < 0) {
    writeClass(row, OTHER.classUid, OTHER.activityId, out);
    return 'parsed';
  }
  typed.put(AS.account, FIELD.actor_user_name, first, colon);
  writeText(colon + 3, last);
  return 'parsed';
}

/** What stands behind the name: a reason, and then the list; or the list alone. */
function writeText(start: number, end: number): void {
  const { bytes } = typed.batch;
  const { out, row } = typed;
  let position = skipSpaces(bytes, start, end);
  const list = keyEndAt(bytes, position, end) > 0 ? position : listAfter(bytes, position, end);
  const isReason = list > position;
  if (isReason && startsWith(bytes, position, end, CONTINUED)) {
    // A command that does not fit into one message goes on in the next.
    out.span(row, FIELD.process_cmd_line, position + CONTINUED.length, end);
    writeOutcome(LAUNCHED);
    return;
  }
  if (isReason) {
    const reasonEnd = list === end ? end : list - 3;
    out.span(row, FIELD.status_detail, position, reasonEnd);
  }
  const isCommand = list < end;
  writeOutcome(isReason ? (isCommand ? LAUNCH_REFUSED : OTHER) : LAUNCHED);
  position = list;
  while (position < end) {
    const equals = keyEndAt(bytes, position, end);
    if (equals < 0) break;
    const key = keyTable.lookup(bytes, position, equals);
    // The command comes last, and can hold anything.
    let separator = key === COMMAND ? -1 : separatorAt(bytes, equals, end, SEMICOLON);
    // The variables are the user's own text, and only the command stands behind them.
    while (key === ENV && separator >= 0 && !isCommandAt(bytes, separator + 3, end))
      separator = separatorAt(bytes, separator + 3, end, SEMICOLON);
    const stop = separator < 0 ? end : separator;
    const [, as, field] = KEYS[key - 1] as KeyRow;
    if (as === 0) out.unmapped(row, position, equals, equals + 1, stop);
    else typed.pair(as, field, position, equals, equals + 1, stop);
    position = separator < 0 ? end : separator + 3;
  }
}

function writeOutcome({ classUid, activityId, numbers }: typeof LAUNCHED): void {
  const { out, row } = typed;
  writeClass(row, classUid, activityId, out);
  for (const [field, value] of numbers) out.number(row, field, value);
}

/** First ` : ` or ` ; ` in [start, end), or -1. */
function separatorAt(bytes: Uint8Array, start: number, end: number, sign: number): number {
  for (let i = start; i + 2 < end; i++)
    if (bytes[i + 1] === sign && bytes[i] === SPACE && bytes[i + 2] === SPACE) return i;
  return -1;
}

const isCommandAt = (bytes: Uint8Array, start: number, end: number): boolean =>
  startsWith(bytes, start, end, 'COMMAND=');

/** Position of the `=` behind one of the keys, or -1. */
function keyEndAt(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + KEY_BYTES_MAX);
  let position = start;
  while (position < limit && bytes[position] !== EQUALS) position++;
  if (at(bytes, position, end) !== EQUALS) return -1;
  return keyTable.lookup(bytes, start, position) === 0 ? -1 : position;
}

/** Where the list starts behind a reason; `end` when there is none. */
function listAfter(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  for (;;) {
    const separator = separatorAt(bytes, position, end, SEMICOLON);
    if (separator < 0) return end;
    position = separator + 3;
    if (keyEndAt(bytes, position, end) > 0) return position;
  }
}
