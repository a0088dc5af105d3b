// Keys of Meraki's messages, and the sentences among them.
import { FIELD } from '@weir/pipeline';
import { AS } from '../common/typed-writer.js';
import { KeyTable } from '../text/key-table.js';

/** Keys that are read in a way of their own; from `rest` on their value is the rest of the text. */
export const READ = {
  source: 101,
  destination: 102,
  protocol: 103,
  action: 104,
  kind: 105,
  user: 106,
  url: 107,
  connectivity: 108,
  direction: 109,
  rest: 120,
  pattern: 120,
  request: 121,
  message: 122,
} as const;

type KeyRow = readonly [keys: string, as: number, field?: number];
const KEYS: readonly KeyRow[] = [
  ['src client_ip ip local_ip', READ.source],
  ['dst server peer_contact remote_ip', READ.destination],
  ['sport', AS.unsigned, FIELD.src_endpoint_port],
  ['dport', AS.unsigned, FIELD.dst_endpoint_port],
  ['mac client_mac', AS.mac, FIELD.src_endpoint_mac],
  ['dhost wired_mac', AS.mac, FIELD.dst_endpoint_mac],
  ['protocol', READ.protocol],
  ['translated_src_ip', AS.ip, FIELD.src_endpoint_proxy_endpoint_ip],
  ['translated_dst_ip', AS.ip, FIELD.dst_endpoint_proxy_endpoint_ip],
  ['action decision', READ.action],
  ['type', READ.kind],
  ['user identity client_identity', READ.user],
  ['url', READ.url],
  ['agent', AS.text, FIELD.http_request_user_agent],
  ['signature', AS.text, FIELD.finding_info_uid],
  ['name', AS.text, FIELD.malware_name],
  ['sha256', AS.lower, FIELD.file_hashes_sha256],
  ['connectivity', READ.connectivity],
  ['direction', READ.direction],
  ['vlan_id vlan', AS.text, FIELD.src_endpoint_vlan_uid],
  ['port', AS.text, FIELD.device_interface_name],
  ['reason', AS.text, FIELD.status_detail],
  ['duration', AS.seconds, FIELD.duration],
  ['pattern', READ.pattern],
  ['request', READ.request],
  ['message', READ.message],
];
const rows = KEYS.flatMap(([keys, as, field]) =>
  keys.split(' ').map((key) => ({ key, as, field: field ?? 0 })),
);
export const keyTable = new KeyTable(rows.map(({ key }, index) => [key, index + 1] as const));
export const keyAs = Uint8Array.from([0, ...rows.map(({ as }) => as)]);
export const keyField = Uint16Array.from([0, ...rows.map(({ field }) => field)]);

/** Events that are sentences, in the notation of ../cisco/message-table.ts. */
export const TEXTS = `
TEXT base
  {kind} lease of ip {src_ip} from server mac {server_mac} for client mac {mac} from router {router}
    on subnet {subnet} with dns {dns_servers*}
  {kind} lease of ip {src_ip} from mx mac {server_mac} for client mac {mac}
    [ with hostname {src_name}][ from router {router} on subnet {subnet} with dns {dns_servers*}]
  {kind} no offers for mac {mac}[ host = {host}]
  {kind} release for mac {mac}
  {kind} user id '{user*}' local ip {assigned} connected from {src_ip}
  {kind} user id '{user*}' local ip {assigned}
  {kind} Peer IP: {src_ip}
  Site-to-site VPN: {status_text*}
  Port {ifc} changed STP role from {state_old} to {state}
  port {ifc} status changed from {state_old} to {state}
  {kind} uplink to {uplink}
  Cellular connection {state}
`;
