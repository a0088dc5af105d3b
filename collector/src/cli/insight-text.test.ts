// Scenario: answers of an instance are shown to people: as the screen of top, as graphs, as events
// on one line. Guarantees: rates are of the time between two answers; trouble shows; nothing that
// came from outside can steer a terminal.
import { LATENCY_BUCKETS_SECONDS } from '@weir/pipeline';
import t from 'tap';
import type { StatusReport } from '../run/control/index.js';
import { viewOfGraph } from '../run/graph-view.js';
import { TEST_GRAPH } from '../run/test-graph.js';
import { withRates } from './graph.js';
import { GRAPH_FORMATS, unrated } from './graph-text.js';
import { bytes, count, percent, rate, seconds, span } from './numbers.js';
import { prettyEvent } from './tap-pretty.js';
import type { KafkaLagView } from './top-kafka.js';
import { Screen } from './top-screen.js';
import { clip, textOfTop } from './top-text.js';
import { viewOfStatus } from './top-view.js';

const NO_LATENCY = new Array<number>(LATENCY_BUCKETS_SECONDS.length + 1).fill(0);

type Component = StatusReport['components'][number];
const component = (id: string, kind: Component['kind'], more: Partial<Component>): Component => ({
  id,
  kind,
  type: 'any',
  receivedEvents: 0,
  receivedBytes: 0,
  sentEvents: 0,
  sentBytes: 0,
  filteredEvents: 0,
  discardedEvents: 0,
  quarantinedEvents: 0,
  errorCount: 0,
  latencyCounts: NO_LATENCY,
  ...more,
});

const BEFORE: StatusReport = {
  version: '1.2.3',
  pid: 7,
  dataDirectory: '/data',
  uptimeSeconds: 100,
  state: 'running',
  monotonicMs: 1_000,
  components: [
    component('syslog_tcp', 'source', { receivedEvents: 100 }),
    component('http', 'source', {}),
    component('noise', 'transform', {}),
    component('clickhouse', 'sink', {}),
    component('archive', 'sink', {}),
  ],
  sinks: [
    {
      id: 'clickhouse',
      type: 'clickhouse',
      isRequired: true,
      storedEvents: 50,
      quarantinedEvents: 0,
      quarantinedByReason: {},
      filteredEvents: 0,
      lostEvents: 0,
      sentBytes: 0,
      retryCount: 0,
      state: 'ok',
      lastError: null,
      lagMs: 0,
      pendingEvents: 0,
      pendingBytes: 0,
      missingEvents: 0,
    },
  ],
  spool: {
    bytesUsed: 1024,
    bytesMax: 4096,
    isFull: false,
    writtenBytesPerSecond: 2048,
    hoursLeft: 30,
  },
  sources: { watchedCount: 3, unwatchedRunCount: 0, silentCount: 0, silent: [] },
  workers: { count: 2, busyCount: 1, batchCount: 1, utilization: 0.25 },
  process: { cpuSeconds: 10, residentBytes: 100 * 1024 * 1024 },
  tapCount: 0,
};

const [SINK] = BEFORE.sinks;

/** Two seconds later. */
function later(more: Partial<StatusReport>): StatusReport {
  return { ...BEFORE, monotonicMs: 3_000, ...more };
}

t.test('rates and latencies are of the time between', async (t) => {
  const latencyCounts = NO_LATENCY.map((_, i) => (i === 4 ? 8 : 0));
  const now = later({
    components: [
      component('syslog_tcp', 'source', {
        receivedEvents: 300,
        receivedBytes: 4_096,
        latencyCounts,
      }),
    ],
    process: { cpuSeconds: 11, residentBytes: 1 },
  });
  const view = viewOfStatus(BEFORE, now);
  t.match(view.components[0], { receivedPerSecond: 100, receivedBytesPerSecond: 2_048 });
  t.ok((view.components[0]?.latencyP99Seconds ?? 0) > 0.005);
  t.equal(view.process.cpuCores, 0.5);
  t.equal(viewOfStatus(now, { ...now, monotonicMs: 9_000 }).components[0]?.latencyP50Seconds, null);
});

