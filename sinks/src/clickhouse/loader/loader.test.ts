// Scenario: a loader takes batches into the real engine while things fail around it. Guarantees:
// every number is in exactly one table once, the ledger says so, the frontier moves only behind
// that.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { IsolatingWorkers, OrderedProcessor, type SequencedBatch, WeirError } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeTimers } from '@weir/pipeline/node';
import t from 'tap';
import { MemoryConsumer } from '../../delivery/testing/memory-consumer.js';
import type { Store } from '../store/index.js';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { sampleBatch, sampleProcessor } from '../testing/sample-batches.js';
import { embeddedFence } from './fence.js';
import { IntentFile } from './intent.js';
import { Loader } from './loader.js';
import type { LoaderOptions } from './options.js';
import { quarantineWhole } from './put-aside.js';

let fixture: StoreFixture;
let epochCount = 0n;

t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

interface Bench {
  readonly consumer: MemoryConsumer;
  readonly options: LoaderOptions;
  readonly epoch: bigint;
  readonly log: string[];
}

function bench(overrides: Partial<LoaderOptions> = {}): Bench {
  const consumer = new MemoryConsumer();
  const log: string[] = [];
  const intentDirectory = mkdtempSync(join(fixture.directory, 'intent-'));
  const options: LoaderOptions = {
    consumer,
    processor: sampleProcessor(),
    store: fixture.store,
    fence: embeddedFence(fixture.supervised),
    clock: nodeClock,
    timers: nodeTimers,
    intents: new IntentFile(nodeFiles(), intentDirectory),
    profile: 'full',
    limits: { lingerMs: 20 },
    log: (line) => log.push(line),
    ...overrides,
  };
  return { consumer, options, epoch: ++epochCount, log };
}

/** `count` batches of ten events; each third event of a batch is bad, each seventh is dropped. */
function batches(epoch: bigint, count: number): SequencedBatch[] {
  return Array.from({ length: count }, (_, b) =>
    sampleBatch({
      epoch,
      seqFirst: b * 10,
      texts: Array.from({ length: 10 }, (_, i) =>
        i === 3 ? `bad ${b}/${i}` : i === 7 ? `drop ${b}/${i}` : `event ${b}/${i}`,
      ),
    }),
  );
}

async function runUntilSettled(loader: Loader, consumer: MemoryConsumer): Promise<void> {
  const stop = new AbortController();
  const running = loader.run(stop.signal);
  while (consumer.pendingFrameCount > 0) await nodeTimers.sleep(10);
  stop.abort();
  await running;
}

async function seqsOf(table: string, epoch: bigint): Promise<number[]> {
  const rows = await fixture.store.query<{ seq: string }>(
    `SELECT seq FROM dev.${table} WHERE epoch = {epoch:UInt64} ORDER BY seq`,
    { epoch: String(epoch) },
  );
  return rows.map((row) => Number(row.seq));
}

async function assertOnce(test: Tap, epoch: bigint, batchCount: number): Promise<void> {
  const all = Array.from({ length: batchCount * 10 }, (_, i) => i);
  test.same(
    await seqsOf('events', epoch),
    all.filter((seq) => seq % 10 !== 3 && seq % 10 !== 7),
    'events once',
  );
  test.same(
    await seqsOf('quarantine', epoch),
    all.filter((seq) => seq % 10 === 3),
    'quarantine once',
  );
  const [ledger] = await fixture.store.query(
    'SELECT stored, quarantined, filtered, lost, seq_max, missing FROM dev.ledger_by_stream ' +
      'WHERE epoch = {epoch:UInt64}',
    { epoch: String(epoch) },
  );
  test.same(ledger, {
    stored: String(batchCount * 8),
    quarantined: String(batchCount),
    filtered: String(batchCount),
    lost: '0',
    seq_max: String(batchCount * 10 - 1),
    missing: '0',
  });
}
type Tap = Pick<typeof t, 'same'>;

