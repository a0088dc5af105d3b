// Lists of key="value" from BIG-IP, and its CEF: one event while its pairs come in. Positions are
// absolute; a value stands in the bytes, or unescaped in scratch.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { AS, TypedWriter } from '../common/typed-writer.js';
import { COLON, isDigit, MINUS, startsWith } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { readMoment } from '../text/moment.js';
import { parseUnsigned } from '../text/number.js';
import { SEVERITY_ID_BY_CODE, severityIdOf } from '../text/severity.js';
import { TimeReading } from '../text/time.js';
import { writeUrlParts } from '../text/url.js';
import { writeClass, writeTime } from '../text/values.js';
import { actionTable, KEYS, type KeyRow, keyTable, markerTable, OWN } from './keys.js';

const NETWORK = 4001;
const HTTP = 4002;
const DNS = 4003;
const FINDING = 2004;
const BASE_EVENT = 0;
const REFUSE = 5;
const TRAFFIC = 6;
/** Blocked, Dropped, Rejected. */
const REFUSED = new Set([2, 6, 25]);
const METHODS = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE', 'PATCH'];
const methodTable = new KeyTable(METHODS.map((name, index) => [name, index + 1] as const));
const PROTOCOLS = { ICMP: 1, TCP: 6, UDP: 17, GRE: 47, ESP: 50, AH: 51, ICMPV6: 58, SCTP: 132 };
const protocolTable = new KeyTable(
  Object.entries(PROTOCOLS).flatMap(([name, number]) => [
    [name, number] as const,
    [name.toLowerCase(), number] as const,
  ]),
);

/** A value that is looked at when the whole event is there; an end of 0 is none. */
interface Kept {
  start: number;
  end: number;
}
const none = (): Kept => ({ start: 0, end: 0 });

