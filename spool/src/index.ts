export type { InspectedConsumer, InspectedStream, SpoolInspection } from './inspect.js';
export { inspectSpool } from './inspect.js';
export type { PendingStreamRange } from './inspect-pending.js';
export type { RecoveredRequestPart } from './keys.js';
export type { Sabotage, SpoolOptions } from './options.js';
export type { RecoveryReport } from './recovery.js';
export type { ConsumerStats, SpoolStats } from './spool.js';
export { openSpool, Spool } from './spool.js';
