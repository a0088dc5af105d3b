export * from './address/address.js';
export * from './batch.js';
export * from './component.js';
export {
  type Condition,
  type ConditionOptions,
  compileCondition,
  compileExpression,
  type Expression,
} from './condition/condition.js';
export * from './define/index.js';
export * from './errors.js';
export {
  type CollectionEvent,
  collectionEventOf,
  decodeEventLine,
} from './event/collection-event.js';
export { LiveRow } from './event/live-row.js';
export type * from './event/types.js';
export * from './limits.js';
export * from './metrics.js';
export * from './plan/index.js';
export { isPlanted, type PlantedBug } from './planted.js';
export * from './ports.js';
export * from './row-view.js';
export * from './runtime/admission.js';
export * from './runtime/admission-ticket.js';
export * from './runtime/buffer-pool.js';
export * from './runtime/column-writer.js';
export * from './runtime/header-lines.js';
export * from './runtime/isolating-workers.js';
export * from './runtime/isolation.js';
export * from './runtime/isolation-log.js';
export * from './runtime/ordered-processor.js';
export * from './runtime/output-memory.js';
export * from './runtime/scratch.js';
export * from './runtime/sequencer.js';
export * from './runtime/stream-set.js';
export * from './schema/ecs/mapping.js';
export * from './schema/ecs/values.js';
export * from './schema/fields.js';
export * from './schema/places.js';
export * from './sink.js';
export { lineOf, reasonOf } from './system-reason.js';
export * from './taxonomy.js';
export * from './worker-failure.js';
