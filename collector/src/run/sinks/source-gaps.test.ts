// Scenario: batches of two sources come, one batch of one of them is missing, batches come again.
// Guarantees: the gap is counted for its source alone, once, and sources beyond the limit cost
// nothing.
import type { Consumer, SequencedBatch, SpooledBatch } from '@weir/pipeline';
import { Metrics } from '@weir/pipeline';
import t from 'tap';
import { SourceGaps } from './source-gaps.js';

const NODE = '0123456789ab';

function batchOf(
  runs: readonly { source: string; sourceSeqFirst: number; eventCount: number }[],
  stream = `${NODE}/syslog/0`,
): SequencedBatch {
  const eventCount = runs.reduce((sum, run) => sum + run.eventCount, 0);
  return {
    ...{ tenant: 'default', stream, epoch: 1n, seqFirst: 0, retentionClass: 'default' },
    ...{ format: 'syslog', receivedAtNs: 1n, eventCount, bytes: new Uint8Array(0) },
    ...{ offsets: new Uint32Array(eventCount + 1), marks: new Uint32Array(0) },
    runs: runs.map((run) => ({ ...run, context: '' })),
    ...{ requestParts: [], dispositions: [] },
  };
}

async function watch(batches: readonly SequencedBatch[], sourcesMax = 10): Promise<SourceGaps> {
  const left = batches.map((batch, frameNo): SpooledBatch => {
    return { position: { segmentId: 1, frameNo }, batch };
  });
  const consumer: Consumer = {
    ...{ name: 'sink', frontier: null, pendingFrameCount: 0, pendingEventCount: 0 },
    read: async () => left.shift() ?? null,
    rewind: () => undefined,
    settle: async () => undefined,
  };
  const gaps = new SourceGaps(consumer, NODE, sourcesMax);
  while ((await gaps.read(new AbortController().signal)) !== null);
  return gaps;
}

const A = (sourceSeqFirst: number, eventCount = 10) => ({
  ...{ source: '192.0.2.1', sourceSeqFirst, eventCount },
});
const B = (sourceSeqFirst: number, eventCount = 10) => ({
  ...{ source: '192.0.2.2', sourceSeqFirst, eventCount },
});

t.test('a gap is one of its source', async (t) => {
  const gaps = await watch([
    batchOf([A(0), B(0)]),
    batchOf([A(10)]),
    batchOf([B(15), A(20)]),
    batchOf([B(15), A(20)]),
    batchOf([A(50)], 'ffffffffffff/syslog/0'),
  ]);
  t.match(gaps.gaps(), [{ source: '192.0.2.2', missing: 5 }]);
  const metrics = new Metrics();
  gaps.register(metrics);
  t.match(
    await metrics.text(),
    `source_missing_events{stream="${NODE}/syslog/0",source="192.0.2.2"} 5`,
  );
});

t.test('sources beyond the limit are not watched', async (t) => {
  const gaps = await watch([batchOf([A(0), B(0)]), batchOf([A(20), B(30)])], 1);
  t.match(gaps.gaps(), [{ source: '192.0.2.1', missing: 10 }]);
  t.equal(gaps.gaps().length, 1);
});
