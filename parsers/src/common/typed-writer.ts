// Values of packs into fields, each as the kind of value that its key or position has. A value that
// is not of its kind stays in `unmapped` under its key, and the row is marked. One object a pack.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { COLON, DOT, isDigit, isLetter, MINUS, PERCENT } from '../text/ascii.js';
import { writeCanonicalIp, writeLower, writeMac } from '../text/canonical.js';
import { parseDecimal, parseUnsigned } from '../text/number.js';
import { severityIdOf } from '../text/severity.js';
import { epochDigitsToUs, readIso, TimeReading } from '../text/time.js';
import { writeUrlParts } from '../text/url.js';
import { fitsField, writeTime } from '../text/values.js';

/** How a value is read. */
export const AS = {
  /** Text as it stands; an empty one is absent. */
  text: 1,
  /** ASCII letters in lower case. */
  lower: 2,
  /** An address, in canonical form. */
  ip: 3,
  /** A MAC address, in canonical form. */
  mac: 4,
  /** Unsigned decimal. */
  unsigned: 5,
  /** Any decimal, with sign and fraction. */
  decimal: 6,
  /** Seconds, with a fraction or not, into milliseconds. */
  seconds: 7,
  /** `0x1f` or unsigned decimal. */
  hex: 8,
  /** s, ms, us or ns since 1970, with a fraction of seconds or not. */
  epoch: 9,
  /** ISO 8601; without a zone it is UTC, and marked. */
  iso: 10,
  /** A word or syslog number for the severity, into severity_id. */
  severity: 11,
  /** A text of few different values. */
  code: 12,
  /**
   * A text in front of which a domain may stand: `CORP\alice`; the domain goes to the field's own.
   */
  account: 13,
  /** An address, or else a name: into the field of the address, or that of the host name. */
  host: 14,
  /**
   * An address and a port: `192.0.2.1:443`, `[2001:db8::1]:443`, `2001:db8::1.443`; a route domain
   * (`%2`) behind an IPv4 address is passed over.
   */
  socket: 15,
  /** A URL, or its path and query: whole, and its parts into their fields. */
  url: 16,
} as const;

const CODE_BYTES_MAX = 255;
const decoder = new TextDecoder();

/** Fields of a user's name, and those of the domain that belong to them. */
const DOMAIN_OF = new Map<number, number>([
  [FIELD.actor_user_name, FIELD.actor_user_domain],
  [FIELD.user_name, FIELD.user_domain],
  [FIELD.process_user_name, FIELD.process_user_domain],
  [FIELD.actor_process_user_name, FIELD.actor_process_user_domain],
  [FIELD.process_parent_process_user_name, FIELD.process_parent_process_user_domain],
  [FIELD.src_endpoint_owner_name, FIELD.src_endpoint_owner_domain],
  [FIELD.dst_endpoint_owner_name, FIELD.dst_endpoint_owner_domain],
]);

/** Fields of an address, and those of the name that can stand in its place. */
const NAME_OF = new Map<number, number>([
  [FIELD.src_endpoint_ip, FIELD.src_endpoint_hostname],
  [FIELD.dst_endpoint_ip, FIELD.dst_endpoint_hostname],
]);

/** Fields of an address, and those of its port. */
const PORT_OF = new Map<number, number>([
  [FIELD.src_endpoint_ip, FIELD.src_endpoint_port],
  [FIELD.dst_endpoint_ip, FIELD.dst_endpoint_port],
  [FIELD.load_balancer_dst_endpoint_ip, FIELD.load_balancer_dst_endpoint_port],
]);

