import t from 'tap';
import { formatStatus, type StatusSample } from './status-line.js';

const QUIET: StatusSample = {
  monotonicMs: 1_000,
  receivedEvents: 0,
  refusedEvents: 0,
  storedEvents: 0,
  quarantinedEvents: 0,
  spoolPendingEvents: 0,
  spoolBytes: 0,
  missingEvents: 0,
  storeState: 'ok',
};

t.test('rates are per second of monotonic time', async (t) => {
  const now = { ...QUIET, monotonicMs: 3_000, receivedEvents: 90_000, storedEvents: 80_000 };
  t.match(formatStatus(QUIET, now), /^in 45,000\/s {2}stored 40,000\/s {2}spool 0 events 0\.0 MiB/);
});

t.test('trouble is named, quiet is not', async (t) => {
  t.notMatch(formatStatus(QUIET, QUIET), /refused|store /);
  const trouble = { ...QUIET, refusedEvents: 7, storeState: 'unreachable', missingEvents: 3 };
  t.match(formatStatus(QUIET, trouble), /gaps 3 {2}refused 7 {2}store unreachable$/);
});
