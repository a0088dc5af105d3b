// Scenario: a loader starts behind an open intent while frames have rotted, the consumer's file was
// lost, the intent is of another version, or the engine hangs. Guarantees: every row that landed is
// in the ledger as stored, no row is sent twice, nothing waits for ever.

import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SequencedBatch } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import t from 'tap';
import { MemoryConsumer } from '../../delivery/testing/memory-consumer.js';
import { createStore, type Store, tableNames } from '../store/index.js';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { sampleBatch, sampleProcessor } from '../testing/sample-batches.js';
import { embeddedFence } from './fence.js';
import { encodeIntent, IntentFile } from './intent.js';
import { Loader } from './loader.js';
import type { LoaderOptions } from './options.js';

let fixture: StoreFixture;
let epochCount = 100n;
t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

function bench(overrides: Partial<LoaderOptions> = {}) {
  const consumer = new MemoryConsumer();
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
    limits: { lingerMs: 20, replayReadMs: 50 },
    log: () => undefined,
    ...overrides,
  };
  return { consumer, options, epoch: ++epochCount };
}

const intentPath = ({ intents }: LoaderOptions): string => (intents as IntentFile).path;

const batchesOf = (epoch: bigint, count: number, rowCount = 10): SequencedBatch[] =>
  Array.from({ length: count }, (_, b) =>
    sampleBatch({
      epoch,
      seqFirst: b * rowCount,
      texts: Array.from({ length: rowCount }, (_, i) => (i === 3 ? `bad ${i}` : `event ${i}`)),
    }),
  );

/** Leaves an intent open whose rows are all in the tables, as a process does that dies then. */
async function dieBeforeSettling(options: LoaderOptions): Promise<void> {
  const consumer = options.consumer as MemoryConsumer;
  consumer.failSettle = true;
  const stop = new AbortController();
  const log = (line: string): void => {
    if (line.startsWith('loader: settling failed')) stop.abort();
  };
  const limits = { ...options.limits, lingerMs: 500 };
  await new Loader({ ...options, limits, log }).run(stop.signal);
}

async function runUntil(loader: Loader, isDone: () => boolean): Promise<void> {
  const stop = new AbortController();
  const running = loader.run(stop.signal);
  let failure: unknown = null;
  running.catch((error: unknown) => {
    failure = error;
  });
  while (!isDone() && failure === null) await nodeTimers.sleep(20);
  stop.abort();
  await running;
}

async function rowsOf(epoch: bigint) {
  const [row] = await fixture.store.query<{ total: string; distinct: string }>(
    'SELECT count() AS total, uniqExact(seq) AS distinct FROM (' +
      'SELECT seq FROM dev.events WHERE epoch = {epoch:UInt64} UNION ALL ' +
      'SELECT seq FROM dev.quarantine WHERE epoch = {epoch:UInt64})',
    { epoch: String(epoch) },
  );
  return row;
}

async function ledgerOf(epoch: bigint) {
  const [row] = await fixture.store.query(
    'SELECT stored, quarantined, lost, missing FROM dev.ledger_by_stream ' +
      'WHERE epoch = {epoch:UInt64}',
    { epoch: String(epoch) },
  );
  return row;
}

t.test('the last frames of an open intent are gone: what landed is stored', async (t) => {
  for (const isMoreComing of [false, true]) {
    const { consumer, options, epoch } = bench();
    const positions = batchesOf(epoch, 3).map((batch) => consumer.append(batch));
    await dieBeforeSettling(options);
    await fixture.store.command(`ALTER TABLE dev.ledger DELETE WHERE epoch = ${epoch}`, undefined, {
      mutations_sync: 1,
    });
    consumer.lose(positions[2] as (typeof positions)[0]);
    // As the spool declares it: the numbers of the frame, in the next one.
    const more = isMoreComing
      ? consumer.append(
          sampleBatch({
            epoch,
            seqFirst: 30,
            texts: ['more'],
            dispositions: [
              { kind: 'lost', cause: 'spool_corruption', seqRanges: [[20, 29]], eventCount: 10 },
            ],
          }),
        )
      : positions[1];
    const loader = new Loader(options);
    await runUntil(loader, () => consumer.frontier?.frameNo === more?.frameNo);
    t.same(await rowsOf(epoch), {
      total: isMoreComing ? '31' : '30',
      distinct: isMoreComing ? '31' : '30',
    });
    t.same(await ledgerOf(epoch), {
      stored: isMoreComing ? '28' : '27',
      quarantined: '3',
      lost: '0',
      missing: '0',
    });
  }
});

