// Scenario: the same spool on the operating system's files.
// Guarantees: what holds in simulation holds there, and a consumer that is far behind reads on
// correctly over many segments while the writer goes on.
import type { SequencedBatch } from '@weir/pipeline';
import { nodeFiles } from '@weir/pipeline/node';
import { SimClock, SimRandom } from '@weir/pipeline/testing';
import t from 'tap';
import { inspectSpool } from './inspect.js';
import { openSpool, type Spool } from './spool.js';
import { fingerprintOf, textBatch } from './test-batches.js';

function open(directory: string): Promise<Spool> {
  const clock = new SimClock();
  return openSpool({
    directory,
    files: nodeFiles(),
    clock,
    timers: clock,
    random: new SimRandom(1),
    consumers: ['loader'],
    segmentBytes: 64 * 1024,
    cacheBytesMax: 128 * 1024,
    commitIntervalMs: 0,
  });
}

async function readAll(spool: Spool, count: number): Promise<SequencedBatch[]> {
  const consumer = spool.consumer('loader');
  const { signal } = new AbortController();
  const read: SequencedBatch[] = [];
  while (read.length < count) {
    const next = await consumer.read(signal);
    if (next === null) break;
    read.push(next.batch);
    if (read.length % 50 === 0) await consumer.settle(next.position);
  }
  return read;
}

t.test('append, fall behind, read, restart', async (t) => {
  const directory = `${t.testdir({})}/deep/spool`;
  const spool = await open(directory);
  const count = 400;
  const batches = Array.from({ length: count }, (_, i) =>
    textBatch('a', spool.epoch, i * 4, 4, 300),
  );
  const expected = batches.map(fingerprintOf);
  for (const batch of batches.slice(0, 200)) await spool.append(batch);
  t.ok(spool.stats().segmentCount > 3);
  const reading = readAll(spool, count);
  for (let i = 200; i < count; i += 20)
    await Promise.all(batches.slice(i, i + 20).map((batch) => spool.append(batch)));
  t.same((await reading).map(fingerprintOf), expected);
  const inspected = await inspectSpool(nodeFiles(), directory);
  t.match(inspected.streams, [{ stream: 'a', lastSeq: count * 4 - 1 }]);
  t.equal(inspected.consumers[0]?.pendingFrameCount, 0);
  await spool.append(textBatch('a', spool.epoch, count * 4, 1));
  await spool.close();
  const second = await open(directory);
  t.equal(second.nodeId, spool.nodeId);
  const [last] = await readAll(second, 1);
  t.equal(last?.seqFirst, count * 4);
  t.same(
    second.report.endedEpochs.map(({ lastSeq }) => lastSeq),
    [count * 4],
  );
  await second.close();
});