export class TypedWriter {
  batch!: RawBatch;
  out!: ColumnWriter;
  row = 0;
  /** Absolute start of the event, for offsets of marks. */
  base = 0;
  readonly #reading = new TimeReading();

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.batch = batch;
    this.out = out;
    this.row = row;
    this.base = batch.offsets[row] as number;
  }

  /**
   * The value [start, end), absolute, in the bytes or in scratch, into `field`. False when it is
   * not of the kind, or empty: nothing was written then.
   */
  put(as: number, field: number, start: number, end: number): boolean {
    if (start >= end) return false;
    const { out, row } = this;
    if (as === AS.text) {
      out.span(row, field, start, end);
      return true;
    }
    const rawEnd = this.batch.bytes.length;
    const isRaw = start < rawEnd;
    const shift = isRaw ? 0 : rawEnd;
    const source = isRaw ? this.batch.bytes : out.scratch.memory;
    const from = start - shift;
    const to = end - shift;
    switch (as) {
      case AS.lower:
        writeLower(source, row, field, from, to, shift, out);
        return true;
      case AS.ip:
        return writeCanonicalIp(source, row, field, from, to, shift, out);
      case AS.mac:
        return writeMac(source, row, field, from, to, shift, out);
      case AS.unsigned:
        return this.#number(field, parseUnsigned(source, from, to));
      case AS.decimal: {
        const value = parseDecimal(source, from, to);
        if (Number.isNaN(value)) return false;
        out.number(row, field, value);
        return true;
      }
      case AS.seconds:
        return this.#number(field, Math.round(parseDecimal(source, from, to) * 1000));
      case AS.hex:
        return this.#number(field, parseHex(source, from, to));
      case AS.severity:
        return this.#number(field, severityIdOf(source, from, to), 1);
      case AS.account:
        return this.#account(source, field, from, to, shift);
      case AS.host:
        if (writeCanonicalIp(source, row, field, from, to, shift, out)) return true;
        if (!isHostName(source, from, to)) return false;
        out.span(row, NAME_OF.get(field) ?? field, start, end);
        return true;
      case AS.socket:
        return this.#socket(source, field, from, to, shift);
      case AS.url:
        out.span(row, field, start, end);
        writeUrlParts(source, row, from, to, shift, out);
        return true;
      case AS.code:
        if (to - from > CODE_BYTES_MAX) return false;
        out.code(row, field, decoder.decode(source.subarray(from, to)));
        return true;
      default:
        return this.#time(as, source, field, from, to, start);
    }
  }

  /**
   * As put; what does not go into its field goes to `unmapped` under the key, marked unless empty.
   */
  pair(
    as: number,
    field: number,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
  ): void {
    if (this.put(as, field, start, end)) return;
    if (start < end) this.mark(MARK.value_invalid, start);
    this.out.unmapped(this.row, keyStart, keyEnd, start, end);
  }

  /**
   * As pair, for a value without a key in the event: `name` is the one that its format gives it.
   */
  named(as: number, field: number, name: string, start: number, end: number): void {
    if (start >= end || this.put(as, field, start, end)) return;
    this.mark(MARK.value_invalid, start);
    this.unmapped(name, start, end);
  }

  /** A value whose key is no text of the event. Empty values are left out: absent stays absent. */
  unmapped(name: string, start: number, end: number): void {
    if (start >= end) return;
    const key = this.out.scratch.constant(name);
    this.out.unmapped(this.row, key.start, key.end, start, end);
  }

  /** `position` is absolute; in scratch it says nothing, and the event's start is marked. */
  mark(mark: number, position: number): void {
    const isInEvent = position >= this.base && position < this.batch.bytes.length;
    this.out.mark(this.row, mark, isInEvent ? position - this.base : 0);
  }

  #number(field: number, value: number, min = 0): boolean {
    if (!(value >= min) || !fitsField(field, value)) return false;
    this.out.number(this.row, field, value);
    return true;
  }

  #account(source: Uint8Array, field: number, from: number, to: number, shift: number): boolean {
    const { out, row } = this;
    let slash = from;
    while (slash < to && source[slash] !== 0x5c) slash++;
    if (slash === from || slash + 1 >= to) {
      out.span(row, field, from + shift, to + shift);
      return true;
    }
    const domain = DOMAIN_OF.get(field);
    if (domain !== undefined) out.span(row, domain, from + shift, slash + shift);
    const name = domain === undefined ? from : slash + 1;
    out.span(row, field, name + shift, to + shift);
    return true;
  }

  #socket(source: Uint8Array, field: number, from: number, to: number, shift: number): boolean {
    const { out, row } = this;
    let mark = to - 1;
    while (mark > from && isDigit(source[mark] as number)) mark--;
    const isMark = source[mark] === COLON || source[mark] === DOT;
    const port = isMark ? parseUnsigned(source, mark + 1, to) : Number.NaN;
    if (!(port <= 65_535)) return false;
    let last = mark;
    for (let i = from; i < mark; i++) if (source[i] === PERCENT && i < last) last = i;
    if (!writeCanonicalIp(source, row, field, from, last, shift, out)) return false;
    const portField = PORT_OF.get(field);
    if (portField !== undefined) out.number(row, portField, port);
    return true;
  }

  #time(
    as: number,
    source: Uint8Array,
    field: number,
    from: number,
    to: number,
    position: number,
  ): boolean {
    let us: number;
    if (as === AS.epoch) us = epochDigitsToUs(source, from, to);
    else {
      const reading = this.#reading;
      if (readIso(source, from, to, reading) !== 'valid' || reading.end !== to) return false;
      us = reading.us;
      if (!reading.hasZone && field === FIELD.time)
        this.mark(MARK.timestamp_zone_assumed, position);
    }
    if (Number.isNaN(us)) return false;
    if (field === FIELD.time) {
      const isRaw = position >= this.base && position < this.batch.bytes.length;
      writeTime(this.batch, this.row, us, isRaw ? position - this.base : 0, this.out);
    } else this.out.number(this.row, field, us);
    return true;
  }
}

/** Letters, digits, `-`, `_` and dots; not digits alone: those were meant as an address. */
function isHostName(bytes: Uint8Array, start: number, end: number): boolean {
  let hasLetter = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (isLetter(byte)) hasLetter = true;
    else if (!isDigit(byte) && byte !== DOT && byte !== MINUS && byte !== 0x5f) return false;
  }
  return hasLetter;
}

/** `0x` and hex digits up to 2^53, or unsigned decimal; NaN for anything else. */
export function parseHex(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== 0x30 || ((bytes[start + 1] as number) | 0x20) !== 0x78)
    return parseUnsigned(bytes, start, end);
  if (end - start < 3 || end - start > 16) return Number.NaN;
  let value = 0;
  for (let i = start + 2; i < end; i++) {
    const byte = bytes[i] as number;
    let digit = -1;
    if (isDigit(byte)) digit = byte - 0x30;
    else if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66) digit = (byte | 0x20) - 0x57;
    if (digit < 0) return Number.NaN;
    value = value * 16 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}

/** True for a value that says that there is none: empty, or a lone `-`. */
export const isDash = (bytes: Uint8Array, start: number, end: number): boolean =>
  start >= end || (end - start === 1 && bytes[start] === MINUS);
