// Events as JSON lines.
export { encodeNdjson, encodeQuarantine, quarantineRows } from './encode-ndjson.js';
export type { BatchIdentity } from './line-writer.js';
export { type QuarantinedEvent, stringifyEvent, stringifyQuarantined } from './stringify.js';
