// Lines of macOS logs (log(1), styles syslog, compact and default; install.log and what Apple's
// daemons write the same way):
//   2026-02-28 22:14:15.123456+0100  mac1 sshd[71]: (libsystem) [com.apple.x:cat] text
//   2026-02-28 22:14:15.123 Df sshd[71:1a2b] [com.apple.x:cat] text
//   2026-02-28 22:14:15.123456+0100 0x1a2b  Default  0x0  71  0  sshd: (lib) [com.apple.x:cat] text
//   2026-02-28 22:14:15+01 mac1 installd[71]: text
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { AS, TypedWriter } from '../common/typed-writer.js';
import { at, COLON, isDigit, MINUS, PLUS, SPACE, skipSpaces } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { writeClass } from '../text/values.js';

const DATE_BYTES = 10;
const CLOCK_END = 19;
const OPEN = 0x28;
const CLOSE = 0x29;
const OPEN_SQUARE = 0x5b;
const CLOSE_SQUARE = 0x5d;
const PROCESS_BYTES_MAX = 255;

/** OCSF severity_id by the type of a message; `compact` shortens it to two characters. */
const typeTable = new KeyTable([
  ['Default', 1],
  ['Info', 1],
  ['Debug', 1],
  ['Error', 4],
  ['Fault', 5],
  ['Activity', 1],
  ['Df', 1],
  ['I', 1],
  ['Db', 1],
  ['E', 4],
  ['F', 5],
  ['A', 1],
]);
export const severityOfType = (bytes: Uint8Array, start: number, end: number): number =>
  typeTable.lookup(bytes, start, end);

/** The forms behind the time. */
const FORM = { none: 0, host: 1, compact: 2, columns: 3 } as const;

/** Which form the line at `start` has; `none` for lines of others, cheaply. */
export function formOf(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < CLOCK_END + 4 || bytes[start + DATE_BYTES] !== SPACE) return FORM.none;
  if (bytes[start + 4] !== MINUS || bytes[start + 13] !== COLON) return FORM.none;
  let position = start + CLOCK_END;
  const hasFraction = bytes[position] === 0x2e;
  if (hasFraction) {
    position++;
    while (position < end && isDigit(bytes[position] as number)) position++;
  }
  const sign = at(bytes, position, end);
  if (sign === SPACE) {
    if (!hasFraction) return FORM.none;
    const stop = at(bytes, position + 2, end) === SPACE ? position + 2 : position + 3;
    return typeTable.lookup(bytes, position + 1, stop) === 0 ? FORM.none : FORM.compact;
  }
  if (sign !== PLUS && sign !== MINUS) return FORM.none;
  let zone = position + 1;
  while (zone < end && isDigit(bytes[zone] as number)) zone++;
  // Four digits with microseconds, or two without: others write a colon, or `T` between.
  const digits = zone - position - 1;
  if (digits !== (hasFraction ? 4 : 2) || at(bytes, zone, end) !== SPACE) return FORM.none;
  const next = skipSpaces(bytes, zone, end);
  return at(bytes, next, end) === 0x30 && at(bytes, next + 1, end) === 0x78
    ? FORM.columns
    : FORM.host;
}

/** Reads one line; one object is reused for all. */
export class MacosLine {
  readonly typed = new TypedWriter();
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  #shift = 0;

  /**
   * The line source[start, end) into the row; `shift` makes its positions absolute. False when it
   * has none of the forms: nothing was written then.
   */
  read(
    batch: RawBatch,
    row: number,
    source: Uint8Array,
    shift: number,
    start: number,
    end: number,
    out: ColumnWriter,
  ): boolean {
    const form = formOf(source, start, end);
    if (form === FORM.none) return false;
    this.typed.begin(batch, row, out);
    this.#bytes = source;
    this.#end = end;
    this.#shift = shift;
    let position = start + CLOCK_END;
    while (position < end && source[position] !== SPACE) position++;
    const timeEnd = position;
    position = skipSpaces(source, position, end);
    let next = -1;
    if (form === FORM.compact) next = this.#compact(position);
    else if (form === FORM.columns) next = this.#columns(position);
    else next = this.#host(position);
    if (next < 0) {
      out.rollbackRow(row);
      return false;
    }
    writeClass(row, 0, 0, out);
    if (!this.typed.put(AS.iso, FIELD.time, start + shift, timeEnd + shift))
      this.typed.mark(MARK.timestamp_invalid, start + shift);
    out.code(row, FIELD.metadata_product_vendor_name, 'Apple');
    out.code(row, FIELD.metadata_product_name, 'macOS');
    this.#text(next);
    return true;
  }

  #wordEnd(start: number): number {
    let position = start;
    while (position < this.#end && this.#bytes[position] !== SPACE) position++;
    return position;
  }

