// One FortiGate event while its pairs come in: what has a field goes there at once, what several
// keys decide together (time, class, disposition, user) is kept and settled at the end.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { TypedWriter } from '../common/typed-writer.js';
import { writeHash } from '../panos/helpers.js';
import { BACKSLASH, find, QUOTE, SLASH } from '../text/ascii.js';
import { isIp } from '../text/ip.js';
import { parseUnsigned } from '../text/number.js';
import { severityIdOf } from '../text/severity.js';
import { fitsField, writeIp, writeUnsigned } from '../text/values.js';
import { writeFortigateClass } from './classify.js';
import { FortigateTime } from './event-time.js';
import { FortigateFacts } from './facts.js';
import { KEPT, KeptPairs } from './kept.js';
import { AS, keyAs, keyField } from './keys.js';
import {
  accessTable,
  actionTable,
  changeTable,
  DETECTION_FINDING,
  dhcpTable,
  dispositionOf,
  dnsTable,
  methodTable,
  SUBTYPE,
  statusOf,
  statusTable,
  subtypeTable,
  TYPE,
  typeTable,
} from './words.js';

const F = FIELD;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const RESERVED_BYTES = 8;

export class FortigateEvent {
  readonly typed = new TypedWriter();
  readonly facts = new FortigateFacts();
  readonly #time = new FortigateTime();
  readonly #kept = new KeptPairs();
  #batch!: RawBatch;
  #bytes: Uint8Array = new Uint8Array(0);
  #out!: ColumnWriter;
  #row = 0;
  #base = 0;
  /** True when a part of the event was no pair. */
  hasFault = false;
  #hasCode = false;
  #typeStart = 0;
  #typeEnd = 0;
  #subtypeStart = 0;
  #subtypeEnd = 0;
  /** Of eventtype. */
  #kindStart = 0;
  #kindEnd = 0;
  /** Address in `ui="ssh(192.0.2.1)"`: where an administrator came from. */
  #uiStart = 0;
  #uiEnd = 0;
  /** By key: the event that it was last seen in. */
  readonly #seen = new Uint32Array(keyAs.length);
  #generation = 0;
  #hasDomain = false;
  #hasLevel = false;
  #hasSeverity = false;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.#batch = batch;
    this.#bytes = batch.bytes;
    this.#out = out;
    this.#row = row;
    this.#base = batch.offsets[row] as number;
    this.typed.begin(batch, row, out);
    this.#generation = (this.#generation + 1) >>> 0;
    this.facts.reset();
    this.#kept.reset();
    this.#time.begin();
    this.hasFault = false;
    this.#hasCode = false;
    this.#typeEnd = 0;
    this.#subtypeEnd = 0;
    this.#kindEnd = 0;
    this.#uiEnd = 0;
    this.#hasDomain = false;
    this.#hasLevel = false;
    this.#hasSeverity = false;
  }

  /** FortiOS writes one of its types with a log id, or else with its virtual domain and level. */
  isFortigate(): boolean {
    return this.facts.type !== 0 && (this.#hasCode || (this.#hasDomain && this.#hasLevel));
  }

  fault(mark: number, position: number): void {
    this.hasFault = true;
    this.#out.mark(this.#row, mark, position - this.#base);
  }

  /** A value with backslash escapes: its text is unescaped into scratch. */
  escaped(key: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    const { scratch } = this.#out;
    const bytes = this.#bytes;
    const first = scratch.position;
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      const next = i + 1 < end ? (bytes[i + 1] as number) : 0;
      if (byte === BACKSLASH && (next === QUOTE || next === BACKSLASH)) i++;
      scratch.byte(bytes[i] as number);
    }
    this.derived(key, keyStart, keyEnd, first, scratch.position);
  }

  /** A pair whose value stands in scratch. What is settled at the end stands in the event. */
  derived(key: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    if (this.#isAgain(key, keyStart, keyEnd, start, end)) return;
    const as = keyAs[key] as number;
    const field = keyField[key] as number;
    if (isPlace(as)) {
      this.#keep(as, keyStart, keyEnd, start, end);
      return;
    }
    if (as === AS.url || as === AS.freeText) this.#out.span(this.#row, field, start, end);
    else if (as === 0 || as >= AS.action || !this.typed.put(as, field, start, end))
      this.#out.unmapped(this.#row, keyStart, keyEnd, start, end);
  }

  /**
   * A pair whose value is bytes[start, end) as it stands. `key` is its number, 0 for an unknown
   * one.
   */
  pair(key: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    if (this.#isAgain(key, keyStart, keyEnd, start, end)) return;
    const as = keyAs[key] as number;
    const row = this.#row;
    const out = this.#out;
    if (as === 0 || saysNothing(this.#bytes, start, end)) {
      out.unmapped(row, keyStart, keyEnd, start, end);
      return;
    }
    if (as === AS.text) {
      out.span(row, keyField[key] as number, start, end);
      return;
    }
    if (this.#typed(as, key, keyStart, keyEnd, start, end)) return;
    out.mark(row, MARK.value_invalid, start - this.#base);
    out.unmapped(row, keyStart, keyEnd, start, end);
  }

  /**
   * A key that came already. The device writes the addresses and the action in front of what a
   * client chose (URL, agent, file name), and does not always escape the quotes in that: so the
   * first one counts, and the other is kept as it stands.
   */
  #isAgain(key: number, keyStart: number, keyEnd: number, start: number, end: number): boolean {
    if (this.#seen[key] !== this.#generation) {
      if (key !== 0) this.#seen[key] = this.#generation;
      return false;
    }
    this.#out.mark(this.#row, MARK.value_invalid, keyStart - this.#base);
    this.#out.unmapped(this.#row, keyStart, keyEnd, start, end);
    return true;
  }

  /** False when the value is not of the kind that its key asks for. */
  #typed(
    as: number,
    key: number,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
  ): boolean {
    const field = keyField[key] as number;
    switch (as) {
      case AS.unsigned:
        return writeUnsigned(this.#bytes, this.#row, field, start, end, this.#out);
      case AS.ip:
        return writeIp(this.#bytes, this.#row, field, start, end, this.#out);
      case AS.logId:
        this.#out.span(this.#row, field, start, end);
        this.#hasCode = true;
        return true;
      case AS.seconds: {
        const ms = parseUnsigned(this.#bytes, start, end) * 1000;
        if (!fitsField(field, ms)) return false;
        this.#out.number(this.#row, field, ms);
        return true;
      }
      case AS.eventtime:
        return this.#time.setEventTime(this.#bytes, keyStart, start, end);
      case AS.date:
        this.#time.setDate(keyStart, start, end);
        return true;
      case AS.time:
        this.#time.setClock(keyStart, start, end);
        return true;
      case AS.zone:
        this.#time.setZone(start, end);
        return true;
      case AS.type:
        this.setType(start, end);
        return true;
      case AS.subtype:
        this.setSubtype(start, end);
        return true;
      default:
        if (as < AS.action) return this.typed.put(as, field, start, end);
        return this.#word(as, field, keyStart, keyEnd, start, end);
    }
  }

  setType(start: number, end: number): void {
    const { facts } = this;
    facts.type = typeTable.lookup(this.#bytes, start, end);
    if (facts.type === TYPE.security) facts.subtype = subtypeTable.lookup(this.#bytes, start, end);
    this.#typeStart = start;
    this.#typeEnd = end;
  }

  setSubtype(start: number, end: number): void {
    this.facts.subtype = subtypeTable.lookup(this.#bytes, start, end) || this.facts.subtype;
    this.#subtypeStart = start;
    this.#subtypeEnd = end;
  }

  /** What stands for one of a few words. */
  #word(
    as: number,
    field: number,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
  ): boolean {
    const bytes = this.#bytes;
    const out = this.#out;
    const row = this.#row;
    const { facts } = this;
    switch (as) {
      case AS.action:
        facts.action = actionTable.lookup(bytes, start, end);
        facts.change = changeTable.lookup(bytes, start, end);
        out.span(row, F.action, start, end);
        return true;
      case AS.level: {
        this.#hasLevel = true;
        const severityId = this.#hasSeverity ? 0 : severityIdOf(bytes, start, end);
        if (severityId !== 0) out.number(row, F.severity_id, severityId);
        out.span(row, F.metadata_log_level, start, end);
        return true;
      }
      case AS.severity: {
        const severityId = severityIdOf(bytes, start, end);
        this.#hasSeverity = severityId !== 0;
        if (severityId !== 0) out.number(row, F.severity_id, severityId);
        out.span(row, F.severity, start, end);
        return true;
      }
      case AS.method:
        this.#method(keyStart, keyEnd, start, end);
        return true;
      case AS.httpMethod:
        facts.method = methodTable.lookup(bytes, start, end);
        out.span(row, F.http_request_http_method, start, end);
        return true;
      case AS.eventtype:
        facts.dnsKind = dnsTable.lookup(bytes, start, end);
        this.#kindStart = start;
        this.#kindEnd = end;
        break;
      case AS.dhcp:
        facts.dhcp = dhcpTable.lookup(bytes, start, end);
        break;
      case AS.config:
        facts.hasConfig = true;
        out.span(row, field, start, end);
        return true;
      case AS.interface:
        this.#keepInterface(start, end);
        break;
      case AS.domain:
        this.#hasDomain = true;
        break;
      default:
        return this.#value(as, field, keyStart, keyEnd, start, end);
    }
    out.unmapped(row, keyStart, keyEnd, start, end);
    return true;
  }

  /** Values that go to a field under a condition, and else stay unmapped. */
  #value(
    as: number,
    field: number,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
  ): boolean {
    const bytes = this.#bytes;
    const out = this.#out;
    const row = this.#row;
    let isTaken = false;
    switch (as) {
      case AS.natIp:
        if (!isZero(bytes, start, end) && !out.has(row, field))
          return writeIp(bytes, row, field, start, end, out);
        break;
      case AS.natPort:
        if (!isZero(bytes, start, end)) return writeUnsigned(bytes, row, field, start, end, out);
        break;
      case AS.country:
        isTaken = end - start !== RESERVED_BYTES || bytes[start] !== 0x52;
        if (isTaken) out.span(row, field, start, end);
        break;
      case AS.virus:
        out.span(row, F.malware_name, start, end);
        out.span(row, field, start, end);
        return true;
      case AS.hash:
        isTaken = writeHash(bytes, row, start, end, 0, false, out);
        break;
      case AS.email:
        isTaken = this.facts.subtype === SUBTYPE.emailfilter;
        if (isTaken) out.span(row, field, start, end);
        break;
      case AS.hostname:
        out.span(row, this.#hostField(), start, end);
        return true;
      case AS.tlsVersion:
        out.span(row, F.tls_version, behindTls(bytes, start, end), end);
        return true;
      case AS.url:
        out.span(row, field, start, end);
        this.#urlHost(start, end);
        return true;
      case AS.reason:
        // `none` says that there is no reason.
        isTaken = end - start !== 4 || bytes[start] !== 0x6e;
        if (isTaken) out.span(row, F.status_detail, start, end);
        break;
      case AS.freeText:
      case AS.freeMac:
      case AS.freeIp:
        if (!out.has(row, field)) isTaken = this.#free(as, field, start, end);
        break;
      default:
        this.#keep(as, keyStart, keyEnd, start, end);
        return true;
    }
    if (!isTaken) out.unmapped(row, keyStart, keyEnd, start, end);
    return true;
  }

  #free(as: number, field: number, start: number, end: number): boolean {
    if (as === AS.freeText) {
      this.#out.span(this.#row, field, start, end);
      return true;
    }
    return this.typed.put(as === AS.freeMac ? AS.mac : AS.ip, field, start, end);
  }

  #keep(as: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    let kept: number = KEPT.service;
    if (as === AS.description) kept = KEPT.description;
    else if (as === AS.remoteIp) kept = KEPT.remote;
    else if (as === AS.localIp) kept = KEPT.local;
    else if (as === AS.remotePort) kept = KEPT.remotePort;
    else if (as === AS.localPort) kept = KEPT.localPort;
    else if (as === AS.user) kept = KEPT.user;
    else if (as === AS.userByVpn) kept = KEPT.userByVpn;
    else if (as === AS.userByDevice) kept = KEPT.userByDevice;
    else if (as === AS.status) kept = KEPT.status;
    else if (as === AS.result) kept = KEPT.result;
    this.#kept.set(kept, keyStart, keyEnd, start, end);
  }

  /** Of a URL, or of a client in events. HTTP Activity has its URL in the request. */
  #hostField(): number {
    if (this.facts.type === TYPE.event) return F.src_endpoint_hostname;
    const isHttp = this.facts.subtype === SUBTYPE.webfilter;
    return isHttp ? F.http_request_url_hostname : F.url_hostname;
  }

  /** `method` is one of HTTP's, a protocol of administration, or a word of the web filter. */
  #method(keyStart: number, keyEnd: number, start: number, end: number): void {
    const bytes = this.#bytes;
    const out = this.#out;
    const row = this.#row;
    const method = methodTable.lookup(bytes, start, end);
    const isAccess = this.facts.type === TYPE.event && accessTable.lookup(bytes, start, end) !== 0;
    if (method !== 0) {
      this.facts.method ||= method;
      out.span(row, F.http_request_http_method, start, end);
    } else if (isAccess) out.span(row, F.dst_endpoint_svc_name, start, end);
    else out.unmapped(row, keyStart, keyEnd, start, end);
  }

  /** `https(192.0.2.1)`, or an address alone. */
  #keepInterface(start: number, end: number): void {
    if (this.#bytes[end - 1] === CLOSE_PARENTHESIS) {
      this.#uiStart = find(this.#bytes, OPEN_PARENTHESIS, start, end) + 1;
      this.#uiEnd = end - 1;
    } else if (isIp(this.#bytes, start, end)) {
      this.#uiStart = start;
      this.#uiEnd = end;
    }
  }

  /** The host of a URL with a scheme, where no key gives it. */
  #urlHost(start: number, end: number): void {
    const bytes = this.#bytes;
    const field = this.#hostField();
    if (bytes[start] !== 0x68 || field === F.src_endpoint_hostname) return;
    if (this.#out.has(this.#row, field)) return;
    const colon = find(bytes, 0x3a, start, Math.min(end, start + 6));
    if (bytes[colon + 1] !== SLASH || bytes[colon + 2] !== SLASH || colon + 3 >= end) return;
    let stop = colon + 3;
    while (stop < end && bytes[stop] !== SLASH && bytes[stop] !== 0x3a) stop++;
    this.#out.span(this.#row, field, colon + 3, stop);
  }

  finish(): void {
    const row = this.#row;
    const out = this.#out;
    const kept = this.#kept;
    const { facts } = this;
    out.code(row, F.metadata_product_vendor_name, 'Fortinet');
    out.code(row, F.metadata_product_name, 'FortiGate');
    this.#time.finish(this.#batch, row, out);
    if (kept.has(KEPT.status) || kept.has(KEPT.result)) this.#finishStatus();
    const isAuth = writeFortigateClass(row, facts, out);
    if (out.numberAt(row, F.class_uid) === DETECTION_FINDING) this.#nameFinding();
    const disposition = dispositionOf(facts.action);
    if (disposition !== 0) out.number(row, F.disposition_id, disposition);
    const status = facts.status || statusOf(facts.action);
    if (status !== 0) out.number(row, F.status_id, status);
    if (kept.has(KEPT.service)) this.#finishService();
    this.#fallBack(F.message, KEPT.description);
    this.#finishUser(isAuth ? F.user_name : F.actor_user_name);
    this.#fallBackIp(F.src_endpoint_ip, KEPT.remote);
    this.#fallBackIp(F.dst_endpoint_ip, KEPT.local);
    this.#fallBackPort(F.src_endpoint_port, KEPT.remotePort);
    this.#fallBackPort(F.dst_endpoint_port, KEPT.localPort);
    if (this.#uiEnd > 0 && !out.has(row, F.src_endpoint_ip))
      writeIp(this.#bytes, row, F.src_endpoint_ip, this.#uiStart, this.#uiEnd, out);
    this.#logName();
  }

  /** A finding has a title: where no signature gives it, what kind of event or log it is. */
  #nameFinding(): void {
    const out = this.#out;
    const row = this.#row;
    if (out.has(row, F.finding_title)) return;
    if (this.#kindEnd > 0) out.span(row, F.finding_title, this.#kindStart, this.#kindEnd);
    else if (this.#subtypeEnd > 0)
      out.span(row, F.finding_title, this.#subtypeStart, this.#subtypeEnd);
    else out.span(row, F.finding_title, this.#typeStart, this.#typeEnd);
  }

  #logName(): void {
    const { scratch } = this.#out;
    const first = scratch.position;
    scratch.copy(this.#bytes, this.#typeStart, this.#typeEnd);
    if (this.#subtypeEnd > this.#subtypeStart) {
      scratch.byte(SLASH);
      scratch.copy(this.#bytes, this.#subtypeStart, this.#subtypeEnd);
    }
    this.#out.span(this.#row, F.metadata_log_name, first, scratch.position);
  }

  /** Before FortiOS 5 the traffic log has its action in `status`. */
  #finishStatus(): void {
    const out = this.#out;
    const row = this.#row;
    const kept = this.#kept;
    const { facts } = this;
    for (const which of [KEPT.status, KEPT.result]) {
      if (!kept.has(which)) continue;
      const start = kept.at(which, 2);
      const end = kept.at(which, 3);
      facts.status ||= statusTable.lookup(this.#bytes, start, end);
      const action = facts.status !== 0 ? 0 : actionTable.lookup(this.#bytes, start, end);
      if (action !== 0 && !out.has(row, F.action)) {
        facts.action = action;
        out.span(row, F.action, start, end);
      } else if (out.has(row, F.status)) this.#unmap(which);
      else out.span(row, F.status, start, end);
    }
  }

  /** The service is that of the destination, and the application where none was recognised. */
  #finishService(): void {
    const start = this.#kept.at(KEPT.service, 2);
    const end = this.#kept.at(KEPT.service, 3);
    this.#out.span(this.#row, F.dst_endpoint_svc_name, start, end);
    if (!this.#out.has(this.#row, F.app_name)) this.#out.span(this.#row, F.app_name, start, end);
  }

  #finishUser(field: number): void {
    const kept = this.#kept;
    let isFree = true;
    for (let which: number = KEPT.user; which <= KEPT.userByDevice; which++) {
      if (!kept.has(which)) continue;
      if (isFree) this.typed.put(AS.account, field, kept.at(which, 2), kept.at(which, 3));
      else this.#unmap(which);
      isFree = false;
    }
  }

  #fallBack(field: number, which: number): void {
    if (!this.#kept.has(which)) return;
    if (this.#out.has(this.#row, field)) this.#unmap(which);
    else this.#out.span(this.#row, field, this.#kept.at(which, 2), this.#kept.at(which, 3));
  }

  #fallBackIp(field: number, which: number): void {
    if (!this.#kept.has(which)) return;
    const start = this.#kept.at(which, 2);
    const end = this.#kept.at(which, 3);
    const isFree = !this.#out.has(this.#row, field);
    if (isFree && writeIp(this.#bytes, this.#row, field, start, end, this.#out)) return;
    this.#unmap(which);
  }

  #fallBackPort(field: number, which: number): void {
    if (!this.#kept.has(which)) return;
    const start = this.#kept.at(which, 2);
    const end = this.#kept.at(which, 3);
    const isFree = !this.#out.has(this.#row, field);
    if (isFree && writeUnsigned(this.#bytes, this.#row, field, start, end, this.#out)) return;
    this.#unmap(which);
  }

  #unmap(which: number): void {
    const kept = this.#kept;
    const valueStart = kept.at(which, 2);
    const valueEnd = kept.at(which, 3);
    this.#out.unmapped(this.#row, kept.at(which, 0), kept.at(which, 1), valueStart, valueEnd);
  }
}

/** Empty, `N/A` and `(null)`: FortiOS's words for no value. */
function saysNothing(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  const first = bytes[start];
  if (first === 0x4e) return end - start === 3 && bytes[start + 1] === SLASH;
  return first === OPEN_PARENTHESIS && end - start === 6 && bytes[end - 1] === CLOSE_PARENTHESIS;
}

/** Kinds that are kept as positions only, wherever these are. */
const isPlace = (as: number): boolean =>
  as === AS.service || as === AS.description || (as >= AS.user && as <= AS.userByDevice);

/** `0`, `0.0.0.0` and `::`. */
function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte !== 0x30 && byte !== 0x2e && byte !== 0x3a) return false;
  }
  return true;
}

/** `tls1.3` and `TLSv1.2` are the versions 1.3 and 1.2. */
function behindTls(bytes: Uint8Array, start: number, end: number): number {
  const isTls = end - start > 3 && ((bytes[start] as number) | 0x20) === 0x74;
  if (!isTls) return start;
  return ((bytes[start + 3] as number) | 0x20) === 0x76 ? start + 4 : start + 3;
}
