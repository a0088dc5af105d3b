// Scenario: batches of several streams with a hole, a declared loss, and a re-read after a rewind.
// Guarantees: every skipped number counts once; declared ones and re-reads do not.
import { allocateBytes, type Consumer, type Disposition, type SpooledBatch } from '@weir/pipeline';
import t from 'tap';
import { GapWatch } from './gap-watch.js';

function spooled(
  stream: string,
  seqFirst: number,
  eventCount: number,
  dispositions: Disposition[] = [],
): SpooledBatch {
  return {
    position: { segmentId: 1, frameNo: 0 },
    batch: {
      tenant: 'default',
      stream: `node/${stream}`,
      retentionClass: 'default',
      format: 'syslog',
      receivedAtNs: 0n,
      eventCount,
      bytes: allocateBytes(0),
      offsets: new Uint32Array(eventCount + 1),
      marks: new Uint32Array(0),
      runs: [],
      requestParts: [],
      dispositions,
      epoch: 7n,
      seqFirst,
    },
  };
}

function consumerOf(batches: readonly SpooledBatch[]): Consumer {
  let next = 0;
  return {
    name: 'test',
    frontier: null,
    pendingFrameCount: 0,
    pendingEventCount: 0,
    read: async () => batches[next++] ?? null,
    rewind: () => {
      next = 0;
    },
    settle: async () => {},
  };
}

async function missingAfter(batches: readonly SpooledBatch[], reads: number): Promise<number> {
  const watch = new GapWatch(consumerOf(batches), 'node');
  const { signal } = new AbortController();
  for (let i = 0; i < reads; i++) await watch.read(signal);
  return watch.missingEvents;
}

t.test('dense streams have no gap, also when the first batch is not number 0', async (t) => {
  const batches = [spooled('a', 100, 10), spooled('b', 0, 5), spooled('a', 110, 10)];
  t.equal(await missingAfter(batches, 3), 0);
});

t.test('a hole counts its numbers', async (t) => {
  t.equal(await missingAfter([spooled('a', 0, 10), spooled('a', 13, 2)], 2), 3);
});

t.test('a declared loss is no gap', async (t) => {
  const lost: Disposition = {
    kind: 'lost',
    cause: 'spool_corruption',
    seqRanges: [[10, 12]],
    eventCount: 3,
  };
  t.equal(
    await missingAfter([spooled('a', 0, 10), spooled('a', 13, 2), spooled('a', 15, 0, [lost])], 3),
    0,
  );
});

t.test('a rewind does not count twice', async (t) => {
  const batches = [spooled('a', 0, 10), spooled('a', 13, 2)];
  const watch = new GapWatch(consumerOf(batches), 'node');
  const { signal } = new AbortController();
  for (let i = 0; i < 2; i++) await watch.read(signal);
  watch.rewind();
  for (let i = 0; i < 2; i++) await watch.read(signal);
  t.equal(watch.missingEvents, 3);
});

t.test('a loss of another epoch, or one that was no gap here, hides nothing', async (t) => {
  const lost: Disposition = {
    kind: 'lost',
    cause: 'spool_corruption',
    seqRanges: [[0, 999]],
    eventCount: 1000,
  };
  const batches = [spooled('b', 0, 0, [lost]), spooled('a', 0, 10), spooled('a', 510, 10)];
  t.equal(await missingAfter(batches, 3), 500);
});

t.test('holes in streams of other nodes are for their own verify', async (t) => {
  const batches = [spooled('a', 0, 10), spooled('a', 13, 2)];
  const watch = new GapWatch(consumerOf(batches), 'other');
  const { signal } = new AbortController();
  for (let i = 0; i < 2; i++) await watch.read(signal);
  t.equal(watch.missingEvents, 0);
});
