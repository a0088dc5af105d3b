// FTD's security events 430001 to 430005: `Key: value, Key: value`. After "Cisco Secure Firewall
// Threat Defense Syslog Messages", chapter "Security Event Syslog Messages".
import { type ColumnWriter, FIELD, type RawBatch } from '@weir/pipeline';
import type { CiscoEvent } from '../cisco/event.js';
import {
  BLOCKED,
  DETECTION_FINDING,
  DNS_ACTIVITY,
  DROPPED,
  NETWORK_ACTIVITY,
} from '../cisco/meanings.js';
import { AS } from '../common/typed-writer.js';
import { COLON, COMMA, isDigit, isLetter, QUOTE, SPACE, startsWith } from '../text/ascii.js';
import { KeyTable } from '../text/key-table.js';
import { writeClass } from '../text/values.js';

/** Keys that are read in a way of their own. */
const READ = { protocol: 101, user: 102, action: 103, url: 104, gid: 105, sid: 106, revision: 107 };

type KeyRow = readonly [keys: string, as: number, field?: number];
/** Spaces in a key are written `_` here when the key has some. */
const KEYS: readonly KeyRow[] = [
  ['SrcIP', AS.ip, FIELD.src_endpoint_ip],
  ['DstIP', AS.ip, FIELD.dst_endpoint_ip],
  ['SrcPort', AS.unsigned, FIELD.src_endpoint_port],
  ['DstPort', AS.unsigned, FIELD.dst_endpoint_port],
  ['Protocol', READ.protocol],
  ['IngressInterface', AS.text, FIELD.src_endpoint_interface_name],
  ['EgressInterface', AS.text, FIELD.dst_endpoint_interface_name],
  ['IngressZone', AS.text, FIELD.src_endpoint_zone],
  ['EgressZone', AS.text, FIELD.dst_endpoint_zone],
  ['NAT_InitiatorIP', AS.ip, FIELD.src_endpoint_proxy_endpoint_ip],
  ['NAT_InitiatorPort', AS.unsigned, FIELD.src_endpoint_proxy_endpoint_port],
  ['NAT_ResponderIP', AS.ip, FIELD.dst_endpoint_proxy_endpoint_ip],
  ['NAT_ResponderPort', AS.unsigned, FIELD.dst_endpoint_proxy_endpoint_port],
  ['VLAN_ID', AS.text, FIELD.src_endpoint_vlan_uid],
  ['DeviceUUID', AS.text, FIELD.device_uid],
  ['ConnectionID', AS.text, FIELD.connection_info_uid],
  ['ConnectionDuration', AS.seconds, FIELD.duration],
  ['FirstPacketSecond', AS.iso, FIELD.start_time],
  ['LastPacketSecond', AS.iso, FIELD.end_time],
  ['InitiatorBytes', AS.unsigned, FIELD.traffic_bytes_out],
  ['ResponderBytes', AS.unsigned, FIELD.traffic_bytes_in],
  ['InitiatorPackets', AS.unsigned, FIELD.traffic_packets_out],
  ['ResponderPackets', AS.unsigned, FIELD.traffic_packets_in],
  ['AccessControlRuleAction', READ.action],
  ['FileAction', READ.action],
  ['InlineResult', READ.action],
  ['AccessControlRuleName', AS.text, FIELD.firewall_rule_name],
  ['AccessControlRuleReason', AS.text, FIELD.status_detail],
  ['ACPolicy', AS.text, FIELD.policy_name],
  ['ApplicationProtocol', AS.text, FIELD.dst_endpoint_svc_name],
  ['WebApplication', AS.text, FIELD.app_name],
  ['URL', READ.url],
  ['URI', READ.url],
  ['HTTP_URI', AS.text, FIELD.url_path],
  ['HTTP_Hostname', AS.text, FIELD.url_hostname],
  ['ReferencedHost', AS.text, FIELD.dst_endpoint_hostname],
  ['HTTPReferer', AS.text, FIELD.http_request_referrer],
  ['HTTPResponse', AS.unsigned, FIELD.http_response_code],
  ['UserAgent', AS.text, FIELD.http_request_user_agent],
  ['User', READ.user],
  ['DNSQuery', AS.text, FIELD.query_hostname],
  ['DNSRecordType', AS.text, FIELD.query_type],
  ['DNSResponseType', AS.text, FIELD.rcode],
  ['SSLServerName', AS.text, FIELD.tls_sni],
  ['SSLCipherSuite', AS.text, FIELD.tls_cipher],
  ['SSLVersion', AS.text, FIELD.tls_version],
  ['SSLCertificate', AS.lower, FIELD.tls_certificate_fingerprints_sha1],
  ['FileName', AS.text, FIELD.file_name],
  ['FileType', AS.text, FIELD.file_type],
  ['FileSize', AS.unsigned, FIELD.file_size],
  ['FileSHA256', AS.lower, FIELD.file_hashes_sha256],
  ['FileDirection', AS.text, FIELD.connection_info_direction],
  ['ThreatName', AS.text, FIELD.malware_name],
  ['ThreatScore', AS.decimal, FIELD.risk_score],
  ['Message', AS.text, FIELD.finding_title],
  ['Classification', AS.text, FIELD.finding_info_types],
  ['GID', READ.gid],
  ['SID', READ.sid],
  ['Revision', READ.revision],
  ['EmailSender', AS.text, FIELD.email_from],
  ['EmailRecipient', AS.text, FIELD.email_to],
  ['OriginalClientSrcIP', 0],
  ['Prefilter Policy', 0],
  ['Tunnel or Prefilter Rule', 0],
  ['Prefilter Rule', 0],
];
const keyTable = new KeyTable(KEYS.map(([key], index) => [key, index + 1] as const));
const keyAs = Uint8Array.from([0, ...KEYS.map(([, as]) => as)]);
const keyField = Uint16Array.from([0, ...KEYS.map(([, , field]) => field ?? 0)]);
const KEY_BYTES_MAX = 40;

