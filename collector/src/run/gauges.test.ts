// Scenario: sinks and transforms that keep totals of their own are scraped now and then.
// Guarantees: counters follow the totals, never twice; a transform behind several sinks counts an
// event once; what a filter takes out is told from what it rejects.
import { Metrics, type SinkStats, type StepCounts } from '@weir/pipeline';
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import { registerSinkMetrics, registerSpoolMetrics, stepCounter } from './gauges.js';
import { SpoolForecast } from './spool-forecast.js';
import { TEST_GRAPH } from './test-graph.js';

const STATS: SinkStats = {
  storedEvents: 0,
  quarantinedEvents: 0,
  quarantinedByReason: {},
  filteredEvents: 0,
  lostEvents: 0,
  sentBytes: 0,
  retryCount: 0,
  state: 'ok',
  lastError: null,
  lagMs: 0,
};

t.test('a sink', async (t) => {
  const metrics = new Metrics();
  let stats = STATS;
  registerSinkMetrics(metrics, {
    id: 'out',
    type: 'http',
    stats: () => stats,
    pending: () => ({ events: 4, bytes: 99 }),
    missingEvents: 2,
  });
  stats = {
    ...STATS,
    storedEvents: 10,
    quarantinedByReason: { json_invalid: 3 },
    sentBytes: 1_000,
    retryCount: 2,
    lostEvents: 5,
    state: 'retrying',
    lagMs: 1_500,
  };
  await metrics.text();
  stats = { ...stats, storedEvents: 12, quarantinedByReason: { json_invalid: 3, oversize: 1 } };
  const text = await metrics.text();
  const labels = 'component_id="out",component_kind="sink",component_type="http"';
  for (const line of [
    `component_sent_events_total{${labels}} 12`,
    `component_received_events_total{${labels}} 16`,
    `component_sent_event_bytes_total{${labels}} 1000`,
    `component_quarantined_events_total{${labels},reason="json_invalid"} 3`,
    `component_quarantined_events_total{${labels},reason="oversize"} 1`,
    `component_errors_total{${labels},error_type="delivery_retried",stage="sending"} 2`,
    `component_discarded_events_total{${labels},cause="sink_overrun",intentional="false"} 5`,
    `buffer_discarded_events_total{${labels},cause="sink_overrun",intentional="false"} 5`,
    `pending_event_count{${labels}} 4`,
    `pending_event_bytes{${labels}} 99`,
    `source_lag_time_seconds{${labels}} 1.5`,
    `sink_up{${labels}} 0`,
    `ledger_missing_events{${labels}} 2`,
  ]) {
    t.ok(text.includes(`${line}\n`), line);
  }
});

t.test('transforms', async (t) => {
  const metrics = new Metrics();
  const count = stepCounter(metrics, TEST_GRAPH);
  const noise: StepCounts = {
    component: 'noise',
    receivedEvents: 10,
    sentEvents: 6,
    failedEvents: 1,
  };
  const split: StepCounts = {
    component: 'split',
    receivedEvents: 6,
    sentEvents: 5,
    failedEvents: 0,
  };
  count('clickhouse', [noise, split]);
  // The same batch on its way to the other sink.
  count('archive', [noise, split]);
  count('clickhouse', [{ ...noise, component: 'unknown' }]);
  const [first, second] = metrics.totals();
  t.match(first, { id: 'noise', receivedEvents: 10, sentEvents: 6, filteredEvents: 3 });
  t.equal(first?.errorCount, 1);
  t.match(second, { id: 'split', sentEvents: 5, filteredEvents: 0, errorCount: 1 });
  t.match(await metrics.text(), /cause="filter:noise",intentional="true"\} 3\n/);
});

t.test('the spool', async (t) => {
  const metrics = new Metrics();
  const clock = new SimClock();
  const stats = {
    ...{ bytesUsed: 1_000, bytesMax: 36_000_000 + 3_601_000, lostEventCount: 0 },
    ...{ preparedBytes: 0, preparationError: '', scrubbedBytes: 0, damage: [] },
  };
  const forecast = new SpoolForecast({ level: () => stats, clock });
  registerSpoolMetrics(metrics, { isFull: false, stats: () => stats }, forecast);
  t.match(await metrics.text(), /spool_hours_left\{[^}]*\} \+Inf\n/, 'nothing was written');
  for (let second = 0; second < 3_600; second++) {
    await clock.advance(1_000);
    stats.bytesUsed += 1_000;
    forecast.sample();
  }
  stats.lostEventCount = 7;
  const text = await metrics.text();
  t.match(text, /spool_hours_left\{[^}]*\} 10\n/);
  t.match(text, /component_discarded_events_total\{component_id="spool"[^}]*\} 7\n/);
  t.match(text, /buffer_size_bytes\{component_id="spool"[^}]*\} 3601000\n/);
});

t.test('room on the disk counts, too', async (t) => {
  const clock = new SimClock();
  const stats = { bytesUsed: 0, bytesMax: 1_000_000 };
  const level = () => stats;
  const forecast = new SpoolForecast({ level, clock, freeBytes: async () => 3_600 });
  await clock.advance(10_000);
  stats.bytesUsed = 10;
  forecast.sample();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(forecast.writtenBytesPerSecond, 1);
  t.equal(forecast.hoursLeft, 1);
  // Segments that are deleted are no writing.
  stats.bytesUsed = 0;
  forecast.sample();
  t.equal(forecast.writtenBytesPerSecond, 1);
  // What was written more than a day ago does not count any more.
  for (let hour = 0; hour < 25; hour++) {
    await clock.advance(3_600_000);
    forecast.sample();
  }
  t.equal(forecast.hoursLeft, Number.POSITIVE_INFINITY);
});
