// Keys of FortiOS logs that OCSF has an attribute for, and how their values are read. Everything
// else is unmapped under its own key. After Fortinet's "FortiOS Log Message Reference" 5.0 to 7.6,
// chapter Log field format and the fields of each message.
import { FIELD } from '@weir/pipeline';
import { AS as TYPED } from '../common/typed-writer.js';
import { KeyTable } from '../text/key-table.js';

/** Kinds of values: those of TypedWriter, and FortiOS's own. */
export const AS = {
  ...TYPED,
  action: 20,
  type: 21,
  subtype: 22,
  level: 23,
  status: 24,
  eventtype: 25,
  date: 26,
  time: 27,
  zone: 28,
  service: 29,
  description: 30,
  remoteIp: 31,
  localIp: 32,
  eventtime: 33,
  method: 34,
  logId: 35,
  domain: 36,
  interface: 37,
  remotePort: 38,
  localPort: 39,
  /** An address or port that is none when it is zero. */
  natIp: 40,
  natPort: 41,
  /** A country; private addresses have `Reserved`. */
  country: 42,
  /** In the order in which they are asked for: who the user is. */
  user: 43,
  userByVpn: 44,
  userByDevice: 45,
  /** Of a signature: says more than the level of the log. */
  severity: 46,
  httpMethod: 47,
  reason: 48,
  virus: 49,
  hash: 50,
  /** Only in logs of emails; other logs use these keys for something else. */
  email: 51,
  /** Host of a URL; in events the name of a client. */
  hostname: 52,
  tlsVersion: 53,
  config: 54,
  dhcp: 55,
  /** As the kind of TypedWriter, where the field is still free. */
  freeText: 56,
  freeMac: 57,
  freeIp: 58,
  url: 59,
  result: 60,
} as const;

type KeyRow = readonly [keys: string, as: number, field?: number];

/** Keys that mean the same in other releases stand side by side; the first is today's. */
const COMMON: readonly KeyRow[] = [
  ['date', AS.date],
  ['time', AS.time],
  ['tz', AS.zone],
  ['eventtime', AS.eventtime],
  ['logid log_id', AS.logId, FIELD.metadata_event_code],
  ['type', AS.type],
  ['subtype', AS.subtype],
  ['eventtype', AS.eventtype],
  ['level pri', AS.level],
  ['severity', AS.severity],
  ['vd', AS.domain],
  ['devname', AS.text, FIELD.device_hostname],
  ['devid device_id', AS.text, FIELD.device_uid],
  ['action', AS.action],
  ['status', AS.status],
  ['result', AS.result],
  ['reason', AS.reason],
  ['error', AS.freeText, FIELD.status_detail],
  ['msg', AS.text, FIELD.message],
  ['logdesc', AS.description],
  ['count', AS.unsigned, FIELD.count],
  ['crscore', AS.decimal, FIELD.risk_score],
  ['crlevel', AS.text, FIELD.risk_level],
];

const SESSION: readonly KeyRow[] = [
  ['srcip src', AS.ip, FIELD.src_endpoint_ip],
  ['srcport src_port', AS.unsigned, FIELD.src_endpoint_port],
  ['srcintf src_int', AS.text, FIELD.src_endpoint_interface_name],
  ['srcname', AS.text, FIELD.src_endpoint_hostname],
  ['srcdomain', AS.text, FIELD.src_endpoint_domain],
  ['srccountry', AS.country, FIELD.src_endpoint_location_country],
  ['srcregion', AS.text, FIELD.src_endpoint_location_region],
  ['srccity', AS.text, FIELD.src_endpoint_location_city],
  ['dstip dst', AS.ip, FIELD.dst_endpoint_ip],
  ['dstport dst_port', AS.unsigned, FIELD.dst_endpoint_port],
  ['dstintf dst_int', AS.text, FIELD.dst_endpoint_interface_name],
  ['dstname dst_host', AS.text, FIELD.dst_endpoint_hostname],
  ['dstcountry', AS.country, FIELD.dst_endpoint_location_country],
  ['dstregion', AS.text, FIELD.dst_endpoint_location_region],
  ['dstcity', AS.text, FIELD.dst_endpoint_location_city],
  ['transip', AS.natIp, FIELD.src_endpoint_proxy_endpoint_ip],
  ['transport', AS.natPort, FIELD.src_endpoint_proxy_endpoint_port],
  ['tranip', AS.natIp, FIELD.dst_endpoint_proxy_endpoint_ip],
  ['tranport', AS.natPort, FIELD.dst_endpoint_proxy_endpoint_port],
  ['proto', AS.unsigned, FIELD.connection_info_protocol_num],
  ['sessionid', AS.text, FIELD.connection_info_uid],
  ['direction', AS.text, FIELD.connection_info_direction],
  ['policyid', AS.text, FIELD.firewall_rule_uid],
  ['policyname', AS.text, FIELD.firewall_rule_name],
  ['policytype', AS.text, FIELD.firewall_rule_type],
  ['poluuid', AS.text, FIELD.policy_uid],
  ['app', AS.text, FIELD.app_name],
  ['service', AS.service],
  ['sentbyte sent', AS.unsigned, FIELD.traffic_bytes_out],
  ['rcvdbyte rcvd', AS.unsigned, FIELD.traffic_bytes_in],
  ['sentpkt sent_pkt', AS.unsigned, FIELD.traffic_packets_out],
  ['rcvdpkt rcvd_pkt', AS.unsigned, FIELD.traffic_packets_in],
  ['duration', AS.seconds, FIELD.duration],
];

