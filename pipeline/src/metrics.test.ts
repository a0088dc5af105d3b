// Scenario: components count, and two readers look at it: the text of /metrics and the totals.
// Guarantees: both say the same; every metric of a component has its three labels; a component that
// is asked for twice is one; the buffer's drops are counted as such.
import t from 'tap';
import { LATENCY_BUCKETS_SECONDS, latencyQuantile, Metrics } from './metrics.js';

t.test('counters and totals agree', async (t) => {
  const metrics = new Metrics();
  const http = metrics.component('in', 'source', 'http');
  t.equal(metrics.component('in', 'source', 'http'), http, 'one component, one set of counters');
  http.received(5, 500);
  http.received(2, 20);
  http.sent(6, 60);
  http.sent(1);
  http.discarded(3, 'spool_full', false);
  http.discarded(4, 'empty_line', true);
  http.error('bad_framing', 'receiving');
  http.error('retried', 'sending', 2);
  http.quarantined(1, 'json_invalid');
  http.latency(0.003);
  const [totals] = metrics.totals();
  t.match(totals, {
    id: 'in',
    receivedEvents: 7,
    receivedBytes: 520,
    sentEvents: 7,
    sentBytes: 60,
    filteredEvents: 4,
    discardedEvents: 3,
    quarantinedEvents: 1,
    errorCount: 3,
  });
  const text = await metrics.text();
  const labels = 'component_id="in",component_kind="source",component_type="http"';
  for (const line of [
    `component_received_events_total{${labels}} 7`,
    `component_received_event_bytes_total{${labels}} 520`,
    `component_sent_events_total{${labels}} 7`,
    `component_sent_event_bytes_total{${labels}} 60`,
    `component_discarded_events_total{${labels},cause="spool_full",intentional="false"} 3`,
    `component_discarded_events_total{${labels},cause="empty_line",intentional="true"} 4`,
    `buffer_discarded_events_total{${labels},cause="spool_full",intentional="false"} 3`,
    `component_errors_total{${labels},error_type="retried",stage="sending"} 2`,
    `component_quarantined_events_total{${labels},reason="json_invalid"} 1`,
  ]) {
    t.ok(text.includes(line), line);
  }
  t.notMatch(text, /buffer_discarded_events_total\{[^}]*empty_line/);
});

t.test('gauges of several components share a name', async (t) => {
  const metrics = new Metrics();
  let value = 1;
  const of = (id: string) => ({ id, kind: 'sink', type: 'file' }) as const;
  metrics.gauge(of('a'), 'pending_event_count', 'Help.', () => value);
  metrics.gauge(of('b'), 'pending_event_count', 'Help.', () => 9);
  metrics.gauge(null, 'process_things', 'Help.', () => 3);
  metrics.total(null, 'process_seconds_total', 'Help.', () => value * 10);
  t.match(await metrics.text(), /component_id="a"[^\n]* 1\n[^\n]*component_id="b"[^\n]* 9/);
  value = 2;
  const text = await metrics.text();
  t.match(text, /component_id="a"[^\n]* 2\n/);
  t.match(text, /^process_things 3$/m);
  t.match(text, /^process_seconds_total 20$/m, 'it is set, not added up');
  t.throws(() => metrics.gauge(null, 'pending_event_count', 'Help.', () => 0));
});

t.test('totals that someone else keeps are moved before each reading', async (t) => {
  const metrics = new Metrics();
  const sink = metrics.component('out', 'sink', 'http');
  metrics.onRead(() => sink.sent(1));
  await metrics.text();
  t.equal(metrics.totals()[0]?.sentEvents, 2);
});

t.test('quantiles of a latency', async (t) => {
  const counts = new Array<number>(LATENCY_BUCKETS_SECONDS.length + 1).fill(0);
  t.equal(latencyQuantile(counts, 0.5), null);
  counts[3] = 100;
  const p50 = latencyQuantile(counts, 0.5) ?? 0;
  t.ok(p50 > 0.0025 && p50 < 0.005, `${p50} is in the middle of its bucket`);
  counts[counts.length - 1] = 100;
  t.equal(latencyQuantile(counts, 0.99), 10, 'what took longer counts as the last bound');
});

t.test('a latency falls into the bucket that Prometheus puts it in', async (t) => {
  const metrics = new Metrics();
  const component = metrics.component('a', 'sink', 'b');
  for (const seconds of [0, 0.0005, 0.00051, 0.01, 9.99, 11]) component.latency(seconds);
  const { latencyCounts = [] } = metrics.totals()[0] ?? {};
  const text = await metrics.text();
  let below = 0;
  for (const [bucket, bound] of LATENCY_BUCKETS_SECONDS.entries()) {
    below += latencyCounts[bucket] ?? 0;
    const pattern = new RegExp(`le="${bound}"[^\n]*\\} ${below}\n`);
    t.match(text, pattern, `up to ${bound} s`);
  }
  t.equal(latencyCounts.at(-1), 1);
});
