// What a placeholder of a message template means: the field that its value goes to, and how it is
// read. A name that is not here is a value of its own under `unmapped`.
import { FIELD } from '@weir/pipeline';
import { AS } from '../common/typed-writer.js';

/** How the end of a placeholder's value is found in the text. */
export const KIND = {
  /** No space; it ends where what follows in the template begins. */
  word: 1,
  /** As word, with spaces. Without anything behind it, it is the rest of the text. */
  text: 2,
  /** `ifc:address/port`, `ifc/address(port)`, `address/port`, with NAT and user in parentheses. */
  endpoint: 3,
  /**
   * As text, up to the last place where the template can go on: the name of someone who was refused
   * is what he typed, and may hold ` from 192.0.2.1` or what else stands behind it.
   */
  last: 4,
} as const;

/** The sides of a connection: an even number is the source, the one behind it the destination. */
export const SIDE = {
  interface: 0,
  address: 2,
  port: 4,
  nat: 6,
  natPort: 8,
  user: 10,
  mac: 12,
} as const;
const SIDES_END = 14;

/** Values that are read in a way of their own. */
export const SPECIAL = {
  endpointSource: 14,
  endpointDestination: 15,
  protocol: 16,
  direction: 17,
  user: 18,
  duration: 19,
  url: 20,
  ftpVerb: 21,
  /** A word that says how it ended: permitted, denied, Succeeded, failed. */
  outcome: 22,
  ingress: 23,
  /** As direction; and where it is outbound, the two sides stand the other way round. */
  order: 24,
  actor: 25,
} as const;
const FIRST_FIELD = 32;

type FieldRow = readonly [name: string, as: number, field: number];
const FIELDS: readonly FieldRow[] = [
  ['action', AS.text, FIELD.action],
  ['conn', AS.text, FIELD.connection_info_uid],
  ['bytes', AS.unsigned, FIELD.traffic_bytes],
  ['bytes_out', AS.unsigned, FIELD.traffic_bytes_out],
  ['bytes_in', AS.unsigned, FIELD.traffic_bytes_in],
  ['packets_out', AS.unsigned, FIELD.traffic_packets_out],
  ['packets_in', AS.unsigned, FIELD.traffic_packets_in],
  ['packets', AS.unsigned, FIELD.traffic_packets],
  ['acl', AS.text, FIELD.firewall_rule_name],
  ['rule', AS.text, FIELD.firewall_rule_uid],
  ['hits', AS.unsigned, FIELD.count],
  ['cmd', AS.text, FIELD.actor_process_cmd_line],
  ['reason', AS.text, FIELD.status_detail],
  ['title', AS.text, FIELD.finding_title],
  ['signature', AS.text, FIELD.finding_info_uid],
  ['category', AS.text, FIELD.finding_info_types],
  ['assigned', AS.ip, FIELD.tunnel_interface_ip],
  ['session', AS.text, FIELD.session_uid],
  ['actor_session', AS.text, FIELD.actor_session_uid],
  ['terminal', AS.text, FIELD.session_terminal],
  ['file', AS.text, FIELD.file_name],
  ['subject', AS.text, FIELD.certificate_subject],
  ['issuer', AS.text, FIELD.certificate_issuer],
  ['serial', AS.text, FIELD.certificate_serial_number],
  ['tunnel', AS.text, FIELD.protocol_name],
  ['cipher', AS.text, FIELD.tls_cipher],
  ['tls', AS.text, FIELD.tls_version],
  ['service', AS.text, FIELD.service_name],
  ['app', AS.text, FIELD.app_name],
  ['name', AS.text, FIELD.query_hostname],
  ['process', AS.text, FIELD.actor_process_name],
  ['pid', AS.unsigned, FIELD.actor_process_pid],
  ['ifc', AS.text, FIELD.device_interface_name],
  ['vlan', AS.text, FIELD.src_endpoint_vlan_uid],
  ['mac', AS.mac, FIELD.src_endpoint_mac],
  ['dst_mac', AS.mac, FIELD.dst_endpoint_mac],
  ['src_name', AS.text, FIELD.src_endpoint_hostname],
  ['dst_name', AS.text, FIELD.dst_endpoint_hostname],
  ['entity', AS.text, FIELD.entity_name],
  ['entity_type', AS.text, FIELD.entity_type],
  ['group', AS.text, FIELD.group_name],
  ['logon_type', AS.text, FIELD.logon_type],
  ['user_uid', AS.text, FIELD.user_uid],
  ['threat_level', AS.text, FIELD.risk_level],
];

