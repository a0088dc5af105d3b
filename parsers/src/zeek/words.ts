// Words of Zeek's logs and what they are in OCSF 1.8 (schema 1.8.0: events/network, events/iam).
// After the "Zeek script reference": Conn::Info, HTTP::Info, SMB::Action, DHCP::Info, FTP::Info.
import { KeyTable } from '../text/key-table.js';

const wordTable = (rows: readonly (readonly [words: string, value: number])[]): KeyTable =>
  new KeyTable(
    rows.flatMap(([words, value]) => words.split(' ').map((word) => [word, value] as const)),
  );

/** IANA protocol numbers. `icmp` is ICMPv6 where the addresses are IPv6. */
export const ICMP = 1;
export const ICMP_V6 = 58;
export const protocolTable = wordTable([
  ['icmp', ICMP],
  ['tcp', 6],
  ['udp', 17],
  ['icmp6', ICMP_V6],
  ['sctp', 132],
]);
export const TCP = 6;

/** activity_id of Network Activity. */
const CLOSE = 2;
const RESET = 3;
export const FAIL = 4;
const REFUSE = 5;
export const TRAFFIC = 6;
/** S1 to S3 and OTH: the end was not seen. */
export const stateTable = wordTable([
  ['SF', CLOSE],
  ['RSTO RSTR RSTOS0 RSTRH', RESET],
  ['S0 SH SHR', FAIL],
  ['REJ', REFUSE],
  ['S1 S2 S3 OTH', TRAFFIC],
]);

/** activity_id of HTTP Activity. */
export const methodTable = new KeyTable(
  'CONNECT DELETE GET HEAD OPTIONS POST PUT TRACE PATCH'
    .split(' ')
    .map((name, index) => [name, index + 1] as const),
);

/** OCSF's names of rcode_id; other codes are 99. */
export const RCODES: readonly string[] =
  'NoError FormError ServError NXDomain NotImp Refused YXDomain YXRRSet NXRRSet NotAuth NotZone'.split(
    ' ',
  );

/** activity_id of DHCP Activity. */
export const dhcpTable = new KeyTable(
  'DISCOVER OFFER REQUEST DECLINE ACK NAK RELEASE INFORM'
    .split(' ')
    .map((name, index) => [name, index + 1] as const),
);

/** activity_id of FTP Activity. */
export const ftpTable = wordTable([
  ['STOR STOU APPE', 1],
  ['RETR', 2],
  ['DELE RMD', 4],
  ['RNFR RNTO', 5],
  ['LIST NLST MLSD MLST', 6],
]);

/** activity_id of Authentication by Kerberos' request. */
export const kerberosTable = wordTable([
  ['AS', 3],
  ['TGS', 4],
]);

/** activity_id of SMB Activity: File Open. */
export const smbTable = wordTable([['SMB::FILE_OPEN SMB::PIPE_OPEN SMB::PRINT_OPEN', 2]]);

/** share_type_id. */
export const shareTable = wordTable([
  ['DISK', 1],
  ['PIPE', 2],
  ['PRINT PRINTER', 3],
]);

/** activity_id of Tunnel Activity. */
export const tunnelTable = wordTable([
  ['Tunnel::DISCOVER', 1],
  ['Tunnel::CLOSE Tunnel::EXPIRE', 2],
]);

/** direction_id of an SSH session, as its policy script tells it. */
export const directionTable = wordTable([
  ['INBOUND', 1],
  ['OUTBOUND', 2],
]);

/** status_id: 1 Success, 2 Failure. */
export const resultTable = wordTable([
  ['success SUCCESS T true', 1],
  ['failed failure FAILED F false', 2],
]);
