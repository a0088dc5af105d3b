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
export * from './planted-bugs.js';
export * from './sim-clock.js';
export * from './sim-files.js';
export {
  CRASH_STRATEGIES,
  type CrashStrategy,
  HARSH_STRATEGIES,
} from './sim-files-crash.js';
export { SIM_BLOCK_BYTES, SIM_SECTOR_BYTES } from './sim-files-inode.js';
export {
  SIM_ERROR_CODES,
  type SimFault,
  type SimMisdirection,
  type SimOperation,
  type SimOperationKind,
} from './sim-files-operations.js';
export * from './sim-network.js';
export * from './sim-random.js';
export * from './sim-workers.js';
export * from './test-event.js';
