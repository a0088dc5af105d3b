// The explicit list of parsers. Nothing registers itself; the order is the order of parserIndex.
import { fortigateKv } from './fortigate/index.js';
import { json } from './json/index.js';
import { keyValue } from './key-value/index.js';
import type { JsonPack, Pack } from './pack.js';
import { syslog3164, syslog5424 } from './syslog/index.js';
import { windowsJson, windowsXml } from './windows/index.js';
import { xml } from './xml/index.js';

export const all: readonly Pack[] = [
  syslog5424,
  syslog3164,
  json,
  keyValue,
  fortigateKv,
  windowsXml,
  windowsJson,
  xml,
];

/** Packs that claim the body of a syslog message: the first whose `detect` says so is asked. */
export const bodyPacks: readonly Pack[] = [fortigateKv, windowsXml, json, xml, keyValue];

/** Packs of known shapes of JSON, asked in this order before the generic `json` is. */
export const jsonPacks: readonly JsonPack[] = [windowsJson];
