// The explicit list of parsers. Nothing registers itself; the order is the order of parserIndex.
import { ciscoAsa } from './cisco-asa/index.js';
import { ciscoIos } from './cisco-ios/index.js';
import { ciscoIse } from './cisco-ise/index.js';
import { ciscoMeraki } from './cisco-meraki/index.js';
import { fortigateKv } from './fortigate/index.js';
import { json } from './json/index.js';
import { keyValue } from './key-value/index.js';
import type { Pack } from './pack.js';
import { syslog3164, syslog5424 } from './syslog/index.js';

export const all: readonly Pack[] = [
  syslog5424,
  syslog3164,
  json,
  keyValue,
  fortigateKv,
  ciscoAsa,
  ciscoIos,
  ciscoMeraki,
  ciscoIse,
];

/** Packs that claim the body of a syslog message: the first whose `detect` says so is asked. */
export const bodyPacks: readonly Pack[] = [
  fortigateKv,
  ciscoAsa,
  ciscoIos,
  ciscoMeraki,
  ciscoIse,
  json,
  keyValue,
];