t.test('the screen of a quiet instance', async (t) => {
  const lines = textOfTop(viewOfStatus(BEFORE, later({})), { isColoured: false });
  const text = lines.join('\n');
  t.match(text, /^weir 1\.2\.3 {2}running {2}up 1 min 40 s {2}pid 7/);
  t.match(text, /^spool 1\.0 KiB of 4\.0 KiB \(25 %\) {2}written 2\.0 KiB\/s {2}1 d 6 h left/m);
  t.match(text, /^syslog_tcp +source +0 +0 +0 B +- +- +0 +0 +0 +0$/m);
  t.notMatch(text, /silent|taps/);
  t.notOk(text.includes('\x1b'));
});

t.test('trouble on the screen', async (t) => {
  const silent = [
    { listener: 'syslog_udp', source: '192.0.2.7', silentMs: 300_000, usualPauseMs: 2_000 },
  ];
  const now = later({
    state: 'draining',
    spool: { ...BEFORE.spool, isFull: true, hoursLeft: 0 },
    sinks: SINK === undefined ? [] : [{ ...SINK, state: 'unreachable', lastError: 'no route' }],
    sources: { watchedCount: 9, unwatchedRunCount: 0, silentCount: 4, silent },
  });
  const coloured = textOfTop(viewOfStatus(BEFORE, now), { isColoured: true }).join('\n');
  t.ok(coloured.includes('\x1b[31mdraining\x1b[0m'));
  t.ok(coloured.includes('\x1b[31mFULL\x1b[0m'));
  const text = textOfTop(viewOfStatus(BEFORE, now), { isColoured: false }).join('\n');
  t.match(text, /^ {2}clickhouse: no route$/m);
  t.match(text, /^4 of 9 sources are silent$/m);
  t.match(
    text,
    /192\.0\.2\.7 on syslog_udp: silent for 5 min, usually at most 2 s\n {2}and 3 more/,
  );
});

t.test('a line is cut to the terminal, colours are not', async (t) => {
  t.equal(clip('abcdef', 3), 'abc');
  t.equal(clip('a\x1b[31mbcd\x1b[0mef', 3), 'a\x1b[31mbc\x1b[0m');
});

t.test('the screen is put away, and drawn again when the terminal changes', async (t) => {
  let written = '';
  const listeners = new Set<() => void>();
  const terminal = {
    columns: 10,
    rows: 3,
    writableLength: 0,
    write: (text: string) => {
      written += text;
      return true;
    },
    on: (_event: string, listener: () => void) => listeners.add(listener),
    off: (_event: string, listener: () => void) => listeners.delete(listener),
  };
  const screen = new Screen(terminal as unknown as NodeJS.WriteStream);
  screen.open();
  screen.show(['0123456789abc', 'b', 'c', 'd']);
  t.ok(written.includes('0123456789\x1b[K\nb\x1b[K\n\x1b[J'), 'as much as fits');
  written = '';
  terminal.columns = 4;
  for (const listener of listeners) listener();
  t.ok(written.includes('0123\x1b[K'));
  terminal.writableLength = 1;
  written = '';
  screen.show(['new']);
  t.equal(written, '', 'a terminal that is stopped is not written to');
  screen.close();
  screen.close();
  t.equal(written, '\x1b[?25h\x1b[?1049l', 'once');
  t.equal(listeners.size, 0);
});

t.test('rates on the edges of a graph', async (t) => {
  const now = later({
    components: [
      component('syslog_tcp', 'source', { receivedEvents: 300 }),
      component('http', 'source', { receivedEvents: 20 }),
      component('noise', 'transform', { receivedEvents: 200, sentEvents: 100 }),
      component('clickhouse', 'sink', { receivedEvents: 70 }),
      component('archive', 'sink', { receivedEvents: 30 }),
    ],
  });
  const graph = withRates(viewOfGraph(TEST_GRAPH), BEFORE, now);
  const rateOf = (from: string, to: string, output?: string): number | null | undefined =>
    graph.edges.find((edge) => edge.from === from && edge.to === to && edge.output === output)
      ?.eventsPerSecond;
  t.equal(rateOf('syslog', 'noise'), 100);
  t.equal(rateOf('http', 'clickhouse'), 10);
  t.equal(rateOf('noise', 'split'), 50);
  t.equal(rateOf('noise', 'archive'), 50);
  t.equal(rateOf('split', 'archive', 'vip'), null, 'two ways lead there: not known');
  t.match(
    GRAPH_FORMATS.text(graph),
    /syslog {2}\(source\)\n {3}-> noise {2}\(filter\) {2}100\/s\n/,
  );
  t.match(GRAPH_FORMATS.mermaid(graph), /n0 -->\|"100\/s"\| n\d/);
  t.match(GRAPH_FORMATS.dot(graph), /"syslog" -> "noise" \[label="100\/s"\];/);
});

