import t from 'tap';
import { spoolOverrun } from './overrun.js';

const MiB = 1024 * 1024;

function overrunOf(shown: { isFull: boolean; mine: number; other: number }) {
  const consumer = (pendingBytes: number) => ({
    pendingFrameCount: 1,
    pendingEventCount: 1,
    pendingBytes,
  });
  return spoolOverrun({
    consumer: 'optional',
    maxLagBytes: 100 * MiB,
    requiredConsumers: ['needed'],
    stats: () => ({
      isFull: shown.isFull,
      consumers: { optional: consumer(shown.mine), needed: consumer(shown.other) },
    }),
  });
}

t.test('an optional sink lets go', async (t) => {
  const shown = { isFull: false, mine: 100 * MiB, other: 0 };
  const overrun = overrunOf(shown);
  t.equal(overrun.isOver(), false, 'at its limit');
  shown.mine++;
  t.equal(overrun.isOver(), true, 'beyond it');
  shown.mine = 90 * MiB;
  t.equal(overrun.isStillOver(), true, 'more must go once it began');
  shown.mine = 80 * MiB;
  t.equal(overrun.isStillOver(), false);
});

t.test('a full spool', async (t) => {
  const shown = { isFull: true, mine: 10 * MiB, other: 20 * MiB };
  const overrun = overrunOf(shown);
  t.equal(overrun.isOver(), false, 'a required sink holds it anyway');
  shown.other = 5 * MiB;
  t.equal(overrun.isOver(), true, 'only the optional one does');
  shown.mine = 5 * MiB;
  t.equal(overrun.isStillOver(), false);
});