/** Device inventory (FortiOS 6 and later), and the endpoint of a client. */
const ENDPOINTS: readonly KeyRow[] = [
  ['srcmac', AS.mac, FIELD.src_endpoint_mac],
  ['dstmac', AS.mac, FIELD.dst_endpoint_mac],
  ['mac stamac', AS.freeMac, FIELD.src_endpoint_mac],
  ['ip userip', AS.freeIp, FIELD.src_endpoint_ip],
  ['osname', AS.text, FIELD.src_endpoint_os_name],
  ['osversion srcswversion', AS.freeText, FIELD.src_endpoint_os_version],
  ['devtype', AS.text, FIELD.src_endpoint_type],
  ['dstosname', AS.text, FIELD.dst_endpoint_os_name],
  ['dstosversion dstswversion', AS.freeText, FIELD.dst_endpoint_os_version],
  ['dstdevtype', AS.text, FIELD.dst_endpoint_type],
  ['fctuid', AS.text, FIELD.src_endpoint_uid],
  ['user', AS.user],
  ['xauthuser', AS.userByVpn],
  ['unauthuser', AS.userByDevice],
  ['group', AS.text, FIELD.group_name],
  ['dstuser login', AS.freeText, FIELD.dst_endpoint_owner_name],
];

const EVENTS: readonly KeyRow[] = [
  ['ui', AS.interface],
  ['method', AS.method],
  ['remip', AS.remoteIp],
  ['locip', AS.localIp],
  ['remport', AS.remotePort],
  ['locport', AS.localPort],
  ['outintf', AS.text, FIELD.device_interface_name],
  ['vpntunnel', AS.text, FIELD.tunnel_interface_name],
  ['tunneltype', AS.text, FIELD.tunnel_type],
  ['tunnelip assignip', AS.natIp, FIELD.tunnel_interface_ip],
  ['cfgpath', AS.config, FIELD.entity_type],
  ['cfgobj', AS.text, FIELD.entity_name],
  ['dhcp_msg', AS.dhcp],
  ['lease', AS.unsigned, FIELD.lease_dur],
];

const SECURITY: readonly KeyRow[] = [
  ['hostname', AS.hostname],
  ['url', AS.url, FIELD.http_request_url_url_string],
  ['httpmethod', AS.httpMethod],
  ['agent', AS.text, FIELD.http_request_user_agent],
  ['referralurl', AS.text, FIELD.http_request_referrer],
  ['httpcode', AS.unsigned, FIELD.http_response_code],
  ['contenttype', AS.text, FIELD.http_response_content_type],
  ['filename', AS.text, FIELD.file_name],
  ['file infectedfilename matchfilename', AS.freeText, FIELD.file_name],
  ['filesize infectedfilesize', AS.unsigned, FIELD.file_size],
  ['filetype infectedfiletype matchfiletype', AS.freeText, FIELD.file_type],
  ['filehash', AS.hash],
  ['analyticscksum', AS.hash],
  ['attack', AS.text, FIELD.finding_title],
  ['attackid', AS.text, FIELD.finding_info_uid],
  ['virus', AS.virus, FIELD.finding_title],
  ['virusid', AS.text, FIELD.malware_uid],
  ['dtype', AS.text, FIELD.finding_info_types],
  ['ref', AS.text, FIELD.finding_info_src_url],
  ['cve cveid', AS.freeText, FIELD.vulnerabilities_cve_uid],
  ['qname', AS.text, FIELD.query_hostname],
  ['qtype', AS.text, FIELD.query_type],
  ['qclass', AS.text, FIELD.query_class],
  ['xid', AS.unsigned, FIELD.query_packet_uid],
  ['rcode', AS.unsigned, FIELD.rcode_id],
  ['from', AS.email, FIELD.email_from],
  ['to', AS.email, FIELD.email_to],
  ['subject', AS.text, FIELD.email_subject],
  ['sender', AS.text, FIELD.email_smtp_from],
  ['recipient', AS.text, FIELD.email_smtp_to],
  ['sni', AS.text, FIELD.tls_sni],
  ['tlsver', AS.tlsVersion],
  ['cipher', AS.text, FIELD.tls_cipher],
  ['keysize', AS.unsigned, FIELD.tls_key_length],
  ['scertcname cn', AS.freeText, FIELD.tls_certificate_subject],
  ['scertissuer issuer', AS.freeText, FIELD.tls_certificate_issuer],
  ['certhash', AS.text, FIELD.tls_certificate_fingerprints_sha1],
  ['notbefore', AS.iso, FIELD.tls_certificate_created_time],
  ['notafter', AS.iso, FIELD.tls_certificate_expiration_time],
];

const KEYS: readonly KeyRow[] = [...COMMON, ...SESSION, ...ENDPOINTS, ...EVENTS, ...SECURITY];

/** Number of a key: index into keyAs and keyField, plus one. */
export const keyTable = new KeyTable(
  KEYS.flatMap(([keys], index) => keys.split(' ').map((key) => [key, index + 1] as const)),
);
export const keyAs = Uint8Array.from([0, ...KEYS.map(([, as]) => as)]);
export const keyField = Uint16Array.from([0, ...KEYS.map(([, , field]) => field ?? 0)]);
/** Number of a key by its name. */
export const keyNumber = (name: string): number =>
  KEYS.findIndex(([keys]) => keys.split(' ').includes(name)) + 1;
