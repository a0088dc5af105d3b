// What the fields of PAN-OS are: by the name that the "Syslog Field Descriptions" give them, and by
// the keys that the Strata Logging Service and its CEF and LEEF profiles use for the same. A field
// that is not here stays in `unmapped` under its own name.
import { FIELD } from '@weir/pipeline';
import { AS } from '../common/typed-writer.js';
import { KeyTable } from '../text/key-table.js';
import { LAYOUT_NAMES } from './layouts.js';

/** Kinds of values beyond those of TypedWriter. */
export const KIND = {
  ...AS,
  /** An address that is none when it is 0.0.0.0 or ::. */
  ipOrNone: 20,
  /** A port that is none when it is 0. */
  portOrNone: 21,
  /** A port of a protocol that may have none. */
  sourcePort: 22,
  destinationPort: 23,
  /** A country, or the range of private addresses that stands for one. */
  sourceLocation: 24,
  destinationLocation: 25,
  /** Kept until the event is whole, since others decide what becomes of it. */
  received: 26,
  generated: 27,
  highRes: 28,
  start: 29,
  user: 30,
  misc: 31,
  threatId: 32,
  type: 33,
  subtype: 34,
  /** Written at once, and remembered. */
  action: 35,
  protocol: 36,
  level: 37,
  result: 38,
  method: 39,
  eventId: 40,
  message: 41,
  digest: 42,
  fingerprint: 43,
  endReason: 44,
  moment: 45,
  tlsVersion: 46,
  serial: 47,
  command: 48,
  /** Time zone of all times of a CEF event. */
  zone: 49,
  publicIp: 50,
  /** Of LEEF: a type, or else any word. */
  logType: 51,
  /** `11.1` is the version of PAN-OS; syslog has a number that is not documented. */
  version: 52,
  threatCategory: 53,
} as const;

type Row = readonly [name: string, keys: string, kind: number, field?: number];

const EVENT: readonly Row[] = [
  ['receive_time', 'TimeReceived LogTime rt', KIND.received],
  ['config_version', 'ConfigVersion', KIND.version],
  ['serial', 'DeviceSN LogSourceID deviceExternalId', KIND.serial],
  ['type', 'LogType', KIND.type],
  ['category_of_log', 'cat', KIND.logType],
  ['subtype', 'Subtype SubType subtype', KIND.subtype],
  ['time_generated', 'TimeGenerated EventTime start devTime', KIND.generated],
  ['high_res_timestamp', 'TimeGeneratedHighResolution EventTimeHighResolution', KIND.highRes],
  ['dtz', 'dtz', KIND.zone],
  ['seqno', 'SequenceNo externalId', AS.text, FIELD.metadata_uid],
  ['device_name', 'DeviceName LogSourceName dvchost', AS.text, FIELD.device_hostname],
  ['severity', 'VendorSeverity Severity severity', KIND.level],
  ['action', 'Action act', KIND.action],
  ['repeatcnt', 'RepeatCount CountOfRepeats CountOfRepeat cnt', AS.unsigned, FIELD.count],
  ['eventid', 'EventName EventIDValue', KIND.eventId],
  ['opaque', 'EventDescription Description msg', KIND.message],
  ['reason', 'QuarantineReason', AS.text, FIELD.status_detail],
  ['error', 'ConnectionError ErrorMessage', AS.text, FIELD.status_detail],
  ['error_code', 'ConnectionErrorID', AS.text, FIELD.status_code],
  ['status', 'EventStatus', KIND.result],
  ['result', 'Result', KIND.result],
];

