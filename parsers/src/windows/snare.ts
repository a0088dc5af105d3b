// Windows events of Snare, and of NXLog and rsyslog in its format: `MSWinEventLog` and then fields
// with tabs between ("Snare Agent for Windows", Event output format): criticality, log, counter,
// time, event id, provider, user, kind of user, type, computer, category, data, text.
import type { ColumnWriter, ParseVerdict, RawBatch } from '@weir/pipeline';
import type { Pack } from '../pack.js';
import { at, startsWith, TAB, trimEnd } from '../text/ascii.js';
import { WindowsEvent } from './event.js';
import { SYS } from './system.js';

const NAME = 'MSWinEventLog';
/** By field behind the name: what it is, 0 for what is kept under its own name. */
const FIELDS: readonly (readonly [sys: number, name: string])[] = [
  [0, 'Criticality'],
  [SYS.channel, ''],
  [0, 'SnareCounter'],
  [0, 'SubmitTime'],
  [SYS.eventId, ''],
  [SYS.provider, ''],
  [SYS.userName, ''],
  [0, 'SidType'],
  [SYS.eventType, ''],
  [SYS.computer, ''],
  [SYS.taskCategory, ''],
  [0, 'Data'],
  [SYS.message, ''],
  [SYS.recordId, ''],
];
const MESSAGE_FIELD = 12;
const LEAST_FIELDS = 9;
const event = new WindowsEvent();

export const windowsSnare: Pack = {
  name: 'windows_snare',
  version: '1',
  summary: 'Windows event log in the format of Snare, with tabs.',
  detect: (bytes, start, end) =>
    at(bytes, start, end) === 0x4d && startsWith(bytes, start, end, NAME),
  parse(batch, row, start, end, out): ParseVerdict {
    if (!startsWith(batch.bytes, start, end, NAME)) return 'no';
    event.begin(batch, row, out);
    const count = readFields(batch, row, start + NAME.length, end, out);
    if (count < LEAST_FIELDS || !event.finish()) {
      out.rollbackRow(row);
      return 'no';
    }
    return 'parsed';
  },
  rule: () => event.ruleWords(),
};

/** Returns the number of fields. */
function readFields(
  batch: RawBatch,
  row: number,
  start: number,
  end: number,
  out: ColumnWriter,
): number {
  const { bytes } = batch;
  const last = trimEnd(bytes, start, end);
  // NXLog writes a number of its own behind the name: `MSWinEventLog\t1\t..`, others none.
  let position = start;
  let field = 0;
  while (position < last && bytes[position] === TAB && field < FIELDS.length) {
    position++;
    let stop = position;
    // The text is the last but one, and may have tabs in it.
    if (field === MESSAGE_FIELD) stop = textEnd(bytes, position, last);
    else while (stop < last && bytes[stop] !== TAB) stop++;
    write(row, field, position, stop, out);
    position = stop;
    field++;
  }
  return field;
}

/** In front of a last field of digits, else the end. */
function textEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = end;
  while (position > start && ((bytes[position - 1] as number) - 0x30) >>> 0 <= 9) position--;
  return position > start && position < end && bytes[position - 1] === TAB ? position - 1 : end;
}

function write(row: number, field: number, start: number, end: number, out: ColumnWriter): void {
  if (start >= end || event.saysNothing(start, end)) return;
  const [sys, name] = FIELDS[field] as (typeof FIELDS)[number];
  if (sys !== 0) event.system(sys, start, end);
  else {
    const key = out.scratch.constant(name);
    out.unmapped(row, key.start, key.end, start, end);
  }
}
