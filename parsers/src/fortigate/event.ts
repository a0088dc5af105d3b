// One FortiGate event while its pairs come in: what has a column goes there at once, what several
// keys decide together (time, class, disposition) is kept as positions and settled at the end.
import { type ColumnWriter, FIELD, MARK, type RawBatch } from '@weir/pipeline';
import { BACKSLASH, find, QUOTE, SLASH } from '../text/ascii.js';
import { parseUnsigned } from '../text/number.js';
import { severityIdOf } from '../text/severity.js';
import { fitsField, writeClass, writeIp, writeUnsigned } from '../text/values.js';
import { FortigateTime } from './event-time.js';
import { AS, keyAs, keyField } from './keys.js';
import {
  AUTHENTICATION,
  actionTable,
  authActivityOf,
  BASE_EVENT,
  DETECTION_FINDING,
  DNS_ACTIVITY,
  dispositionOf,
  dnsTable,
  HTTP_ACTIVITY,
  methodTable,
  NETWORK_ACTIVITY,
  networkActivityOf,
  SUBTYPE,
  statusOf,
  statusTable,
  subtypeTable,
  TRAFFIC,
  TYPE,
  typeTable,
} from './words.js';

const {
  action: ACTION,
  app_name: APP_NAME,
  disposition_id: DISPOSITION_ID,
  dst_endpoint_ip: DST_IP,
  dst_endpoint_port: DST_PORT,
  message: MESSAGE,
  metadata_log_name: LOG_NAME,
  metadata_product_name: PRODUCT,
  metadata_product_vendor_name: VENDOR,
  severity_id: SEVERITY_ID,
  src_endpoint_ip: SRC_IP,
  src_endpoint_port: SRC_PORT,
  status_id: STATUS_ID,
} = FIELD;

const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;

export class FortigateEvent {
  #batch!: RawBatch;
  #bytes: Uint8Array = new Uint8Array(0);
  #out!: ColumnWriter;
  #row = 0;
  #base = 0;
  /** True when a part of the event was no pair. */
  hasFault = false;
  readonly #time = new FortigateTime();
  #hasCode = false;
  #type = 0;
  #subtype = 0;
  #action = 0;
  #method = 0;
  #dnsKind = 0;
  #status = 0;
  #typeStart = 0;
  #typeEnd = 0;
  #subtypeStart = 0;
  #subtypeEnd = 0;
  /** Key and value of `service` and `logdesc`: fallbacks for app_name and message. */
  readonly #service = new Uint32Array(4);
  readonly #description = new Uint32Array(4);
  readonly #remote = new Uint32Array(4);
  readonly #local = new Uint32Array(4);
  readonly #remotePort = new Uint32Array(4);
  readonly #localPort = new Uint32Array(4);
  /** Address in `ui="ssh(192.0.2.1)"`: where an administrator came from. */
  #uiStart = 0;
  #uiEnd = 0;
  #hasDomain = false;
  #hasLevel = false;

  begin(batch: RawBatch, row: number, out: ColumnWriter): void {
    this.#batch = batch;
    this.#bytes = batch.bytes;
    this.#out = out;
    this.#row = row;
    this.#base = batch.offsets[row] as number;
    this.hasFault = false;
    this.#hasCode = false;
    this.#type = 0;
    this.#subtype = 0;
    this.#action = 0;
    this.#method = 0;
    this.#dnsKind = 0;
    this.#status = 0;
    this.#time.begin();
    this.#typeEnd = 0;
    this.#subtypeEnd = 0;
    this.#service[3] = 0;
    this.#description[3] = 0;
    this.#remote[3] = 0;
    this.#local[3] = 0;
    this.#remotePort[3] = 0;
    this.#localPort[3] = 0;
    this.#uiEnd = 0;
    this.#hasDomain = false;
    this.#hasLevel = false;
  }

  /** FortiOS writes one of its types with a log id, or else with its virtual domain and level. */
  isFortigate(): boolean {
    return this.#type !== 0 && (this.#hasCode || (this.#hasDomain && this.#hasLevel));
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
    const last = scratch.position;
    if (keyAs[key] === AS.span) this.#out.span(this.#row, keyField[key] as number, first, last);
    else this.#out.unmapped(this.#row, keyStart, keyEnd, first, last);
  }

