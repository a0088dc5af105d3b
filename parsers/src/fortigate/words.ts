// Words of FortiOS logs and what they are in OCSF 1.8. After Fortinet's "FortiOS Log Message
// Reference" 6.0 to 7.4, chapters Log types and subtypes, Log field format, and the traffic log's
// action field.
import { KeyTable } from '../text/key-table.js';

const wordTable = (rows: readonly (readonly [words: string, ...rest: unknown[]])[]): KeyTable =>
  new KeyTable(
    rows.flatMap(([words], index) => words.split(' ').map((word) => [word, index + 1] as const)),
  );

/** OCSF disposition_id (profile security_control). */
const ALLOWED = 1;
const BLOCKED = 2;
const QUARANTINED = 3;
const DROPPED = 6;
const DETECTED = 15;
const LOGGED = 17;
const RESET = 21;

/** activity_id of Network Activity. */
const OPEN = 1;
const CLOSE = 2;
const NET_RESET = 3;
const FAIL = 4;
const REFUSE = 5;
const OTHER = 99;
export const TRAFFIC = 6;

/** activity_id of Authentication. */
const LOGON = 1;
const LOGOFF = 2;
const FAILURE = 2;

type ActionRow = readonly [
  words: string,
  disposition: number,
  network: number,
  auth: number,
  status?: number,
  tunnel?: number,
];
/** A peer's reset ends a session that the firewall allowed; only its own reset is a disposition. */
const ACTIONS: readonly ActionRow[] = [
  ['accept pass passthrough allow allowed permit permitted exempt', ALLOWED, TRAFFIC, 0],
  ['start', ALLOWED, OPEN, 0],
  ['close timeout', ALLOWED, CLOSE, 0],
  ['client-rst server-rst', ALLOWED, NET_RESET, 0],
  ['ip-conn dns', ALLOWED, FAIL, 0],
  ['deny denied block blocked violation', BLOCKED, REFUSE, 0],
  ['drop dropped drop_session', DROPPED, REFUSE, 0],
  ['reset reset_client reset_server clear_session', RESET, NET_RESET, 0],
  ['quarantine quarantined', QUARANTINED, REFUSE, 0],
  ['detected', DETECTED, TRAFFIC, 0],
  ['monitor monitored log log-only logged', LOGGED, TRAFFIC, 0],
  [
    'login logon auth-logon auth-login FSSO-logon authentication auth Authentication',
    0,
    TRAFFIC,
    LOGON,
  ],
  ['logout logoff auth-logout FSSO-logoff', 0, TRAFFIC, LOGOFF],
  ['ssl-login', 0, TRAFFIC, LOGON],
  ['ssl-login-fail login-fail login_failed', 0, TRAFFIC, LOGON, FAILURE],
  ['ssl-logout', 0, TRAFFIC, LOGOFF],
  ['tunnel-up', 0, TRAFFIC, 0, 0, OPEN],
  ['tunnel-down', 0, TRAFFIC, 0, 0, CLOSE],
  ['tunnel-stats', 0, TRAFFIC, 0, 0, OTHER],
];
export const actionTable = wordTable(ACTIONS);
export const dispositionOf = (action: number): number => ACTIONS[action - 1]?.[1] ?? 0;
export const networkActivityOf = (action: number): number => ACTIONS[action - 1]?.[2] ?? TRAFFIC;
export const authActivityOf = (action: number): number => ACTIONS[action - 1]?.[3] ?? 0;
/** status_id that the action itself tells, 0 for none. */
export const statusOf = (action: number): number => ACTIONS[action - 1]?.[4] ?? 0;
/** activity_id of Tunnel Activity, 0 for an action that is none. */
export const tunnelActivityOf = (action: number): number => ACTIONS[action - 1]?.[5] ?? 0;

export const NETWORK_ACTIVITY = 4001;
export const HTTP_ACTIVITY = 4002;
export const DNS_ACTIVITY = 4003;
export const DHCP_ACTIVITY = 4004;
export const TUNNEL_ACTIVITY = 4014;
export const ENTITY_MANAGEMENT = 3004;
export const DETECTION_FINDING = 2004;
export const AUTHENTICATION = 3002;
export const BASE_EVENT = 0;

export const TYPE = { traffic: 1, utm: 2, event: 3, security: 4 } as const;
/** `security` types stand alone before FortiOS 5.2 and in anomaly logs: type=anomaly, type=ips. */
export const typeTable = wordTable([
  ['traffic'],
  ['utm'],
  ['event'],
  ['anomaly ips virus app-ctrl webfilter dlp emailfilter voip waf dns ssh ssl gtp cifs'],
]);
export const SUBTYPE = {
  webfilter: 1,
  dns: 2,
  emailfilter: 3,
  user: 4,
  vpn: 5,
  system: 6,
} as const;
export const subtypeTable = wordTable([
  ['webfilter'],
  ['dns dns-query dns-response'],
  ['emailfilter spam'],
  // FortiAuthenticator has its own word.
  ['user Authentication'],
  ['vpn'],
  ['system'],
]);

/** activity_id of HTTP Activity by method. */
const METHODS = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE', 'PATCH'];
export const methodTable = new KeyTable(METHODS.map((name, index) => [name, index + 1] as const));
/** How an administrator came in, where that is a protocol. */
export const accessTable = wordTable([['https http ssh telnet']]);
/** activity_id of DHCP Activity by dhcp_msg. */
export const dhcpTable = wordTable(
  ['Discover', 'Offer', 'Request', 'Decline', 'Ack', 'Nak', 'Release', 'Inform'].map(
    (word) => [word] as const,
  ),
);
/** activity_id of Entity Management by the action of a change of configuration. */
const CHANGES: Readonly<Record<string, number>> = { Add: 1, Edit: 3, Delete: 4, Move: 5 };
export const changeTable = new KeyTable(Object.entries(CHANGES));
/** activity_id of DNS Activity by eventtype. */
export const dnsTable = wordTable([['dns-query'], ['dns-response']]);
/** status_id by the word in `status` or `result`: 1 Success, 2 Failure. */
export const statusTable = wordTable([
  ['success succeeded successful ok Success Succeeded'],
  ['failure failed fail error denied Failed Failure authentication_failed negotiate_error'],
]);
