// Scenario: a schedule on a clock that the test moves.
// Guarantees: with a rate, events are due by intended time even when earlier ones left late.
import t from 'tap';
import { newCounters } from './counters.js';
import { backoffMs, Schedule } from './schedule.js';

function setUp(eventCount: number, rate: number) {
  const clock = { nowMs: 1_000 };
  const counters = newCounters();
  const { signal } = new AbortController();
  const nowMs = (): number => clock.nowMs;
  return { clock, counters, schedule: new Schedule({ eventCount, rate, counters, signal, nowMs }) };
}

t.test('without a rate everything is due', async (t) => {
  const { schedule } = setUp(10, 0);
  t.equal(schedule.dueCount(), 10);
  t.equal(schedule.take(4), 0);
  t.equal(schedule.take(6), 4);
  t.ok(schedule.isExhausted);
  await schedule.waitDue(1);
});

t.test('with a rate a stall is caught up and shows as lag', async (t) => {
  const { schedule, clock, counters } = setUp(1_000, 100);
  t.equal(schedule.dueCount(), 1, 'the first is due at once');
  schedule.take(1);
  t.equal(schedule.dueCount(), 0);
  clock.nowMs += 10;
  t.equal(schedule.dueCount(), 1);
  clock.nowMs += 990;
  t.equal(schedule.dueCount(), 100);
  schedule.take(100);
  t.equal(counters.lagMsMax, 990, 'event 1 was due 990 ms before');
  clock.nowMs += 1e9;
  t.equal(schedule.dueCount(), 899, 'never more than there are');
});

t.test('backoff grows and is bounded', async (t) => {
  t.strictSame([0, 1, 2, 20].map(backoffMs), [50, 100, 200, 2_000]);
});
