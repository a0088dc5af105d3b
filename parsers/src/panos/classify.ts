// The OCSF class of a PAN-OS event, by its type and what it says happened.
import { type ColumnWriter, FIELD, type RawBatch } from '@weir/pipeline';
import { writeClass } from '../text/values.js';
import type { PanosFacts } from './facts.js';
import { TYPE } from './layouts.js';
import { commandTable, DISPOSITION, globalprotectTable, SUBTYPE, statusTable } from './words.js';

const NETWORK_ACTIVITY = 4001;
const HTTP_ACTIVITY = 4002;
const DNS_ACTIVITY = 4003;
const TUNNEL_ACTIVITY = 4014;
const DETECTION_FINDING = 2004;
const AUTHENTICATION = 3002;
const ENTITY_MANAGEMENT = 3004;
const BASE_EVENT = 0;

/** activity_id of Network Activity. */
const OPEN = 1;
const CLOSE = 2;
const RESET = 3;
const REFUSE = 5;
const TRAFFIC = 6;
const OTHER = 99;
const LOGON = 1;
const LOGOFF = 2;

/** Writes the class; true when it is Authentication, whose user is the one who signs in. */
export function classify(
  batch: RawBatch,
  row: number,
  facts: PanosFacts,
  out: ColumnWriter,
): boolean {
  switch (facts.type) {
    case TYPE.traffic:
    case TYPE.decryption:
    case TYPE.gtp:
    case TYPE.sctp:
      writeClass(row, NETWORK_ACTIVITY, networkActivity(facts), out);
      return false;
    case TYPE.threat:
      if (facts.subtype === SUBTYPE.url) writeClass(row, HTTP_ACTIVITY, facts.method, out);
      else writeClass(row, DETECTION_FINDING, 1, out);
      return false;
    case TYPE.correlation:
      writeClass(row, DETECTION_FINDING, 1, out);
      return false;
    case TYPE.dns:
      writeClass(row, DNS_ACTIVITY, 2, out);
      return false;
    case TYPE.tunnel:
      writeClass(row, TUNNEL_ACTIVITY, tunnelActivity(facts), out);
      return false;
    case TYPE.config:
      // A commit is of no entity.
      if (!out.has(row, FIELD.entity_name)) break;
      writeClass(row, ENTITY_MANAGEMENT, commandOf(batch, facts, out), out);
      return false;
    case TYPE.userid: {
      const isKnown = facts.subtype === SUBTYPE.login || facts.subtype === SUBTYPE.logout;
      if (!isKnown) break;
      writeClass(row, AUTHENTICATION, facts.subtype === SUBTYPE.login ? LOGON : LOGOFF, out);
      return true;
    }
    case TYPE.authentication:
      writeClass(row, AUTHENTICATION, LOGON, out);
      facts.status ||= statusOf(batch, facts, out);
      return true;
    case TYPE.globalprotect:
      return globalprotect(batch, row, facts, out);
    case TYPE.system:
      return system(row, facts, out);
    default:
  }
  writeClass(row, BASE_EVENT, 0, out);
  return false;
}

function networkActivity(facts: PanosFacts): number {
  if (facts.subtype === SUBTYPE.drop || facts.subtype === SUBTYPE.deny) return REFUSE;
  const { disposition } = facts;
  if (disposition === DISPOSITION.blocked || disposition === DISPOSITION.dropped) return REFUSE;
  if (facts.isReset || disposition === DISPOSITION.reset) return RESET;
  if (facts.subtype === SUBTYPE.start) return OPEN;
  return facts.subtype === SUBTYPE.end ? CLOSE : TRAFFIC;
}

function tunnelActivity(facts: PanosFacts): number {
  if (facts.subtype === SUBTYPE.start) return OPEN;
  return facts.subtype === SUBTYPE.end ? CLOSE : OTHER;
}

function commandOf(batch: RawBatch, facts: PanosFacts, out: ColumnWriter): number {
  return lookup(batch, facts.commandStart, facts.commandEnd, commandTable, out) || OTHER;
}

function statusOf(batch: RawBatch, facts: PanosFacts, out: ColumnWriter): number {
  return lookup(batch, facts.eventStart, facts.eventEnd, statusTable, out);
}

function lookup(
  batch: RawBatch,
  start: number,
  end: number,
  table: typeof commandTable,
  out: ColumnWriter,
): number {
  if (end === 0) return 0;
  const isRaw = start < batch.bytes.length;
  const shift = isRaw ? 0 : batch.bytes.length;
  return table.lookup(isRaw ? batch.bytes : out.scratch.memory, start - shift, end - shift);
}

function globalprotect(
  batch: RawBatch,
  row: number,
  facts: PanosFacts,
  out: ColumnWriter,
): boolean {
  const what = lookup(batch, facts.eventStart, facts.eventEnd, globalprotectTable, out);
  if (what > 0 && what < 100) {
    writeClass(row, AUTHENTICATION, what, out);
    return true;
  }
  writeClass(row, TUNNEL_ACTIVITY, what > 100 ? what - 100 : OTHER, out);
  return false;
}

function system(row: number, facts: PanosFacts, out: ColumnWriter): boolean {
  const known = facts.systemAuth;
  if (known !== 0) {
    writeClass(row, AUTHENTICATION, known % 10, out);
    facts.status ||= Math.floor(known / 10);
    return true;
  }
  if (facts.textAuth !== 0) {
    writeClass(row, AUTHENTICATION, facts.textAuth, out);
    facts.status ||= 1;
    return true;
  }
  writeClass(row, BASE_EVENT, 0, out);
  return false;
}
