// Events as JSON lines.
export {
  encodeEventLines,
  encodeNdjson,
  encodeQuarantineLines,
  quarantineRows,
} from './encode-ndjson.js';
export type { BatchIdentity } from './line-writer.js';
export { type QuarantinedEvent, stringifyEvent, stringifyQuarantined } from './stringify.js';
