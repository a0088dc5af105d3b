// Scenario: one delivery with simulated time, files and consumer, against a sink that behaves badly
// in every way that the contract allows.
// Guarantees: rows arrive in order; every number is in the ledger under its kind before the
// frontier moves; refused rows are in the dead letter with the reason; nothing is dropped while the
// other side is away; memory is bounded; an optional sink lets go of its oldest events and says
// which.
import { testSink } from '@weir/pipeline/testing';
import t from 'tap';
import type { Overrun } from './overrun.js';
import { MemoryConsumer } from './testing/memory-consumer.js';
import { deadLines, FakeSink, ledgerOf, rowOf, startRig, textBatch } from './testing/rig.js';

const texts = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix} ${i}`);

/** Batches of `size` events with consecutive numbers. */
function fill(consumer: MemoryConsumer, batchCount: number, size: number, prefix = 'event'): void {
  for (let i = 0; i < batchCount; i++)
    consumer.append(textBatch({ texts: texts(prefix, size), seqFirst: i * size }));
}

t.test('the fake sink of these tests keeps the contract', (t) => {
  testSink(t, {
    create: () => {
      const sink = new FakeSink();
      return {
        sink,
        received: () => sink.rows,
        breakDown: () => {
          sink.mode = 'down';
        },
        hang: () => {
          sink.mode = 'hang';
        },
        heal: () => sink.heal(),
        refuse: (row) => {
          sink.refusedText = row;
        },
        dispose: () => undefined,
      };
    },
  });
  t.end();
});

t.test('rows, quarantine, filtered: in order, and the ledger closes', async (t) => {
  const sink = new FakeSink();
  const rig = await startRig(sink);
  const lost = { kind: 'lost', cause: 'spool_corruption', eventCount: 2 } as const;
  const refused = { kind: 'refused', cause: 'spool_full', eventCount: 9, seqRanges: [] } as const;
  rig.consumer.append(
    textBatch({ texts: ['a', 'bad b', 'c', 'drop d', 'drop e', 'f'], seqFirst: 0 }),
  );
  rig.consumer.append(
    textBatch({
      texts: [],
      seqFirst: 0,
      dispositions: [{ ...lost, seqRanges: [[6, 7]] }, refused],
    }),
  );
  rig.consumer.append(textBatch({ texts: ['g'], seqFirst: 8 }));
  await rig.settleAll();
  t.same(sink.rows, [rowOf(0, 'a'), rowOf(2, 'c'), rowOf(5, 'f'), rowOf(8, 'g')]);
  t.match(await ledgerOf(rig.files), {
    stored: 4,
    quarantined: 1,
    filtered: 2,
    lost: 2,
    seqMax: 8,
    missing: [],
    lostRanges: [{ cause: 'spool_corruption', ranges: [[6, 7]] }],
    refused: { spool_full: 9 },
  });
  t.match(deadLines(rig.files), [{ seq: 1, reason: 'parse_error', raw: 'bad b' }]);
  t.match(rig.delivery.stats(), {
    storedEvents: 4,
    quarantinedEvents: 1,
    quarantinedByReason: { parse_error: 1 },
    filteredEvents: 2,
    lostEvents: 2,
    state: 'ok',
    lastError: null,
    lagMs: 0,
  });
  await rig.stop();
  t.ok(sink.closeCount > 0);
});

t.test('groups by events, bytes and linger; one write at a time', async (t) => {
  const sink = new FakeSink();
  const rig = await startRig(sink, { limits: { groupEventsMax: 30, lingerMs: 50 } });
  fill(rig.consumer, 10, 10);
  await rig.settleAll();
  t.same(sink.payloadRowCounts, [30, 30, 30, 10]);
  t.equal(sink.writesUnderWayMax, 1);
  await rig.stop();
  const bytes = new FakeSink();
  const other = await startRig(bytes, { limits: { groupBytesMax: 500 } });
  fill(other.consumer, 6, 10);
  await other.settleAll();
  t.ok(bytes.payloadRowCounts.length >= 3, `${bytes.payloadRowCounts}`);
  await other.stop();
});

t.test('no write is larger than the other side takes, but for one long row', async (t) => {
  for (const limits of [
    { payloadEventsMax: 7 },
    { payloadBytesMax: 150 },
    { payloadEventsMax: 25 },
  ]) {
    const sink = new FakeSink();
    const sizes: number[] = [];
    sink.onWrite = (rows) => void sizes.push(rows.reduce((sum, row) => sum + row.length + 1, 0));
    const rig = await startRig(sink, { limits: { lingerMs: 50, ...limits } });
    fill(rig.consumer, 5, 10);
    rig.consumer.append(textBatch({ texts: ['a', 'b'.repeat(300), 'c'], seqFirst: 50 }));
    await rig.settleAll();
    t.equal(new Set(sink.rows).size, 53);
    t.equal(sink.rows.length, 53);
    const { payloadEventsMax = 53, payloadBytesMax = 10_000 } = limits as Record<string, number>;
    t.ok(Math.max(...sink.payloadRowCounts) <= payloadEventsMax, `${sink.payloadRowCounts}`);
    t.equal(sizes.filter((size) => size > payloadBytesMax).length, payloadBytesMax === 150 ? 1 : 0);
    t.match(await ledgerOf(rig.files), { stored: 53, missing: [] });
    await rig.stop();
  }
});

t.test('several writes at once settle in log order', async (t) => {
  const sink = new FakeSink();
  const held: (() => void)[] = [];
  sink.onWrite = () => new Promise((resolve) => held.push(resolve));
  const rig = await startRig(sink, { writesMax: 3, limits: { groupEventsMax: 10 } });
  fill(rig.consumer, 9, 10);
  await rig.clock.advance(1_000);
  t.equal(sink.writesUnderWay, 3);
  held[2]?.();
  held[1]?.();
  await rig.clock.advance(1_000);
  t.equal(rig.consumer.frontier, null, 'the first is still under way');
  sink.onWrite = () => undefined;
  for (const release of held.splice(0)) release();
  await rig.settleAll();
  t.match(await ledgerOf(rig.files), { stored: 90, missing: [] });
  t.equal(new Set(sink.rows).size, 90);
  await rig.stop();
});

t.test('an outage: nothing is lost, memory is bounded, and it says so once', async (t) => {
  const sink = new FakeSink();
  sink.mode = 'down';
  const limits = { batchesInFlightMax: 8, groupEventsMax: 20 };
  const rig = await startRig(sink, { limits });
  const reads: number[] = [];
  const read = rig.consumer.read.bind(rig.consumer);
  rig.consumer.read = (signal) => {
    reads.push(1);
    return read(signal);
  };
  fill(rig.consumer, 100, 10);
  await rig.clock.advance(600_000);
  t.match(rig.delivery.stats(), { state: 'unreachable', lastError: 'nobody is there' });
  t.ok(rig.delivery.stats().retryCount > 10);
  t.ok(rig.delivery.stats().lagMs >= 599_000, 'the oldest waits');
  t.ok(reads.length <= 20, `${reads.length} of 100 batches were read`);
  t.equal(rig.logged.length, 1, 'told once');
  sink.mode = 'ok';
  await rig.settleAll();
  t.equal(sink.rows.length, 1_000);
  t.match(rig.delivery.stats(), { state: 'ok', lastError: null, storedEvents: 1_000 });
  t.match(rig.logged.at(-1), /delivery goes on/);
  await rig.stop();
});

t.test('delays grow with full jitter, and what the other side asks for is kept', async (t) => {
  const sink = new FakeSink();
  sink.mode = 'hang';
  sink.onWrite = () => {
    triedAtMs.push(rig.clock.monotonicMs());
    sink.mode = 'down';
  };
  const triedAtMs: number[] = [];
  const rig = await startRig(sink);
  sink.mode = 'ok';
  await rig.clock.advance(0);
  sink.mode = 'down';
  sink.open = async () => undefined;
  fill(rig.consumer, 1, 1);
  await rig.clock.advance(400_000);
  const gaps = triedAtMs.slice(1).map((atMs, i) => atMs - (triedAtMs[i] as number));
  t.ok(
    gaps.every((gap, i) => gap <= Math.min(30_000, 100 * 2 ** i) + 1),
    `${gaps}`,
  );
  t.ok(gaps.some((gap) => gap > 5_000));
  sink.afterMs = 77_000;
  const from = triedAtMs.length;
  await rig.clock.advance(300_000);
  t.equal((triedAtMs.at(-1) as number) - (triedAtMs.at(-2) as number), 77_000, `${from}`);
  sink.onWrite = () => undefined;
  sink.mode = 'ok';
  await rig.settleAll();
  await rig.stop();
});

for (const isNamed of [true, false])
  t.test(`refused rows ${isNamed ? 'by name' : 'by halving'}`, async (t) => {
    const sink = new FakeSink();
    sink.refusedText = 'poison';
    sink.refusalsNameRows = isNamed;
    const rig = await startRig(sink);
    rig.consumer.append(textBatch({ texts: ['a', 'poison 1', 'bad b', 'drop c'], seqFirst: 0 }));
    rig.consumer.append(textBatch({ texts: ['poison 2', 'd', 'e', 'poison 3'], seqFirst: 4 }));
    await rig.settleAll();
    t.same(sink.rows, [rowOf(0, 'a'), rowOf(5, 'd'), rowOf(6, 'e')]);
    t.match(await ledgerOf(rig.files), { stored: 3, quarantined: 4, filtered: 1, missing: [] });
    const lines = deadLines(rig.files);
    t.same(lines.map(({ seq }) => seq).sort(), [1, 2, 4, 7]);
    t.match(
      lines.filter(({ reason }) => reason === 'schema_invalid'),
      [
        {
          tenant_id: 'default',
          stream: 'node/syslog/0',
          epoch: '1',
          seq: 1,
          error: 'it does not like poison',
          sink: 'out',
          row: { seq: 1, text: 'poison 1' },
        },
        { seq: 4, row: { text: 'poison 2' } },
        { seq: 7, row: { text: 'poison 3' } },
      ],
    );
    t.match(rig.delivery.stats(), {
      storedEvents: 3,
      quarantinedEvents: 4,
      quarantinedByReason: { schema_invalid: 3, parse_error: 1 },
      state: 'ok',
    });
    await rig.stop();
  });

t.test('a full dead letter blocks and drops nothing', async (t) => {
  const sink = new FakeSink();
  const rig = await startRig(sink, { deadLetterBytesMax: 120 });
  rig.consumer.append(textBatch({ texts: ['bad 1', 'a'], seqFirst: 0 }));
  await rig.settleAll();
  rig.consumer.append(textBatch({ texts: ['bad 2', 'bad 3', 'b'], seqFirst: 2 }));
  await rig.clock.advance(60_000);
  t.match(rig.delivery.stats(), { state: 'blocked', lastError: /quarantine .* is full/ });
  t.equal(rig.consumer.pendingFrameCount, 1);
  const [path] = rig.files.paths.filter((name) => name.includes('quarantine'));
  await rig.files.unlink(path as string);
  await rig.settleAll();
  t.equal(rig.delivery.stats().state, 'ok');
  t.match(await ledgerOf(rig.files), { stored: 2, quarantined: 3 });
  t.same(
    deadLines(rig.files).map(({ seq }) => seq),
    [2, 3],
  );
  t.equal(sink.rows.length, 2, 'sent once');
  await rig.stop();
});

t.test('a ledger that cannot be written holds the frontier back', async (t) => {
  const sink = new FakeSink();
  const rig = await startRig(sink);
  rig.files.onOperation = ({ kind }) => (kind === 'write' ? { code: 'ENOSPC' } : null);
  fill(rig.consumer, 1, 3);
  await rig.clock.advance(60_000);
  t.equal(rig.consumer.frontier, null);
  t.match(rig.delivery.stats(), { state: 'retrying', lastError: /ledger .* ENOSPC/ });
  rig.files.onOperation = null;
  await rig.settleAll();
  t.equal(sink.rows.length, 3, 'sent once all the same');
  t.match(await ledgerOf(rig.files), { stored: 3 });
  await rig.stop();
});

t.test('a failed settle and failing workers are tried again from the frontier', async (t) => {
  const sink = new FakeSink();
  let failuresLeft = 3;
  const rig = await startRig(sink);
  await rig.stop();
  const { textEncoded } = await import('./testing/rig.js');
  const again = await startRig(sink, {
    processor: {
      process: async (batch, skipSeqs) => {
        if (failuresLeft-- > 0) throw new Error('the worker died');
        return textEncoded(batch, skipSeqs);
      },
    },
  });
  again.consumer.failSettle = true;
  fill(again.consumer, 3, 2);
  await again.settleAll();
  t.same(sink.rows.length, 6, 'recorded rows are not sent again');
  t.match(await ledgerOf(again.files), { stored: 6, missing: [] });
  await again.stop();
});

t.test('a stop in the middle of an outage ends at once and keeps everything', async (t) => {
  const sink = new FakeSink();
  sink.mode = 'hang';
  const rig = await startRig(sink);
  fill(rig.consumer, 5, 2);
  await rig.clock.advance(5_000);
  const beforeMs = rig.clock.monotonicMs();
  await rig.stop();
  t.equal(rig.clock.monotonicMs(), beforeMs, 'the write ended with its signal');
  t.equal(rig.consumer.pendingFrameCount, 5);
});

t.test('a sink that ignores its signal does not hold up a stop', async (t) => {
  const sink = new FakeSink();
  sink.onWrite = () => new Promise(() => undefined);
  const rig = await startRig(sink, { limits: { stopWaitMs: 3_000 } });
  fill(rig.consumer, 1, 2);
  await rig.clock.advance(5_000);
  await rig.stop();
  t.equal(rig.clock.monotonicMs(), 8_000);
});

t.test('drain sends what is there without waiting', async (t) => {
  const sink = new FakeSink();
  const rig = await startRig(sink, { limits: { lingerMs: 60_000 } });
  fill(rig.consumer, 2, 2);
  await rig.clock.advance(100);
  t.equal(sink.rows.length, 0);
  t.equal(await rig.clock.run(rig.delivery.drain(10_000)), true);
  t.equal(sink.rows.length, 4);
  sink.mode = 'hang';
  rig.consumer.append(textBatch({ texts: ['a', 'b'], seqFirst: 4 }));
  t.equal(await rig.clock.run(rig.delivery.drain(1_000)), false);
  await rig.stop();
});

/** Over when more than `limit` events are pending; over no more at half of it. */
function eventOverrun(consumer: MemoryConsumer, limit: number): Overrun {
  return {
    isOver: () => consumer.pendingEventCount > limit,
    isStillOver: () => consumer.pendingEventCount > limit / 2,
  };
}

t.test('an optional sink that hangs lets go of its oldest events and says which', async (t) => {
  const sink = new FakeSink();
  sink.mode = 'hang';
  const consumer = new MemoryConsumer();
  const rig = await startRig(sink, { consumer, overrun: eventOverrun(consumer, 2_000) });
  for (let i = 0; i < 300; i++) {
    consumer.append(textBatch({ texts: texts('event', 10), seqFirst: i * 10 }));
    if (i % 20 === 0) await rig.clock.advance(200);
  }
  await rig.clock.advance(1_000);
  t.ok(consumer.pendingEventCount <= 2_000, `${consumer.pendingEventCount} pending`);
  sink.heal();
  await rig.settleAll();
  const entry = await ledgerOf(rig.files);
  t.equal((entry?.stored ?? 0) + (entry?.lost ?? 0), 3_000);
  t.same(entry?.missing, []);
  t.equal(sink.rows.length, entry?.stored, 'what the ledger calls stored arrived');
  const [lost] = entry?.lostRanges ?? [];
  t.match(lost, { cause: 'sink_overrun', ranges: [[0, (entry?.lost ?? 0) - 1]] });
  t.ok(rig.delivery.stats().lostEvents === entry?.lost);
  t.match(
    rig.logged.find((line) => line.includes('skipped')),
    /"cause":"sink_overrun","ranges":"0-\d+"/,
  );
  await rig.stop();
});

t.test('an optional sink does not wait for room in the dead letter', async (t) => {
  const sink = new FakeSink();
  const consumer = new MemoryConsumer();
  const overrun = eventOverrun(consumer, 100);
  const rig = await startRig(sink, { consumer, overrun, deadLetterBytesMax: 60 });
  consumer.append(textBatch({ texts: ['bad 1'], seqFirst: 0 }));
  await rig.settleAll();
  consumer.append(textBatch({ texts: ['bad 2', 'a'], seqFirst: 1 }));
  await rig.clock.advance(5_000);
  t.equal(rig.delivery.stats().state, 'blocked');
  for (let i = 0; i < 30; i++)
    consumer.append(textBatch({ texts: texts('event', 10), seqFirst: 3 + i * 10 }));
  await rig.settleAll();
  const entry = await ledgerOf(rig.files);
  t.match(entry, { quarantined: 1, missing: [] });
  t.equal(entry?.stored, sink.rows.length, 'the row beside it was taken and counts as stored');
  t.match(sink.rows[0], /"seq":2/);
  t.equal((entry?.stored ?? 0) + (entry?.lost ?? 0), 302);
  await rig.stop();
});

t.test('a dead sink beside a healthy one blocks nothing', async (t) => {
  const [dead, healthy] = [new FakeSink(), new FakeSink()];
  dead.mode = 'down';
  const rigs = [await startRig(dead), await startRig(healthy)];
  for (const { consumer } of rigs) fill(consumer, 50, 10);
  await rigs[1]?.settleAll();
  t.equal(healthy.rows.length, 500);
  await rigs[0]?.clock.advance(10_000);
  t.equal(rigs[0]?.consumer.pendingFrameCount, 50);
  for (const rig of rigs) await rig.stop();
});