/** Values that say that there is none. */
const nothing = new KeyTable(
  ['Unknown', 'None', 'N/A', 'Not Found', 'No Authentication Required', 'Unavailable'].map(
    (word) => [word, 1] as const,
  ),
);

/** Class and activity by the last digit of the id. */
const CLASSES: readonly (readonly [classUid: number, activity: number])[] = [
  [0, 0],
  [DETECTION_FINDING, 1],
  [NETWORK_ACTIVITY, 1],
  [NETWORK_ACTIVITY, 2],
  [DETECTION_FINDING, 1],
  [DETECTION_FINDING, 1],
];
const REFUSE = 5;
const TRAFFIC = 6;
const ALLOWED = 1;
const DETECTED = 15;
const LOGGED = 17;
const RESET = 21;

export class SecurityEvent {
  readonly #event: CiscoEvent;
  /** Start and end of GID, SID and Revision. */
  readonly #rule = new Int32Array(6);
  #disposition = 0;

  constructor(event: CiscoEvent) {
    this.#event = event;
  }

  /**
   * The pairs in bytes[start, end); `kind` is the last digit of the id. False when there is none.
   */
  read(
    batch: RawBatch,
    row: number,
    kind: number,
    start: number,
    end: number,
    out: ColumnWriter,
  ): boolean {
    const { bytes } = batch;
    let keyEnd = keyEndAt(bytes, start, end);
    if (keyEnd < 0) return false;
    const [classUid, activity] = CLASSES[kind] ?? [0, 0];
    this.#event.setClass(classUid);
    this.#rule.fill(0);
    this.#disposition = 0;
    let key = start;
    while (keyEnd > 0) {
      let position = keyEnd + 1;
      while (position < end && bytes[position] === SPACE) position++;
      const stop = valueEnd(bytes, position, end);
      this.#pair(bytes, row, key, keyEnd, position, stop, out);
      key = Math.min(stop + 1, end);
      while (key < end && bytes[key] === SPACE) key++;
      keyEnd = keyEndAt(bytes, key, end);
    }
    this.#ruleUid(bytes, row, out);
    const hasQuery = out.has(row, FIELD.query_hostname) && classUid === NETWORK_ACTIVITY;
    const isRefused = this.#disposition === BLOCKED || this.#disposition === RESET;
    const isOpen = classUid === NETWORK_ACTIVITY && activity === 1;
    if (hasQuery) writeClass(row, DNS_ACTIVITY, TRAFFIC, out);
    else writeClass(row, classUid, isRefused && isOpen ? REFUSE : activity, out);
    if (this.#disposition !== 0) out.number(row, FIELD.disposition_id, this.#disposition);
    if (classUid === DETECTION_FINDING && !out.has(row, FIELD.finding_title))
      this.#titleFromMalware(row, out);
    return true;
  }

  #pair(
    bytes: Uint8Array,
    row: number,
    keyStart: number,
    keyEnd: number,
    first: number,
    last: number,
    out: ColumnWriter,
  ): void {
    let start = first;
    let end = last;
    if (end - start > 1 && bytes[start] === QUOTE && bytes[end - 1] === QUOTE) {
      start++;
      end--;
    }
    if (start >= end) return;
    const key = keyTable.lookup(bytes, keyStart, keyEnd);
    const as = keyAs[key] as number;
    if (as === 0 || nothing.lookup(bytes, start, end) !== 0) {
      out.unmapped(row, keyStart, keyEnd, start, end);
      return;
    }
    if (as < READ.protocol) {
      const field = keyField[key] as number;
      // The second of two keys for one thing stays beside it.
      if (out.has(row, field)) out.unmapped(row, keyStart, keyEnd, start, end);
      else this.#event.typed.pair(as, field, keyStart, keyEnd, start, end);
      return;
    }
    this.#special(bytes, row, as, keyStart, keyEnd, start, end, out);
  }

