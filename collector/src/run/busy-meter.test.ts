import type { Workers } from '@weir/pipeline';
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import { BusyMeter, meterWorkers } from './busy-meter.js';

t.test('the average follows the level, whoever reads it', async (t) => {
  const clock = new SimClock();
  const meter = new BusyMeter(2, clock);
  meter.enter();
  await clock.advance(100_000);
  t.ok(Math.abs(meter.utilization() - 0.5) < 0.001);
  for (let i = 0; i < 5; i++) meter.enter();
  t.equal(meter.busyCount, 2, 'what waits takes no place');
  for (let i = 0; i < 100; i++) {
    await clock.advance(1_000);
    meter.utilization();
  }
  t.ok(meter.utilization() > 0.999 && meter.utilization() <= 1);
  for (let i = 0; i < 6; i++) meter.leave();
  await clock.advance(10_000);
  t.ok(Math.abs(meter.utilization() - Math.exp(-1)) < 0.001);
});

t.test('a pool that fails is left, too', async (t) => {
  const workers: Workers<number, number> = {
    workerCount: 1,
    run: async (task) => {
      if (task < 0) throw new Error('no');
      return task;
    },
    close: async () => {},
  };
  const metered = meterWorkers(workers, new SimClock());
  t.equal(await metered.run(3, []), 3);
  await t.rejects(metered.run(-1, []));
  t.equal(metered.meter.takenCount, 0);
});

t.test('the time that a task may take reaches the pool', async (t) => {
  const seen: unknown[] = [];
  const workers: Workers<number, number> = {
    workerCount: 1,
    run: async (task, _transfer, options) => {
      seen.push(options);
      return task;
    },
    close: async () => {},
  };
  await meterWorkers(workers, new SimClock()).run(1, [], { timeoutMs: 250 });
  t.strictSame(seen, [{ timeoutMs: 250 }]);
});