const SESSION: readonly Row[] = [
  ['src', 'SourceAddress SourceIP src', AS.ip, FIELD.src_endpoint_ip],
  ['dst', 'DestinationAddress DNSResolverIP dst', AS.ip, FIELD.dst_endpoint_ip],
  [
    'natsrc',
    'NATSource sourceTranslatedAddress srcPostNAT',
    KIND.ipOrNone,
    FIELD.src_endpoint_proxy_endpoint_ip,
  ],
  [
    'natdst',
    'NATDestination destinationTranslatedAddress dstPostNAT',
    KIND.ipOrNone,
    FIELD.dst_endpoint_proxy_endpoint_ip,
  ],
  ['sport', 'SourcePort spt srcPort', KIND.sourcePort, FIELD.src_endpoint_port],
  ['dport', 'DestinationPort dpt dstPort', KIND.destinationPort, FIELD.dst_endpoint_port],
  [
    'natsport',
    'NATSourcePort sourceTranslatedPort srcPostNATPort',
    KIND.portOrNone,
    FIELD.src_endpoint_proxy_endpoint_port,
  ],
  [
    'natdport',
    'NATDestinationPort destinationTranslatedPort dstPostNATPort',
    KIND.portOrNone,
    FIELD.dst_endpoint_proxy_endpoint_port,
  ],
  ['rule', 'Rule', AS.text, FIELD.firewall_rule_name],
  ['rule_uuid', 'RuleUUID', AS.text, FIELD.firewall_rule_uid],
  ['policy_name', 'PolicyName', AS.text, FIELD.policy_name],
  ['srcuser', 'SourceUser SourceUserName suser usrName', KIND.user],
  ['dstuser', 'DestinationUser duser', AS.account, FIELD.dst_endpoint_owner_name],
  ['app', 'Application app', AS.text, FIELD.app_name],
  ['from', 'FromZone', AS.text, FIELD.src_endpoint_zone],
  ['to', 'ToZone', AS.text, FIELD.dst_endpoint_zone],
  [
    'inbound_if',
    'InboundInterface deviceInboundInterface',
    AS.text,
    FIELD.src_endpoint_interface_name,
  ],
  [
    'outbound_if',
    'OutboundInterface deviceOutboundInterface',
    AS.text,
    FIELD.dst_endpoint_interface_name,
  ],
  ['sessionid', 'SessionID', AS.text, FIELD.connection_info_uid],
  ['proto', 'Protocol proto', KIND.protocol],
  ['bytes', 'Bytes', AS.unsigned, FIELD.traffic_bytes],
  // The vendor's CEF profile has what the client sent in `out`, against the CEF dictionary.
  ['bytes_sent', 'BytesSent out srcBytes', AS.unsigned, FIELD.traffic_bytes_out],
  ['bytes_received', 'BytesReceived in dstBytes', AS.unsigned, FIELD.traffic_bytes_in],
  ['packets', 'PacketsTotal totalPackets', AS.unsigned, FIELD.traffic_packets],
  ['pkts_sent', 'PacketsSent srcPackets', AS.unsigned, FIELD.traffic_packets_out],
  ['pkts_received', 'PacketsReceived dstPackets', AS.unsigned, FIELD.traffic_packets_in],
  ['start', 'SessionStartTime', KIND.start],
  ['elapsed', 'SessionDuration', AS.seconds, FIELD.duration],
  ['srcloc', 'SourceLocation', KIND.sourceLocation],
  ['dstloc', 'DestinationLocation', KIND.destinationLocation],
  ['session_end_reason', 'SessionEndReason reason', KIND.endReason],
  ['tunnel', 'Tunnel', AS.text, FIELD.tunnel_type],
  ['src_osfamily', 'SourceDeviceOSFamily', AS.text, FIELD.src_endpoint_os_name],
  ['src_osversion', 'SourceDeviceOSVersion', AS.text, FIELD.src_endpoint_os_version],
  ['src_host', 'SourceDeviceHost', AS.text, FIELD.src_endpoint_hostname],
  ['src_mac', 'SourceDeviceMac', AS.mac, FIELD.src_endpoint_mac],
  ['src_category', 'SourceDeviceCategory', AS.text, FIELD.src_endpoint_type],
  ['dst_osfamily', 'DestinationDeviceOSFamily', AS.text, FIELD.dst_endpoint_os_name],
  ['dst_osversion', 'DestinationDeviceOSVersion', AS.text, FIELD.dst_endpoint_os_version],
  ['dst_host', 'DestinationDeviceHost', AS.text, FIELD.dst_endpoint_hostname],
  ['dst_mac', 'DestinationDeviceMac', AS.mac, FIELD.dst_endpoint_mac],
  ['dst_category', 'DestinationDeviceCategory', AS.text, FIELD.dst_endpoint_type],
  ['src_uuid', 'SourceUUID', AS.text, FIELD.src_endpoint_instance_uid],
  ['dst_uuid', 'DestinationUUID', AS.text, FIELD.dst_endpoint_instance_uid],
];

