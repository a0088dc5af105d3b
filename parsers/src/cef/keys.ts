// Keys of CEF and LEEF that OCSF has an attribute for. After ArcSight's "CEF Implementation
// Standard", chapter Extension Dictionary (short and full names), and IBM's "LEEF events", chapter
// Predefined LEEF event attributes. Everything else is unmapped under its own name.
import { FIELD } from '@weir/pipeline';
import { AS } from '../common/typed-writer.js';
import { KeyTable } from '../text/key-table.js';

/** Kinds of values beyond those of TypedWriter. */
export const KIND = {
  ...AS,
  /** Times, of which the first that the event has becomes its own. */
  received: 20,
  deviceTime: 21,
  end: 22,
  start: 23,
  timeFormat: 24,
  timeZone: 25,
  action: 26,
  outcome: 27,
  protocol: 28,
  hash: 29,
  /** 0 inbound, 1 outbound. */
  direction: 30,
  level: 31,
  login: 32,
  logout: 33,
  /** The user that acts, and the one acted upon: in a login they are one. */
  user: 34,
  target: 35,
} as const;

export type KeyRow = readonly [keys: string, kind: number, field?: number];
const F = FIELD;

/** Both formats have these. */
const COMMON: readonly KeyRow[] = [
  ['src sourceAddress', AS.ip, F.src_endpoint_ip],
  ['dst destinationAddress', AS.ip, F.dst_endpoint_ip],
  ['proto transportProtocol', KIND.protocol],
  ['cat deviceEventCategory', AS.text, F.metadata_log_name],
];

const CEF: readonly KeyRow[] = [
  ['spt sourcePort', AS.unsigned, F.src_endpoint_port],
  ['dpt destinationPort', AS.unsigned, F.dst_endpoint_port],
  ['shost sourceHostName', AS.text, F.src_endpoint_hostname],
  ['dhost destinationHostName', AS.text, F.dst_endpoint_hostname],
  ['smac sourceMacAddress', AS.mac, F.src_endpoint_mac],
  ['dmac destinationMacAddress', AS.mac, F.dst_endpoint_mac],
  ['sntdom sourceNtDomain sourceDnsDomain', AS.text, F.src_endpoint_domain],
  ['dntdom destinationNtDomain destinationDnsDomain', AS.text, F.dst_endpoint_domain],
  ['sourceServiceName', AS.text, F.src_endpoint_svc_name],
  ['destinationServiceName', AS.text, F.dst_endpoint_svc_name],
  ['sourceTranslatedAddress', AS.ip, F.src_endpoint_proxy_endpoint_ip],
  ['destinationTranslatedAddress', AS.ip, F.dst_endpoint_proxy_endpoint_ip],
  ['sourceTranslatedPort', AS.unsigned, F.src_endpoint_proxy_endpoint_port],
  ['destinationTranslatedPort', AS.unsigned, F.dst_endpoint_proxy_endpoint_port],
  ['sourceTranslatedZone sourceZone', AS.text, F.src_endpoint_zone],
  ['destinationTranslatedZone destinationZone', AS.text, F.dst_endpoint_zone],
  ['sourceGeoCountryCode', AS.text, F.src_endpoint_location_country],
  ['destinationGeoCountryCode', AS.text, F.dst_endpoint_location_country],
  ['slat sourceGeoLatitude', AS.decimal, F.src_endpoint_location_lat],
  ['slong sourceGeoLongitude', AS.decimal, F.src_endpoint_location_long],
  ['dlat destinationGeoLatitude', AS.decimal, F.dst_endpoint_location_lat],
  ['dlong destinationGeoLongitude', AS.decimal, F.dst_endpoint_location_long],
  ['suser sourceUserName', KIND.user],
  ['suid sourceUserId', AS.text, F.actor_user_uid],
  ['duser destinationUserName', KIND.target],
  ['duid destinationUserId', AS.text, F.user_uid],
  ['sproc sourceProcessName', AS.text, F.actor_process_name],
  ['spid sourceProcessId', AS.unsigned, F.actor_process_pid],
  ['dproc destinationProcessName', AS.text, F.process_name],
  ['dpid destinationProcessId', AS.unsigned, F.process_pid],
  ['act deviceAction', KIND.action],
  ['app applicationProtocol', AS.text, F.protocol_name],
  ['cnt baseEventCount', AS.unsigned, F.count],
  // By the dictionary `in` flows from source to destination.
  ['in bytesIn', AS.unsigned, F.traffic_bytes_out],
  ['out bytesOut', AS.unsigned, F.traffic_bytes_in],
  ['deviceDirection', KIND.direction],
  ['dvc deviceAddress', AS.ip, F.device_ip],
  ['dvchost deviceHostName', AS.text, F.device_hostname],
  ['dvcmac deviceMacAddress', AS.mac, F.device_mac],
  ['deviceExternalId', AS.text, F.device_uid],
  ['deviceNtDomain deviceDnsDomain', AS.text, F.device_domain],
  ['deviceInboundInterface', AS.text, F.src_endpoint_interface_name],
  ['deviceOutboundInterface', AS.text, F.dst_endpoint_interface_name],
  ['externalId', AS.text, F.metadata_uid],
  ['fname fileName', AS.text, F.file_name],
  ['filePath', AS.text, F.file_path],
  ['fsize fileSize', AS.unsigned, F.file_size],
  ['fileId', AS.text, F.file_uid],
  ['fileType', AS.text, F.file_type],
  ['fileHash', KIND.hash],
  ['msg message', AS.text, F.message],
  ['outcome eventOutcome', KIND.outcome],
  ['reason', AS.text, F.status_detail],
  ['request requestUrl', AS.text, F.http_request_url_url_string],
  ['requestMethod', AS.text, F.http_request_http_method],
  ['requestClientApplication', AS.text, F.http_request_user_agent],
  ['requestContext', AS.text, F.http_request_referrer],
  ['rt deviceReceiptTime', KIND.received],
  ['start startTime', KIND.start],
  ['end endTime', KIND.end],
  ['dtz deviceTimeZone', KIND.timeZone],
  // Labels of custom fields that the dictionary itself names.
  ['Source IPv6 Address', AS.ip, F.src_endpoint_ip],
  ['Destination IPv6 Address', AS.ip, F.dst_endpoint_ip],
  ['Device IPv6 Address', AS.ip, F.device_ip],
];

