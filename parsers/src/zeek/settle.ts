// What several values of an event of Zeek say together: endpoints and protocol in every log, and by
// log the activity, the outcome, and who sent what.
import { FIELD } from '@weir/pipeline';
import { BACKSLASH, COLON, COMMA, find, isHexDigit, SLASH } from '../text/ascii.js';
import { parseUnsigned } from '../text/number.js';
import { writeClass } from '../text/values.js';
import type { ZeekEvent } from './event.js';
import { KIND, SLOT } from './kinds.js';
import { CLASS, SETTLE } from './logs.js';
import type { LogPlan } from './plans.js';
import { settleHttp } from './settle-http.js';
import {
  dhcpTable,
  directionTable,
  FAIL,
  ftpTable,
  ICMP,
  ICMP_V6,
  kerberosTable,
  protocolTable,
  RCODES,
  resultTable,
  shareTable,
  smbTable,
  stateTable,
  TCP,
  TRAFFIC,
  tunnelTable,
} from './words.js';

const {
  src_endpoint_ip: SRC_IP,
  dst_endpoint_ip: DST_IP,
  src_endpoint_port: SRC_PORT,
  dst_endpoint_port: DST_PORT,
  connection_info_protocol_num: PROTOCOL,
  status_id: STATUS_ID,
} = FIELD;

const TRUE = 1;
const FALSE = 2;
const OTHER = 99;
/** activity_id: Open. */
const OPEN = 1;
const UPLOAD = 1;
const DOWNLOAD = 2;
const BLOCKED = 2;
const SHA256_DIGITS = 64;
const SHA1_DIGITS = 40;

export function settle(event: ZeekEvent, plan: LogPlan): void {
  settleEndpoints(event);
  SETTLERS[plan.settle]?.(event);
}

function settleEndpoints(event: ZeekEvent): void {
  if (event.has(SLOT.src)) settleAddress(event, SLOT.src, SRC_IP);
  if (event.has(SLOT.dst)) settleAddress(event, SLOT.dst, DST_IP);
  const { out, row } = event;
  let isIcmp = false;
  if (event.has(SLOT.proto)) {
    let protocol = event.wordOf(SLOT.proto, protocolTable);
    if (protocol === ICMP || protocol === ICMP_V6) {
      isIcmp = true;
      if (isIpv6(event, SRC_IP) || isIpv6(event, DST_IP)) protocol = ICMP_V6;
    }
    if (protocol === 0) event.keep(SLOT.proto);
    else if (!out.has(row, PROTOCOL)) out.number(row, PROTOCOL, protocol);
  }
  if (isIcmp) {
    // Zeek has the type and code of ICMP where the ports stand.
    event.keep(SLOT.origPort);
    event.keep(SLOT.respPort);
    return;
  }
  event.put(SLOT.origPort, KIND.unsigned, SRC_PORT);
  event.put(SLOT.respPort, KIND.unsigned, DST_PORT);
}

/** The address where none stands yet; one that says the same again is left out. */
function settleAddress(event: ZeekEvent, slot: number, field: number): void {
  const { out, row } = event;
  if (!out.has(row, field)) event.put(slot, KIND.ip, field);
  else if (!isSameText(event, slot, out.spanAt(row, field, 0), out.spanAt(row, field, 1)))
    event.keep(slot);
}

function isSameText(event: ZeekEvent, slot: number, start: number, end: number): boolean {
  const from = event.startOf(slot);
  if (event.endOf(slot) - from !== end - start) return false;
  const a = event.sourceOf(from);
  const b = event.sourceOf(start);
  const aShift = event.shiftOf(from);
  const bShift = event.shiftOf(start);
  for (let i = 0; i < end - start; i++)
    if (a[from - aShift + i] !== b[start - bShift + i]) return false;
  return true;
}

/** An IPv6 address has its first colon in front of its fifth digit. */
function isIpv6({ out, row, batch }: ZeekEvent, field: number): boolean {
  const start = out.spanAt(row, field, 0);
  const end = out.spanAt(row, field, 1);
  const isRaw = start < batch.bytes.length;
  for (let i = start; i < end && i < start + 5; i++)
    if ((isRaw ? batch.bytes[i] : out.scratch.byteAt(i)) === COLON) return true;
  return false;
}

