// Scenario: sources with rhythms of their own send through a sequencer, and some of them stop.
// Guarantees: numbering is untouched; a source is silent only against its own rhythm, one that was
// heard once or twice never; memory is bounded.
import { createSequencer, type RawBatch } from '@weir/pipeline';
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import { SourceWatch } from './source-watch.js';

function batchOf(...sources: readonly string[]): RawBatch {
  return {
    tenant: 'default',
    stream: 'node/syslog_udp/0',
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 0n,
    eventCount: sources.length,
    bytes: new Uint8Array(sources.length),
    offsets: Uint32Array.from({ length: sources.length + 1 }, (_, i) => i),
    marks: new Uint32Array(),
    runs: sources.map((source) => ({ eventCount: 1, source, sourceSeqFirst: 0, context: '' })),
    requestParts: [],
    dispositions: [],
  };
}

t.test('batches are numbered as without it', async (t) => {
  const plain = createSequencer({ epoch: 5n });
  const watched = new SourceWatch(new SimClock()).watch(createSequencer({ epoch: 5n }));
  t.equal(watched.epoch, 5n);
  for (const batch of [batchOf('a', 'b'), batchOf('a'), batchOf()]) {
    t.same(watched.assign(batch), plain.assign(batch));
  }
  t.same([...watched.issued()], [...plain.issued()]);
});

t.test('silence is measured against the rhythm of the source', async (t) => {
  const clock = new SimClock();
  const watch = new SourceWatch(clock);
  const sequencer = watch.watch(createSequencer({ epoch: 1n }));
  const minutes = 60_000;
  sequencer.assign(batchOf('once'));
  for (let minute = 0; minute < 60; minute++) {
    sequencer.assign(batchOf('steady'));
    if (minute % 10 === 0) sequencer.assign(batchOf('hourly'));
    await clock.advance(minutes);
  }
  t.equal(watch.report(10).silentCount, 0);
  await clock.advance(3 * minutes);
  t.match(watch.report(10), { watchedCount: 3, silentCount: 1, silent: [{ source: 'steady' }] });
  await clock.advance(30 * minutes);
  const { silent } = watch.report(10);
  t.same(
    silent.map(({ source }) => source),
    ['hourly', 'steady'],
  );
  t.match(silent[1], { listener: 'syslog_udp', silentMs: 34 * minutes, usualPauseMs: minutes });
  t.equal(watch.report(1).silent.length, 1, 'as many as are asked for');
  sequencer.assign(batchOf('steady'));
  t.equal(watch.report(10).silentCount, 1, 'it was heard again');
  await clock.advance(25 * 60 * minutes);
  t.match(watch.report(10), { watchedCount: 0, silentCount: 0 }, 'gone, not silent');
});

t.test('bursts are no rhythm', async (t) => {
  const clock = new SimClock();
  const watch = new SourceWatch(clock);
  const sequencer = watch.watch(createSequencer({ epoch: 1n }));
  for (let burst = 0; burst < 20; burst++) {
    for (let i = 0; i < 50; i++) {
      sequencer.assign(batchOf('backup'));
      await clock.advance(10);
    }
    await clock.advance(300_000);
    t.equal(watch.report(1).silentCount, 0);
  }
});

t.test('no more sources than its limit', async (t) => {
  const watch = new SourceWatch(new SimClock(), 3);
  const sequencer = watch.watch(createSequencer({ epoch: 1n }));
  sequencer.assign(batchOf('a', 'b', 'c', 'd', 'e', 'a'));
  t.match(watch.report(1), { watchedCount: 3, unwatchedRunCount: 2 });
});