const SPECIALS: Readonly<Record<string, readonly [kind: number, target: number]>> = {
  src: [KIND.endpoint, SPECIAL.endpointSource],
  dst: [KIND.endpoint, SPECIAL.endpointDestination],
  src_ip: [KIND.word, SIDE.address],
  dst_ip: [KIND.word, SIDE.address + 1],
  src_port: [KIND.word, SIDE.port],
  dst_port: [KIND.word, SIDE.port + 1],
  src_ifc: [KIND.word, SIDE.interface],
  dst_ifc: [KIND.word, SIDE.interface + 1],
  src_nat: [KIND.word, SIDE.nat],
  dst_nat: [KIND.word, SIDE.nat + 1],
  src_nat_port: [KIND.word, SIDE.natPort],
  proto: [KIND.word, SPECIAL.protocol],
  direction: [KIND.word, SPECIAL.direction],
  order: [KIND.word, SPECIAL.order],
  user: [KIND.text, SPECIAL.user],
  actor: [KIND.text, SPECIAL.actor],
  duration: [KIND.word, SPECIAL.duration],
  url: [KIND.word, SPECIAL.url],
  verb: [KIND.word, SPECIAL.ftpVerb],
  outcome: [KIND.word, SPECIAL.outcome],
  on: [KIND.word, SPECIAL.ingress],
};

/** A compiled placeholder. */
export interface Placeholder {
  readonly kind: number;
  /** Below FIRST_FIELD a special one; then a field; then a name under unmapped. */
  readonly target: number;
}

const byName = new Map(FIELDS.map(([name], index) => [name, FIRST_FIELD + index] as const));
export const targetAs = Uint8Array.from(FIELDS, ([, as]) => as);
export const targetField = Uint16Array.from(FIELDS, ([, , field]) => field);
const targetNames = FIELDS.map(([name]) => name);
export const FIRST_NAME: number = FIRST_FIELD + FIELDS.length;

/** Names under `unmapped`, in the order in which templates brought them. */
const names: string[] = [];

export const isSide = (target: number): boolean => target < SIDES_END;
export const isField = (target: number): boolean => target >= FIRST_FIELD && target < FIRST_NAME;
export const fieldIndex = (target: number): number => target - FIRST_FIELD;
/** The name of a value that is no field, or whose field refused it. */
export const nameOfTarget = (target: number): string =>
  target >= FIRST_NAME
    ? (names[target - FIRST_NAME] as string)
    : (targetNames[target - FIRST_FIELD] ?? SIDE_NAMES[target] ?? 'value');

const SIDE_NAMES: readonly string[] = [
  'src_interface',
  'dst_interface',
  'src_address',
  'dst_address',
  'src_port',
  'dst_port',
  'src_mapped_address',
  'dst_mapped_address',
  'src_mapped_port',
  'dst_mapped_port',
  'src_user',
  'dst_user',
  'src_mac',
  'dst_mac',
  'src',
  'dst',
  'protocol',
  'direction',
  'user',
  'duration',
  'url',
  'operation',
  'outcome',
  'interface',
  'direction',
  'actor',
];

/**
 * `name`, `name*` (a text with spaces), `name^` (such a text, as long as it can be) or `name+` (a
 * word, where the name's own kind is text).
 */
export function placeholderOf(text: string): Placeholder {
  const mark = text.at(-1);
  const isMarked = mark === '*' || mark === '+' || mark === '^';
  const name = isMarked ? text.slice(0, -1) : text;
  const special = SPECIALS[name];
  let kind: number = special?.[0] ?? KIND.word;
  if (mark === '*') kind = KIND.text;
  else if (mark === '+') kind = KIND.word;
  else if (mark === '^') kind = KIND.last;
  const target = special?.[1] ?? byName.get(name);
  if (target !== undefined) return { kind, target };
  let index = names.indexOf(name);
  if (index < 0) index = names.push(name) - 1;
  return { kind, target: FIRST_NAME + index };
}
