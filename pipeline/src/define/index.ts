export * from './components.js';
export {
  definitionOf,
  documentOf,
  type PipelineDefinition,
  type PipelineSettings,
} from './definition.js';
export * from './options.js';
export {
  type Branch,
  type Flow,
  type Pipeline,
  type Predicate,
  pipeline,
  type Route,
  type SourceFlow,
} from './pipeline.js';
export type * from './shaping.js';
