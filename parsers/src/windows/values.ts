// Values that Windows alone writes: lists of hashes, GUIDs in braces, accounts, logon types.
import { FIELD, MARK } from '@weir/pipeline';
import { parseHex, TypedWriter } from '../common/typed-writer.js';
import { isDigit } from '../text/ascii.js';
import { indexOfText } from '../text/index-of.js';
import { isIp } from '../text/ip.js';
import { KeyTable } from '../text/key-table.js';
import { parseUnsigned } from '../text/number.js';
import { epochDigitsToUs, readIso, TimeReading } from '../text/time.js';
import { fitsField, writeTime } from '../text/values.js';
import { readContext } from './context.js';
import { KIND } from './kinds.js';

/** What became of a value. */
export const DONE = 1;
/** It is kept in `unmapped` as well, or only there, and nothing is wrong with it. */
export const KEEP = 2;
/** It is not of its kind. */
export const INVALID = 0;

/** Fields of the other algorithms by that of MD5: SHA-1, SHA-256, import hash. */
const HASH_FIELDS = new Map<number, readonly number[]>([
  [
    FIELD.process_file_hashes_md5,
    [
      FIELD.process_file_hashes_sha1,
      FIELD.process_file_hashes_sha256,
      FIELD.process_file_hashes_imphash,
    ],
  ],
  [
    FIELD.file_hashes_md5,
    [FIELD.file_hashes_sha1, FIELD.file_hashes_sha256, FIELD.file_hashes_imphash],
  ],
  [
    FIELD.module_file_hashes_md5,
    [
      FIELD.module_file_hashes_sha1,
      FIELD.module_file_hashes_sha256,
      FIELD.module_file_hashes_imphash,
    ],
  ],
  [
    FIELD.driver_file_hashes_md5,
    [
      FIELD.driver_file_hashes_sha1,
      FIELD.driver_file_hashes_sha256,
      FIELD.driver_file_hashes_imphash,
    ],
  ],
]);
const algorithmTable = new KeyTable([
  ['MD5', 1],
  ['SHA1', 2],
  ['SHA256', 3],
  ['IMPHASH', 4],
]);
const HASH_DIGITS = [0, 32, 40, 64, 32];

/** OCSF auth_protocol_id by package. */
const packageTable = new KeyTable([
  ['NTLM', 1],
  ['NtLmSsp', 1],
  ['MICROSOFT_AUTHENTICATION_PACKAGE_V1_0', 1],
  ['Kerberos', 2],
  ['WDigest', 3],
  ['Digest', 3],
  ['Negotiate', 99],
]);
const PROTOCOLS = new KeyTable([
  ['icmp', 1],
  ['tcp', 6],
  ['udp', 17],
]);
const directionTable = new KeyTable([
  ['%%14592', 1],
  ['Inbound', 1],
  ['%%14593', 2],
  ['Outbound', 2],
]);
const GUID_BYTES = 36;
const LOGON_TYPE_MAX = 13;

const encoder = new TextEncoder();
const TRUE = encoder.encode('true');
const FILE_PREFIX = encoder.encode('file:_');
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

/** By byte: the hex digit in lower case, 0 for what is none. */
const LOWER_HEX = new Uint8Array(256);
for (const digit of '0123456789abcdefABCDEF')
  LOWER_HEX[digit.charCodeAt(0)] = digit.toLowerCase().charCodeAt(0);

export class WindowsValues extends TypedWriter {
  readonly #reading = new TimeReading();
  /** The bytes in which the value of `aim` stands, its place there, and the way back. */
  #source: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;
  #shift = 0;

