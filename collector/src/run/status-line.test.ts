import t from 'tap';
import { formatStatus, type SinkSample, type StatusSample } from './status-line.js';

const SINK: SinkSample = {
  id: 'clickhouse',
  storedEvents: 0,
  quarantinedEvents: 0,
  lostEvents: 0,
  state: 'ok',
  lagMs: 0,
  pending: { events: 0, bytes: 0 },
};
const QUIET: StatusSample = {
  monotonicMs: 1_000,
  receivedEvents: 0,
  refusedEvents: 0,
  spoolBytes: 0,
  missingEvents: 0,
  sinks: [SINK],
};

t.test('rates are per second of monotonic time', async (t) => {
  const sinks = [{ ...SINK, storedEvents: 80_000 }];
  const now = { ...QUIET, monotonicMs: 3_000, receivedEvents: 90_000, sinks };
  t.match(formatStatus(QUIET, now), /^in 45,000\/s {2}stored 40,000\/s {2}spool 0 events 0\.0 MiB/);
});

t.test('trouble is named, quiet is not', async (t) => {
  t.notMatch(formatStatus(QUIET, QUIET), /refused|clickhouse|lost/);
  const sinks: SinkSample[] = [{ ...SINK, state: 'unreachable', lostEvents: 2 }];
  const trouble = { ...QUIET, refusedEvents: 7, missingEvents: 3, sinks };
  t.match(formatStatus(QUIET, trouble), /gaps 3 {2}refused 7 {2}lost 2 {2}clickhouse unreachable$/);
});

t.test('several sinks have a line each', async (t) => {
  const http: SinkSample = { ...SINK, id: 'http', lagMs: 1_260, state: 'retrying' };
  const before = { ...QUIET, sinks: [SINK, http] };
  const pending = { events: 1_234, bytes: 99 };
  const now: StatusSample = {
    ...before,
    monotonicMs: 2_000,
    sinks: [
      { ...SINK, storedEvents: 500 },
      { ...http, pending, lostEvents: 5 },
    ],
  };
  const [first, ...rest] = formatStatus(before, now).split('\n');
  t.equal(first, 'in 0/s  spool 1,234 events 0.0 MiB  quarantined 0  gaps 0');
  t.same(rest, [
    '   clickhouse  stored 500/s  pending 0  lag 0.0 s  ok',
    '   http        stored 0/s  pending 1,234  lag 1.3 s  retrying  lost 5',
  ]);
});
