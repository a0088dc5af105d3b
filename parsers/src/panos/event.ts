// One event of PAN-OS while its values come in, from a position of a CSV line or from a key of
// JSON, CEF or LEEF: what has a field goes there at once, what several values decide together
// (time, class, who the user is) is kept as positions and settled at the end.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { NameSpans } from '../common/name-spans.js';
import { AS, TypedWriter } from '../common/typed-writer.js';
import { parseUnsigned } from '../text/number.js';
import { writeIp, writeUnsigned } from '../text/values.js';
import { classify } from './classify.js';
import { writeMisc, writeThreat } from './content.js';
import { PanosFacts } from './facts.js';
import { isNone, lowerLookup, writeHash } from './helpers.js';
import { TYPE } from './layouts.js';
import { KIND, NAMES, nameField, nameKind } from './names.js';
import { readSystemText } from './system-text.js';
import { PanosTime } from './time.js';
import {
  dispositionTable,
  methodTable,
  protocolTable,
  resetTable,
  SUBTYPE,
  statusTable,
  subtypeTable,
  systemAuthTable,
  typeTable,
} from './words.js';

const F = FIELD;
const names = new NameSpans(NAMES);
const CONFIG_VERSION = NAMES.indexOf('config_version');
const TUNNEL_TYPE = NAMES.indexOf('tunnel_type');
const PRIVATE_IP = NAMES.indexOf('private_ip');
const THREAT_ID = NAMES.indexOf('threatid');
const THREAT_NAME = NAMES.indexOf('threat_name');
const THREAT_CATEGORY = NAMES.indexOf('thr_category');

