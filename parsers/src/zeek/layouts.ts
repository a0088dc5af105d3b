// Rows of Zeek without a header: only where the columns, as many as they are and by what stands in
// them, can be those of one log as Zeek writes it by default. Layouts after the "Zeek script
// reference", Zeek 3 to 7.

import { DOT, isDigit, MINUS } from '../text/ascii.js';
import { isIp } from '../text/ip.js';
import { type ColumnPlan, columnPlanOf, isAbsent } from './columns.js';

const ID = 'ts:time uid:uid id.orig_h:addr id.orig_p:port id.resp_h:addr id.resp_p:port';
const CONN = `${ID} proto:proto service:string duration:interval orig_bytes:count
  resp_bytes:count conn_state:state local_orig:bool local_resp:bool missed_bytes:count
  history:string orig_pkts:count orig_ip_bytes:count resp_pkts:count resp_ip_bytes:count
  tunnel_parents:set[string]`;
const HTTP = `${ID} trans_depth:count method:string host:string uri:string referrer:string
  version:string user_agent:string origin:string request_body_len:count response_body_len:count
  status_code:count status_msg:string info_code:count info_msg:string tags:set[enum]
  username:string password:string proxied:set[string] orig_fuids:vector[string]
  orig_filenames:vector[string] orig_mime_types:vector[string] resp_fuids:vector[string]
  resp_filenames:vector[string] resp_mime_types:vector[string]`;
const DNS = `${ID} proto:proto trans_id:count rtt:interval query:string qclass:count
  qclass_name:string qtype:count qtype_name:string rcode:count rcode_name:string AA:bool TC:bool
  RD:bool RA:bool Z:count answers:vector[string] TTLs:vector[interval] rejected:bool`;
const SSL = `${ID} version:string cipher:string curve:string server_name:string resumed:bool
  last_alert:string next_protocol:string established:bool ssl_history:string
  cert_chain_fps:vector[string] client_cert_chain_fps:vector[string] sni_matches_cert:bool`;
const SSH = `${ID} version:count auth_success:bool auth_attempts:count direction:enum client:string
  server:string cipher_alg:string mac_alg:string compression_alg:string kex_alg:string
  host_key_alg:string host_key:string`;

const LAYOUTS: readonly (readonly [path: string, columns: string])[] = [
  ['conn', CONN],
  ['conn', `${CONN} ip_proto:count`],
  ['http', HTTP],
  ['dns', DNS],
  ['ssl', SSL],
  ['ssh', SSH],
];

interface Layout {
  readonly plan: ColumnPlan;
  readonly types: readonly string[];
}

/** Our own words for what tells the columns; the plan has Zeek's types. */
const ZEEK_TYPES: Readonly<Record<string, string>> = {
  uid: 'string',
  proto: 'enum',
  state: 'string',
};

const layouts: readonly Layout[] = LAYOUTS.map(([path, columns]) => {
  const pairs = columns.split(/\s+/).map((column) => column.split(':'));
  const types = pairs.map(([, type]) => type ?? '');
  const header = [
    `#path\t${path}`,
    `#fields\t${pairs.map(([name]) => name).join('\t')}`,
    `#types\t${types.map((type) => ZEEK_TYPES[type] ?? type).join('\t')}`,
  ].join('\n');
  return { plan: columnPlanOf(header) as ColumnPlan, types };
});

const COLUMNS_MAX = 32;
const TAB = 0x09;
const starts = new Uint32Array(COLUMNS_MAX + 1);

/** The plan of the only layout that the row can have; null where there is none or more than one. */
export function standardPlanOf(bytes: Uint8Array, start: number, end: number): ColumnPlan | null {
  let count = 0;
  let position = start;
  while (position <= end) {
    if (count === COLUMNS_MAX) return null;
    starts[count++] = position;
    while (position < end && bytes[position] !== TAB) position++;
    position++;
  }
  starts[count] = end + 1;
  let found: ColumnPlan | null = null;
  for (const { plan, types } of layouts) {
    if (plan.count !== count || !hasTypes(plan, types, bytes)) continue;
    if (found !== null) return null;
    found = plan;
  }
  return found;
}

function hasTypes(plan: ColumnPlan, types: readonly string[], bytes: Uint8Array): boolean {
  for (let column = 0; column < plan.count; column++) {
    const start = starts[column] as number;
    const end = (starts[column + 1] as number) - 1;
    // The first seven are never without a value, but for the address of what has none.
    if (column > 6 && isAbsent(plan, bytes, start, end)) continue;
    if (!hasType(types[column] as string, bytes, start, end)) return false;
  }
  return true;
}

const PROTOCOLS = ['tcp', 'udp', 'icmp', 'unknown_transport'];
const STATES = 'S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH'.split(' ');

function hasType(type: string, bytes: Uint8Array, start: number, end: number): boolean {
  switch (type) {
    case 'time':
    case 'interval':
      return isFraction(bytes, start, end);
    case 'addr':
      return isIp(bytes, start, end);
    case 'port':
    case 'count':
      return end > start && end - start <= 20 && digitsEnd(bytes, start, end) === end;
    case 'bool':
      return end - start === 1 && (bytes[start] === 0x54 || bytes[start] === 0x46);
    case 'uid':
      return bytes[start] === 0x43 && end - start > 10 && end - start < 24;
    case 'proto':
      return isOneOf(PROTOCOLS, bytes, start, end);
    case 'state':
      return isOneOf(STATES, bytes, start, end);
    default:
      return true;
  }
}

/** `12.345678`: six digits behind the point. */
function isFraction(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  const point = digitsEnd(bytes, first, end);
  return (
    point > first &&
    bytes[point] === DOT &&
    end - point === 7 &&
    digitsEnd(bytes, point + 1, end) === end
  );
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && isDigit(bytes[position] as number)) position++;
  return position;
}

function isOneOf(words: readonly string[], bytes: Uint8Array, start: number, end: number): boolean {
  for (const word of words) {
    if (word.length !== end - start) continue;
    let i = 0;
    while (i < word.length && bytes[start + i] === word.charCodeAt(i)) i++;
    if (i === word.length) return true;
  }
  return false;
}