const CONTENT: readonly Row[] = [
  ['misc', 'FileName fname', KIND.misc],
  ['url', 'URL request', AS.text, FIELD.http_request_url_url_string],
  ['threatid', 'ThreatID', KIND.threatId],
  ['threat_name', 'ThreatName', AS.text, FIELD.finding_title],
  ['thr_category', 'ThreatCategory', KIND.threatCategory],
  ['direction', 'DirectionOfAttack', AS.text, FIELD.connection_info_direction],
  ['contenttype', 'ContentType', AS.text, FIELD.http_response_content_type],
  ['filedigest', 'FileHash fileHash', KIND.digest],
  ['user_agent', 'UserAgent requestClientApplication', AS.text, FIELD.http_request_user_agent],
  ['filetype', 'FileType fileType', AS.text, FIELD.file_type],
  ['referer', 'Referer requestContext', AS.text, FIELD.http_request_referrer],
  ['sender', 'SenderEmail', AS.text, FIELD.email_from],
  ['subject', 'EmailSubject', AS.text, FIELD.email_subject],
  ['recipient', 'RecipientEmail', AS.text, FIELD.email_to],
  ['http_method', 'HTTPMethod requestMethod', KIND.method],
  ['tls_version', 'TLSVersion', KIND.tlsVersion],
  ['tls_enc', 'TLSEncryptionAlgorithm', AS.text, FIELD.tls_cipher],
  ['cert_serial', 'CertificateSerial', AS.text, FIELD.tls_certificate_serial_number],
  ['fingerprint', 'Fingerprint', KIND.fingerprint],
  ['notbefore', 'TimeNotBefore', KIND.moment, FIELD.tls_certificate_created_time],
  ['notafter', 'TimeNotAfter', KIND.moment, FIELD.tls_certificate_expiration_time],
  ['cert_ver', 'CertificateVersion', AS.text, FIELD.tls_certificate_version],
  ['cert_size', 'CertificateSize', AS.unsigned, FIELD.tls_key_length],
  ['cn', 'CommonName', AS.text, FIELD.tls_certificate_subject],
  ['issuer_cn', 'IssuerCommonName', AS.text, FIELD.tls_certificate_issuer],
  ['sni', 'ServerNameIndication', AS.text, FIELD.tls_sni],
  ['record_type', 'RecordType', AS.text, FIELD.query_type],
  ['dns_name', 'DNSRequest FQDN', AS.text, FIELD.query_hostname],
  ['objectname', 'ObjectName', AS.text, FIELD.finding_title],
  ['object_id', 'ObjectID', AS.text, FIELD.finding_info_uid],
  ['evidence', 'Evidence', AS.text, FIELD.finding_info_desc],
];

