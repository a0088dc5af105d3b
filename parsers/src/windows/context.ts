// The text in which PowerShell says who runs what: `Host Application = ..` in ContextInfo of event
// 4103, `HostApplication=..` in the data of the classic events 400, 600 and 800.
import { FIELD } from '@weir/pipeline';
import type { TypedWriter } from '../common/typed-writer.js';
import { CR, EQUALS, LF, SPACE, skipSpaces } from '../text/ascii.js';
import { indexOfText } from '../text/index-of.js';
import { KeyTable } from '../text/key-table.js';
import { KIND } from './kinds.js';

const LABEL = { application: 1, user: 2, script: 3 } as const;
const labels = new KeyTable([
  ['Host Application', LABEL.application],
  ['HostApplication', LABEL.application],
  ['User', LABEL.user],
  ['UserId', LABEL.user],
  ['Script Name', LABEL.script],
  ['ScriptName', LABEL.script],
]);
const EXE = new TextEncoder().encode('.exe');
const QUOTE = 0x22;

/** Reads the lines of bytes[from, to); `shift` makes their positions absolute. */
export function readContext(
  bytes: Uint8Array,
  from: number,
  to: number,
  shift: number,
  values: TypedWriter,
): void {
  let line = from;
  while (line < to) {
    let stop = line;
    while (stop < to && bytes[stop] !== LF && bytes[stop] !== CR) stop++;
    readLine(bytes, line, stop, shift, values);
    line = stop + 1;
  }
}

function readLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  shift: number,
  values: TypedWriter,
): void {
  let first = start;
  while (first < end && ((bytes[first] as number) === SPACE || bytes[first] === 0x09)) first++;
  let equals = first;
  while (equals < end && bytes[equals] !== EQUALS) equals++;
  if (equals === end) return;
  let labelEnd = equals;
  while (labelEnd > first && bytes[labelEnd - 1] === SPACE) labelEnd--;
  const label = labels.lookup(bytes, first, labelEnd);
  if (label === 0) return;
  const valueStart = skipSpaces(bytes, equals + 1, end);
  let valueEnd = end;
  while (valueEnd > valueStart && bytes[valueEnd - 1] === SPACE) valueEnd--;
  if (valueStart === valueEnd) return;
  write(label, bytes, valueStart, valueEnd, shift, values);
}

function write(
  label: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  shift: number,
  values: TypedWriter,
): void {
  const { out, row } = values;
  if (label === LABEL.user) {
    values.put(KIND.account, FIELD.actor_user_name, start + shift, end + shift);
    return;
  }
  const field = label === LABEL.script ? FIELD.script_file_path : FIELD.actor_process_cmd_line;
  if (!out.has(row, field)) out.span(row, field, start + shift, end + shift);
  if (label !== LABEL.application) return;
  // The command line begins with the program, whole or by its name alone.
  const first = bytes[start] === QUOTE ? start + 1 : start;
  const exe = indexOfText(bytes, first, end, EXE);
  if (exe < 0) return;
  let slash = exe;
  while (slash > first && bytes[slash - 1] !== 0x5c && bytes[slash - 1] !== 0x2f) slash--;
  const last = exe + EXE.length + shift;
  if (slash > first) out.span(row, FIELD.actor_process_file_path, first + shift, last);
  else out.span(row, FIELD.actor_process_name, first + shift, last);
}