  /** The value [start, end), absolute, into `field`; the answer says what became of it. */
  value(kind: number, field: number, start: number, end: number): number {
    if (kind < KIND.hashes) return this.put(kind, field, start, end) ? DONE : INVALID;
    this.#aim(start, end);
    switch (kind) {
      case KIND.hashes:
        return this.#hashes(field);
      case KIND.guid:
        return this.#guid(field, start, end);
      case KIND.port:
        return end - start === 1 && this.#source[this.#from] === 0x30
          ? DONE
          : this.#number(field, parseUnsigned(this.#source, this.#from, this.#to));
      case KIND.address:
        return this.#address(field, start, end);
      case KIND.pid: {
        const pid = parseHex(this.#source, this.#from, this.#to);
        return pid === 0 ? KEEP : this.#number(field, pid);
      }
      case KIND.trimmed: {
        let last = this.#to;
        while (last > this.#from && this.#source[last - 1] === 0x20) last--;
        this.out.span(this.row, field, start, last + this.#shift);
        return DONE;
      }
      case KIND.owner:
        this.put(KIND.account, FIELD.process_user_name, start, end);
        if (!this.out.has(this.row, FIELD.actor_user_name))
          this.put(KIND.account, FIELD.actor_user_name, start, end);
        return DONE;
      case KIND.utc:
        return this.#utc(field);
      default:
        return this.#word(kind, field, start, end);
    }
  }

  #aim(start: number, end: number): void {
    const rawEnd = this.batch.bytes.length;
    const isRaw = start < rawEnd;
    this.#shift = isRaw ? 0 : rawEnd;
    this.#source = isRaw ? this.batch.bytes : this.out.scratch.memory;
    this.#from = start - this.#shift;
    this.#to = end - this.#shift;
  }

  #word(kind: number, field: number, start: number, end: number): number {
    const source = this.#source;
    switch (kind) {
      case KIND.logonType: {
        const type = parseUnsigned(source, this.#from, this.#to);
        if (Number.isNaN(type)) return INVALID;
        // OCSF numbers them as Windows does, but for 0, which is System there.
        this.out.number(this.row, field, type === 0 ? 1 : type > LOGON_TYPE_MAX ? 99 : type);
        return DONE;
      }
      case KIND.package: {
        const id = packageTable.lookup(source, this.#from, this.#to);
        this.out.number(this.row, FIELD.auth_protocol_id, id === 0 ? 99 : id);
        this.out.span(this.row, field, start, end);
        return DONE;
      }
      case KIND.protocol: {
        const known = PROTOCOLS.lookup(source, this.#from, this.#to);
        if (known === 0) return this.put(KIND.unsigned, field, start, end) ? DONE : INVALID;
        this.out.number(this.row, field, known);
        return DONE;
      }
      case KIND.direction: {
        const id = directionTable.lookup(source, this.#from, this.#to);
        if (id !== 0) this.out.number(this.row, field, id);
        return KEEP;
      }
      case KIND.initiated:
        this.out.number(this.row, field, this.#is(TRUE) ? 2 : 1);
        return KEEP;
      case KIND.registryValue:
        this.#registryValue(field, start, end);
        return DONE;
      case KIND.scanned:
        return this.#scanned(field);
      case KIND.context:
        readContext(source, this.#from, this.#to, this.#shift, this);
        return KEEP;
      case KIND.word:
        if (field === 0) return KEEP;
        this.out.span(this.row, field, start, end);
        return DONE;
      default:
        return KEEP;
    }
  }

  #is(text: Uint8Array): boolean {
    if (this.#to - this.#from !== text.length) return false;
    return text.every(
      (byte, index) => ((this.#source[this.#from + index] as number) | 0x20) === byte,
    );
  }

  #number(field: number, value: number): number {
    if (!fitsField(field, value)) return INVALID;
    this.out.number(this.row, field, value);
    return DONE;
  }

  /**
   * `MD5=..,SHA256=..`: each into its field. What is no hash keeps the whole list in `unmapped`.
   */
  #hashes(field: number): number {
    const source = this.#source;
    const others = HASH_FIELDS.get(field);
    const end = this.#to;
    let verdict = DONE;
    let at = this.#from;
    while (at < end) {
      let equals = at;
      while (equals < end && source[equals] !== 0x3d && source[equals] !== 0x2c) equals++;
      let stop = equals;
      while (stop < end && source[stop] !== 0x2c) stop++;
      const algorithm = algorithmTable.lookup(source, at, equals);
      const target = algorithm < 2 ? field : (others?.[algorithm - 2] ?? field);
      const digits = HASH_DIGITS[algorithm] as number;
      const isRead =
        algorithm !== 0 && stop - equals - 1 === digits && this.#digest(target, equals + 1, stop);
      if (!isRead) verdict = KEEP;
      at = stop + 1;
    }
    return verdict;
  }

  /** A hash in lower case; one of zeros says that there is none. */
  #digest(field: number, from: number, to: number): boolean {
    const source = this.#source;
    let upper = 0;
    let digits = 0;
    for (let i = from; i < to; i++) {
      const byte = source[i] as number;
      const lower = LOWER_HEX[byte] as number;
      if (lower === 0) return false;
      upper |= byte ^ lower;
      digits |= lower ^ 0x30;
    }
    const hasUpper = upper !== 0;
    const isZero = digits === 0;
    if (isZero) return true;
    const { out, row } = this;
    if (!hasUpper) {
      out.span(row, field, from + this.#shift, to + this.#shift);
      return true;
    }
    const start = out.scratch.position;
    for (let i = from; i < to; i++) {
      out.scratch.byte(LOWER_HEX[source[i] as number] as number);
    }
    out.span(row, field, start, out.scratch.position);
    return true;
  }

  /** Evtx tools leave the braces out and write upper case; the canonical form is RFC 9562's. */
  #guid(field: number, start: number, end: number): number {
    const hasBraces = end - start === GUID_BYTES + 2 && this.#source[this.#from] === 0x7b;
    const first = hasBraces ? start + 1 : start;
    const last = hasBraces ? end - 1 : end;
    if (last - first !== GUID_BYTES) {
      this.out.span(this.row, field, start, end);
      return DONE;
    }
    const from = first - this.#shift;
    // All zeros say that there is none.
    if (isZero(this.#source, from, from + GUID_BYTES)) return KEEP;
    return this.put(KIND.lower, field, first, last) ? DONE : INVALID;
  }

  /** An address, also as `192.0.2.1:41760`; anything else is a name or a word. */
  #address(field: number, start: number, end: number): number {
    if (this.put(KIND.ip, field, start, end)) return DONE;
    const source = this.#source;
    let colon = this.#to;
    while (colon > this.#from && isDigit(source[colon - 1] as number)) colon--;
    if (colon === this.#to || source[colon - 1] !== 0x3a) return KEEP;
    const isV4 = isIp(source, this.#from, colon - 1);
    if (!isV4 && source[this.#from] !== 0x5b) return KEEP;
    if (!this.put(KIND.ip, field, start, colon - 1 + this.#shift)) return KEEP;
    if (field === FIELD.src_endpoint_ip)
      this.put(KIND.unsigned, FIELD.src_endpoint_port, colon + this.#shift, end);
    return DONE;
  }

  /** Sysmon's times are UTC and do not say so. */
  #utc(field: number): number {
    const us = this.#readTime();
    if (Number.isNaN(us)) return field === 0 ? KEEP : INVALID;
    if (field === 0) return KEEP;
    this.out.number(this.row, field, us);
    return DONE;
  }

  #readTime(): number {
    const us = epochDigitsToUs(this.#source, this.#from, this.#to);
    if (!Number.isNaN(us)) return us;
    const reading = this.#reading;
    const verdict = readIso(this.#source, this.#from, this.#to, reading);
    return verdict === 'valid' && reading.end === this.#to ? reading.us : Number.NaN;
  }

  /** Hex or decimal; NaN for anything else. */
  hexAt(start: number, end: number): number {
    this.#aim(start, end);
    return parseHex(this.#source, this.#from, this.#to);
  }

  invalid(position: number): void {
    this.mark(MARK.value_invalid, position);
  }

  badTime(position: number): void {
    this.mark(MARK.timestamp_invalid, position);
  }

  /** True when the text is a time that says its zone, or counts from 1970. */
  isZoned(start: number, end: number): boolean {
    this.#aim(start, end);
    this.#reading.hasZone = true;
    return !Number.isNaN(this.#readTime()) && this.#reading.hasZone;
  }

  /** The event's time; false when the text is none. `isUtc`: a missing zone is no assumption. */
  eventTime(start: number, end: number, isUtc: boolean): boolean {
    this.#aim(start, end);
    this.#reading.hasZone = true;
    const us = this.#readTime();
    if (Number.isNaN(us)) return false;
    const { batch, row, out } = this;
    if (!isUtc && !this.#reading.hasZone) this.mark(MARK.timestamp_zone_assumed, start);
    const isRaw = start >= this.base && start < batch.bytes.length;
    writeTime(batch, row, us, isRaw ? start - this.base : 0, out);
    return true;
  }

  /**
   * Sysmon joins key and value: the whole is the path. The value's name is what stands behind the
   * last backslash, or behind the first of two, since names may have backslashes of their own.
   */
  #registryValue(field: number, start: number, end: number): void {
    const source = this.#source;
    this.out.span(this.row, field, start, end);
    let name = this.#to;
    while (name > this.#from && source[name - 1] !== BACKSLASH) name--;
    for (let i = this.#from; i + 1 < this.#to; i++)
      if (source[i] === BACKSLASH && source[i + 1] === BACKSLASH) {
        name = i + 1;
        break;
      }
    if (name > this.#from) this.out.span(this.row, FIELD.reg_value_name, name + this.#shift, end);
  }

  /** `file:_C:\a.exe`, or a list of such with `;` between; the first file is the one. */
  #scanned(field: number): number {
    const source = this.#source;
    const at = indexOfText(source, this.#from, this.#to, FILE_PREFIX);
    if (at < 0) return KEEP;
    const first = at + FILE_PREFIX.length;
    let stop = first;
    while (stop < this.#to && source[stop] !== SEMICOLON) stop++;
    this.out.span(this.row, field, first + this.#shift, stop + this.#shift);
    return at === this.#from && stop === this.#to ? DONE : KEEP;
  }
}

/** Zeros and what joins them. */
function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0x30 && bytes[i] !== 0x2d) return false;
  return end > start;
}
