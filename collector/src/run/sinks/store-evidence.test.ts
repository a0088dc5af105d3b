// Scenario: a stop asks for a last checkpoint while the tree is still being read, or without.
// Guarantees: it waits for no tree longer than its limit, and sends what there is.
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import { anchorLast } from './store-evidence.js';

t.test('a stop does not wait for the tree', async (t) => {
  for (const isRead of [true, false]) {
    const clock = new SimClock();
    const sent: number[] = [];
    const spool = {
      checkpointNow: () => (isRead ? Promise.resolve(null) : new Promise<null>(() => undefined)),
    };
    const finish = async (): Promise<void> => {
      sent.push(clock.monotonicMs());
    };
    const startedMs = clock.monotonicMs();
    await clock.run(anchorLast(spool, { finish }, clock));
    t.same(
      sent.map((ms) => ms - startedMs),
      [isRead ? 0 : 2_000],
    );
  }
});
