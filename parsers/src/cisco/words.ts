// Words of Cisco's devices: protocols, service names instead of port numbers, outcomes. After the
// chapter "Addresses, Protocols, and Ports" of the ASA command line manual.
import { KeyTable } from '../text/key-table.js';

/** IANA protocol number plus one (0 stands for none), by name. */
const PROTOCOLS =
  'ip:0 hopopt:0 icmp:1 igmp:2 ipinip:4 ipip:4 tcp:6 egp:8 igrp:9 udp:17 rdp:27 ipv6:41 rsvp:46 gre:47 ' +
  'esp:50 ipsec:50 ah:51 icmp6:58 icmpv6:58 ipv6-icmp:58 eigrp:88 ospf:89 ospfigp:89 nos:94 ' +
  'pim:103 pcp:108 snp:109 vrrp:112 sctp:132 udplite:136';
const upperAndLower = (name: string): string[] => {
  const upper = name.toUpperCase();
  return upper === name ? [name] : [name, upper];
};
export const protocolTable = new KeyTable(
  PROTOCOLS.split(' ').flatMap((entry) => {
    const [name = '', number] = entry.split(':');
    // `ip` says that it is not told.
    if (name === 'ip') return [];
    return upperAndLower(name).map((word) => [word, Number(number) + 1] as const);
  }),
);

const PORTS =
  'aol:5190 bgp:179 biff:512 bootpc:68 bootps:67 chargen:19 cifs:3020 citrix-ica:1494 cmd:514 ' +
  'ctiqbe:2748 daytime:13 discard:9 dnsix:195 domain:53 echo:7 exec:512 finger:79 ftp:21 ' +
  'ftp-data:20 gopher:70 h323:1720 hostname:101 http:80 https:443 ident:113 imap4:143 irc:194 ' +
  'isakmp:500 kerberos:88 klogin:543 kshell:544 ldap:389 ldaps:636 login:513 lotusnotes:1352 ' +
  'lpd:515 mobile-ip:434 nameserver:42 netbios-dgm:138 netbios-ns:137 netbios-ssn:139 nfs:2049 ' +
  'nntp:119 ntp:123 pcanywhere-data:5631 pcanywhere-status:5632 pim-auto-rp:496 pop2:109 ' +
  'pop3:110 pptp:1723 radius:1645 radius-acct:1646 rip:520 rsh:514 rtsp:554 secureid-udp:5510 ' +
  'sip:5060 smtp:25 snmp:161 snmptrap:162 sqlnet:1521 ssh:22 sunrpc:111 syslog:514 tacacs:49 ' +
  'talk:517 telnet:23 tftp:69 time:37 uucp:540 vxlan:4789 who:513 whois:43 www:80 xdmcp:177';
/** Port number of a service name. */
export const portTable = new KeyTable(
  PORTS.split(' ').flatMap((entry) => {
    const [name = '', number] = entry.split(':');
    return upperAndLower(name).map((word) => [word, Number(number)] as const);
  }),
);

const wordTable = (rows: readonly string[]): KeyTable =>
  new KeyTable(
    rows.flatMap((words, index) => words.split(' ').map((word) => [word, index + 1] as const)),
  );

export const OUTCOME = { allowed: 1, denied: 2, dropped: 3, success: 4, failure: 5 } as const;
export const outcomeTable = wordTable([
  'permitted Permitted permit Permit est-allowed allowed Allowed allow Accessed',
  'denied Denied deny Deny rejected blocked Blocked block prohibited',
  'dropped Dropped drop Dropping discarded',
  'succeeded Succeeded success Success Successful successful passed Passed ok OK SUCCESS accepted PASSED',
  'failed Failed failure Failure FAILED Rejected unsuccessful Unsuccessful FAILURE invalid',
]);
/** 1 inbound, 2 outbound. */
export const directionTable = wordTable([
  'inbound Inbound in INBOUND ingress',
  'outbound Outbound out OUTBOUND egress',
]);
/** activity_id of FTP Activity. */
export const ftpTable = wordTable([
  'Stored stored Put put STOR uploaded',
  'Retrieved retrieved Get get RETR downloaded',
]);
/** Words that stand where a user's name would, and say that there is none. */
export const noUserTable = wordTable([
  'Unknown unknown N/A none None <unknown> - unauthenticated UNKNOWN',
]);
