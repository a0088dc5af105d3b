// Scenario: one spool with several sinks: one that took everything, one that took half, one that
// was taken out of the configuration, one that is optional; nothing runs.
// Guarantees: each has its own verdict; what is in flight for one excuses nobody else; a sink that
// was removed is told and not judged; a ledger that lost its newest file does not pass, nor does a
// spool that lost frames which its own tree has signed.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSequencer, type SequencedBatch } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { noteBeginning, openSinkLedger, openSpool, type Spool } from '@weir/spool';
import t from 'tap';
import { knownSinks } from './sink-record.js';
import { verify } from './verify.js';

const files = nodeFiles();
const never = new AbortController().signal;

function batchOf(eventCount: number, stream: string) {
  const bytes = new Uint8Array(eventCount);
  return {
    tenant: 'default',
    stream,
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 1_767_225_600_000_000_000n,
    eventCount,
    bytes,
    offsets: Uint32Array.from({ length: eventCount + 1 }, (_, i) => i),
    marks: new Uint32Array(0),
    runs: [{ eventCount, source: '192.0.2.1', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
  } as const;
}

const openAt = (directory: string, consumers: readonly string[]): Promise<Spool> =>
  openSpool({
    directory: join(directory, 'spool'),
    files,
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    consumers,
    segmentBytes: 4096,
    commitIntervalMs: 0,
  });

const openSignedAt = (directory: string): Promise<Spool> =>
  openSpool({
    ...{ files, clock: nodeClock, timers: nodeTimers, random: nodeRandom },
    directory: join(directory, 'spool'),
    consumers: ['maybe'],
    commitIntervalMs: 0,
    evidence: { keysDirectory: join(directory, 'keys') },
  });

/** Records and settles the next batches of a consumer. */
async function take(directory: string, spool: Spool, id: string, count: number): Promise<void> {
  const ledger = await openSinkLedger({
    files,
    random: nodeRandom,
    directory: join(directory, 'ledger', id),
  });
  const spoolDirectory = join(directory, 'spool');
  await noteBeginning({ files, spoolDirectory, consumer: id, ledger, epoch: spool.epoch });
  const consumer = spool.consumer(id);
  for (let i = 0; i < count; i++) {
    const found = await consumer.read(never);
    if (found === null) break;
    const { tenant, stream, epoch, seqFirst, eventCount } = found.batch as SequencedBatch;
    const seqs = [seqFirst, seqFirst + eventCount - 1];
    await ledger.record({
      outcomes: [{ tenant, stream, epoch, kind: 'stored', cause: '', seqs }],
    });
    await consumer.settle(found.position);
  }
  await ledger.close();
}

async function fill(spool: Spool, count: number): Promise<void> {
  const sequencer = createSequencer({ epoch: spool.epoch });
  for (let i = 0; i < count; i++)
    await spool.append(sequencer.assign(batchOf(100, `${spool.nodeId}/test/0`)));
}

function writeSinks(directory: string, sinks: Record<string, unknown>): void {
  writeFileSync(join(directory, 'last-run.json'), JSON.stringify({ sinks }));
}

const verifyAt = (directory: string, consumers: readonly string[] = []) =>
  verify({
    files,
    clock: nodeClock,
    timers: nodeTimers,
    directory,
    sinks: knownSinks(directory, consumers),
    store: null,
    isRunning: false,
    waitMs: 0,
    deep: false,
    bySource: false,
    onWaiting: () => undefined,
  });

t.test('a verdict a sink', async (t) => {
  const directory = t.testdir({ ledger: {}, spool: {} });
  const ids = ['done', 'half', 'maybe', 'gone'];
  const spool = await openAt(directory, ids);
  await fill(spool, 10);
  await take(directory, spool, 'done', 10);
  await take(directory, spool, 'half', 5);
  await take(directory, spool, 'maybe', 2);
  await take(directory, spool, 'gone', 1);
  await spool.close();
  const sink = (type: string, required = true) => ({ type, required });
  writeSinks(directory, { done: sink('file'), half: sink('http'), maybe: sink('http', false) });
  const report = await verifyAt(directory, ids);
  t.match(report, {
    closes: false,
    inFlight: 800,
    problems: [/^half: 500 events are in the spool, and nothing runs/],
    notes: [/^sink gone is not configured any more; 900 events/],
    sinks: [
      { id: 'done', type: 'file', closes: true, inFlight: 0, streams: [{ stored: 1000 }] },
      { id: 'half', closes: false, inFlight: 500, streams: [{ stored: 500, missing: [] }] },
      { id: 'maybe', isRequired: false, closes: true, inFlight: 800 },
    ],
  });

  await t.test('all that there is counts when no configuration is known', async (t) => {
    writeFileSync(join(directory, 'last-run.json'), '');
    const report = await verifyAt(directory, ids);
    t.same(report.sinks.map(({ id }) => id).sort(), ['done', 'gone', 'half', 'maybe']);
    t.same(report.notes, []);
  });

  await t.test('a ledger that lost what it knew', async (t) => {
    writeSinks(directory, { done: sink('file') });
    const folder = join(directory, 'ledger', 'done');
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), 'rot');
    const report = await verifyAt(directory, ids);
    t.equal(report.closes, false);
    t.match(report.problems.join('\n'), /1000 numbers are missing: 0-999/);
  });
});

