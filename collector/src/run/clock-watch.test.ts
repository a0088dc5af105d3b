// Scenario: the wall clock is set forward, back, and by an operator who puts it right for good.
// Guarantees: each step is told once with its size; drift and late looks are none; the condition
// ends when the clock is set back, or an hour later.
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import { ClockWatch } from './clock-watch.js';

const NS_PER_SECOND = 1_000_000_000n;

t.test('steps of the wall clock', async (t) => {
  const clock = new SimClock();
  const steps: number[] = [];
  const watch = new ClockWatch(clock, (seconds) => steps.push(Math.round(seconds)));
  const look = async (afterMs: number, stepSeconds = 0): Promise<void> => {
    await clock.advance(afterMs);
    clock.wallOffsetNs += BigInt(stepSeconds) * NS_PER_SECOND;
    watch.look();
  };
  await look(1_000);
  await look(40_000);
  t.same([steps, watch.stepSeconds], [[], 0], 'a late look is no step');
  clock.wallOffsetNs += 300_000_000n;
  await look(1_000);
  t.same([steps, watch.stepSeconds], [[], 0], 'nor is drift');
  await look(1_000, 30 * 86_400);
  t.same(steps, [2_592_000]);
  t.equal(Math.round(watch.stepSeconds), 2_592_000);
  await look(1_000, -30 * 86_400);
  t.same([steps.length, watch.stepSeconds, watch.stepCount], [2, 0, 2]);
  await look(1_000, -3_600);
  t.equal(Math.round(watch.stepSeconds), -3_600);
  await look(3_599_000);
  t.equal(Math.round(watch.stepSeconds), -3_600, 'for an hour');
  await look(2_000);
  t.equal(watch.stepSeconds, 0);
});
