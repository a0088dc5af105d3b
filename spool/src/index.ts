export * from './bundle/index.js';
export type { ForeignStream } from './epochs.js';
export * from './evidence/index.js';
export type { InspectedConsumer, InspectedStream, SpoolInspection } from './inspect.js';
export { inspectSpool } from './inspect.js';
export type { PendingStreamRange } from './inspect-pending.js';
export type { RecoveredRequestPart } from './keys.js';
export { nodeOfStream } from './layout.js';
export type { Sabotage, SpoolOptions } from './options.js';
export { patientFiles } from './patience.js';
export { type NumberRange, RangeSet } from './range-set.js';
export * from './receipts/index.js';
export type { RecoveryReport } from './recovery.js';
export { rewindConsumer } from './rewind.js';
export * from './sink-ledger/index.js';
export type { ConsumerStats, SpoolStats } from './spool.js';
export { openSpool, Spool } from './spool.js';
export * from './tools/index.js';
export type { WireBatches, WireBody, WireError, WireFrameSpan, WireLimits } from './wire.js';
export {
  decodeWireFrames,
  encodeWireFrame,
  encodeWireHeader,
  openWireFrames,
  WIRE_LIMITS,
  WIRE_VERSION,
  wireFrameSpans,
} from './wire.js';
