// The explicit list of parsers. Nothing registers itself; the order is the order of parserIndex.

import { cef } from './cef/index.js';
import { ciscoAsa } from './cisco-asa/index.js';
import { ciscoIos } from './cisco-ios/index.js';
import { ciscoIse } from './cisco-ise/index.js';
import { ciscoMeraki } from './cisco-meraki/index.js';
import { csv } from './csv/index.js';
import { f5Bigip } from './f5/index.js';
import { fortigateKv } from './fortigate/index.js';
import { makeJournald } from './journald/index.js';
import { json } from './json/index.js';
import { keyValue } from './key-value/index.js';
import { leef } from './leef/index.js';
import {
  accounts,
  cron,
  dhcp,
  login,
  netfilter,
  pam,
  sshd,
  su,
  sudo,
  systemd,
} from './linux/index.js';
import { linuxAudit } from './linux-audit/index.js';
import { macosJson, macosLog } from './macos/index.js';
import type { JsonPack, Pack } from './pack.js';
import { panosCsv } from './panos/index.js';
import { panosJson } from './panos/json.js';
import { syslog3164, syslog5424 } from './syslog/index.js';
import { w3c } from './w3c/index.js';
import { windowsJson, windowsSnare, windowsXml } from './windows/index.js';
import { xml } from './xml/index.js';
import { zeekJson } from './zeek/json.js';
import { zeekTsv } from './zeek/tsv.js';

/** What a program wrote is read as a message of syslog of that program. */
const journald = makeJournald([
  sshd,
  sudo,
  su,
  login,
  systemd,
  cron,
  accounts,
  dhcp,
  netfilter,
  linuxAudit,
  pam,
]);

export const all: readonly Pack[] = [
  syslog5424,
  syslog3164,
  json,
  keyValue,
  fortigateKv,
  panosCsv,
  panosJson,
  cef,
  leef,
  zeekTsv,
  zeekJson,
  windowsXml,
  windowsJson,
  sshd,
  pam,
  sudo,
  su,
  login,
  systemd,
  cron,
  accounts,
  dhcp,
  netfilter,
  linuxAudit,
  f5Bigip,
  w3c,
  csv,
  ciscoAsa,
  ciscoIos,
  ciscoMeraki,
  ciscoIse,
  xml,
  journald,
  macosLog,
  macosJson,
  windowsSnare,
];

/** Packs that claim the body of a syslog message: the first whose `detect` says so is asked. */
export const bodyPacks: readonly Pack[] = [
  linuxAudit,
  fortigateKv,
  panosCsv,
  ciscoAsa,
  ciscoIos,
  ciscoMeraki,
  ciscoIse,
  cef,
  leef,
  f5Bigip,
  windowsXml,
  windowsSnare,
  pam,
  netfilter,
  json,
  xml,
  macosLog,
  zeekTsv,
  keyValue,
];

/** Packs that are known by the program that wrote the message, and by nothing in its text. */
export const programPacks: readonly Pack[] = [sshd, sudo, su, login, systemd, cron, accounts, dhcp];

/** Packs of known shapes of JSON, asked in this order before the generic `json` is. */
export const jsonPacks: readonly JsonPack[] = [
  zeekJson,
  windowsJson,
  panosJson,
  journald,
  macosJson,
];

/**
 * Packs of rows whose columns are named by header lines, in front of the row or as the context of
 * its source. They get the whole event: such rows have no header of syslog.
 */
export const columnPacks: readonly Pack[] = [zeekTsv, w3c, csv];

/** Packs of lines that have a time and host of their own and no PRI. They get the whole event. */
export const linePacks: readonly Pack[] = [macosLog];
