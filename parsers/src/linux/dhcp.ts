// What DHCP clients and servers say: ISC's dhclient.c and dhcp.c, dnsmasq's rfc2131.c. Activities
// are those of OCSF's DHCP Activity. The client is the source, the server the destination.
import { FIELD } from '@weir/pipeline';
import { outcome, type TextRow } from '../common/text-events.js';
import { CLASS } from './outcomes.js';

const discover = outcome(CLASS.dhcp, 1);
const offer = outcome(CLASS.dhcp, 2);
const request = outcome(CLASS.dhcp, 3);
const ack = outcome(CLASS.dhcp, 5, [FIELD.status_id, 1]);
const nak = outcome(CLASS.dhcp, 6, [FIELD.status_id, 2]);
const release = outcome(CLASS.dhcp, 7);

/** What servers put behind the interface: Infoblox more than ISC. */
const TAILS = [
  '',
  ' TransID {transaction}',
  ' TransID {transaction} uid {client_id}',
  ' TransID {transaction} uid {client_id} ({mode})',
  ' relay {relay} lease-duration {lease#}',
  ' relay {relay} lease-duration {lease#} uid {client_id}',
  ' relay {relay} lease-duration {lease#} offered-duration {offered#} uid {client_id}',
  ' {rest~}',
];
const served = (start: string, result: TextRow[1]): TextRow[] =>
  TAILS.map((tail) => [`${start} via {interface}${tail}`, result] as const);
const expired = outcome(CLASS.dhcp, 9);

export const dhcpRows: readonly TextRow[] = [
  [
    '{action:DHCPDISCOVER} on {interface} to {to} port {port#} interval {interval#}{rest~}',
    discover,
  ],
  ...served('{action:DHCPDISCOVER} from {mac} ({name~})', discover),
  ...served('{action:DHCPDISCOVER} from {mac}', discover),
  ['{action:DHCPDISCOVER}({interface}) {mac}', discover],
  ['{action:DHCPOFFER} of {ip} from {to}', offer],
  ['{action:DHCPOFFER} from {to}', offer],
  ...served('{action:DHCPOFFER} on {ip} to {mac} ({name~})', offer),
  ...served('{action:DHCPOFFER} on {ip} to {mac}', offer),
  ['{action:DHCPOFFER}({interface}) {ip} {mac}', offer],
  ['{action:DHCPREQUEST} for {ip} on {interface} to {to} port {port#}{rest~}', request],
  ['{action:DHCPREQUEST} of {ip} on {interface} to {to} port {port#}{rest~}', request],
  ['{action:DHCPREQUEST} on {interface} to {to} port {port#}{rest~}', request],
  ...served('{action:DHCPREQUEST} for {ip} ({to}) from {mac} ({name~})', request),
  ...served('{action:DHCPREQUEST} for {ip} from {mac} ({name~})', request),
  ...served('{action:DHCPREQUEST} for {ip} from {mac}', request),
  ['{action:DHCPREQUEST}({interface}) {ip} {mac}', request],
  ['{action:DHCPACK} of {ip} from {to} {rest~}', ack],
  ['{action:DHCPACK} of {ip} from {to}', ack],
  ['{action:DHCPACK} from {to} {rest~}', ack],
  ['{action:DHCPACK} from {to}', ack],
  ...served('{action:DHCPACK} on {ip} to {mac} ({name~})', ack),
  ...served('{action:DHCPACK} on {ip} to {mac}', ack),
  ['{action:DHCPACK}({interface}) {ip} {mac} {name}', ack],
  ['{action:DHCPACK}({interface}) {ip} {mac}', ack],
  ['{action:DHCPNAK} from {to} {rest~}', nak],
  ['{action:DHCPNAK} from {to}', nak],
  ...served('{action:DHCPNAK} on {ip} to {mac}', nak),
  ['{action:DHCPNAK}({interface}) {ip} {mac} {detail~}', nak],
  ['{action:DHCPRELEASE} of {ip} on {interface} to {to} port {port#}{rest~}', release],
  ['{action:DHCPRELEASE} on {interface} to {to} port {port#}{rest~}', release],
  ['{action:DHCPRELEASE} of {ip} from {mac} ({name~}) via {interface} ({detail~})', release],
  ['{action:DHCPRELEASE} of {ip} from {mac} via {interface} ({detail~})', release],
  ['{action:DHCPEXPIRE} on {ip} to {mac}', expired],
  ['bound to {ip} -- renewal in {renewal_seconds#} seconds.', ack],
  ['{interface}: leased {ip} for {lease_seconds#} seconds', ack],
  ['{interface}: DHCPv4 address {address} acquired from {to}', ack],
  ['{interface}: DHCPv4 address {address}, gateway {gateway} acquired from {to}', ack],
];
