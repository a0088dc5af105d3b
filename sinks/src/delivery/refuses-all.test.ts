// Scenario: servers that refuse everything, from the start or later, and one that does not answer.
// Guarantees: where no row was ever taken, nothing goes to quarantine and nothing is lost, however
// long it lasts, and few requests are made; bad rows among good ones are put aside as ever.
import type { SinkOutcome, SinkPayload } from '@weir/pipeline';
import t from 'tap';
import { deadLines, FakeSink, rowOf, startRig, textBatch } from './testing/rig.js';

const texts = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix} ${i}`);

/** Refuses a payload as a whole, with a status, where a row of it is not wanted. */
class PickySink extends FakeSink {
  isWanted: (row: string) => boolean = () => true;
  writeCount = 0;
  readonly status: number = 400;

  override async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    this.writeCount++;
    const rows = payload.blocks
      .map((block) => new TextDecoder().decode(block))
      .join('')
      .trimEnd()
      .split('\n');
    if (rows.every((row) => this.isWanted(row))) return await super.write(payload, signal);
    const { status } = this;
    const failure = { code: 'WEIR_SINK_REJECTED', message: 'no', details: { status } } as const;
    return { kind: 'rejected', rows: new Uint32Array(0), isWhole: true, failure };
  }
}

t.test('a server that refuses every row is tried again', async (t) => {
  const sink = new PickySink();
  sink.isWanted = () => false;
  const rig = await startRig(sink);
  rig.consumer.append(textBatch({ texts: texts('a', 1_000), seqFirst: 0 }));
  await rig.clock.advance(600_000);
  t.same(deadLines(rig.files), []);
  t.equal(rig.consumer.pendingFrameCount, 1);
  t.match(rig.delivery.stats(), {
    state: 'retrying',
    lastError: /the server refuses every row \(HTTP 400\): is the sink configured right\? no/,
    storedEvents: 0,
    quarantinedEvents: 0,
  });
  const told = rig.logged.filter((line) => line.startsWith('warn'));
  t.equal(told.length, 1, 'told once');
  t.notOk(rig.logged.some((line) => line.includes('goes on')));
  t.ok(sink.writeCount < 1_000, `${sink.writeCount} requests`);
  sink.isWanted = () => true;
  await rig.settleAll();
  t.equal(sink.rows.length, 1_000);
  t.match(rig.delivery.stats(), { state: 'ok', storedEvents: 1_000, quarantinedEvents: 0 });
  await rig.stop();
});

t.test('bad rows at the beginning do not hold up good ones for ever', async (t) => {
  const sink = new PickySink();
  sink.isWanted = (row) => !row.includes('poison');
  const rig = await startRig(sink);
  rig.consumer.append(
    textBatch({ texts: [...texts('poison', 40), ...texts('good', 20)], seqFirst: 0 }),
  );
  await rig.settleAll();
  t.same(
    sink.rows.toSorted(),
    texts('good', 20)
      .map((text, i) => rowOf(40 + i, text))
      .toSorted(),
  );
  t.same(
    deadLines(rig.files)
      .map(({ seq }) => Number(seq))
      .sort((a, b) => a - b),
    texts('', 40).map((_, i) => i),
  );
  t.match(rig.delivery.stats(), { state: 'ok', storedEvents: 20, quarantinedEvents: 40 });
  await rig.stop();
});

t.test('once a row was taken, what is refused is put aside', async (t) => {
  const sink = new PickySink();
  const rig = await startRig(sink);
  rig.consumer.append(textBatch({ texts: ['good'], seqFirst: 0 }));
  await rig.settleAll();
  sink.isWanted = () => false;
  rig.consumer.append(textBatch({ texts: texts('a', 20), seqFirst: 1 }));
  await rig.settleAll();
  t.match(rig.delivery.stats(), { state: 'ok', storedEvents: 1, quarantinedEvents: 20 });
  await rig.stop();
});

/** Names the rows that it does not want, each with its own reason. */
class NamingSink extends PickySink {
  override async write(payload: SinkPayload, signal: AbortSignal): Promise<SinkOutcome> {
    this.writeCount++;
    const text = payload.blocks.map((block) => new TextDecoder().decode(block)).join('');
    const rows = text.trimEnd().split('\n');
    const bad = rows.flatMap((row, i) => (this.isWanted(row) ? [] : [i]));
    const good = rows.filter((row) => this.isWanted(row));
    const bytes = new TextEncoder().encode(good.map((row) => `${row}\n`).join(''));
    await super.write({ blocks: [bytes], rowCount: good.length, byteCount: bytes.length }, signal);
    const rowFailures = bad.map((row) => ({
      code: 'WEIR_SINK_REJECTED' as const,
      message: `row ${row} is bad`,
      details: { status: 400 },
    }));
    const [failure] = rowFailures;
    if (failure === undefined) return { kind: 'delivered' };
    return { kind: 'rejected', rows: Uint32Array.from(bad), isWhole: false, failure, rowFailures };
  }
}

t.test('rows that are named go aside with their own reasons', async (t) => {
  const sink = new NamingSink();
  sink.isWanted = (row) => !row.includes('poison');
  const rig = await startRig(sink);
  const rows = ['good 0', 'poison 1', 'good 2', 'poison 3'];
  rig.consumer.append(textBatch({ texts: rows, seqFirst: 0 }));
  await rig.settleAll();
  t.match(deadLines(rig.files), [
    { seq: 1, error: 'row 1 is bad' },
    { seq: 3, error: 'row 3 is bad' },
  ]);
  t.match(rig.delivery.stats(), { storedEvents: 2, quarantinedEvents: 2 });
  await rig.stop();
});

t.test('a server that names every row is tried again as well', async (t) => {
  const sink = new NamingSink();
  sink.isWanted = () => false;
  const rig = await startRig(sink);
  rig.consumer.append(textBatch({ texts: texts('a', 50), seqFirst: 0 }));
  await rig.clock.advance(600_000);
  t.same(deadLines(rig.files), []);
  t.match(rig.delivery.stats(), {
    state: 'retrying',
    lastError: /the server refuses every row \(HTTP 400\)/,
  });
  sink.isWanted = () => true;
  await rig.settleAll();
  t.match(rig.delivery.stats(), { state: 'ok', storedEvents: 50, quarantinedEvents: 0 });
  await rig.stop();
});

t.test('a write without an answer is shown, and is no failure', async (t) => {
  const sink = new FakeSink();
  sink.mode = 'hang';
  const rig = await startRig(sink);
  rig.consumer.append(textBatch({ texts: ['a'], seqFirst: 0 }));
  await rig.clock.advance(1_500);
  t.match(rig.delivery.stats(), { state: 'ok', lastError: null });
  await rig.clock.advance(10_000);
  t.match(rig.delivery.stats(), { state: 'retrying', lastError: /^no answer for 1[01] s$/ });
  t.equal(rig.delivery.stats().retryCount, 0);
  sink.heal();
  await rig.settleAll();
  t.match(rig.delivery.stats(), { state: 'ok', lastError: null, storedEvents: 1 });
  await rig.stop();
});