/** 1 for true, 2 for false, as either format writes them; 0 for none. */
function truthOf(event: ZeekEvent, slot: number): number {
  if (!event.has(slot)) return 0;
  const start = event.startOf(slot);
  const byte = event.sourceOf(start)[start - event.shiftOf(start)] as number;
  return (byte | 0x20) === 0x74 ? TRUE : FALSE;
}

function settleOutcome(event: ZeekEvent, slot: number): void {
  if (!event.has(slot)) return;
  const status = event.wordOf(slot, resultTable);
  if (status !== 0) event.out.number(event.row, STATUS_ID, status);
  else if (!event.out.has(event.row, FIELD.status_detail))
    event.put(slot, KIND.text, FIELD.status_detail);
  else event.keep(slot);
}

/** The device's word into a field, and the activity that it stands for. */
function settleActivity(
  event: ZeekEvent,
  classUid: number,
  slot: number,
  table: { lookup(bytes: Uint8Array, start: number, end: number): number },
  field: number,
): void {
  const activity = event.wordOf(slot, table);
  if (activity !== 0) writeClass(event.row, classUid, activity, event.out);
  event.put(slot, KIND.text, field);
}

function settleConn(event: ZeekEvent): void {
  const { out, row } = event;
  const { traffic_bytes_out: BYTES_OUT, traffic_bytes_in: BYTES_IN } = FIELD;
  let activity = event.wordOf(SLOT.state, stateTable);
  // Only TCP answers an attempt: one datagram without an answer is traffic.
  const isTcp = out.numberAt(row, PROTOCOL) === TCP;
  if (activity === FAIL && !isTcp) activity = TRAFFIC;
  if (activity !== 0) writeClass(row, CLASS.network, activity, out);
  event.put(SLOT.state, KIND.text, FIELD.status_code);
  if (out.has(row, BYTES_OUT)) event.keep(SLOT.origBytes);
  else event.put(SLOT.origBytes, KIND.unsigned, BYTES_OUT);
  if (out.has(row, BYTES_IN)) event.keep(SLOT.respBytes);
  else event.put(SLOT.respBytes, KIND.unsigned, BYTES_IN);
  settleDirection(event);
}

/** direction_id: 1 Inbound, 2 Outbound, 3 Lateral. */
function settleDirection(event: ZeekEvent): void {
  const orig = truthOf(event, SLOT.localOrig);
  const resp = truthOf(event, SLOT.localResp);
  if (orig === TRUE && resp !== 0)
    event.out.number(event.row, FIELD.connection_info_direction_id, resp === TRUE ? 3 : 2);
  else if (orig === FALSE && resp === TRUE)
    event.out.number(event.row, FIELD.connection_info_direction_id, 1);
  else {
    event.keep(SLOT.localOrig);
    event.keep(SLOT.localResp);
  }
}

function settleDns(event: ZeekEvent): void {
  const { out, row } = event;
  if (!event.has(SLOT.rcode)) {
    event.put(SLOT.rcodeName, KIND.text, FIELD.rcode);
    return;
  }
  // The answer is there too: both directions in one event.
  writeClass(row, CLASS.dns, TRAFFIC, out);
  const start = event.startOf(SLOT.rcode);
  const shift = event.shiftOf(start);
  const source = event.sourceOf(start);
  const code = parseUnsigned(source, start - shift, event.endOf(SLOT.rcode) - shift);
  const name = RCODES[code];
  if (name === undefined) {
    out.number(row, FIELD.rcode_id, OTHER);
    event.keep(SLOT.rcode);
    event.put(SLOT.rcodeName, KIND.text, FIELD.rcode);
    return;
  }
  const text = out.scratch.constant(name);
  out.number(row, FIELD.rcode_id, code);
  out.span(row, FIELD.rcode, text.start, text.end);
}

function settleTls(event: ZeekEvent): void {
  const established = truthOf(event, SLOT.success);
  if (established !== 0) {
    writeClass(event.row, CLASS.network, established === TRUE ? OPEN : FAIL, event.out);
    event.out.number(event.row, STATUS_ID, established);
  }
  settleFingerprint(event, SLOT.fingerprints);
}