export class PanosEvent {
  readonly facts = new PanosFacts();
  readonly typed = new TypedWriter();
  readonly #time = new PanosTime();
  #batch!: RawBatch;
  #bytes: Uint8Array = new Uint8Array(0);
  #out!: ColumnWriter;
  #row = 0;
  #rawEnd = 0;
  #typeStart = 0;
  #typeEnd = 0;
  #subtypeStart = 0;
  #subtypeEnd = 0;
  /** Source, start and end of ports that may be none: what protocol it is decides. */
  readonly #ports = new Uint32Array(4);

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.#batch = batch;
    this.#bytes = batch.bytes;
    this.#rawEnd = batch.bytes.length;
    this.#out = out;
    this.#row = row;
    this.facts.reset();
    this.typed.begin(batch, row, out);
    this.#time.begin();
    names.begin(out);
    this.#typeEnd = 0;
    this.#subtypeEnd = 0;
    this.#ports.fill(0);
  }

  /** The name's value into `unmapped`, for a layout whose name has no kind. */
  unmapped(name: number, start: number, end: number): void {
    names.unmapped(name, this.#row, start, end, this.#out);
  }

  /** A value, [start, end), absolute and not empty, of the field of this number. */
  value(name: number, start: number, end: number): void {
    const kind = nameKind[name] as number;
    if (kind === 0) {
      names.unmapped(name, this.#row, start, end, this.#out);
      return;
    }
    const field = nameField[name] as number;
    if (start < this.#rawEnd) {
      if (isNone(this.#bytes, start, end)) return;
      if (kind === KIND.message || kind === AS.text) {
        if (kind === AS.text) this.#out.span(this.#row, field, start, end);
        else this.#keepText(start, end);
        return;
      }
      if (kind === KIND.ip && writeIp(this.#bytes, this.#row, field, start, end, this.#out)) return;
      if (
        kind === KIND.unsigned &&
        writeUnsigned(this.#bytes, this.#row, field, start, end, this.#out)
      )
        return;
    } else {
      const view = this.#out.scratch.memory;
      if (isNone(view, start - this.#rawEnd, end - this.#rawEnd)) return;
    }
    if (this.#special(kind, field, start, end)) return;
    this.typed.mark(MARK.value_invalid, start);
    names.unmapped(name, this.#row, start, end, this.#out);
  }

  /** False when the value is not of its kind. */
  #special(kind: number, field: number, start: number, end: number): boolean {
    if (kind < KIND.ipOrNone) return this.typed.put(kind, field, start, end);
    const { facts } = this;
    const isRaw = start < this.#rawEnd;
    const shift = isRaw ? 0 : this.#rawEnd;
    const source = isRaw ? this.#bytes : this.#out.scratch.memory;
    const from = start - shift;
    const to = end - shift;
    switch (kind) {
      case KIND.ipOrNone:
      case KIND.publicIp:
        return this.#address(kind, field, source, from, to, start, end);
      case KIND.portOrNone:
        return to - from === 1 && source[from] === 0x30
          ? true
          : this.typed.put(KIND.unsigned, field, start, end);
      case KIND.sourcePort:
      case KIND.destinationPort:
        return this.#port(kind, field, source, from, to, start, end);
      case KIND.type:
        this.setType(start, end);
        return true;
      case KIND.logType:
        if (facts.type === 0 && typeTable.lookup(source, from, to) !== 0) {
          this.setType(start, end);
          return true;
        }
        this.#out.span(this.#row, F.finding_title, start, end);
        return facts.type === TYPE.threat;
      case KIND.subtype:
        this.setSubtype(start, end);
        return true;
      case KIND.action:
        facts.disposition = lowerLookup(dispositionTable, source, from, to);
        this.#out.span(this.#row, F.action, start, end);
        return true;
      case KIND.protocol:
        return this.#protocol(source, from, to, start, end);
      case KIND.level:
        this.#out.span(this.#row, F.severity, start, end);
        return this.typed.put(AS.severity, F.severity_id, start, end);
      case KIND.result:
        facts.status = lowerLookup(statusTable, source, from, to);
        this.#out.span(this.#row, F.status, start, end);
        return true;
      case KIND.method:
        facts.method = lowerLookup(methodTable, source, from, to);
        this.#out.span(this.#row, F.http_request_http_method, start, end);
        return true;
      default:
        return this.#more(kind, field, source, from, to, start, end);
    }
  }

  #more(
    kind: number,
    field: number,
    source: Uint8Array,
    from: number,
    to: number,
    start: number,
    end: number,
  ): boolean {
    const { facts } = this;
    const row = this.#row;
    const out = this.#out;
    switch (kind) {
      case KIND.eventId:
        facts.eventStart = start;
        facts.eventEnd = end;
        facts.systemAuth = systemAuthTable.lookup(source, from, to);
        // USERID has a zero for no event id.
        if (to - from === 1 && source[from] === 0x30) return true;
        out.span(row, F.metadata_event_code, start, end);
        return true;
      case KIND.message:
        this.#keepText(start, end);
        return true;
      case KIND.user:
        facts.userStart = start;
        facts.userEnd = end;
        return true;
      case KIND.misc:
        facts.miscStart = start;
        facts.miscEnd = end;
        return true;
      case KIND.threatId:
        facts.threatStart = start;
        facts.threatEnd = end;
        return true;
      case KIND.threatCategory:
        facts.categoryStart = start;
        facts.categoryEnd = end;
        return true;
      case KIND.version:
        if (to - from < 3 || source[to - 2] !== 0x2e) {
          names.unmapped(CONFIG_VERSION, row, start, end, out);
          return true;
        }
        out.span(row, F.metadata_product_version, start, end);
        return true;
      case KIND.command:
        facts.commandStart = start;
        facts.commandEnd = end;
        out.span(row, F.action, start, end);
        return true;
      case KIND.serial:
        out.span(row, F.device_uid, start, end);
        return true;
      case KIND.digest:
        return writeHash(source, row, from, to, start - from, false, out);
      case KIND.fingerprint:
        return writeHash(source, row, from, to, start - from, true, out);
      case KIND.endReason:
        facts.isReset = resetTable.lookup(source, from, to) !== 0;
        out.span(row, F.status_detail, start, end);
        return true;
      case KIND.tlsVersion: {
        const isTls = to - from > 3 && source[from] === 0x54 && source[from + 2] === 0x53;
        out.span(row, F.tls_version, isTls ? start + 3 : start, end);
        return true;
      }
      case KIND.sourceLocation:
        return this.#location(0, source, from, start, end);
      case KIND.destinationLocation:
        return this.#location(1, source, from, start, end);
      case KIND.moment:
        return this.#time.writeMoment(this.#batch, row, field, source, from, to, out);
      default:
        return this.#time.keep(kind, start, end);
    }
  }

  #keepText(start: number, end: number): void {
    const { facts } = this;
    if (facts.textEnd !== 0 && end - start < facts.textEnd - facts.textStart) return;
    facts.textStart = start;
    facts.textEnd = end;
    this.#out.span(this.#row, F.message, start, end);
  }

  /** TRAFFIC and so on. */
  setType(start: number, end: number): void {
    const isRaw = start < this.#rawEnd;
    const source = isRaw ? this.#bytes : this.#out.scratch.memory;
    const shift = isRaw ? 0 : this.#rawEnd;
    this.facts.type = typeTable.lookup(source, start - shift, end - shift);
    this.#typeStart = start;
    this.#typeEnd = end;
  }

  /** What the type is about: url, end, auth and so on. */
  setSubtype(start: number, end: number): void {
    const isRaw = start < this.#rawEnd;
    const source = isRaw ? this.#bytes : this.#out.scratch.memory;
    const shift = isRaw ? 0 : this.#rawEnd;
    // Types without subtypes have a zero there.
    if (end - start === 1 && source[start - shift] === 0x30) return;
    this.facts.subtype = subtypeTable.lookup(source, start - shift, end - shift);
    this.#subtypeStart = start;
    this.#subtypeEnd = end;
  }

  #address(
    kind: number,
    field: number,
    source: Uint8Array,
    from: number,
    to: number,
    start: number,
    end: number,
  ): boolean {
    const first = source[from];
    const isZero =
      (first === 0x30 && to - from === 7 && source[from + 1] === 0x2e && source[to - 1] === 0x30) ||
      (first === 0x3a && to - from === 2);
    if (isZero && (first === 0x3a || isZeros(source, from, to))) return true;
    // Of an address for IPv4 and one for IPv6 the event has one at most: the first wins.
    if (kind === KIND.publicIp && this.#out.has(this.#row, field)) return false;
    return this.typed.put(KIND.ip, field, start, end);
  }

  /** A port of 0 says that there is none, unless TCP, UDP or SCTP have it. */
  #port(
    kind: number,
    field: number,
    source: Uint8Array,
    from: number,
    to: number,
    start: number,
    end: number,
  ): boolean {
    const port = parseUnsigned(source, from, to);
    if (!(port <= 65_535)) return false;
    if (port !== 0) {
      this.#out.number(this.#row, field, port);
      return true;
    }
    const at = kind === KIND.sourcePort ? 0 : 2;
    this.#ports[at] = start;
    this.#ports[at + 1] = end;
    return true;
  }

  #protocol(source: Uint8Array, from: number, to: number, start: number, end: number): boolean {
    let number = lowerLookup(protocolTable, source, from, to) - 1;
    if (number < 0) {
      number = parseUnsigned(source, from, to);
      if (!(number <= 255)) return false;
    } else this.#out.span(this.#row, F.connection_info_protocol_name, start, end);
    this.facts.protocol = number;
    this.#out.number(this.#row, F.connection_info_protocol_num, number);
    return true;
  }

  /** Private addresses have their range instead of a country. */
  #location(side: 0 | 1, source: Uint8Array, from: number, start: number, end: number): boolean {
    const first = source[from] as number;
    const isRange = first >= 0x30 && first <= 0x39;
    let field = isRange ? F.src_endpoint_location_region : F.src_endpoint_location_country;
    if (side === 1)
      field = isRange ? F.dst_endpoint_location_region : F.dst_endpoint_location_country;
    this.#out.span(this.#row, field, start, end);
    return true;
  }

  /** Settles what several values decide. */
  finish(): void {
    const row = this.#row;
    const out = this.#out;
    const { facts } = this;
    out.code(row, F.metadata_product_vendor_name, 'Palo Alto Networks');
    out.code(row, F.metadata_product_name, 'PAN-OS');
    this.#time.finish(this.#batch, row, out);
    if (facts.disposition !== 0) out.number(row, F.disposition_id, facts.disposition);
    if (facts.textEnd !== 0) readSystemText(this.#batch, row, facts, this.typed);
    const isAuth = classify(this.#batch, row, facts, out);
    if (facts.userEnd !== 0) {
      const field = isAuth ? F.user_name : F.actor_user_name;
      this.typed.put(KIND.account, field, facts.userStart, facts.userEnd);
    }
    if (isAuth) this.#finishAuth();
    if (facts.threatEnd !== 0 || facts.categoryEnd !== 0 || isFinding(facts.type))
      this.#finishThreat();
    if (facts.status !== 0) out.number(row, F.status_id, facts.status);
    if (facts.miscEnd !== 0) writeMisc(this.#batch, row, facts, out);
    this.#zeroPorts();
    this.#logName();
  }

  /** Authentication has no tunnel and no connection; the session is one of the user. */
  #finishAuth(): void {
    this.#move(F.tunnel_type, TUNNEL_TYPE);
    this.#move(F.tunnel_interface_ip, PRIVATE_IP);
    const out = this.#out;
    const row = this.#row;
    if (!out.has(row, F.connection_info_uid)) return;
    const start = out.spanAt(row, F.connection_info_uid, 0);
    out.span(row, F.session_uid, start, out.spanAt(row, F.connection_info_uid, 1));
    out.clearField(row, F.connection_info_uid);
  }

  /** A field into `unmapped`, where the class has none such. */
  #move(field: number, name: number): void {
    const out = this.#out;
    if (!out.has(this.#row, field)) return;
    const start = out.spanAt(this.#row, field, 0);
    names.unmapped(name, this.#row, start, out.spanAt(this.#row, field, 1), out);
    out.clearField(this.#row, field);
  }

  /** HTTP Activity has no finding, and a finding has a title. */
  #finishThreat(): void {
    const out = this.#out;
    const row = this.#row;
    const { threatStart, threatEnd, categoryStart, categoryEnd, subtype } = this.facts;
    if (subtype === SUBTYPE.url) {
      if (threatEnd !== 0) names.unmapped(THREAT_ID, row, threatStart, threatEnd, out);
      if (categoryEnd !== 0) names.unmapped(THREAT_CATEGORY, row, categoryStart, categoryEnd, out);
      this.#move(F.finding_title, THREAT_NAME);
      return;
    }
    if (categoryEnd !== 0) out.span(row, F.finding_info_types, categoryStart, categoryEnd);
    if (threatEnd !== 0) {
      const isRaw = threatStart < this.#rawEnd;
      const shift = isRaw ? 0 : this.#rawEnd;
      const source = isRaw ? this.#bytes : out.scratch.memory;
      writeThreat(source, row, threatStart - shift, threatEnd - shift, shift, out);
    }
    if (out.has(row, F.finding_title)) return;
    if (this.#subtypeEnd !== 0)
      out.span(row, F.finding_title, this.#subtypeStart, this.#subtypeEnd);
    else out.span(row, F.finding_title, this.#typeStart, this.#typeEnd);
  }

  #zeroPorts(): void {
    const { facts } = this;
    if (facts.protocol !== 6 && facts.protocol !== 17 && facts.protocol !== 132) return;
    if (this.#ports[1] !== 0) this.#out.number(this.#row, F.src_endpoint_port, 0);
    if (this.#ports[3] !== 0) this.#out.number(this.#row, F.dst_endpoint_port, 0);
  }

  #logName(): void {
    const { scratch } = this.#out;
    if (this.#typeEnd === 0) return;
    const first = scratch.position;
    this.#copyLower(this.#typeStart, this.#typeEnd);
    if (this.#subtypeEnd !== 0) {
      scratch.byte(0x2f);
      this.#copyLower(this.#subtypeStart, this.#subtypeEnd);
    }
    this.#out.span(this.#row, F.metadata_log_name, first, scratch.position);
  }

  #copyLower(start: number, end: number): void {
    const { scratch } = this.#out;
    for (let i = start; i < end; i++) {
      const byte = i < this.#rawEnd ? (this.#bytes[i] as number) : scratch.byteAt(i);
      scratch.byte(byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
    }
  }
}

const isFinding = (type: number): boolean => type === TYPE.threat || type === TYPE.correlation;

function isZeros(source: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (source[i] !== 0x30 && source[i] !== 0x2e) return false;
  return true;
}
