export * from '../runtime/admission-fake-buffer.js';
export type { FieldInput, FuzzOptions } from './conformance/odd-events.js';
export type { TestFunction, TestRunner } from './conformance/runner.js';
export {
  type EnricherConformance,
  type EnricherExample,
  type ExampleEvent,
  testEnricher,
} from './conformance/test-enricher.js';
export {
  type FilterConformance,
  type FilterExample,
  type RouteConformance,
  type RouteExample,
  testFilter,
  testRoute,
} from './conformance/test-filter.js';
export {
  type ParserConformance,
  type ParserExample,
  testParser,
} from './conformance/test-parser.js';
export * from './conformance/test-sink.js';
export * from './sim-clock.js';
export * from './sim-files.js';
export * from './sim-random.js';
export * from './test-event.js';