  /**
   * A pair whose value is bytes[start, end) as it stands. `key` is its number, 0 for an unknown
   * one.
   */
  pair(key: number, keyStart: number, keyEnd: number, start: number, end: number): void {
    const as = keyAs[key] as number;
    const row = this.#row;
    const out = this.#out;
    if (as === 0 || saysNothing(this.#bytes, start, end)) {
      out.unmapped(row, keyStart, keyEnd, start, end);
      return;
    }
    if (as === AS.span) {
      out.span(row, keyField[key] as number, start, end);
      return;
    }
    if (this.#typed(as, key, keyStart, keyEnd, start, end)) return;
    out.mark(row, MARK.value_invalid, start - this.#base);
    out.unmapped(row, keyStart, keyEnd, start, end);
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
    const row = this.#row;
    const out = this.#out;
    switch (as) {
      case AS.unsigned:
        return writeUnsigned(this.#bytes, row, field, start, end, out);
      case AS.ip:
        return writeIp(this.#bytes, row, field, start, end, out);
      case AS.code:
        out.span(row, field, start, end);
        this.#hasCode = true;
        return true;
      case AS.seconds: {
        const ms = parseUnsigned(this.#bytes, start, end) * 1000;
        if (!fitsField(field, ms)) return false;
        out.number(row, field, ms);
        return true;
      }
      default:
        return this.#special(as, keyStart, keyEnd, start, end);
    }
  }

  finish(): void {
    const row = this.#row;
    const out = this.#out;
    out.code(row, VENDOR, 'Fortinet');
    out.code(row, PRODUCT, 'FortiGate');
    this.#time.finish(this.#batch, row, out);
    this.#finishClass();
    const disposition = dispositionOf(this.#action);
    if (disposition !== 0) out.number(row, DISPOSITION_ID, disposition);
    const status = this.#status || statusOf(this.#action);
    if (status !== 0) out.number(row, STATUS_ID, status);
    this.#fallBack(APP_NAME, this.#service);
    this.#fallBack(MESSAGE, this.#description);
    this.#fallBackIp(SRC_IP, this.#remote);
    this.#fallBackIp(DST_IP, this.#local);
    this.#fallBackPort(SRC_PORT, this.#remotePort);
    this.#fallBackPort(DST_PORT, this.#localPort);
    if (this.#uiEnd > 0 && !out.has(row, SRC_IP))
      writeIp(this.#bytes, row, SRC_IP, this.#uiStart, this.#uiEnd, out);
    const { scratch } = out;
    const first = scratch.position;
    scratch.copy(this.#bytes, this.#typeStart, this.#typeEnd);
    if (this.#subtypeEnd > this.#subtypeStart) {
      scratch.byte(SLASH);
      scratch.copy(this.#bytes, this.#subtypeStart, this.#subtypeEnd);
    }
    out.span(row, LOG_NAME, first, scratch.position);
  }

  #special(as: number, keyStart: number, keyEnd: number, start: number, end: number): boolean {
    const bytes = this.#bytes;
    const out = this.#out;
    const row = this.#row;
    switch (as) {
      case AS.type:
        this.#type = typeTable.lookup(bytes, start, end);
        if (this.#type === TYPE.security) this.#subtype = subtypeTable.lookup(bytes, start, end);
        this.#typeStart = start;
        this.#typeEnd = end;
        return true;
      case AS.subtype:
        this.#subtype = subtypeTable.lookup(bytes, start, end) || this.#subtype;
        this.#subtypeStart = start;
        this.#subtypeEnd = end;
        return true;
      case AS.action:
        this.#action = actionTable.lookup(bytes, start, end);
        out.span(row, ACTION, start, end);
        return true;
      case AS.level: {
        // Eight levels become six ids, so the word stays as well.
        this.#hasLevel = true;
        const severityId = severityIdOf(bytes, start, end);
        if (severityId !== 0) out.number(row, SEVERITY_ID, severityId);
        out.unmapped(row, keyStart, keyEnd, start, end);
        return true;
      }
      case AS.status:
        this.#status = statusTable.lookup(bytes, start, end);
        // Before FortiOS 5 the traffic log has its action here.
        if (this.#status === 0 && this.#action === 0)
          this.#action = actionTable.lookup(bytes, start, end);
        out.unmapped(row, keyStart, keyEnd, start, end);
        return true;
      case AS.method:
        this.#method = methodTable.lookup(bytes, start, end);
        out.unmapped(row, keyStart, keyEnd, start, end);
        return true;
      case AS.eventtype:
        this.#dnsKind = dnsTable.lookup(bytes, start, end);
        out.unmapped(row, keyStart, keyEnd, start, end);
        return true;
      default:
        return this.#keep(as, keyStart, keyEnd, start, end);
    }
  }

  #keep(as: number, keyStart: number, keyEnd: number, start: number, end: number): boolean {
    switch (as) {
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
      case AS.service:
        return keepIn(this.#service, keyStart, keyEnd, start, end);
      case AS.description:
        return keepIn(this.#description, keyStart, keyEnd, start, end);
      case AS.remoteIp:
        return keepIn(this.#remote, keyStart, keyEnd, start, end);
      case AS.localIp:
        return keepIn(this.#local, keyStart, keyEnd, start, end);
      case AS.remotePort:
        return keepIn(this.#remotePort, keyStart, keyEnd, start, end);
      case AS.localPort:
        return keepIn(this.#localPort, keyStart, keyEnd, start, end);
      case AS.interface:
        this.#keepInterface(start, end);
        break;
      default:
        this.#hasDomain = true;
    }
    this.#out.unmapped(this.#row, keyStart, keyEnd, start, end);
    return true;
  }

  #keepInterface(start: number, end: number): void {
    if (this.#bytes[end - 1] !== CLOSE_PARENTHESIS) return;
    this.#uiStart = find(this.#bytes, OPEN_PARENTHESIS, start, end) + 1;
    this.#uiEnd = end - 1;
  }

  #finishClass(): void {
    const row = this.#row;
    const out = this.#out;
    if (this.#type === TYPE.traffic) {
      writeClass(row, NETWORK_ACTIVITY, networkActivityOf(this.#action), out);
    } else if (this.#type === TYPE.event) {
      const auth = authActivityOf(this.#action);
      const isLogin = auth !== 0 && this.#subtype >= SUBTYPE.user;
      if (isLogin) writeClass(row, AUTHENTICATION, auth, out);
      else writeClass(row, BASE_EVENT, 0, out);
    } else if (this.#subtype === SUBTYPE.webfilter) {
      writeClass(row, HTTP_ACTIVITY, this.#method, out);
    } else if (this.#subtype === SUBTYPE.dns) {
      writeClass(row, DNS_ACTIVITY, this.#dnsKind || TRAFFIC, out);
    } else writeClass(row, DETECTION_FINDING, 1, out);
  }

  #fallBack(field: number, pair: Uint32Array): void {
    const end = pair[3] as number;
    if (end === 0) return;
    if (this.#out.has(this.#row, field)) this.#unmap(pair);
    else this.#out.span(this.#row, field, pair[2] as number, end);
  }

  #fallBackIp(field: number, pair: Uint32Array): void {
    const start = pair[2] as number;
    const end = pair[3] as number;
    if (end === 0) return;
    const isFree = !this.#out.has(this.#row, field);
    if (isFree && writeIp(this.#bytes, this.#row, field, start, end, this.#out)) return;
    this.#unmap(pair);
  }

  #fallBackPort(field: number, pair: Uint32Array): void {
    const start = pair[2] as number;
    const end = pair[3] as number;
    if (end === 0) return;
    const isFree = !this.#out.has(this.#row, field);
    if (isFree && writeUnsigned(this.#bytes, this.#row, field, start, end, this.#out)) return;
    this.#unmap(pair);
  }

  #unmap(pair: Uint32Array): void {
    const keyStart = pair[0] as number;
    const keyEnd = pair[1] as number;
    this.#out.unmapped(this.#row, keyStart, keyEnd, pair[2] as number, pair[3] as number);
  }
}

/** Empty, `N/A` and `(null)`: FortiOS's words for no value. */
function saysNothing(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  const first = bytes[start];
  if (first === 0x4e) return end - start === 3 && bytes[start + 1] === SLASH;
  return first === OPEN_PARENTHESIS && end - start === 6 && bytes[end - 1] === CLOSE_PARENTHESIS;
}

function keepIn(
  pair: Uint32Array,
  keyStart: number,
  keyEnd: number,
  start: number,
  end: number,
): true {
  pair[0] = keyStart;
  pair[1] = keyEnd;
  pair[2] = start;
  pair[3] = end;
  return true;
}
