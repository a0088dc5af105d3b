// Lists of key="value" from BIG-IP: one event while its pairs come in.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { AS, TypedWriter } from '../common/typed-writer.js';
import { COLON, isDigit, startsWith } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { parseUnsigned } from '../text/number.js';
import { SEVERITY_ID_BY_CODE, severityIdOf } from '../text/severity.js';
import { readIso, TimeReading } from '../text/time.js';
import { writeUrlParts } from '../text/url.js';
import { writeClass, writeTime } from '../text/values.js';
import { actionTable, KEYS, type KeyRow, keyTable, markerTable, OWN } from './keys.js';

const NETWORK = 4001;
const HTTP = 4002;
const DNS = 4003;
const FINDING = 2004;
const METHODS = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE', 'PATCH'];
const methodTable = new KeyTable(METHODS.map((name, index) => [name, index + 1] as const));
const PROTOCOLS = { ICMP: 1, TCP: 6, UDP: 17, GRE: 47, ESP: 50, AH: 51, ICMPV6: 58, SCTP: 132 };
const protocolTable = new KeyTable(
  Object.entries(PROTOCOLS).flatMap(([name, number]) => [
    [name, number] as const,
    [name.toLowerCase(), number] as const,
  ]),
);

export class F5List {
  readonly typed = new TypedWriter();
  readonly #reading = new TimeReading();
  #bytes: Uint8Array = new Uint8Array(0);
  /** A key that only BIG-IP writes. */
  hasMarker = false;
  #isFirewall = false;
  #isDns = false;
  #method = 0;
  #disposition = 0;
  #uriStart = 0;
  #uriEnd = 0;
  #queryStart = 0;
  #queryEnd = 0;
  #requestStart = 0;
  #requestEnd = 0;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.typed.begin(batch, row, out);
    this.#bytes = batch.bytes;
    this.hasMarker = false;
    this.#isFirewall = false;
    this.#isDns = false;
    this.#method = 0;
    this.#disposition = 0;
    this.#uriEnd = 0;
    this.#queryEnd = 0;
    this.#requestEnd = 0;
  }

  /** The key stands in the bytes; the value there, or unescaped in scratch. */
  pair(keyStart: number, keyEnd: number, start: number, end: number): void {
    const { typed } = this;
    const bytes = this.#bytes;
    if (markerTable.lookup(bytes, keyStart, keyEnd) !== 0) this.hasMarker = true;
    if (start >= end || this.#saysNothing(start, end)) return;
    const key = keyTable.lookup(bytes, keyStart, keyEnd);
    if (key === 0) {
      typed.out.unmapped(typed.row, keyStart, keyEnd, start, end);
      return;
    }
    const [, as, field = 0] = KEYS[key - 1] as KeyRow;
    if (as >= OWN.action) this.#own(as, keyStart, keyEnd, start, end);
    else {
      if (field === FIELD.http_request_http_method && start < bytes.length)
        this.#method = methodTable.lookup(bytes, start, end);
      if (typed.out.has(typed.row, field))
        typed.out.unmapped(typed.row, keyStart, keyEnd, start, end);
      else typed.pair(as, field, keyStart, keyEnd, start, end);
    }
  }

  /** `N/A`, `Unknown` and a lone dash. */
  #saysNothing(start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (start >= bytes.length) return false;
    if (end - start === 3) return startsWith(bytes, start, end, 'N/A');
    return end - start === 1 && bytes[start] === 0x2d;
  }

  #own(as: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    const { typed } = this;
    const { out, row } = typed;
    const bytes = this.#bytes;
    const isInBytes = start < bytes.length;
    switch (as) {
      case OWN.action:
        out.span(row, FIELD.action, start, end);
        if (isInBytes) this.#disposition = actionTable.lookup(bytes, start, end);
        return;
      case OWN.request:
        if (isInBytes) this.#request(start, end);
        out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      case OWN.time:
        if (!isInBytes || !this.#time(start, end)) {
          typed.mark(MARK.timestamp_invalid, start);
          out.unmapped(row, keyStart, keyEnd, start, end);
        }
        return;
      case OWN.uri:
        if (this.#uriEnd > 0) return;
        this.#uriStart = start;
        this.#uriEnd = end;
        return;
      case OWN.query:
        this.#queryStart = start;
        this.#queryEnd = end;
        return;
      case OWN.severity:
        this.#severity(start, end);
        out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      case OWN.protocol:
        this.#isFirewall = true;
        this.#protocol(keyStart, keyEnd, start, end);
        return;
      case OWN.hostPort:
        this.#host(start, end);
        return;
      case OWN.irule:
        out.span(row, FIELD.metadata_log_name, start, end);
        this.#isDns = isInBytes && hasDns(bytes, start, end);
        return;
      case OWN.product:
        out.span(row, FIELD.metadata_product_feature_name, start, end);
        return;
      default:
        out.unmapped(row, keyStart, keyEnd, start, end);
    }
  }

  /** Names of the date's parts differ: `2020-04-07 11:40:26`, `2020/04/07 11:39:24`. */
  #time(start: number, end: number): boolean {
    const { typed } = this;
    const reading = this.#reading;
    if (typed.out.has(typed.row, FIELD.time)) return true;
    const verdict = readIso(this.#bytes, start, end, reading);
    if (verdict !== 'valid' || reading.end !== end) return false;
    if (!reading.hasZone) typed.mark(MARK.timestamp_zone_assumed, start);
    writeTime(typed.batch, typed.row, reading.us, start - typed.base, typed.out);
    return true;
  }

  /** A word (ASM) or the code of syslog (AFM). */
  #severity(start: number, end: number): void {
    const { out, row } = this.typed;
    const bytes = this.#bytes;
    if (start >= bytes.length) return;
    const code = isDigit(bytes[start] as number) ? parseUnsigned(bytes, start, end) : Number.NaN;
    const severityId = Number.isNaN(code)
      ? severityIdOf(bytes, start, end)
      : (SEVERITY_ID_BY_CODE[code] ?? 0);
    if (severityId !== 0) out.number(row, FIELD.severity_id, severityId);
  }

  #protocol(keyStart: number, keyEnd: number, start: number, end: number): void {
    const { typed } = this;
    const { out, row } = typed;
    const isInBytes = start < this.#bytes.length;
    const named = isInBytes ? protocolTable.lookup(this.#bytes, start, end) : 0;
    const number = named === 0 && isInBytes ? parseUnsigned(this.#bytes, start, end) : named;
    if (number > 0 && number <= 255) out.number(row, FIELD.connection_info_protocol_num, number);
    if (named !== 0) typed.put(AS.lower, FIELD.connection_info_protocol_name, start, end);
    else if (!(number > 0 && number <= 255)) out.unmapped(row, keyStart, keyEnd, start, end);
  }

  /** `example.com:80`. */
  #host(start: number, end: number): void {
    const { out, row } = this.typed;
    const bytes = this.#bytes;
    if (start >= bytes.length) return;
    let colon = end - 1;
    while (colon > start && isDigit(bytes[colon] as number)) colon--;
    const port = bytes[colon] === COLON ? parseUnsigned(bytes, colon + 1, end) : Number.NaN;
    const hasPort = port <= 65_535;
    out.span(row, FIELD.http_request_url_hostname, start, hasPort ? colon : end);
    if (hasPort) out.number(row, FIELD.http_request_url_port, port);
  }

  /** The whole request, or its headers: which host and which program asked. */
  #request(start: number, end: number): void {
    this.#requestStart = start;
    this.#requestEnd = end;
  }

  finish(): void {
    const { typed } = this;
    const { out, row } = typed;
    if (this.#uriEnd > 0) this.#writeUri();
    if (this.#requestEnd > 0) {
      this.#header('Host: ', FIELD.http_request_url_hostname);
      this.#header('User-Agent: ', FIELD.http_request_user_agent);
      this.#header('Referer: ', FIELD.http_request_referrer);
    }
    if (this.#disposition !== 0) out.number(row, FIELD.disposition_id, this.#disposition);
    if (this.#isFirewall) {
      const isRefused = [2, 6, 25].includes(this.#disposition);
      writeClass(row, NETWORK, isRefused ? 5 : 6, out);
    } else if (this.#isDns) writeClass(row, DNS, out.has(row, FIELD.rcode) ? 2 : 6, out);
    else if (out.has(row, FIELD.finding_title) || out.has(row, FIELD.finding_info_analytic_uid))
      writeClass(row, FINDING, 1, out);
    else writeClass(row, HTTP, this.#method, out);
  }

  /** ASM keeps the query apart from the path: together they are what was asked for. */
  #writeUri(): void {
    const { typed } = this;
    const { out, row } = typed;
    const bytes = this.#bytes;
    const hasQuery = this.#queryEnd > 0 && this.#uriStart < bytes.length;
    if (!hasQuery || this.#queryStart >= bytes.length) {
      typed.put(AS.url, FIELD.http_request_url_url_string, this.#uriStart, this.#uriEnd);
      return;
    }
    const { scratch } = out;
    const first = scratch.position;
    scratch.copy(bytes, this.#uriStart, this.#uriEnd);
    scratch.byte(0x3f);
    scratch.copy(bytes, this.#queryStart, this.#queryEnd);
    out.span(row, FIELD.http_request_url_url_string, first, scratch.position);
    writeUrlParts(bytes, row, this.#uriStart, this.#uriEnd, 0, out);
    out.span(row, FIELD.http_request_url_query_string, this.#queryStart, this.#queryEnd);
  }

  /** A header of the request, up to the line's end, which stands as it is or as `\r\n`. */
  #header(name: string, field: number): void {
    const { out, row } = this.typed;
    const bytes = this.#bytes;
    const end = this.#requestEnd;
    if (out.has(row, field)) return;
    for (let i = this.#requestStart; i + name.length < end; i++) {
      if (bytes[i] !== name.charCodeAt(0) || !startsWith(bytes, i, end, name)) continue;
      const start = i + name.length;
      let stop = start;
      while (stop < end && bytes[stop] !== 0x5c && (bytes[stop] as number) >= 0x20) stop++;
      if (field === FIELD.http_request_url_hostname) this.#host(start, stop);
      else out.span(row, field, start, stop);
      return;
    }
  }
}

function hasDns(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i + 3 <= end; i++) if (startsWith(bytes, i, end, 'DNS')) return true;
  return false;
}
