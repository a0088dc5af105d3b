// Keys of FortiOS logs that have a column, and how their values are read. Everything else is
// unmapped.
import { FIELD } from '@weir/pipeline';
import { KeyTable } from '../text/key-table.js';

export const AS = {
  span: 1,
  ip: 2,
  unsigned: 3,
  seconds: 4,
  action: 5,
  type: 6,
  subtype: 7,
  level: 8,
  status: 9,
  eventtime: 10,
  date: 11,
  time: 12,
  zone: 13,
  service: 14,
  description: 15,
  remoteIp: 16,
  localIp: 17,
  eventtype: 18,
  method: 19,
  code: 20,
  domain: 21,
  interface: 22,
  remotePort: 23,
  localPort: 24,
} as const;

type KeyRow = readonly [keys: string, as: number, field?: number];

/** Keys that mean the same in other releases stand side by side; the first is today's. */
const KEYS: readonly KeyRow[] = [
  ['date', AS.date],
  ['time', AS.time],
  ['tz', AS.zone],
  ['eventtime', AS.eventtime],
  ['logid log_id', AS.code, FIELD.metadata_event_code],
  ['type', AS.type],
  ['subtype', AS.subtype],
  ['eventtype', AS.eventtype],
  ['level pri', AS.level],
  ['srcip src', AS.ip, FIELD.src_endpoint_ip],
  ['srcport src_port', AS.unsigned, FIELD.src_endpoint_port],
  ['srcintf src_int', AS.span, FIELD.src_endpoint_interface_name],
  ['srcmac', AS.span, FIELD.src_endpoint_mac],
  ['srcname', AS.span, FIELD.src_endpoint_hostname],
  ['dstip dst', AS.ip, FIELD.dst_endpoint_ip],
  ['dstport dst_port', AS.unsigned, FIELD.dst_endpoint_port],
  ['dstintf dst_int', AS.span, FIELD.dst_endpoint_interface_name],
  ['dstname dst_host', AS.span, FIELD.dst_endpoint_hostname],
  ['remip', AS.remoteIp],
  ['locip', AS.localIp],
  ['remport', AS.remotePort],
  ['locport', AS.localPort],
  ['ui', AS.interface],
  ['vd', AS.domain],
  ['proto', AS.unsigned, FIELD.connection_info_protocol_num],
  ['sessionid', AS.span, FIELD.connection_info_uid],
  ['action', AS.action],
  ['policyid', AS.span, FIELD.firewall_rule_uid],
  ['app', AS.span, FIELD.app_name],
  ['service', AS.service],
  ['sentbyte sent', AS.unsigned, FIELD.traffic_bytes_out],
  ['rcvdbyte rcvd', AS.unsigned, FIELD.traffic_bytes_in],
  ['sentpkt sent_pkt', AS.unsigned, FIELD.traffic_packets_out],
  ['rcvdpkt rcvd_pkt', AS.unsigned, FIELD.traffic_packets_in],
  ['duration', AS.seconds, FIELD.duration],
  ['user', AS.span, FIELD.actor_user_name],
  ['devname', AS.span, FIELD.device_hostname],
  ['devid device_id', AS.span, FIELD.device_uid],
  ['hostname', AS.span, FIELD.url_hostname],
  ['url', AS.span, FIELD.http_request_url_url_string],
  ['httpmethod', AS.method],
  ['filename file', AS.span, FIELD.file_name],
  ['attack virus', AS.span, FIELD.finding_title],
  ['msg', AS.span, FIELD.message],
  ['logdesc', AS.description],
  ['status', AS.status],
];

/** Number of a key: index into keyAs and keyField, plus one. */
export const keyTable = new KeyTable(
  KEYS.flatMap(([keys], index) => keys.split(' ').map((key) => [key, index + 1] as const)),
);
export const keyAs = Uint8Array.from([0, ...KEYS.map(([, as]) => as)]);
export const keyField = Uint16Array.from([0, ...KEYS.map(([, , field]) => field ?? 0)]);
