// The messages of Cisco firewalls that have fields of their own. After "Cisco Secure Firewall ASA
// Series Syslog Messages" and "Cisco Secure Firewall Threat Defense Syslog Messages" (chapters by
// message id), and, for what only PIX and FWSM say, "Cisco PIX System Log Messages" 6.3.
import { MessageTable } from '../cisco/message-table.js';
import type { TemplateSet } from '../cisco/template.js';
import { ACCESS } from './messages-access.js';
import { CONNECTIONS } from './messages-connections.js';
import { SYSTEM } from './messages-system.js';
import { VPN } from './messages-vpn.js';

/** What several messages share. */
export const PIECES: Readonly<Record<string, string>> = {
  botnet:
    '{proto} traffic from {src} to {dst}, {matched} {matched_address*} resolved from ' +
    '{list_kind} list: {domain*}[, threat-level: {threat_level}][, category: {category*}]',
  teardown:
    '{action} {proto} connection {conn} for {src} to {dst}[ duration {duration}][ bytes {bytes}]',
  // Messages of IKEv1 and of AnyConnect begin so.
  peer: '[Group = {group_policy*}, ][Username = {user*}, ][IP = {src_ip}, ]',
  client: 'Group <{group_policy*}> User <{user*}> IP <{src_ip}> ',
};

export const TEXTS: readonly string[] = [ACCESS, CONNECTIONS, VPN, SYSTEM];

/** The table of the firewalls' messages, compiled into `set`. */
export const messageTable = (set: TemplateSet): MessageTable =>
  new MessageTable(set, TEXTS, PIECES);
