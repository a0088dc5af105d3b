// The OCSF class of a FortiGate event, by its type and what it says happened.
import type { ColumnWriter } from '@weir/pipeline';
import { writeClass } from '../text/values.js';
import type { FortigateFacts } from './facts.js';
import {
  AUTHENTICATION,
  authActivityOf,
  BASE_EVENT,
  DETECTION_FINDING,
  DHCP_ACTIVITY,
  DNS_ACTIVITY,
  ENTITY_MANAGEMENT,
  HTTP_ACTIVITY,
  NETWORK_ACTIVITY,
  networkActivityOf,
  SUBTYPE,
  TRAFFIC,
  TUNNEL_ACTIVITY,
  TYPE,
  tunnelActivityOf,
} from './words.js';

const OTHER = 99;

/** Writes the class; true when it is Authentication, whose user is the one who signs in. */
export function writeFortigateClass(
  row: number,
  facts: FortigateFacts,
  out: ColumnWriter,
): boolean {
  if (facts.type === TYPE.traffic) {
    writeClass(row, NETWORK_ACTIVITY, networkActivityOf(facts.action), out);
    return false;
  }
  if (facts.type === TYPE.event) return writeEventClass(row, facts, out);
  if (facts.subtype === SUBTYPE.webfilter) writeClass(row, HTTP_ACTIVITY, facts.method, out);
  else if (facts.subtype === SUBTYPE.dns)
    writeClass(row, DNS_ACTIVITY, facts.dnsKind || TRAFFIC, out);
  else writeClass(row, DETECTION_FINDING, 1, out);
  return false;
}

function writeEventClass(row: number, facts: FortigateFacts, out: ColumnWriter): boolean {
  const auth = authActivityOf(facts.action);
  if (auth !== 0 && facts.subtype >= SUBTYPE.user) {
    writeClass(row, AUTHENTICATION, auth, out);
    return true;
  }
  const tunnel = tunnelActivityOf(facts.action);
  if (tunnel !== 0) writeClass(row, TUNNEL_ACTIVITY, tunnel, out);
  else if (facts.dhcp !== 0) writeClass(row, DHCP_ACTIVITY, facts.dhcp, out);
  else if (facts.hasConfig) writeClass(row, ENTITY_MANAGEMENT, facts.change || OTHER, out);
  else writeClass(row, BASE_EVENT, 0, out);
  return false;
}
