// Values that a template or the generic reading found, into the fields of one event. One object a
// pack, reused.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { AS, TypedWriter } from '../common/typed-writer.js';
import {
  BACKSLASH,
  COLON,
  DOT,
  isDigit,
  isLetter,
  MINUS,
  SLASH,
  startsWith,
} from '../text/ascii.js';
import { parseUnsigned } from '../text/number.js';
import { fitsField, writeClass, writeUnsigned } from '../text/values.js';
import {
  ACCOUNT_CHANGE,
  ALLOWED,
  AUTHENTICATION,
  activityOf,
  BLOCKED,
  classOf,
  DETECTION_FINDING,
  DROPPED,
  dispositionOf,
  ENTITY_MANAGEMENT,
  FAILURE,
  FTP_ACTIVITY,
  HTTP_ACTIVITY,
  meaningOf,
  NETWORK_ACTIVITY,
  SUCCESS,
  statusOf,
  TUNNEL_ACTIVITY,
} from './meanings.js';
import {
  fieldIndex,
  isField,
  isSide,
  nameOfTarget,
  SIDE,
  SPECIAL,
  targetAs,
  targetField,
} from './targets.js';
import type { TemplateSet } from './template.js';
import {
  directionTable,
  ftpTable,
  noUserTable,
  OUTCOME,
  outcomeTable,
  portTable,
  protocolTable,
} from './words.js';

const SIDE_FIELDS = Uint16Array.from([
  FIELD.src_endpoint_interface_name,
  FIELD.dst_endpoint_interface_name,
  FIELD.src_endpoint_ip,
  FIELD.dst_endpoint_ip,
  FIELD.src_endpoint_port,
  FIELD.dst_endpoint_port,
  FIELD.src_endpoint_proxy_endpoint_ip,
  FIELD.dst_endpoint_proxy_endpoint_ip,
  FIELD.src_endpoint_proxy_endpoint_port,
  FIELD.dst_endpoint_proxy_endpoint_port,
  FIELD.actor_user_name,
  FIELD.dst_endpoint_owner_name,
  FIELD.src_endpoint_mac,
  FIELD.dst_endpoint_mac,
]);
const TEARDOWN = meaningOf('teardown');
const ICMP = 1;
const ICMP6 = 58;
const ASTERISK = 0x2a;
/** activity_id of Network Activity. */
const REFUSE = 5;
const TRAFFIC = 6;