/** SHA-256 unless the site chose another hash (X509::hash_function); it is told by its length. */
function settleFingerprint(event: ZeekEvent, slot: number): void {
  if (!event.has(slot)) return;
  const start = event.startOf(slot);
  const length = event.endOf(slot) - start;
  const source = event.sourceOf(start);
  const shift = event.shiftOf(start);
  let isHex = true;
  for (let i = 0; i < length; i++)
    if (!isHexDigit(source[start - shift + i] as number)) isHex = false;
  const { tls_certificate_fingerprints_sha256: SHA256, tls_certificate_fingerprints_sha1: SHA1 } =
    FIELD;
  if (isHex && length === SHA256_DIGITS) event.put(slot, KIND.lower, SHA256);
  else if (isHex && length === SHA1_DIGITS) event.put(slot, KIND.lower, SHA1);
  else event.keep(slot);
}

/**
 * Who asked for a transfer is the source: the originator sends an upload, and receives a download.
 */
function settleFile(event: ZeekEvent): void {
  const { out, row } = event;
  const isOrig = truthOf(event, SLOT.isOrig);
  if (isOrig !== 0) writeClass(row, CLASS.fileHosting, isOrig === TRUE ? UPLOAD : DOWNLOAD, out);
  else event.keep(SLOT.isOrig);
  const isDownload = isOrig === FALSE;
  settleAddress(event, isDownload ? SLOT.receiver : SLOT.sender, SRC_IP);
  settleAddress(event, isDownload ? SLOT.sender : SLOT.receiver, DST_IP);
}

function settleNotice(event: ZeekEvent): void {
  const { out, row } = event;
  if (!out.has(row, DST_PORT)) event.put(SLOT.dstPort, KIND.unsigned, DST_PORT);
  else if (
    !isSameText(event, SLOT.dstPort, event.startOf(SLOT.respPort), event.endOf(SLOT.respPort))
  )
    event.keep(SLOT.dstPort);
  // Zeek's drop framework was told to block the source.
  if (truthOf(event, SLOT.dropped) === TRUE) out.number(row, FIELD.disposition_id, BLOCKED);
  else event.keep(SLOT.dropped);
}

function settleSsh(event: ZeekEvent): void {
  const { out, row } = event;
  if (event.has(SLOT.result)) settleOutcome(event, SLOT.result);
  const success = truthOf(event, SLOT.success);
  if (success !== 0) out.number(row, STATUS_ID, success);
  const status = out.numberAt(row, STATUS_ID);
  if (status === TRUE || status === FALSE)
    writeClass(row, CLASS.ssh, status === TRUE ? OPEN : FAIL, out);
  const direction = event.wordOf(SLOT.direction, directionTable);
  if (direction !== 0) out.number(row, FIELD.connection_info_direction_id, direction);
  event.put(SLOT.direction, KIND.text, FIELD.connection_info_direction);
}

/** auth_protocol_id of Authentication and its name. */
function writeProtocol({ out, row }: ZeekEvent, protocol: string, id: number): void {
  const name = out.scratch.constant(protocol);
  out.span(row, FIELD.auth_protocol, name.start, name.end);
  out.number(row, FIELD.auth_protocol_id, id);
}

/** `alice/EXAMPLE.ORG`: the name may have slashes itself, the realm has none. */
function settleKerberos(event: ZeekEvent): void {
  const { writer } = event;
  writeProtocol(event, 'Kerberos', 2);
  settleActivity(event, CLASS.authentication, SLOT.requestType, kerberosTable, FIELD.action);
  settleOutcome(event, SLOT.success);
  if (!event.has(SLOT.client)) return;
  const start = event.startOf(SLOT.client);
  const end = event.endOf(SLOT.client);
  const source = event.sourceOf(start);
  const shift = event.shiftOf(start);
  let slash = end;
  while (slash > start && source[slash - 1 - shift] !== SLASH) slash--;
  if (slash === start) writer.put(KIND.text, FIELD.user_name, start, end);
  else {
    writer.put(KIND.text, FIELD.user_name, start, slash - 1);
    writer.put(KIND.text, FIELD.user_domain, slash, end);
  }
}