t.test('a sink that was added later', async (t) => {
  const directory = t.testdir({ ledger: {}, spool: {} });
  let spool = await openAt(directory, ['old']);
  await fill(spool, 100);
  await take(directory, spool, 'old', 100);
  await spool.close();
  spool = await openAt(directory, ['old', 'new']);
  await take(directory, spool, 'new', 0);
  await fill(spool, 5);
  const { pendingFrameCount } = spool.consumer('new');
  await take(directory, spool, 'new', pendingFrameCount);
  await take(directory, spool, 'old', 5);
  await spool.close();
  writeSinks(directory, { old: { type: 'file' }, new: { type: 'http' } });
  const report = await verifyAt(directory);
  t.same(report.problems, []);
  const [old, added] = report.sinks;
  t.equal(old?.before, 0);
  const stored = added?.streams.reduce((sum, stream) => sum + stream.stored, 0) ?? 0;
  t.equal(stored, pendingFrameCount * 100);
  t.equal((added?.before ?? 0) + stored, 10_500);
  t.ok(added !== undefined && added.before > 0, `${added?.before} events before it was added`);
});

t.test('which sinks there are', async (t) => {
  const directory = t.testdir({ ledger: { http: {}, 'clickhouse.before': {} } });
  t.match(knownSinks(directory, ['clickhouse', 'http']), [
    { id: 'http', type: '', isConfigured: true },
    { id: 'clickhouse', type: 'clickhouse', isConfigured: true },
  ]);
  const empty = join(directory, 'none');
  mkdirSync(empty);
  t.match(knownSinks(empty, []), [{ id: 'clickhouse', type: 'clickhouse' }], 'as before');
});

t.test('frames that were signed and are gone', async (t) => {
  const directory = t.testdir({ spool: {} });
  mkdirSync(join(directory, 'keys'));
  const open = (): Promise<Spool> => openSignedAt(directory);
  const spool = await open();
  await fill(spool, 6);
  await spool.close();
  writeSinks(directory, { maybe: { type: 'http', required: false } });
  t.equal((await verifyAt(directory, ['maybe'])).closes, true);
  const segments = readdirSync(join(directory, 'spool')).filter((name) => /^seg-.*log$/.test(name));
  for (const name of segments) rmSync(join(directory, 'spool', name));
  rmSync(join(directory, 'spool', 'epochs'));
  const said = [/test\/0 epoch \d+: numbers up to 599 were signed, the spool knows nothing of it/];
  t.match(await verifyAt(directory, ['maybe']), { closes: false, problems: said });
  await (await open()).close();
  t.match(await verifyAt(directory, ['maybe']), { closes: false, problems: said }, 'after a start');
});
