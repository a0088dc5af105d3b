// What IOS and its kin put between the syslog header and the message.
import { type ColumnWriter, FIELD, type RawBatch } from '@weir/pipeline';
import { AS, type TypedWriter } from '../common/typed-writer.js';
import { readBsdTime } from '../syslog/bsd-time.js';
import { writeReading } from '../syslog/write.js';
import {
  at,
  CLOSE_BRACKET,
  COLON,
  find,
  GREATER,
  isDigit,
  isLetter,
  LESS,
  OPEN_BRACKET,
  SLASH,
  SPACE,
  skipSpaces,
  startsWith,
} from '../text/ascii.js';
import { TimeReading } from '../text/time.js';

const ASTERISK = 0x2a;
const DOT = 0x2e;
const PRI_BYTES_MAX = 6;
const SEQUENCE_DIGITS_MAX = 12;
const PROCESS_BYTES_MAX = 40;

export class IosPrefix {
  readonly #time = new TimeReading();
  /** True when a node of IOS XR stood there. */
  hasNode = false;

  /** bytes[start, end) stands in front of the `%`; the header of syslog was read up to `start`. */
  read(
    batch: RawBatch,
    row: number,
    start: number,
    end: number,
    typed: TypedWriter,
    out: ColumnWriter,
  ): void {
    this.#firstSequence(batch, row, end, typed);
    this.hasNode = false;
    this.#tagOfNode(batch, row, start, typed);
    let position = start;
    let hasTime = false;
    while (position < end) {
      const byte = batch.bytes[position] as number;
      if (byte === SPACE || byte === COLON || byte === ASTERISK || byte === DOT) position++;
      else {
        const stop = this.#deviceTime(batch, row, position, end, out);
        if (stop > 0) {
          position = stop;
          hasTime = true;
        } else position = this.#word(batch, row, position, end, hasTime, typed, out);
      }
    }
  }

  /**
   * IOS XE begins the text with the place that wrote it: `Switch 1 R0/0: dmiauthd: text`. Position
   * of the text behind it.
   */
  readSlot(
    bytes: Uint8Array,
    row: number,
    start: number,
    end: number,
    typed: TypedWriter,
    out: ColumnWriter,
  ): number {
    let position = start;
    if (startsWith(bytes, start, end, 'Switch ') || startsWith(bytes, start, end, 'Chassis ')) {
      position = find(bytes, SPACE, start, end) + 1;
      position = digitsEnd(bytes, position, end) + 1;
    }
    const first = position;
    while (position < end && isLetter(bytes[position] as number) && position - first < 3)
      position++;
    const letters = position;
    while (position < end && isSlotByte(bytes[position] as number)) position++;
    if (letters === first || position === letters || at(bytes, position, end) !== COLON)
      return start;
    const process = position + 2;
    const stop = find(bytes, COLON, process, Math.min(end, process + PROCESS_BYTES_MAX));
    if (at(bytes, stop, end) !== COLON || find(bytes, SPACE, process, stop) < stop) return start;
    typed.unmapped('slot', start, position);
    out.span(row, FIELD.actor_process_name, process, stop);
    return skipSpaces(bytes, stop + 1, end);
  }

  /** `RP/0/RSP0/CPU0:` that the header of syslog took for a program. */
  #tagOfNode(batch: RawBatch, row: number, start: number, typed: TypedWriter): void {
    const { bytes } = batch;
    const base = batch.offsets[row] as number;
    let end = start;
    while (end > base && (bytes[end - 1] === SPACE || bytes[end - 1] === COLON)) end--;
    let first = end;
    while (first > base && bytes[first - 1] !== SPACE) first--;
    if (end < start && find(bytes, SLASH, first, end) < end) this.#node(bytes, first, end, typed);
  }

  #node(bytes: Uint8Array, start: number, end: number, typed: TypedWriter): void {
    if (!startsWith(bytes, start, end, 'RP/') && !startsWith(bytes, start, end, 'LC/')) return;
    typed.unmapped('node', start, end);
    this.hasNode = true;
  }

  /** `<189>2360957: `: the number that `service sequence-numbers` or the logging process gave. */
  #firstSequence(batch: RawBatch, row: number, end: number, typed: TypedWriter): void {
    const { bytes } = batch;
    let position = batch.offsets[row] as number;
    if (at(bytes, position, end) === LESS)
      position = find(bytes, GREATER, position, Math.min(end, position + PRI_BYTES_MAX)) + 1;
    while (position < end && bytes[position] === SPACE) position++;
    const stop = digitsEnd(bytes, position, end);
    const isSequence = stop > position && stop - position <= SEQUENCE_DIGITS_MAX;
    if (isSequence && at(bytes, stop, end) === COLON && at(bytes, stop + 1, end) === SPACE)
      typed.put(AS.unsigned, FIELD.metadata_sequence, position, stop);
  }

  /** The device's own time wins over the one that a relay gave. Position behind it, or 0. */
  #deviceTime(batch: RawBatch, row: number, start: number, end: number, out: ColumnWriter): number {
    const reading = this.#time;
    if (readBsdTime(batch.bytes, start, end, reading) === 'none') return 0;
    writeReading(batch, row, reading, start, out);
    return reading.end;
  }

  /** A sequence number, a host in front of the time, or the process and node of IOS XR. */
  #word(
    batch: RawBatch,
    row: number,
    start: number,
    end: number,
    hasTime: boolean,
    typed: TypedWriter,
    out: ColumnWriter,
  ): number {
    const { bytes } = batch;
    let stop = start;
    while (stop < end && bytes[stop] !== SPACE && bytes[stop] !== COLON) stop++;
    const isMarked = at(bytes, stop, end) === COLON;
    const isLast = skipSpaces(bytes, stop, end) === end;
    if (digitsEnd(bytes, start, stop) === stop) {
      // `00:01:02:` is the time since the start; a number alone counts messages.
      if (isMarked && isDigit(at(bytes, stop + 1, end)))
        return this.#uptime(bytes, start, end, typed);
      typed.put(AS.unsigned, FIELD.metadata_sequence, start, stop);
      return stop;
    }
    if (find(bytes, SLASH, start, stop) < stop) this.#node(bytes, start, stop, typed);
    else if (hasTime && isMarked) this.#process(bytes, row, start, stop, typed, out);
    else if (!hasTime && isLetter(bytes[start] as number) && (isMarked || isLast))
      out.span(row, FIELD.device_hostname, start, stop);
    return stop;
  }

  #uptime(bytes: Uint8Array, start: number, end: number, typed: TypedWriter): number {
    let stop = start;
    while (stop < end && bytes[stop] !== SPACE) stop++;
    typed.unmapped('uptime', start, bytes[stop - 1] === COLON ? stop - 1 : stop);
    return stop;
  }

  /** `ipv4_acl_mgr[310]` */
  #process(
    bytes: Uint8Array,
    row: number,
    start: number,
    end: number,
    typed: TypedWriter,
    out: ColumnWriter,
  ): void {
    const open = find(bytes, OPEN_BRACKET, start, end);
    if (open === end || bytes[end - 1] !== CLOSE_BRACKET) return;
    out.span(row, FIELD.actor_process_name, start, open);
    typed.named(AS.unsigned, FIELD.actor_process_pid, 'pid', open + 1, end - 1);
  }
}

const isSlotByte = (byte: number): boolean => isDigit(byte) || byte === SLASH;

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && isDigit(bytes[position] as number)) position++;
  return position;
}