function settleSmbFile(event: ZeekEvent): void {
  settleActivity(event, CLASS.smb, SLOT.action, smbTable, FIELD.action);
  if (!event.has(SLOT.name)) return;
  const start = event.startOf(SLOT.name);
  const end = event.endOf(SLOT.name);
  const source = event.sourceOf(start);
  const shift = event.shiftOf(start);
  event.put(SLOT.name, KIND.text, FIELD.file_path);
  let last = start;
  for (;;) {
    const next = find(source, BACKSLASH, last - shift, end - shift) + shift;
    if (next >= end) break;
    last = next + 1;
  }
  event.writer.put(KIND.text, FIELD.file_name, last, end);
}

function settleShare(event: ZeekEvent): void {
  const type = event.wordOf(SLOT.shareType, shareTable);
  if (type !== 0) event.out.number(event.row, FIELD.share_type_id, type);
  event.put(SLOT.shareType, KIND.text, FIELD.share_type);
}

/** The messages of an exchange stand in one event; the last one says how it ended. */
function settleDhcp(event: ZeekEvent): void {
  const { out, row } = event;
  const start = out.spanAt(row, FIELD.action, 0);
  const end = out.spanAt(row, FIELD.action, 1);
  const source = event.sourceOf(start);
  const shift = event.shiftOf(start);
  let last = end;
  while (last > start && source[last - 1 - shift] !== COMMA) last--;
  const activity = dhcpTable.lookup(source, last - shift, end - shift);
  if (activity !== 0) writeClass(row, CLASS.dhcp, activity, out);
  settleAddress(event, SLOT.assigned, SRC_IP);
}

/** OCSF took its activities over from the modes of NTP (RFC 5905 section 7.3). */
function settleNtp(event: ZeekEvent): void {
  if (!event.has(SLOT.mode)) return;
  const start = event.startOf(SLOT.mode);
  const shift = event.shiftOf(start);
  const mode = parseUnsigned(event.sourceOf(start), start - shift, event.endOf(SLOT.mode) - shift);
  if (mode >= 1 && mode <= 7) writeClass(event.row, CLASS.ntp, mode, event.out);
  else event.keep(SLOT.mode);
}

type Settler = (event: ZeekEvent) => void;
/** By SETTLE. A log without one keeps no values of its own. */
const SETTLERS: readonly (Settler | undefined)[] = Object.assign([] as Settler[], {
  [SETTLE.conn]: settleConn,
  [SETTLE.http]: settleHttp,
  [SETTLE.dns]: settleDns,
  [SETTLE.tls]: settleTls,
  [SETTLE.certificate]: (event: ZeekEvent) => settleFingerprint(event, SLOT.hash),
  [SETTLE.file]: settleFile,
  [SETTLE.notice]: settleNotice,
  [SETTLE.ssh]: settleSsh,
  [SETTLE.kerberos]: settleKerberos,
  [SETTLE.outcome]: (event: ZeekEvent) => {
    settleOutcome(event, SLOT.success);
    settleOutcome(event, SLOT.result);
  },
  [SETTLE.smbFile]: settleSmbFile,
  [SETTLE.smbShare]: settleShare,
  [SETTLE.ftp]: (event: ZeekEvent) =>
    settleActivity(event, CLASS.ftp, SLOT.command, ftpTable, FIELD.command),
  [SETTLE.dhcp]: settleDhcp,
  [SETTLE.ntp]: settleNtp,
  [SETTLE.tunnel]: (event: ZeekEvent) =>
    settleActivity(event, CLASS.tunnel, SLOT.action, tunnelTable, FIELD.action),
  [SETTLE.ntlm]: (event: ZeekEvent) => {
    writeProtocol(event, 'NTLM', 1);
    settleOutcome(event, SLOT.success);
  },
  [SETTLE.radius]: (event: ZeekEvent) => {
    writeProtocol(event, 'RADIUS', 10);
    settleOutcome(event, SLOT.result);
  },
});