export class F5List {
  readonly typed = new TypedWriter();
  readonly #reading = new TimeReading();
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the value at hand stands: bytes or scratch, and what to subtract from positions. */
  #source: Uint8Array = this.#bytes;
  #shift = 0;
  /** A key that only BIG-IP writes. */
  hasMarker = false;
  #isFirewall = false;
  #isDns = false;
  #method = 0;
  #disposition = 0;
  readonly #uri = none();
  readonly #query = none();
  readonly #request = none();

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.typed.begin(batch, row, out);
    this.#bytes = batch.bytes;
    this.hasMarker = false;
    this.#isFirewall = false;
    this.#isDns = false;
    this.#method = 0;
    this.#disposition = 0;
    this.#uri.end = 0;
    this.#query.end = 0;
    this.#request.end = 0;
  }

  /** A pair of a list: the key stands in the bytes. */
  pair(keyStart: number, keyEnd: number, start: number, end: number): void {
    const bytes = this.#bytes;
    if (markerTable.lookup(bytes, keyStart, keyEnd) !== 0) this.hasMarker = true;
    this.put(keyTable.lookup(bytes, keyStart, keyEnd), keyStart, keyEnd, start, end);
  }

  /** A pair whose key is known by its number, 0 for none. */
  put(key: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    const { typed } = this;
    const { out, row } = typed;
    if (start >= end) return;
    this.#locate(start);
    if (this.#saysNothing(start, end)) return;
    if (key === 0) {
      out.unmapped(row, keyStart, keyEnd, start, end);
      return;
    }
    const [, as, field = 0] = KEYS[key - 1] as KeyRow;
    if (as >= OWN.action) {
      if (!this.#own(as, start, end)) out.unmapped(row, keyStart, keyEnd, start, end);
      return;
    }
    if (field === FIELD.http_request_http_method)
      this.#method = methodTable.lookup(this.#source, start - this.#shift, end - this.#shift);
    if (out.has(row, field)) out.unmapped(row, keyStart, keyEnd, start, end);
    else typed.pair(as, field, keyStart, keyEnd, start, end);
  }

  #locate(position: number): void {
    const isRaw = position < this.#bytes.length;
    this.#source = isRaw ? this.#bytes : this.typed.out.scratch.memory;
    this.#shift = isRaw ? 0 : this.#bytes.length;
  }

  /** `N/A` and a lone dash. */
  #saysNothing(start: number, end: number): boolean {
    const from = start - this.#shift;
    if (end - start === 3) return startsWith(this.#source, from, from + 3, 'N/A');
    return end - start === 1 && this.#source[from] === MINUS;
  }

  /** False for what is to stay under its key as well. */
  #own(as: number, start: number, end: number): boolean {
    const { out, row } = this.typed;
    const source = this.#source;
    const from = start - this.#shift;
    const to = end - this.#shift;
    switch (as) {
      case OWN.action:
        out.span(row, FIELD.action, start, end);
        this.#disposition = actionTable.lookup(source, from, to);
        return true;
      case OWN.request:
        keep(this.#request, start, end);
        return false;
      case OWN.time:
        if (this.#time(start, end)) return true;
        this.typed.mark(MARK.timestamp_invalid, start);
        return false;
      case OWN.uri:
        if (this.#uri.end === 0) keep(this.#uri, start, end);
        return true;
      case OWN.query:
        keep(this.#query, start, end);
        return true;
      case OWN.severity:
        this.#severity(from, to);
        return false;
      case OWN.protocol:
        this.#isFirewall = true;
        return this.#protocol(start, end);
      case OWN.hostPort:
        this.#host(start, end);
        return true;
      case OWN.irule:
        out.span(row, FIELD.metadata_log_name, start, end);
        this.#isDns = hasDns(source, from, to);
        return true;
      case OWN.product:
        out.span(row, FIELD.metadata_product_feature_name, start, end);
        return true;
      default:
        return false;
    }
  }

  /** The first that the event has. */
  #time(start: number, end: number): boolean {
    const { typed } = this;
    const reading = this.#reading;
    if (typed.out.has(typed.row, FIELD.time)) return true;
    const from = start - this.#shift;
    const verdict = readMoment(typed.batch, this.#source, from, end - this.#shift, reading);
    if (verdict !== 'valid') return false;
    if (!reading.hasYear) typed.mark(MARK.timestamp_year_inferred, start);
    if (!reading.hasZone) typed.mark(MARK.timestamp_zone_assumed, start);
    const offset = this.#shift === 0 ? start - typed.base : 0;
    writeTime(typed.batch, typed.row, reading.us, offset, typed.out);
    return true;
  }

  /** A word (ASM) or the code of syslog (AFM). */
  #severity(from: number, to: number): void {
    const { out, row } = this.typed;
    const source = this.#source;
    const code = isDigit(source[from] as number) ? parseUnsigned(source, from, to) : Number.NaN;
    const severityId = Number.isNaN(code)
      ? severityIdOf(source, from, to)
      : (SEVERITY_ID_BY_CODE[code] ?? 0);
    if (severityId !== 0) out.number(row, FIELD.severity_id, severityId);
  }

  #protocol(start: number, end: number): boolean {
    const { typed } = this;
    const from = start - this.#shift;
    const to = end - this.#shift;
    const named = protocolTable.lookup(this.#source, from, to);
    const number = named === 0 ? parseUnsigned(this.#source, from, to) : named;
    const isNumber = number > 0 && number <= 255;
    if (isNumber) typed.out.number(typed.row, FIELD.connection_info_protocol_num, number);
    if (named !== 0) typed.put(AS.lower, FIELD.connection_info_protocol_name, start, end);
    return isNumber;
  }

  /** `example.com:80`. */
  #host(start: number, end: number): void {
    const { out, row } = this.typed;
    const source = this.#source;
    let colon = end - this.#shift - 1;
    while (colon > start - this.#shift && isDigit(source[colon] as number)) colon--;
    const isColon = source[colon] === COLON;
    const port = isColon ? parseUnsigned(source, colon + 1, end - this.#shift) : Number.NaN;
    const hasPort = port <= 65_535;
    out.span(row, FIELD.http_request_url_hostname, start, hasPort ? colon + this.#shift : end);
    if (hasPort) out.number(row, FIELD.http_request_url_port, port);
  }

  finish(): void {
    const { out, row } = this.typed;
    if (this.#uri.end > 0) this.#writeUri();
    if (this.#request.end > 0) {
      this.#header('Host: ', FIELD.http_request_url_hostname);
      this.#header('User-Agent: ', FIELD.http_request_user_agent);
      this.#header('Referer: ', FIELD.http_request_referrer);
    }
    if (this.#disposition !== 0) out.number(row, FIELD.disposition_id, this.#disposition);
    const isHttp = this.#uri.end > 0 || this.#method > 0 || this.#request.end > 0;
    if (this.#isFirewall) this.#network();
    else if (this.#isDns) writeClass(row, DNS, TRAFFIC, out);
    else if (out.has(row, FIELD.finding_title) || out.has(row, FIELD.finding_info_analytic_uid))
      writeClass(row, FINDING, 1, out);
    else if (isHttp || out.has(row, FIELD.http_response_code))
      writeClass(row, HTTP, this.#method, out);
    else if (out.has(row, FIELD.src_endpoint_ip)) this.#network();
    else writeClass(row, BASE_EVENT, 0, out);
  }

  #network(): void {
    const activity = REFUSED.has(this.#disposition) ? REFUSE : TRAFFIC;
    writeClass(this.typed.row, NETWORK, activity, this.typed.out);
  }

  /** ASM keeps the query apart from the path: together they are what was asked for. */
  #writeUri(): void {
    const { typed } = this;
    const { out, row } = typed;
    const { start, end } = this.#uri;
    const isRaw = start < this.#bytes.length && this.#query.start < this.#bytes.length;
    if (this.#query.end === 0 || !isRaw) {
      typed.put(AS.url, FIELD.http_request_url_url_string, start, end);
      out.span(row, FIELD.http_request_url_query_string, this.#query.start, this.#query.end);
      return;
    }
    const { scratch } = out;
    const first = scratch.position;
    scratch.copy(this.#bytes, start, end);
    scratch.byte(0x3f);
    scratch.copy(this.#bytes, this.#query.start, this.#query.end);
    out.span(row, FIELD.http_request_url_url_string, first, scratch.position);
    writeUrlParts(this.#bytes, row, start, end, 0, out);
    out.span(row, FIELD.http_request_url_query_string, this.#query.start, this.#query.end);
  }

  /** A header of the request, up to the line's end, which stands as it is or as `\r\n`. */
  #header(name: string, field: number): void {
    const { out, row } = this.typed;
    if (out.has(row, field)) return;
    this.#locate(this.#request.start);
    const source = this.#source;
    const end = this.#request.end - this.#shift;
    for (let i = this.#request.start - this.#shift; i + name.length < end; i++) {
      if (source[i] !== name.charCodeAt(0) || !startsWith(source, i, end, name)) continue;
      const from = i + name.length;
      let to = from;
      while (to < end && source[to] !== 0x5c && (source[to] as number) >= 0x20) to++;
      if (field === FIELD.http_request_url_hostname)
        this.#host(from + this.#shift, to + this.#shift);
      else out.span(row, field, from + this.#shift, to + this.#shift);
      return;
    }
  }
}

function keep(kept: Kept, start: number, end: number): void {
  kept.start = start;
  kept.end = end;
}

function hasDns(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i + 3 <= end; i++) if (startsWith(bytes, i, end, 'DNS')) return true;
  return false;
}