/** Passes everything on; `fault` may throw before, or after, the n-th insert into a table. */
function faulty(
  store: Store,
  fault: (when: 'before' | 'after', insertNo: number, sql: string) => Promise<void> | void,
): Store {
  let insertNo = 0;
  return {
    url: store.url,
    query: (sql, params) => store.query(sql, params),
    stream: (sql, params) => store.stream(sql, params),
    ping: () => store.ping(),
    close: () => store.close(),
    async command(sql, params, settings, queryId) {
      const number = sql.startsWith('INSERT') ? insertNo++ : -1;
      if (number >= 0) await fault('before', number, sql);
      await store.command(sql, params, settings, queryId);
      if (number >= 0) await fault('after', number, sql);
    },
    async insertNative(sql, blocks, options) {
      const number = insertNo++;
      await fault('before', number, sql);
      await store.insertNative(sql, blocks, options);
      await fault('after', number, sql);
    },
  };
}

t.test('events, quarantine, filtered numbers and the ledger', async (t) => {
  const { consumer, options, epoch } = bench();
  for (const batch of batches(epoch, 20)) consumer.append(batch);
  const loader = new Loader(options);
  await runUntilSettled(loader, consumer);
  await assertOnce(t, epoch, 20);
  const stats = loader.stats();
  t.equal(stats.storedEvents, 160);
  t.equal(stats.quarantinedEvents, 20);
  t.equal(stats.filteredEvents, 20);
  t.equal(stats.state, 'ok');
  t.same(stats.quarantinedByReason, { parse_error: 20 });
});

t.test('the engine is killed around every statement of an intent', async (t) => {
  // events, quarantine, dispositions, ledger: the statements of one intent.
  for (const when of ['before', 'after'] as const)
    for (const killAt of when === 'before' ? [0, 1] : [0, 1, 2, 3]) {
      let isKilled = false;
      const { consumer, options, epoch } = bench();
      const store = faulty(fixture.store, (now, insertNo) => {
        if (isKilled || now !== when || insertNo !== killAt) return;
        isKilled = true;
        process.kill(fixture.supervised.pid, 'SIGKILL');
        throw new Error('the reply was lost');
      });
      for (const batch of batches(epoch, 5)) consumer.append(batch);
      await runUntilSettled(new Loader({ ...options, store }), consumer);
      t.ok(isKilled);
      await assertOnce(t, epoch, 5);
    }
});

t.test('the engine is killed in the middle of inserts', async (t) => {
  const { consumer, options, epoch } = bench({ limits: { lingerMs: 1, rowsMax: 50 } });
  for (const batch of batches(epoch, 30)) consumer.append(batch);
  let insertCount = 0;
  const store = faulty(fixture.store, (when) => {
    if (when === 'before' && ++insertCount % 5 === 0 && insertCount < 16)
      setTimeout(() => process.kill(fixture.supervised.pid, 'SIGKILL'), insertCount % 5);
  });
  await runUntilSettled(new Loader({ ...options, store }), consumer);
  await assertOnce(t, epoch, 30);
});

t.test('a loader that died leaves an open intent, and the next one finishes it', async (t) => {
  for (const dieAt of [0, 1, 3]) {
    const { consumer, options, epoch } = bench();
    for (const batch of batches(epoch, 6)) consumer.append(batch);
    // The first loader hangs for ever at the statement: that is as good as dead.
    let reached: () => void = () => undefined;
    const hangs = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const store = faulty(fixture.store, (when, insertNo) => {
      if (when !== 'after' || insertNo !== dieAt) return;
      reached();
      return new Promise<void>(() => undefined);
    });
    const end = new AbortController();
    const limits = { ...options.limits, stopWaitMs: 1 };
    const dead = new Loader({ ...options, store, limits }).run(end.signal);
    t.teardown(() => {
      end.abort();
      return dead;
    });
    await hangs;
    t.equal(consumer.frontier, null, 'not settled');
    const loader = new Loader(options);
    await runUntilSettled(loader, consumer);
    await assertOnce(t, epoch, 6);
  }
});

