// Parsers of Weir: raw batches into OCSF columns.

export type { Explanation } from './explain.js';
export { all, bodyPacks } from './list.js';
export type { Pack } from './pack.js';
export { PACK_NAMES, type ParseOptions, parseBatch } from './parse-batch.js';
export { compileRegex, type RegexProblem, type RegexSpec, regexParser } from './regex/index.js';
export { HeaderHost } from './syslog/header-host.js';
export { type AssumedZone, zoneNamed } from './text/assumed-zone.js';