const LEEF: readonly KeyRow[] = [
  ['devTime', KIND.deviceTime],
  ['devTimeFormat', KIND.timeFormat],
  ['sev', KIND.level],
  ['srcPort', AS.unsigned, F.src_endpoint_port],
  ['dstPort', AS.unsigned, F.dst_endpoint_port],
  ['srcPostNAT', AS.ip, F.src_endpoint_proxy_endpoint_ip],
  ['dstPostNAT', AS.ip, F.dst_endpoint_proxy_endpoint_ip],
  ['srcPostNATPort', AS.unsigned, F.src_endpoint_proxy_endpoint_port],
  ['dstPostNATPort', AS.unsigned, F.dst_endpoint_proxy_endpoint_port],
  ['srcMAC', AS.mac, F.src_endpoint_mac],
  ['dstMAC', AS.mac, F.dst_endpoint_mac],
  ['usrName', KIND.user],
  ['identHostName', AS.text, F.src_endpoint_hostname],
  ['srcBytes', AS.unsigned, F.traffic_bytes_out],
  ['dstBytes', AS.unsigned, F.traffic_bytes_in],
  ['srcPackets', AS.unsigned, F.traffic_packets_out],
  ['dstPackets', AS.unsigned, F.traffic_packets_in],
  ['totalPackets', AS.unsigned, F.traffic_packets],
  ['policy', AS.text, F.policy_name],
  ['resource', AS.text, F.resource_name],
  ['url', AS.text, F.http_request_url_url_string],
  ['groupID', AS.text, F.group_uid],
  ['isLoginEvent', KIND.login],
  ['isLogoutEvent', KIND.logout],
  ['action', KIND.action],
  ['msg', AS.text, F.message],
];

export interface KeySet {
  readonly table: KeyTable;
  readonly kinds: Uint8Array;
  readonly fields: Uint16Array;
}

function keySet(rows: readonly KeyRow[]): KeySet {
  return {
    table: new KeyTable(
      rows.flatMap(([keys], index) => keysOf(keys).map((key) => [key, index + 1] as const)),
    ),
    kinds: Uint8Array.from([0, ...rows.map(([, kind]) => kind)]),
    fields: Uint16Array.from([0, ...rows.map(([, , field]) => field ?? 0)]),
  };
}

/** Labels have spaces and a capital letter, keys have neither at once. */
const keysOf = (keys: string): readonly string[] =>
  /^[A-Z].* /.test(keys) ? [keys] : keys.split(' ');

export const cefKeys: KeySet = keySet([...COMMON, ...CEF]);
export const leefKeys: KeySet = keySet([...COMMON, ...LEEF]);

const words = (rows: readonly (readonly [words: string, value: number])[]): KeyTable =>
  new KeyTable(rows.flatMap(([list, value]) => list.split(' ').map((w) => [w, value] as const)));

/** OCSF disposition_id (profile security_control) by what devices say that they did; lower case. */
export const dispositionTable = words([
  ['allow allowed permit permitted pass passed accept accepted', 1],
  ['block blocked deny denied reject rejected prevent prevented', 2],
  ['quarantine quarantined', 3],
  ['delete deleted', 5],
  ['drop dropped', 6],
  ['detect detected detectonly', 15],
  ['log logged monitor monitored', 17],
  ['alert alerted', 19],
  ['reset', 21],
]);
/** status_id: 1 Success, 2 Failure; lower case. */
export const outcomeTable = words([
  ['success succeeded successful /success', 1],
  ['failure failed fail /failure', 2],
]);
/** IANA numbers, plus one; lower case. */
export const protocolTable = words([
  ['icmp', 2],
  ['igmp', 3],
  ['tcp', 7],
  ['udp', 18],
  ['gre', 48],
  ['esp', 51],
  ['ah', 52],
  ['icmp6 icmpv6 ipv6-icmp', 59],
  ['ospf', 90],
  ['sctp', 133],
]);