t.test('rows that landed in part are completed, not repeated', async (t) => {
  // Long enough for all four to be in one group.
  const { consumer, options, epoch } = bench({ limits: { lingerMs: 500 } });
  const list = batches(epoch, 4);
  for (const batch of list) consumer.append(batch);
  let isCut = false;
  const store: Store = {
    ...faulty(fixture.store, () => undefined),
    async insertNative(sql, blocks, insertOptions) {
      if (isCut) return fixture.store.insertNative(sql, blocks, insertOptions);
      isCut = true;
      // As if a server had split the insert: two of four blocks, then no reply.
      await fixture.store.insertNative(sql, blocks.slice(0, 2), insertOptions);
      throw new Error('connection reset');
    },
  };
  const loader = new Loader({ ...options, store });
  await runUntilSettled(loader, consumer);
  await assertOnce(t, epoch, 4);
  t.equal(loader.stats().insertedRows, 4 * 9 - 2 * 8, 'only the missing rows were sent');
});

t.test('settling that fails repeats the intent without a second row', async (t) => {
  const { consumer, options, epoch } = bench();
  consumer.failSettle = true;
  for (const batch of batches(epoch, 3)) consumer.append(batch);
  await runUntilSettled(new Loader(options), consumer);
  await assertOnce(t, epoch, 3);
});

t.test('an unreadable intent: everything is checked before it is sent', async (t) => {
  const { consumer, options, epoch } = bench();
  for (const batch of batches(epoch, 3)) consumer.append(batch);
  consumer.failSettle = true;
  const stop = new AbortController();
  const first = new Loader({
    ...options,
    log: (line) => {
      if (line.startsWith('loader: settling failed')) stop.abort();
    },
  });
  await first.run(stop.signal);
  const { path } = options.intents as IntentFile;
  const { writeFile } = await import('node:fs/promises');
  await writeFile(path, 'not an intent\n');
  await runUntilSettled(new Loader(options), consumer);
  await assertOnce(t, epoch, 3);
});

t.test('the store cannot be reached for a while', async (t) => {
  const { consumer, options, epoch } = bench();
  for (const batch of batches(epoch, 3)) consumer.append(batch);
  let failures = 3;
  const states: string[] = [];
  const store = faulty(fixture.store, (when) => {
    if (when === 'after' || failures-- <= 0) return;
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  });
  const loader: Loader = new Loader({
    ...options,
    store,
    fence: async () => {
      states.push(loader.stats().state);
    },
  });
  await runUntilSettled(loader, consumer);
  t.ok(states.length >= 3);
  t.equal(loader.stats().state, 'ok');
  await assertOnce(t, epoch, 3);
});

t.test('a row that the store refuses goes to quarantine and holds up nothing', async (t) => {
  const { consumer, options, epoch } = bench();
  for (const batch of batches(epoch, 4)) consumer.append(batch);
  const refusedText = Buffer.from('event 2/5');
  const store: Store = {
    ...faulty(fixture.store, () => undefined),
    async insertNative(sql, blocks, insertOptions) {
      const isRefused =
        sql.includes('events') && blocks.some((block) => Buffer.from(block).includes(refusedText));
      // A value of the wrong length: the engine refuses the whole INSERT with a real error.
      if (isRefused)
        await fixture.store.command(
          "SELECT throwIf(1, 'refused for the test') SETTINGS max_threads = 1",
        );
      await fixture.store.insertNative(sql, blocks, insertOptions);
    },
  };
  await runUntilSettled(new Loader({ ...options, store }), consumer);
  t.same(
    (await seqsOf('quarantine', epoch)).filter((seq) => seq % 10 !== 3),
    [25],
  );
  const [row] = await fixture.store.query(
    'SELECT reason, raw_data FROM dev.quarantine WHERE epoch = {epoch:UInt64} AND seq = 25',
    { epoch: String(epoch) },
  );
  t.same(row, { reason: 'schema_invalid', raw_data: 'event 2/5' });
  t.equal((await seqsOf('events', epoch)).length, 4 * 8 - 1);
});