t.test('a graph without rates', async (t) => {
  const graph = unrated(viewOfGraph(TEST_GRAPH));
  t.match(GRAPH_FORMATS.text(graph), /\n {6}-> split {2}\(route\)\n {9}\.otherwise-> clickhouse/);
  t.match(GRAPH_FORMATS.mermaid(graph), /-->\|"otherwise"\|/);
  t.equal(JSON.parse(GRAPH_FORMATS.json(graph)).edges.length, graph.edges.length);
  const odd = unrated({
    nodes: [{ id: 'a"b\\', kind: 'sink', type: 'x' }],
    edges: [],
  });
  t.match(GRAPH_FORMATS.dot(odd), /"a\\"b\\\\" \[/);
  t.match(GRAPH_FORMATS.mermaid(odd), /a#quot;b/);
  t.match(GRAPH_FORMATS.text(odd), /nothing leads here/);
});

t.test('an event on one line', async (t) => {
  const event = {
    source: '192.0.2.1',
    time: '2026-03-01T12:00:00.000000Z',
    severity_id: 5,
    message: 'two\nlines \x1b[2J\x9b',
    metadata: { version: '1.8.0', product: { name: 'FortiGate' } },
    device: { hostname: 'fw' },
    src_endpoint: { ip: '198.51.100.1', port: 99 },
    unmapped: { 'a\x07': 'x y' },
    parser: 'fortigate',
    raw_data: 'raw',
  };
  t.equal(
    prettyEvent(event, false),
    '2026-03-01T12:00:00.000  critical  fw (192.0.2.1)  FortiGate  two\\x0alines \\x1b[2J\\x9b  ' +
      'src_endpoint.ip=198.51.100.1  src_endpoint.port=99  unmapped.a\\x07="x y"',
  );
  t.ok(prettyEvent(event, true).includes('\x1b[31mcritical'));
  t.equal(
    prettyEvent({ source: '192.0.2.1', raw_data: '<1>\x1bc' }, false),
    '192.0.2.1  <1>\\x1bc',
  );
});

t.test('figures for people', async (t) => {
  t.same([0, 999, 1024, 150 * 1024, 5 * 2 ** 30].map(bytes), [
    '0 B',
    '999 B',
    '1.0 KiB',
    '150 KiB',
    '5.0 GiB',
  ]);
  t.same([0.4, 42, 60, 3_660, 90_000, 7_200].map(span), [
    '0 s',
    '42 s',
    '1 min',
    '1 h 1 min',
    '1 d 1 h',
    '2 h',
  ]);
  t.same([null, 0.0005, 0.0031, 0.25, 2.34, 61].map(seconds), [
    '-',
    '500 us',
    '3.1 ms',
    '250 ms',
    '2.3 s',
    '61 s',
  ]);
  t.same([0, 0.25, 12.4, 12_345].map(rate), ['0', '0.3', '12', '12,345']);
  t.equal(count(1_234.5), '1,235');
  t.equal(percent(0.256), '26 %');
});

t.test('the lag of loaders', (t) => {
  const at = (partition: number, lag: number, gone = 0) => ({
    ...{ partition, lag, gone, committedOffset: 0, endOffset: lag, isOurs: true },
  });
  const textOf = (kafka: KafkaLagView): string =>
    textOfTop(viewOfStatus(BEFORE, BEFORE, kafka), { isColoured: false }).join('\n');
  const none = { topic: 'events', group: 'siem', lag: null, partitions: [], error: null };
  t.notMatch(textOfTop(viewOfStatus(BEFORE, BEFORE), { isColoured: false }).join('\n'), 'topic');
  t.match(textOf(none), 'topic events, group siem: asking');
  const partitions = [at(0, 0), at(1, 5), at(2, 70, 3)];
  const text = textOf({ ...none, lag: 75, partitions });
  t.match(text, 'topic events, group siem: 75 messages are not loaded (by partition 2: 70, 1: 5)');
  t.match(text, '3 were deleted before they were loaded');
  const many = Array.from({ length: 12 }, (_, i) => at(i, i + 1));
  t.match(textOf({ ...none, lag: 78, partitions: many }), /11: 12, .*4: 5, 4 more\)/);
  t.match(textOf({ ...none, error: 'no broker answers' }), 'group siem: no broker answers');
  t.end();
});
