// What a message says happened, in OCSF 1.8: class, activity, disposition, status.

/** disposition_id (profile security_control). */
export const ALLOWED = 1;
export const BLOCKED = 2;
export const DROPPED = 6;
const DETECTED = 15;
/** status_id. */
export const SUCCESS = 1;
export const FAILURE = 2;

export const BASE_EVENT = 0;
export const DETECTION_FINDING = 2004;
export const ACCOUNT_CHANGE = 3001;
export const AUTHENTICATION = 3002;
export const NETWORK_ACTIVITY = 4001;
export const HTTP_ACTIVITY = 4002;
export const DNS_ACTIVITY = 4003;
export const FTP_ACTIVITY = 4008;
export const TUNNEL_ACTIVITY = 4014;
export const ENTITY_MANAGEMENT = 3004;
const DHCP_ACTIVITY = 4004;

type Meaning = readonly [classUid: number, activity: number, disposition: number, status: number];

const MEANINGS = {
  base: [BASE_EVENT, 0, 0, 0],
  base_ok: [BASE_EVENT, 0, 0, SUCCESS],
  base_fail: [BASE_EVENT, 0, 0, FAILURE],
  open: [NETWORK_ACTIVITY, 1, ALLOWED, 0],
  /** As open, where nothing tells that it was allowed. */
  start: [NETWORK_ACTIVITY, 1, 0, 0],
  close: [NETWORK_ACTIVITY, 2, 0, 0],
  /** A close whose message does not tell which side had opened the connection. */
  teardown: [NETWORK_ACTIVITY, 2, 0, 0],
  reset: [NETWORK_ACTIVITY, 3, 0, 0],
  fail: [NETWORK_ACTIVITY, 4, 0, FAILURE],
  translation: [NETWORK_ACTIVITY, 99, 0, 0],
  deny: [NETWORK_ACTIVITY, 5, BLOCKED, 0],
  drop: [NETWORK_ACTIVITY, 5, DROPPED, 0],
  permit: [NETWORK_ACTIVITY, 6, ALLOWED, 0],
  traffic: [NETWORK_ACTIVITY, 6, 0, 0],
  logon: [AUTHENTICATION, 1, 0, 0],
  logon_ok: [AUTHENTICATION, 1, 0, SUCCESS],
  logon_fail: [AUTHENTICATION, 1, 0, FAILURE],
  logoff: [AUTHENTICATION, 2, 0, SUCCESS],
  /** A session whose start or end is told by a value. */
  session: [NETWORK_ACTIVITY, 6, 0, 0],
  switch_ok: [AUTHENTICATION, 7, 0, SUCCESS],
  switch_fail: [AUTHENTICATION, 7, 0, FAILURE],
  tunnel: [TUNNEL_ACTIVITY, 99, 0, 0],
  tunnel_open: [TUNNEL_ACTIVITY, 1, 0, SUCCESS],
  tunnel_close: [TUNNEL_ACTIVITY, 2, 0, 0],
  tunnel_renew: [TUNNEL_ACTIVITY, 3, 0, 0],
  tunnel_fail: [TUNNEL_ACTIVITY, 1, 0, FAILURE],
  command: [ENTITY_MANAGEMENT, 99, 0, 0],
  read: [ENTITY_MANAGEMENT, 2, 0, 0],
  update: [ENTITY_MANAGEMENT, 3, 0, 0],
  update_ok: [ENTITY_MANAGEMENT, 3, 0, SUCCESS],
  update_fail: [ENTITY_MANAGEMENT, 3, 0, FAILURE],
  create: [ENTITY_MANAGEMENT, 1, 0, 0],
  delete: [ENTITY_MANAGEMENT, 4, 0, 0],
  user_create: [ACCOUNT_CHANGE, 1, 0, SUCCESS],
  user_delete: [ACCOUNT_CHANGE, 6, 0, SUCCESS],
  user_change: [ACCOUNT_CHANGE, 99, 0, SUCCESS],
  user_lock: [ACCOUNT_CHANGE, 9, 0, SUCCESS],
  user_unlock: [ACCOUNT_CHANGE, 12, 0, SUCCESS],
  finding: [DETECTION_FINDING, 1, DETECTED, 0],
  finding_drop: [DETECTION_FINDING, 1, DROPPED, 0],
  url_allowed: [HTTP_ACTIVITY, 0, ALLOWED, 0],
  url: [HTTP_ACTIVITY, 0, 0, 0],
  url_denied: [HTTP_ACTIVITY, 0, BLOCKED, 0],
  ftp: [FTP_ACTIVITY, 0, ALLOWED, 0],
  ftp_denied: [FTP_ACTIVITY, 0, BLOCKED, 0],
  dns: [DNS_ACTIVITY, 6, 0, 0],
  dhcp_ack: [DHCP_ACTIVITY, 5, 0, 0],
  dhcp_deny: [DHCP_ACTIVITY, 99, DROPPED, 0],
} as const satisfies Record<string, Meaning>;

export type MeaningName = keyof typeof MEANINGS;
const names = Object.keys(MEANINGS) as MeaningName[];
const flat = Uint16Array.from(names.flatMap((name) => MEANINGS[name]));

/** Number of a meaning. */
export const meaningOf = (name: MeaningName): number => names.indexOf(name);
export const classOf = (meaning: number): number => flat[meaning * 4] as number;
export const activityOf = (meaning: number): number => flat[meaning * 4 + 1] as number;
export const dispositionOf = (meaning: number): number => flat[meaning * 4 + 2] as number;
export const statusOf = (meaning: number): number => flat[meaning * 4 + 3] as number;