t.test('a row on which workers fail goes to quarantine, and no other', async (t) => {
  const { consumer, options, epoch } = bench();
  for (const batch of batches(epoch, 4)) consumer.append(batch);
  const good = sampleProcessor();
  const workers = new IsolatingWorkers({
    clock: nodeClock,
    quarantineRows: quarantineWhole,
    workers: {
      workerCount: 1,
      run: async ({ batch, skipSeqs }) => {
        const isBad = batch.seqFirst <= 25 && batch.seqFirst + batch.eventCount > 25;
        if (isBad) throw new WeirError('WEIR_WORKER_FAILED', 'out of memory');
        return good.process(batch, skipSeqs);
      },
      close: async () => {},
    },
  });
  const processor = new OrderedProcessor({ workers, clock: nodeClock, sink: 'clickhouse' });
  const loader = new Loader({ ...options, processor });
  await runUntilSettled(loader, consumer);
  t.same(
    (await seqsOf('quarantine', epoch)).filter((seq) => seq % 10 !== 3),
    [25],
  );
  t.equal((await seqsOf('events', epoch)).length, 4 * 8 - 1);
  const [row] = await fixture.store.query(
    'SELECT reason, raw_data, source_seq FROM dev.quarantine ' +
      'WHERE epoch = {epoch:UInt64} AND seq = 25',
    { epoch: String(epoch) },
  );
  t.same(row, { reason: 'component_failed', raw_data: 'event 2/5', source_seq: '25' });
  t.same(loader.stats().quarantinedByReason, { parse_error: 4, component_failed: 1 });
  t.equal(loader.stats().filteredEvents, 4);
  t.equal(loader.stats().retryCount, 0, 'nothing was read again');
});

t.test('days and retention classes are inserted apart', async (t) => {
  const { consumer, options, epoch } = bench();
  const day = 86_400_000_000_000n;
  const [a, b, c] = batches(epoch, 3) as [SequencedBatch, SequencedBatch, SequencedBatch];
  consumer.append(a);
  consumer.append({ ...b, receivedAtNs: b.receivedAtNs + day });
  consumer.append({ ...c, receivedAtNs: c.receivedAtNs + day, retentionClass: 'long' });
  const loader = new Loader(options);
  await runUntilSettled(loader, consumer);
  await assertOnce(t, epoch, 3);
  t.equal(loader.stats().lastIntentId, 1);
  t.equal(loader.stats().insertCount, 6, 'one a table and partition');
});

t.test('refused events are running totals: the highest stays', async (t) => {
  const { consumer, options, epoch } = bench();
  for (const eventCount of [3, 8])
    consumer.append(
      sampleBatch({
        epoch,
        seqFirst: 0,
        texts: [],
        dispositions: [{ kind: 'refused', cause: 'spool_full', seqRanges: [], eventCount }],
      }),
    );
  consumer.append(
    sampleBatch({
      epoch,
      seqFirst: 2,
      texts: ['after the hole'],
      dispositions: [
        { kind: 'lost', cause: 'spool_corruption', seqRanges: [[0, 1]], eventCount: 2 },
      ],
    }),
  );
  await runUntilSettled(new Loader(options), consumer);
  const rows = await fixture.store.query(
    'SELECT kind, cause, event_count, seq_ranges FROM dev.dispositions FINAL ' +
      'WHERE epoch = {epoch:UInt64} ORDER BY kind',
    { epoch: String(epoch) },
  );
  t.same(rows, [
    {
      kind: 'lost',
      cause: 'spool_corruption',
      event_count: '2',
      seq_ranges: [{ first: '0', last: '1' }],
    },
    { kind: 'refused', cause: 'spool_full', event_count: '8', seq_ranges: [] },
  ]);
});

t.test('sabotage loses a batch, and the ledger shows it', async (t) => {
  const { consumer, options, epoch } = bench({ sabotage: 'drop_batch' });
  for (const batch of batches(epoch, 3)) consumer.append(batch);
  await runUntilSettled(new Loader(options), consumer);
  const gaps = await fixture.store.query(
    'SELECT seq_first, seq_last FROM dev.ledger_gaps WHERE epoch = {epoch:UInt64}',
    { epoch: String(epoch) },
  );
  t.same(gaps, [{ seq_first: '0', seq_last: '9' }]);
});
