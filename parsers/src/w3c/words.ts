// Words of W3C extended logs and what they are in OCSF 1.8.
import { KeyTable } from '../text/key-table.js';

/** activity_id of HTTP Activity. */
export const methodTable = new KeyTable(
  'CONNECT DELETE GET HEAD OPTIONS POST PUT TRACE PATCH'
    .split(' ')
    .map((name, index) => [name, index + 1] as const),
);

/** disposition_id: Windows Firewall allows or drops. */
export const dispositionTable = new KeyTable([
  ['ALLOW', 1],
  ['DROP', 6],
]);

/** IANA protocol numbers, as Windows Firewall names them. */
export const protocolTable = new KeyTable([
  ['ICMP', 1],
  ['TCP', 6],
  ['UDP', 17],
  ['ICMPv6', 58],
]);
