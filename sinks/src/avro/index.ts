export { BytesInPlace } from './bytes-in-place.js';
export { checkShape } from './check-shape.js';
export { decodeEvent, encodeEvent } from './event-codec.js';
export { type AvroRecord, avroName, EVENT_SCHEMA } from './event-schema.js';
