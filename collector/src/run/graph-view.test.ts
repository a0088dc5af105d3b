import t from 'tap';
import { primarySinks, sinksBehind, tappableNames, viewOfGraph } from './graph-view.js';
import { TEST_GRAPH } from './test-graph.js';

t.test('nodes and edges of a graph', async (t) => {
  const view = viewOfGraph(TEST_GRAPH, { sourceTypes: { http: 'http' } });
  t.same(
    view.nodes.map(({ id, kind, type }) => `${kind} ${type} ${id}`),
    [
      'source source syslog',
      'source http http',
      'transform filter noise',
      'transform route split',
      'sink clickhouse clickhouse',
      'sink file archive',
    ],
  );
  t.same(view.edges[0], { from: 'syslog', to: 'noise' });
  t.ok(view.edges.some(({ output, to }) => output === 'vip' && to === 'archive'));
  t.same(tappableNames(view).slice(3, 7), ['split', 'split.vip', 'split.rest', 'split.otherwise']);
});

t.test('every source stands for each of them', async (t) => {
  const sinks = { out: { type: 'stdout', inputs: ['*'] } };
  const view = viewOfGraph({ sources: ['a', 'b'], transforms: {}, sinks });
  t.same(view.edges, [
    { from: 'a', to: 'out' },
    { from: 'b', to: 'out' },
    { from: 'forwarded', to: 'out' },
  ]);
  t.equal(view.nodes.find(({ id }) => id === 'forwarded')?.type, 'frames');
});

t.test('sinks that a component reaches', async (t) => {
  const view = viewOfGraph(TEST_GRAPH);
  t.same(sinksBehind(view, 'syslog'), ['clickhouse', 'archive']);
  t.same(sinksBehind(view, 'http'), ['clickhouse']);
  t.same(sinksBehind(view, 'split.vip'), ['archive']);
  t.same(sinksBehind(view, 'archive'), ['archive']);
  t.same(
    [...primarySinks(view)],
    [
      ['noise', 'clickhouse'],
      ['split', 'clickhouse'],
    ],
  );
});
