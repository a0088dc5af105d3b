// Words of PAN-OS logs and what they are in OCSF 1.8. After the Action, Session End Reason and
// Severity fields of the "Syslog Field Descriptions".
import { KeyTable } from '../text/key-table.js';
import { TYPE } from './layouts.js';

const table = (rows: readonly (readonly [words: string, value: number])[]): KeyTable =>
  new KeyTable(rows.flatMap(([words, value]) => words.split(' ').map((w) => [w, value] as const)));

const { traffic, threat, system, config, userid, hipmatch, decryption, tunnel } = TYPE;
export const typeTable = table([
  ['TRAFFIC traffic', traffic],
  ['THREAT threat', threat],
  ['SYSTEM system', system],
  ['CONFIG config', config],
  ['GLOBALPROTECT globalprotect', TYPE.globalprotect],
  ['USERID userid', userid],
  ['HIPMATCH HIP-MATCH hipmatch', hipmatch],
  ['DECRYPTION decryption', decryption],
  ['AUTHENTICATION AUTH authentication auth', TYPE.authentication],
  ['TUNNEL START END tunnel', tunnel],
  ['CORRELATION correlation', TYPE.correlation],
  ['GTP gtp', TYPE.gtp],
  ['SCTP sctp', TYPE.sctp],
  ['IPTAG iptag', TYPE.iptag],
  ['AUDIT audit', TYPE.audit],
  ['DNS dns', TYPE.dns],
]);

export const SUBTYPE = {
  url: 1,
  start: 2,
  end: 3,
  drop: 4,
  deny: 5,
  login: 6,
  logout: 7,
  auth: 8,
  globalprotect: 9,
  general: 10,
  dhcp: 11,
} as const;
export const subtypeTable = table([
  ['url', SUBTYPE.url],
  ['start START', SUBTYPE.start],
  ['end END', SUBTYPE.end],
  ['drop DROP', SUBTYPE.drop],
  ['deny DENY', SUBTYPE.deny],
  ['login', SUBTYPE.login],
  ['logout', SUBTYPE.logout],
  ['auth', SUBTYPE.auth],
  ['globalprotect', SUBTYPE.globalprotect],
  ['general', SUBTYPE.general],
  ['dhcp', SUBTYPE.dhcp],
]);

/** OCSF disposition_id (profile security_control). */
export const DISPOSITION = {
  allowed: 1,
  blocked: 2,
  dropped: 6,
  alert: 19,
  reset: 21,
  challenge: 23,
} as const;
const { allowed, blocked, dropped, alert, reset, challenge } = DISPOSITION;
/** In lower case. A custom or CEF format writes `drop ICMP` and `reset both`, others a hyphen. */
export const dispositionTable = new KeyTable(
  (
    [
      ['allow,continue,override', allowed],
      ['alert', alert],
      ['deny,block,block-url,block-ip,block-override,override-lockout,sinkhole', blocked],
      ['drop,drop-all,drop-all-packets,drop-packet,random-drop,drop-icmp,drop icmp', dropped],
      ['drop-reset,reset-both,reset-client,reset-server', reset],
      ['reset both,reset client,reset server', reset],
      ['block-continue,syncookie-sent', challenge],
    ] as const
  ).flatMap(([words, value]) => words.split(',').map((word) => [word, value] as const)),
);

/** status_id: 1 Success, 2 Failure. In lower case. */
export const statusTable = table([
  ['success succeeded successful auth-success', 1],
  ['failure failed fail unauthorized error auth-fail auth-failed', 2],
]);

/** activity_id of HTTP Activity, by method in lower case. */
const METHODS = 'connect delete get head options post put trace'.split(' ');
export const methodTable = new KeyTable(METHODS.map((name, index) => [name, index + 1] as const));

/** activity_id of Entity Management, by the command of CONFIG. */
export const commandTable = table([
  ['add clone', 1],
  ['set edit rename', 3],
  ['delete', 4],
  ['move', 5],
]);

/** Session end reasons of a reset. */
export const resetTable = table([['tcp-rst-from-client tcp-rst-from-server', 1]]);

/** IANA numbers by the names that PAN-OS writes, in lower case. */
export const protocolTable = table([
  ['hopopt', 0 + 1],
  ['icmp', 1 + 1],
  ['igmp', 2 + 1],
  ['ipip ipv4', 4 + 1],
  ['tcp', 6 + 1],
  ['egp', 8 + 1],
  ['udp', 17 + 1],
  ['ipv6', 41 + 1],
  ['rsvp', 46 + 1],
  ['gre', 47 + 1],
  ['esp', 50 + 1],
  ['ah', 51 + 1],
  ['icmp6 icmpv6 ipv6-icmp', 58 + 1],
  ['eigrp', 88 + 1],
  ['ospf ospfigp', 89 + 1],
  ['pim', 103 + 1],
  ['vrrp', 112 + 1],
  ['l2tp', 115 + 1],
  ['sctp', 132 + 1],
]);

/** Of GLOBALPROTECT: activity_id of Authentication, or 100 plus that of Tunnel Activity. */
export const globalprotectTable = table([
  ['portal-auth gateway-auth', 1],
  ['gateway-logout portal-logout', 2],
  ['gateway-connected gateway-setup-ssl gateway-setup-ipsec', 101],
  ['gateway-config-release', 102],
]);
/** Of SYSTEM: activity_id of Authentication, plus 10 times status_id. */
export const systemAuthTable = table([
  ['auth-success globalprotectportal-auth-succ globalprotectgateway-auth-succ', 11],
  ['auth-fail globalprotectportal-auth-fail globalprotectgateway-auth-fail', 21],
  ['globalprotectgateway-logout-succ', 12],
]);