  #special(
    bytes: Uint8Array,
    row: number,
    as: number,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
    out: ColumnWriter,
  ): void {
    switch (as) {
      case READ.protocol:
        this.#event.protocol(start, end);
        return;
      case READ.user:
        this.#event.user(start, end);
        return;
      case READ.url:
        this.#event.url(start, end);
        return;
      case READ.action: {
        const isFirst = !out.has(row, FIELD.action);
        if (isFirst) {
          out.span(row, FIELD.action, start, end);
          this.#disposition = dispositionAt(bytes, start, end);
        } else out.unmapped(row, keyStart, keyEnd, start, end);
        return;
      }
      default:
        this.#rule[2 * (as - READ.gid)] = start;
        this.#rule[2 * (as - READ.gid) + 1] = end;
    }
  }

  /** `1:28423:2`, as Snort names a rule. */
  #ruleUid(bytes: Uint8Array, row: number, out: ColumnWriter): void {
    const rule = this.#rule;
    if (rule[3] === 0) return;
    const { scratch } = out;
    const from = scratch.position;
    for (let part = 0; part < 3; part++) {
      const end = rule[2 * part + 1] as number;
      if (end === 0) continue;
      if (scratch.position > from) scratch.byte(COLON);
      scratch.copy(bytes, rule[2 * part] as number, end);
    }
    out.span(row, FIELD.finding_info_uid, from, scratch.position);
  }

  #titleFromMalware(row: number, out: ColumnWriter): void {
    const field = out.has(row, FIELD.malware_name) ? FIELD.malware_name : FIELD.file_name;
    out.span(row, FIELD.finding_title, out.spanAt(row, field, 0), out.spanAt(row, field, 1));
  }
}

/** By the first word: `Block with reset`, `Malware Block`, `Would have dropped`. */
function dispositionAt(bytes: Uint8Array, start: number, end: number): number {
  const has = (text: string): boolean => startsWith(bytes, start, end, text);
  if (has('Allow') || has('Trust') || has('Fastpath')) return ALLOWED;
  if (has('Block with reset') || has('Interactive Block with reset')) return RESET;
  if (has('Block') || has('Interactive Block') || has('Malware Block')) return BLOCKED;
  if (has('Drop')) return DROPPED;
  if (has('Monitor')) return LOGGED;
  if (has('Detect') || has('Would') || has('Malware')) return DETECTED;
  return 0;
}

/** Position of the colon behind a key at `start`; -1 when there is no key. */
function keyEndAt(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || !isLetter(bytes[start] as number)) return -1;
  const stop = Math.min(end, start + KEY_BYTES_MAX);
  let hasSpace = false;
  for (let position = start; position < stop; position++) {
    const byte = bytes[position] as number;
    if (byte === COLON) {
      const isPair = position + 1 >= end || bytes[position + 1] === SPACE;
      if (!isPair) return -1;
      return hasSpace && keyTable.lookup(bytes, start, position) === 0 ? -1 : position;
    }
    if (byte === SPACE) hasSpace = true;
    else if (!isLetter(byte) && !isDigit(byte) && byte !== 0x5f && byte !== 0x2f) return -1;
  }
  return -1;
}

/** A value goes on to a comma with a key behind it: names and texts hold commas of their own. */
function valueEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let position = start; position < end; position++) {
    if (bytes[position] !== COMMA) continue;
    let next = position + 1;
    if (next < end && bytes[next] !== SPACE) continue;
    while (next < end && bytes[next] === SPACE) next++;
    if (next >= end || keyEndAt(bytes, next, end) > 0) return position;
  }
  return end;
}