t.test('all frames of an open intent are gone: the ledger still gets its rows', async (t) => {
  const { consumer, options, epoch } = bench();
  const positions = batchesOf(epoch, 2).map((batch) => consumer.append(batch));
  await dieBeforeSettling(options);
  await fixture.store.command(`ALTER TABLE dev.ledger DELETE WHERE epoch = ${epoch}`, undefined, {
    mutations_sync: 1,
  });
  for (const position of positions) consumer.lose(position);
  consumer.append(sampleBatch({ epoch, seqFirst: 20, texts: ['more'] }));
  await runUntil(new Loader(options), () => consumer.pendingFrameCount === 0);
  t.same(await ledgerOf(epoch), { stored: '19', quarantined: '2', lost: '0', missing: '0' });
  t.same(await rowsOf(epoch), { total: '21', distinct: '21' });
});

t.test('the frontier is lost: everything is read again, nothing is sent again', async (t) => {
  for (const loss of ['open', 'closed', 'no intent'] as const) {
    const { consumer, options, epoch } = bench({
      limits: { lingerMs: 20, rowsMax: 250, replayReadMs: 50 },
    });
    const list = batchesOf(epoch, 30, 50);
    for (const batch of list.slice(0, 25)) consumer.append(batch);
    await runUntil(new Loader(options), () => consumer.pendingFrameCount === 0);
    for (const batch of list.slice(25)) consumer.append(batch);
    if (loss === 'open') await dieBeforeSettling(options);
    if (loss === 'no intent') await rm(intentPath(options));
    consumer.frontier = null;
    // It is stopped in the middle: the next process must know that it has to check.
    const halfway = (): boolean => consumer.pendingFrameCount <= 20;
    await runUntil(new Loader(options), halfway);
    consumer.frontier = null;
    const loader = new Loader(options);
    await runUntil(loader, () => consumer.pendingFrameCount === 0);
    t.same(await rowsOf(epoch), { total: '1500', distinct: '1500' }, loss);
    t.same(
      await ledgerOf(epoch),
      { stored: '1470', quarantined: '30', lost: '0', missing: '0' },
      loss,
    );
  }
});

t.test('an intent of another version is refused and left as it is', async (t) => {
  const { consumer, options, epoch } = bench();
  consumer.append(sampleBatch({ epoch, seqFirst: 0, texts: ['a'] }));
  const text = encodeIntent({
    version: 2 as 1,
    id: 7,
    attempt: 1,
    from: { segmentId: 0, frameNo: 0 },
    to: { segmentId: 0, frameNo: 0 },
    ranges: [],
    ingestUsFirst: 0,
    ingestUsLast: 0,
  });
  await writeFile(intentPath(options), text);
  await t.rejects(new Loader(options).run(new AbortController().signal), {
    code: 'WEIR_SPOOL_VERSION',
  });
  t.equal(await readFile(intentPath(options), 'utf8'), text);
});

t.test('query ids: the prefix of this loader alone, never the same twice', async (t) => {
  const ids: string[] = [];
  const store: Store = {
    ...fixture.store,
    url: fixture.store.url,
    query: (sql, params) => fixture.store.query(sql, params),
    stream: (sql, params) => fixture.store.stream(sql, params),
    ping: () => fixture.store.ping(),
    close: async () => undefined,
    command: (sql, params, settings, queryId) => {
      ids.push(queryId ?? '');
      return fixture.store.command(sql, params, settings, queryId);
    },
    insertNative: (sql, blocks, insertOptions) => {
      ids.push(insertOptions.queryId);
      return fixture.store.insertNative(sql, blocks, insertOptions);
    },
  };
  let prefix = '';
  for (let start = 0; start < 2; start++) {
    const { consumer, options, epoch } = bench({ store, random: nodeRandom, loaderName: 'n-1' });
    const [batch] = batchesOf(epoch, 1) as [SequencedBatch];
    consumer.append({
      ...batch,
      dispositions: [
        { kind: 'lost', cause: 'spool_corruption', seqRanges: [[10, 10]], eventCount: 1 },
      ],
    });
    consumer.failSettle = true;
    const fence: LoaderOptions['fence'] = async (given) => {
      prefix = given;
    };
    await runUntil(new Loader({ ...options, fence }), () => consumer.pendingFrameCount === 0);
    await writeFile(intentPath(options), 'damaged');
    consumer.frontier = null;
    await runUntil(new Loader({ ...options, fence }), () => consumer.pendingFrameCount === 0);
  }
  t.equal(prefix, 'weir-n_1-');
  t.ok(ids.length > 8);
  t.same(
    ids.filter((id) => !id.startsWith(prefix)),
    [],
  );
  t.equal(new Set(ids).size, ids.length);
});