  #span(field: number, start: number, end: number): void {
    this.typed.out.span(this.typed.row, field, start + this.#shift, end + this.#shift);
  }

  #severity(start: number, end: number): void {
    const severity = typeTable.lookup(this.#bytes, start, end);
    if (severity !== 0) this.typed.out.number(this.typed.row, FIELD.severity_id, severity);
    this.#span(FIELD.metadata_log_level, start, end);
  }

  /** `Df process[71:1a2b] `. */
  #compact(start: number): number {
    const stop = this.#wordEnd(start);
    this.#severity(start, stop);
    return this.#process(skipSpaces(this.#bytes, stop, this.#end), false);
  }

  /** `0x1a2b  Default  0x0  71  0  process: `: thread, type, activity, pid, time to live. */
  #columns(start: number): number {
    const bytes = this.#bytes;
    let position = start;
    for (let column = 0; column < 5; column++) {
      const stop = this.#wordEnd(position);
      if (stop === position) return -1;
      if (column === 0) this.#hex(FIELD.actor_process_tid, 'thread', position, stop);
      else if (column === 1) this.#severity(position, stop);
      else if (column === 2) this.#unmapped('activity', position, stop);
      else if (column === 3) this.#number(FIELD.actor_process_pid, 'pid', position, stop);
      else this.#unmapped('ttl', position, stop);
      position = skipSpaces(bytes, stop, this.#end);
    }
    const colon = this.#processEnd(position, COLON);
    if (colon < 0) return -1;
    this.#span(FIELD.actor_process_name, position, colon);
    return colon + 1;
  }

  /** `mac1 process[71]: `. */
  #host(start: number): number {
    const stop = this.#wordEnd(start);
    if (stop === start || stop === this.#end) return -1;
    this.#span(FIELD.device_hostname, start, stop);
    return this.#process(skipSpaces(this.#bytes, stop, this.#end), true);
  }

  /** Where the name of a process ends; names may have spaces. -1 where it does not end. */
  #processEnd(start: number, byte: number): number {
    const stop = Math.min(this.#end, start + PROCESS_BYTES_MAX);
    for (let i = start; i < stop; i++) if (this.#bytes[i] === byte) return i > start ? i : -1;
    return -1;
  }

  /** `process[71]` or `process[71:1a2b]`, and a colon where one is asked for. */
  #process(start: number, hasColon: boolean): number {
    const bytes = this.#bytes;
    const open = this.#processEnd(start, OPEN_SQUARE);
    if (open < 0) return -1;
    let stop = open + 1;
    while (stop < this.#end && bytes[stop] !== COLON && bytes[stop] !== CLOSE_SQUARE) stop++;
    if (stop === open + 1 || !isDigit(bytes[open + 1] as number)) return -1;
    let close = stop;
    while (close < this.#end && bytes[close] !== CLOSE_SQUARE) close++;
    if (close >= this.#end) return -1;
    if (hasColon && at(bytes, close + 1, this.#end) !== COLON) return -1;
    this.#span(FIELD.actor_process_name, start, open);
    this.#number(FIELD.actor_process_pid, 'pid', open + 1, stop);
    if (close > stop) this.#unmapped('thread', stop + 1, close);
    return hasColon ? close + 2 : close + 1;
  }

  #number(field: number, name: string, start: number, end: number): void {
    this.typed.named(AS.unsigned, field, name, start + this.#shift, end + this.#shift);
  }

  #hex(field: number, name: string, start: number, end: number): void {
    this.typed.named(AS.hex, field, name, start + this.#shift, end + this.#shift);
  }

  #unmapped(name: string, start: number, end: number): void {
    this.typed.unmapped(name, start + this.#shift, end + this.#shift);
  }

  /** `(library) [subsystem:category] text`; library and subsystem may be missing. */
  #text(start: number): void {
    const bytes = this.#bytes;
    let position = skipSpaces(bytes, start, this.#end);
    if (at(bytes, position, this.#end) === OPEN) {
      const close = this.#processEnd(position, CLOSE);
      if (close > 0 && at(bytes, close + 1, this.#end) === SPACE) {
        this.#unmapped('library', position + 1, close);
        position = skipSpaces(bytes, close + 1, this.#end);
      }
    }
    if (at(bytes, position, this.#end) === OPEN_SQUARE) {
      const close = this.#processEnd(position, CLOSE_SQUARE);
      const colon = this.#processEnd(position, COLON);
      if (colon > 0 && close > colon) {
        this.#span(FIELD.metadata_log_name, position + 1, colon);
        this.#unmapped('category', colon + 1, close);
        position = skipSpaces(bytes, close + 1, this.#end);
      }
    }
    this.#span(FIELD.message, position, this.#end);
  }
}
