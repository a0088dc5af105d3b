// The English text of an event, for shippers that send it without the event's data (Snare, Fluent
// Bit, NXLog from old logs): `Subject:` and below it `Account Name:  alice`. Labels become the
// names of the data that the text was made from ("Advanced security audit policy settings",
// Sysmon).
import { COLON, CR, LF, SPACE, TAB } from '../text/ascii.js';
import { indexOfText } from '../text/index-of.js';
import { KeyTable } from '../text/key-table.js';
import { dataTable, numberOf } from './profiles.js';

const SUBJECT = 1;
const TARGET = 2;
const MEMBER = 3;
const SECTIONS: readonly (readonly [names: string, section: number])[] = [
  ['Subject|Creator Subject', SUBJECT],
  [
    'New Logon|Account For Which Logon Failed|Target Account|New Account|Account Information|' +
      'Account That Was Locked Out|Account Whose Credentials Were Used|User|Group|New Group|' +
      'Deleted Group|Target Subject|Computer Account That Was Changed|Account For Which Logon',
    TARGET,
  ],
  ['Member', MEMBER],
  [
    'Process Information|Network Information|Logon Information|Service Information|Object|' +
      'Detailed Authentication Information|Failure Information|Additional Information|' +
      'Application Information|Filter Information|Target Server|Share Information|' +
      'Access Request Information|Task Information',
    4,
  ],
];
const sectionTable = new KeyTable(
  SECTIONS.flatMap(([names, section]) => names.split('|').map((name) => [name, section] as const)),
);

/** Labels that say the same of subject, target and member: names of their data. */
const OF_SECTION: readonly (readonly [labels: string, names: string])[] = [
  ['Security ID', 'SubjectUserSid TargetUserSid MemberSid'],
  ['Account Name|User Name|Group Name', 'SubjectUserName TargetUserName MemberName'],
  ['Account Domain|Domain|Group Domain', 'SubjectDomainName TargetDomainName'],
  ['Logon ID', 'SubjectLogonId TargetLogonId'],
];
const LABELS: readonly (readonly [labels: string, name: string])[] = [
  ['Logon Type', 'LogonType'],
  ['Logon Process', 'LogonProcessName'],
  ['Authentication Package', 'AuthenticationPackageName'],
  ['Workstation Name|Source Workstation', 'WorkstationName'],
  ['Source Network Address|Client Address|Client IP|Caller IP', 'IpAddress'],
  ['Source Port|Client Port', 'IpPort'],
  ['Source Address', 'SourceAddress'],
  ['Destination Address', 'DestAddress'],
  ['Destination Port', 'DestPort'],
  ['Application Name', 'Application'],
  ['Status|Result Code|Failure Code|Error Code', 'Status'],
  ['Service Name', 'ServiceName'],
  ['Service File Name', 'ServiceFileName'],
  ['New Process ID', 'NewProcessId'],
  ['New Process Name', 'NewProcessName'],
  ['Process Command Line', 'CommandLine'],
  ['Creator Process ID|Process ID|Caller Process ID', 'ProcessId'],
  ['Creator Process Name', 'ParentProcessName'],
  ['Process Name|Caller Process Name', 'ProcessName'],
  ['Privileges', 'PrivilegeList'],
  ['Target Server Name', 'TargetServerName'],
  ['Share Name', 'ShareName'],
  ['Task Name', 'TaskName'],
  ['Object Name', 'ObjectName'],
  ['Object Type', 'ObjectType'],
  ['Logon Account', 'TargetUserName'],
];
const SECTION_BASE = 10_000;
const labelTable = new KeyTable([
  ...OF_SECTION.flatMap(([labels], index) =>
    labels.split('|').map((label) => [label, SECTION_BASE + index] as const),
  ),
  ...LABELS.flatMap(([labels, name]) =>
    labels.split('|').map((label) => [label, numberOf(name)] as const),
  ),
]);
const ofSection = OF_SECTION.map(([, names]) => names.split(' ').map(numberOf));
const CLIENT_IP = new TextEncoder().encode('Client IP: ');
const IP_ADDRESS = numberOf('IpAddress');
const LABEL_BYTES_MAX = 48;
/** A text is read so far: what follows the values are explanations. */
const TEXT_BYTES_MAX = 16 * 1024;

/** Takes a datum by the number of its name; positions are absolute. */
export interface DataTaker {
  known(number: number, start: number, end: number): boolean;
}

/**
 * Reads the labels of source[from, to); `shift` makes positions absolute. Tabs, line ends and two
 * spaces part labels from values, since some shippers put the text on one line.
 */
export function readMessage(
  source: Uint8Array,
  from: number,
  to: number,
  shift: number,
  taker: DataTaker,
): void {
  const end = Math.min(to, from + TEXT_BYTES_MAX);
  let section = 0;
  let pending = 0;
  let position = from;
  while (position < end) {
    let hasLineEnd = false;
    while (position < end && (source[position] as number) <= SPACE) {
      if (source[position] === LF) hasLineEnd = true;
      position++;
    }
    // On a line of its own stands a value, or the next label with its own.
    if (pending !== 0 && hasLineEnd && hasLabel(source, position, end)) pending = 0;
    let stop = position;
    while (stop < end && !isBreak(source, stop, end)) stop++;
    if (stop === position) break;
    let last = stop;
    while (last > position && source[last - 1] === SPACE) last--;
    if (source[last - 1] === COLON) {
      const found = sectionTable.lookup(source, position, last - 1);
      pending = found === 0 ? nameOf(source, position, last - 1, section) : 0;
      if (found !== 0) section = found;
    } else if (pending !== 0) {
      taker.known(pending, position + shift, last + shift);
      pending = 0;
    } else inline(source, position, last, shift, section, taker);
    position = stop;
  }
}

/** `Client Address: 192.0.2.1` with one space. */
function inline(
  source: Uint8Array,
  start: number,
  end: number,
  shift: number,
  section: number,
  taker: DataTaker,
): void {
  const stop = Math.min(end - 1, start + LABEL_BYTES_MAX);
  for (let i = start; i < stop; i++) {
    if (source[i] !== COLON || source[i + 1] !== SPACE) continue;
    const name = nameOf(source, start, i, section);
    if (name !== 0) taker.known(name, i + 2 + shift, end + shift);
    if (name !== 0) return;
    break;
  }
  const at = indexOfText(source, start, end, CLIENT_IP);
  if (at < 0) return;
  const last = source[end - 1] === 0x2e ? end - 1 : end;
  taker.known(IP_ADDRESS, at + CLIENT_IP.length + shift, last + shift);
}

/** Number of the datum that a label stands for; 0 for none. Sysmon's labels are the names. */
function nameOf(source: Uint8Array, start: number, end: number, section: number): number {
  if (end - start > LABEL_BYTES_MAX) return 0;
  const label = labelTable.lookup(source, start, end);
  if (label === 0) return dataTable.lookup(source, start, end);
  if (label < SECTION_BASE) return label;
  return ofSection[label - SECTION_BASE]?.[(section || SUBJECT) - 1] ?? 0;
}

/** True when the line at `start` has a colon with a space behind it, or at its end. */
function hasLabel(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = source[i] as number;
    if (byte === LF || byte === CR) return false;
    if (byte === COLON && (i + 1 === end || (source[i + 1] as number) <= SPACE)) return true;
  }
  return false;
}

function isBreak(source: Uint8Array, at: number, end: number): boolean {
  const byte = source[at];
  if (byte === TAB || byte === LF || byte === CR) return true;
  return byte === SPACE && at + 1 < end && source[at + 1] === SPACE;
}