export class CiscoEvent {
  readonly typed = new TypedWriter();
  #bytes: Uint8Array = new Uint8Array(0);
  #out!: ColumnWriter;
  #row = 0;
  #class = 0;
  #activity = 0;
  #disposition = 0;
  #status = 0;
  /** 1 when the sides change places. */
  #swap = 0;
  #isIcmp = false;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.typed.begin(batch, row, out);
    this.#bytes = batch.bytes;
    this.#out = out;
    this.#row = row;
  }

  /** All values of the match, with what the message means; then class and what follows from it. */
  write(values: TemplateSet, meaning: number): void {
    this.setMeaning(meaning);
    const { count } = values;
    for (let i = 0; i < count; i++) {
      const target = values.target(i);
      if (target === SPECIAL.protocol) this.protocol(values.start(i), values.stop(i));
      else if (target === SPECIAL.order) this.#direction(values.start(i), values.stop(i), true);
    }
    for (let i = 0; i < count; i++) {
      const target = values.target(i);
      const start = values.start(i);
      const end = values.stop(i);
      if (isSide(target)) this.#side(target ^ this.#swap, start, end);
      else if (isField(target)) this.#field(target, start, end);
      else this.#special(target, start, end);
    }
    this.#finish(meaning);
  }

  #finish(meaning: number): void {
    const row = this.#row;
    const out = this.#out;
    writeClass(row, this.#class, this.#activity, out);
    if (this.#disposition !== 0) out.number(row, FIELD.disposition_id, this.#disposition);
    if (this.#status !== 0) out.number(row, FIELD.status_id, this.#status);
    if (meaning === TEARDOWN && out.has(row, FIELD.dst_endpoint_ip))
      out.number(row, FIELD.is_src_dst_assignment_known, 0);
    if (this.#class === ENTITY_MANAGEMENT && !out.has(row, FIELD.entity_type)) {
      const kind = out.scratch.constant('configuration');
      out.span(row, FIELD.entity_type, kind.start, kind.end);
    }
    if (this.#class === DETECTION_FINDING && !out.has(row, FIELD.finding_title)) {
      const start = out.spanAt(row, FIELD.message, 0);
      out.span(row, FIELD.finding_title, start, out.spanAt(row, FIELD.message, 1));
    }
  }

  #field(target: number, start: number, end: number): void {
    const index = fieldIndex(target);
    const as = targetAs[index] as number;
    const field = targetField[index] as number;
    if (as === AS.text) this.#out.span(this.#row, field, start, end);
    else this.typed.named(as, field, nameOfTarget(target), start, end);
  }

  #special(target: number, start: number, end: number): void {
    switch (target) {
      case SPECIAL.protocol:
      case SPECIAL.order:
        return;
      case SPECIAL.direction:
        this.#direction(start, end, false);
        return;
      case SPECIAL.user:
        this.user(start, end);
        return;
      case SPECIAL.actor:
        this.#account(FIELD.actor_user_name, FIELD.actor_user_domain, start, end);
        return;
      case SPECIAL.duration:
        this.duration(start, end);
        return;
      case SPECIAL.url:
        this.url(start, end);
        return;
      case SPECIAL.ftpVerb:
        this.#ftp(start, end);
        return;
      case SPECIAL.outcome:
        this.#outcome(start, end);
        return;
      case SPECIAL.ingress:
        this.#interface(FIELD.src_endpoint_interface_name, start, end);
        return;
      default:
        this.typed.unmapped(nameOfTarget(target), start, end);
    }
  }

  #side(target: number, start: number, end: number): void {
    const field = SIDE_FIELDS[target] as number;
    const side = target & 1;
    switch (target - side) {
      case SIDE.interface:
        this.#interface(field, start, end);
        return;
      case SIDE.address:
        this.address(side, start, end);
        return;
      case SIDE.port:
      case SIDE.natPort:
        this.#port(target, start, end);
        return;
      case SIDE.nat:
        // A name that the device has for the translated address has no field.
        if (!this.typed.put(AS.ip, field, start, end))
          this.typed.unmapped(nameOfTarget(target), start, end);
        return;
      case SIDE.mac:
        this.typed.named(AS.mac, field, nameOfTarget(target), start, end);
        return;
      default:
        if (side === 0) this.user(start, end);
        else this.#account(field, FIELD.dst_endpoint_domain, start, end);
    }
  }

  /** The first interface of a side stays: another one is where the packet was seen. */
  #interface(field: number, start: number, end: number): void {
    if (this.#out.has(this.#row, field)) this.typed.unmapped('interface', start, end);
    else this.#out.span(this.#row, field, start, end);
  }

  /** An address, or the name that the device has for one. */
  address(side: number, start: number, end: number): void {
    const field = side === 0 ? FIELD.src_endpoint_ip : FIELD.dst_endpoint_ip;
    if (this.typed.put(AS.ip, field, start, end)) return;
    const name = side === 0 ? FIELD.src_endpoint_hostname : FIELD.dst_endpoint_hostname;
    if (isName(this.#bytes, start, end)) this.#out.span(this.#row, name, start, end);
    else this.#refused(SIDE.address + side, start, end);
  }

  #port(target: number, start: number, end: number): void {
    const row = this.#row;
    const field = SIDE_FIELDS[target] as number;
    const isZero = end - start === 1 && this.#bytes[start] === 0x30;
    if (this.#isIcmp || isZero) {
      // Type, code or sequence number stand in the place of ports; and 0 is none.
      this.typed.unmapped(nameOfTarget(target), start, end);
      return;
    }
    if (writeUnsigned(this.#bytes, row, field, start, end, this.#out)) return;
    const port = portTable.lookup(this.#bytes, start, end);
    if (port === 0) {
      this.#refused(target, start, end);
      return;
    }
    this.#out.number(row, field, port);
    if (target === SIDE.port + 1) this.#out.span(row, FIELD.dst_endpoint_svc_name, start, end);
  }

  #refused(target: number, start: number, end: number): void {
    this.typed.mark(MARK.value_invalid, start);
    this.typed.unmapped(nameOfTarget(target), start, end);
  }

  /** By name or number; what is neither stays under unmapped. */
  protocol(first: number, end: number): void {
    const row = this.#row;
    const bytes = this.#bytes;
    // `protocol 47`: a protocol without a name.
    const start = startsWith(bytes, first, end, 'protocol ') ? first + 9 : first;
    let number = protocolTable.lookup(bytes, start, end) - 1;
    if (number < 0) {
      const value = parseUnsigned(bytes, start, end);
      number = value <= 255 ? value : -1;
    }
    if (number < 0) {
      this.typed.unmapped('protocol', start, end);
      return;
    }
    this.#out.number(row, FIELD.connection_info_protocol_num, number);
    this.#isIcmp = number === ICMP || number === ICMP6;
  }

  #direction(start: number, end: number, isOrder: boolean): void {
    const direction = directionTable.lookup(this.#bytes, start, end);
    if (direction === 0) {
      this.typed.unmapped('direction', start, end);
      return;
    }
    this.#out.number(this.#row, FIELD.connection_info_direction_id, direction);
    if (isOrder && direction === 2) this.#swap = 1;
  }

  /** The user that the event is about, in the place that its class has for that. */
  user(start: number, end: number): void {
    const uid = this.#class;
    const isSubject = uid === AUTHENTICATION || uid === TUNNEL_ACTIVITY || uid === ACCOUNT_CHANGE;
    if (isSubject) this.#account(FIELD.user_name, FIELD.user_domain, start, end);
    else this.#account(FIELD.actor_user_name, FIELD.actor_user_domain, start, end);
  }

  /** For readers without a template: the class that user() goes by. */
  setClass(uid: number): void {
    this.#class = uid;
    this.#isIcmp = false;
  }

  /** As setClass, and what the meaning says beside the class. */
  setMeaning(meaning: number): void {
    this.#class = classOf(meaning);
    this.#activity = activityOf(meaning);
    this.#disposition = dispositionOf(meaning);
    this.#status = statusOf(meaning);
    this.#swap = 0;
    this.#isIcmp = false;
  }

  /** Ends an event without a template; `activity` is taken where it is not negative. */
  settle(meaning: number, activity: number): void {
    this.setMeaning(meaning);
    if (activity >= 0) this.#activity = activity;
    this.#finish(meaning);
  }

  /** The addresses, ports and interfaces among the values. */
  sides(values: TemplateSet): void {
    for (let i = 0; i < values.count; i++)
      if (isSide(values.target(i))) this.#side(values.target(i), values.start(i), values.stop(i));
  }

  direction(start: number, end: number): void {
    this.#direction(start, end, false);
  }

  /** What was done in the end, of `OUTCOME`: over what the meaning said. */
  outcome(outcome: number): void {
    const out = this.#out;
    const row = this.#row;
    this.#judge(outcome);
    if (this.#disposition !== 0) out.number(row, FIELD.disposition_id, this.#disposition);
    if (this.#status !== 0) out.number(row, FIELD.status_id, this.#status);
    writeClass(row, this.#class, this.#activity, out);
  }

  #account(nameField: number, domainField: number, start: number, end: number): void {
    const bytes = this.#bytes;
    let from = start;
    let to = end;
    // Quotes and angle brackets that the template left.
    while (from < to && isQuote(bytes[from] as number)) from++;
    while (to > from && isQuote(bytes[to - 1] as number)) to--;
    let stars = from;
    while (stars < to && bytes[stars] === ASTERISK) stars++;
    if (from >= to) return;
    // Unknown users are masked (no logging hide username).
    if (stars === to || noUserTable.lookup(bytes, from, to) !== 0) {
      this.typed.unmapped('user', from, to);
      return;
    }
    let slash = to - 1;
    while (slash >= from && bytes[slash] !== BACKSLASH) slash--;
    const isQualified = slash > from && slash + 1 < to;
    let domainEnd = slash;
    // Some escape the backslash.
    while (domainEnd > from && bytes[domainEnd - 1] === BACKSLASH) domainEnd--;
    if (isQualified) this.#out.span(this.#row, domainField, from, domainEnd);
    else if (this.#isOther(nameField, from, to)) this.#setAside(nameField, domainField);
    this.#out.span(this.#row, nameField, isQualified ? slash + 1 : from, to);
  }

  /** A name that another one takes the place of; its domain is not that of the other. */
  #setAside(nameField: number, domainField: number): void {
    const out = this.#out;
    const start = out.spanAt(this.#row, nameField, 0);
    this.typed.unmapped('idfw_user', start, out.spanAt(this.#row, nameField, 1));
    out.clearField(this.#row, domainField);
  }

  /** True when the field has another name. */
  #isOther(field: number, start: number, end: number): boolean {
    const out = this.#out;
    if (!out.has(this.#row, field)) return false;
    const known = out.spanAt(this.#row, field, 0);
    if (out.spanAt(this.#row, field, 1) - known !== end - start) return true;
    for (let i = 0; i < end - start; i++)
      if (this.#bytes[known + i] !== this.#bytes[start + i]) return true;
    return false;
  }

  /** `0:01:02`, `1d 02:03:04`, `2h:28m:09s`. */
  duration(start: number, end: number): void {
    const seconds = secondsOf(this.#bytes, start, end);
    const ms = seconds * 1000;
    if (fitsField(FIELD.duration, ms)) this.#out.number(this.#row, FIELD.duration, ms);
    else this.#refused(SPECIAL.duration, start, end);
  }

  /** A URL and the host in it: that of the request in HTTP, and of the event otherwise. */
  url(start: number, end: number): void {
    if (this.#class === HTTP_ACTIVITY) {
      this.#out.span(this.#row, FIELD.http_request_url_url_string, start, end);
      this.#urlHost(FIELD.http_request_url_hostname, start, end);
    } else {
      this.#out.span(this.#row, FIELD.url_url_string, start, end);
      this.#urlHost(FIELD.url_hostname, start, end);
    }
  }

  #urlHost(field: number, start: number, end: number): void {
    const bytes = this.#bytes;
    let position = start;
    while (position < end && isLetter(bytes[position] as number)) position++;
    const isWhole =
      bytes[position] === COLON && bytes[position + 1] === SLASH && bytes[position + 2] === SLASH;
    if (!isWhole || position + 3 >= end) return;
    position += 3;
    const host = position;
    while (position < end && isHostByte(bytes[position] as number)) position++;
    this.#out.span(this.#row, field, host, position);
  }

  #ftp(start: number, end: number): void {
    const activity = ftpTable.lookup(this.#bytes, start, end);
    if (this.#class === FTP_ACTIVITY && activity !== 0) this.#activity = activity;
    this.#out.span(this.#row, FIELD.action, start, end);
  }

  #outcome(start: number, end: number): void {
    const outcome = outcomeTable.lookup(this.#bytes, start, end);
    this.#judge(outcome);
    const isOfAction = outcome !== OUTCOME.success && outcome !== OUTCOME.failure;
    this.#out.span(this.#row, isOfAction ? FIELD.action : FIELD.status, start, end);
  }

  #judge(outcome: number): void {
    if (outcome === OUTCOME.success) this.#status = SUCCESS;
    else if (outcome === OUTCOME.failure) this.#status = FAILURE;
    else if (outcome === OUTCOME.allowed) this.#disposition = ALLOWED;
    else if (outcome === OUTCOME.denied) this.#disposition = BLOCKED;
    else if (outcome === OUTCOME.dropped) this.#disposition = DROPPED;
    const isOfAction = outcome !== OUTCOME.success && outcome !== OUTCOME.failure;
    if (isOfAction && this.#class === NETWORK_ACTIVITY && outcome !== 0)
      this.#activity = outcome === OUTCOME.allowed ? TRAFFIC : REFUSE;
  }
}

const isQuote = (byte: number): boolean =>
  byte === 0x22 || byte === 0x27 || byte === 0x3c || byte === 0x3e || byte === 0x20;

const isHostByte = (byte: number): boolean =>
  isLetter(byte) || isDigit(byte) || byte === DOT || byte === MINUS || byte === 0x5f || byte > 0x7f;

/** A name as a device has it for an address; digits and dots alone are an address gone wrong. */
function isName(bytes: Uint8Array, start: number, end: number): boolean {
  let hasLetter = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (!isHostByte(byte)) return false;
    if (!isDigit(byte) && byte !== DOT) hasLetter = true;
  }
  return hasLetter && end - start <= 255;
}

const UNIT_SECONDS: Readonly<Record<number, number>> = {
  119: 604_800,
  100: 86_400,
  104: 3_600,
  109: 60,
  115: 1,
};

/** NaN when it is no duration. */
function secondsOf(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  let position = start;
  let clock = -1;
  while (position < end) {
    const first = position;
    while (position < end && isDigit(bytes[position] as number)) position++;
    if (position === first || position - first > 9) return Number.NaN;
    const value = parseUnsigned(bytes, first, position);
    const mark = position < end ? (bytes[position] as number) : COLON;
    const unit = UNIT_SECONDS[mark | 0x20];
    if (isLetter(mark) && unit !== undefined) {
      sum += value * unit;
      position++;
      while (position < end && (bytes[position] === COLON || bytes[position] === 0x20)) position++;
    } else if (mark === COLON) {
      clock = clock < 0 ? value : clock * 60 + value;
      position++;
    } else return Number.NaN;
  }
  return clock < 0 ? sum : sum + clock;
}