t.test('an engine that hangs in a read-back is fenced, and holds up no stop', async (t) => {
  const { consumer, options, epoch } = bench();
  for (const batch of batchesOf(epoch, 3)) consumer.append(batch);
  await dieBeforeSettling(options);
  const store = createStore({ url: fixture.supervised.url, requestTimeoutMs: 300 });
  t.teardown(() => store.close());
  let stoppedPid = 0;
  let fenceCount = 0;
  const hangs = {
    ...options,
    store,
    fence: async () => {
      fenceCount++;
      if (stoppedPid !== 0) return fixture.supervised.fence();
      stoppedPid = fixture.supervised.pid;
      process.kill(stoppedPid, 'SIGSTOP');
    },
  };
  await runUntil(new Loader(hangs), () => consumer.pendingFrameCount === 0);
  t.ok(fenceCount >= 2);
  t.not(fixture.supervised.pid, stoppedPid);
  t.same(await rowsOf(epoch), { total: '30', distinct: '30' });

  consumer.append(sampleBatch({ epoch, seqFirst: 30, texts: ['more'] }));
  let reached: () => void = () => undefined;
  const sending = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const stuck: Store = {
    ...store,
    url: store.url,
    query: (sql, params) => store.query(sql, params),
    stream: (sql, params) => store.stream(sql, params),
    command: (sql, params) => store.command(sql, params),
    ping: () => store.ping(),
    close: async () => undefined,
    insertNative: () => {
      reached();
      return new Promise(() => undefined);
    },
  };
  const stop = new AbortController();
  const limits = { lingerMs: 1, stopWaitMs: 20 };
  const running = new Loader({ ...options, store: stuck, limits }).run(stop.signal);
  await sending;
  stop.abort();
  await running;
  t.equal(consumer.pendingFrameCount, 1, 'not settled');
});

t.test('the quarantine refuses a row: what events has taken is not sent again', async (t) => {
  const { consumer, options, epoch } = bench();
  for (const batch of batchesOf(epoch, 2)) consumer.append(batch);
  const store: Store = {
    ...fixture.store,
    url: fixture.store.url,
    query: (sql, params) => fixture.store.query(sql, params),
    stream: (sql, params) => fixture.store.stream(sql, params),
    command: (sql, params, settings, id) => fixture.store.command(sql, params, settings, id),
    ping: () => fixture.store.ping(),
    close: async () => undefined,
    async insertNative(sql, blocks, insertOptions) {
      // Refuses the row unless it comes under the reason that put-aside gives.
      const isRefused =
        sql.includes(tableNames().quarantine) &&
        blocks.some((block) => !Buffer.from(block).includes('schema_invalid'));
      if (isRefused) await fixture.store.command("SELECT throwIf(1, 'refused for the test')");
      await fixture.store.insertNative(sql, blocks, insertOptions);
    },
  };
  await runUntil(new Loader({ ...options, store }), () => consumer.pendingFrameCount === 0);
  t.same(await rowsOf(epoch), { total: '20', distinct: '20' });
  t.same(await ledgerOf(epoch), { stored: '18', quarantined: '2', lost: '0', missing: '0' });
});

t.test('two retention classes in turn share an intent: one INSERT each', async (t) => {
  const { consumer, options, epoch } = bench();
  for (const batch of batchesOf(epoch, 40))
    consumer.append({ ...batch, retentionClass: batch.seqFirst % 20 === 0 ? 'short' : 'long' });
  const loader = new Loader(options);
  await runUntil(loader, () => consumer.pendingFrameCount === 0);
  t.same(await rowsOf(epoch), { total: '400', distinct: '400' });
  t.equal(loader.stats().insertCount, 4 * loader.stats().lastIntentId);
});
