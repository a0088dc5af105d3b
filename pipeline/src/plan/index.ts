export { addsOfGraph, IOC_ADDS } from './adds.js';
export { type CheckedGraph, type CheckOptions, checkGraph } from './check.js';
export {
  describeGraph,
  type GraphDescription,
  type GraphEdge,
  type GraphNode,
} from './describe.js';
export * from './document.js';
export {
  firstSinkOf,
  openEnds,
  outputNames,
  reaches,
  type Step,
  sourcesWithoutSink,
  wayOf,
} from './way.js';
