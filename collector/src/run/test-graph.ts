// A graph with everything in it, for tests: two sources, a filter before a route, and two sinks of
// which one takes an output of the route.
import type { GraphDocument } from '@weir/pipeline';

export const TEST_GRAPH: GraphDocument = {
  sources: ['syslog', 'http'],
  transforms: {
    noise: { type: 'filter', inputs: ['syslog'], condition: 'severity_id > 1' },
    split: { type: 'route', inputs: ['noise'], routes: { vip: 'true', rest: 'false' } },
  },
  sinks: {
    clickhouse: { type: 'clickhouse', inputs: ['split.otherwise', 'split.rest', 'http'] },
    archive: { type: 'file', inputs: ['split.vip', 'noise'] },
  },
};