const PEOPLE: readonly Row[] = [
  ['ip', 'MappedIP', AS.ip, FIELD.src_endpoint_ip],
  ['user', 'User MappedUser', KIND.user],
  ['admin', 'Admin AdminUser', AS.account, FIELD.actor_user_name],
  ['host', 'ClientHost', AS.ip, FIELD.src_endpoint_ip],
  ['cmd', 'Command', KIND.command],
  ['client', 'ClientType', AS.text, FIELD.actor_app_name],
  ['path', 'ConfigPath', AS.text, FIELD.entity_name],
  ['before_change_detail', 'BeforeChangeDetail', AS.text, FIELD.entity_data],
  ['after_change_detail', 'AfterChangeDetail', AS.text, FIELD.entity_result_data],
  ['comment', 'AuditComment', AS.text, FIELD.comment],
  ['machinename', 'EndpointDeviceName', AS.text, FIELD.src_endpoint_hostname],
  ['os', 'EndpointOS', AS.text, FIELD.src_endpoint_os_name],
  ['client_os', 'EndpointOSType', AS.text, FIELD.src_endpoint_os_name],
  ['client_os_ver', 'EndpointOSVersion', AS.text, FIELD.src_endpoint_os_version],
  ['public_ip', 'PublicIPv4', KIND.publicIp, FIELD.src_endpoint_ip],
  ['public_ipv6', 'PublicIPv6', KIND.publicIp, FIELD.src_endpoint_ip],
  ['private_ip', 'PrivateIPv4', KIND.publicIp, FIELD.tunnel_interface_ip],
  ['private_ipv6', 'PrivateIPv6', KIND.publicIp, FIELD.tunnel_interface_ip],
  ['srcipv6', 'SourceIPv6', KIND.publicIp, FIELD.src_endpoint_ip],
  ['srcregion', 'SourceRegion', KIND.sourceLocation],
  ['hostid', 'HostID', AS.text, FIELD.src_endpoint_uid],
  ['mac', 'EndpointMac', AS.mac, FIELD.src_endpoint_mac],
  ['tunnel_type', 'TunnelType', AS.text, FIELD.tunnel_type],
  ['login_duration', 'LoginDuration', AS.seconds, FIELD.duration],
  ['matchname', 'HipMatchName', AS.text, FIELD.firewall_rule_name],
  ['description', 'AuthDescription', KIND.message],
  ['event', 'AuthEvent', KIND.eventId],
  ['authproto', 'AuthenticationProtocol', AS.text, FIELD.auth_protocol],
  ['authpolicy', 'AuthenticationPolicy', AS.text, FIELD.firewall_rule_name],
  ['region', 'Region', KIND.sourceLocation],
];

const ROWS: readonly Row[] = [...EVENT, ...SESSION, ...CONTENT, ...PEOPLE];
const known = new Map(ROWS.map(([name], index) => [name, index + 1]));
/** Names without a kind, which are only ever written to `unmapped`. */
const others = [...new Set(Object.values(LAYOUT_NAMES).flat())].filter((name) => !known.has(name));

/** By number of a name, from 1 on; 0 is none. */
export const NAMES: readonly string[] = ['', ...ROWS.map(([name]) => name), ...others];
const pad = others.map(() => 0);
export const nameKind = Uint8Array.from([0, ...ROWS.map(([, , kind]) => kind), ...pad]);
export const nameField = Uint16Array.from([0, ...ROWS.map(([, , , field]) => field ?? 0), ...pad]);
const numbers = new Map(NAMES.map((name, index) => [name, index]));

/** By layout: the numbers of the names of its positions. */
export const layoutNumbers: readonly Uint16Array[] = Object.keys(LAYOUT_NAMES).reduce<
  Uint16Array[]
>((list, key) => {
  const names = LAYOUT_NAMES[Number(key)] ?? [];
  list[Number(key)] = Uint16Array.from(names, (name) => numbers.get(name) ?? 0);
  return list;
}, []);

/** Keys of JSON, CEF and LEEF, and the labels of CEF's custom fields. */
const LABELS: readonly (readonly [label: string, name: string])[] = [
  ['Source Zone', 'from'],
  ['Destination Zone', 'to'],
  ['Elapsed time in seconds', 'elapsed'],
  ['Total bytes', 'bytes'],
  ['Packets', 'packets'],
  ['Packets sent', 'pkts_sent'],
  ['Packets received', 'pkts_received'],
];
export const keyTable = new KeyTable([
  ...ROWS.flatMap(([, keys], index) => keys.split(' ').map((key) => [key, index + 1] as const)),
  ...LABELS.map(([label, name]) => [label, known.get(name) ?? 0] as const),
]);
