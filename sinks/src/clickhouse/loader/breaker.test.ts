// Scenario: a store that refuses, is away, hangs and comes back, as a fake, as the real engine that
// is stopped by a signal, and as an embedded engine that may be ended for it.
// Guarantees: the circuit opens after failures in a row, or after one silence; while it is open one
// ping a try is all that is sent, and nothing is read; a ping half-opens it, a delivery closes it,
// a failure opens it again; each change is one line; every event is stored once.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeTimers } from '@weir/pipeline/node';
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import { MemoryConsumer } from '../../delivery/testing/memory-consumer.js';
import { createStore, type Store } from '../store/index.js';
import { type StoreFixture, storeFixture } from '../testing/fixture.js';
import { sampleBatch, sampleProcessor } from '../testing/sample-batches.js';
import { Breaker } from './breaker.js';
import { embeddedFence, serverFence } from './fence.js';
import { IntentFile } from './intent.js';
import { Loader } from './loader.js';
import type { LoaderOptions } from './options.js';

const away = new WeirError('WEIR_STORE_UNREACHABLE', 'away');
const refused = (code: number, transient: boolean): WeirError =>
  new WeirError('WEIR_STORE_REJECTED', 'refused', { code, transient });

t.test('the states', async (t) => {
  const clock = new SimClock();
  const log: string[] = [];
  const breaker = new Breaker({
    ...{ clock, failuresMax: 3 },
    log: (line) => log.push(line.split(':')[0] ?? ''),
  });
  t.same(breaker.stats(), { state: 'closed', openCount: 0, openMs: 0 });
  breaker.failed(away);
  breaker.failed(refused(252, true));
  breaker.succeeded();
  for (let i = 0; i < 9; i++) breaker.failed(refused(70, false));
  for (let i = 0; i < 9; i++) breaker.failed(new WeirError('WEIR_SPOOL_IO', 'a file'));
  breaker.failed(away);
  breaker.failed(refused(60, false));
  t.equal(breaker.state, 'closed', 'neither data nor files count, and a success begins anew');
  breaker.probed();
  t.equal(breaker.state, 'closed');
  breaker.failed(away);
  t.equal(breaker.state, 'open');
  await clock.advance(5_000);
  breaker.failed(away);
  t.match(breaker.stats(), { state: 'open', openCount: 1, openMs: 5_000 });
  breaker.probed();
  breaker.probed();
  t.equal(breaker.state, 'half_open');
  breaker.failed(away);
  t.match(breaker.stats(), { state: 'open', openCount: 2, openMs: 5_000 });
  breaker.probed();
  breaker.succeeded();
  breaker.succeeded();
  t.same(breaker.stats(), { state: 'closed', openCount: 2, openMs: 0 });
  breaker.silent();
  breaker.silent();
  t.equal(breaker.state, 'open', 'one silence is enough');
  t.same(log, [
    'the circuit to ClickHouse is open after 3 failures in a row (away)',
    'ClickHouse answers a ping',
    'the circuit to ClickHouse is open after 5 failures in a row (away)',
    'ClickHouse answers a ping',
    'the circuit to ClickHouse is closed again after 5000 ms',
    'the circuit to ClickHouse is open since it answers neither a statement nor a ping',
  ]);
});

let fixture: StoreFixture;
let epochCount = 0n;
t.before(async () => {
  fixture = await storeFixture();
});
t.teardown(() => fixture.end());

/** Counts what a loader reads. */
class CountingConsumer extends MemoryConsumer {
  readCount = 0;
  override read(signal: AbortSignal): ReturnType<MemoryConsumer['read']> {
    this.readCount++;
    return super.read(signal);
  }
}

function bench(overrides: Partial<LoaderOptions>) {
  const epoch = ++epochCount;
  const consumer = new CountingConsumer();
  for (let i = 0; i < 10; i++)
    consumer.append(sampleBatch({ epoch, seqFirst: i * 10, texts: Array(10).fill('event') }));
  const log: string[] = [];
  const loader = new Loader({
    ...{ consumer, processor: sampleProcessor(), store: fixture.store, profile: 'full' },
    ...{ clock: nodeClock, timers: nodeTimers },
    fence: embeddedFence(fixture.supervised),
    intents: new IntentFile(nodeFiles(), mkdtempSync(join(fixture.directory, 'intent-'))),
    log: (line) => log.push(line),
    ...overrides,
    limits: { lingerMs: 5, retryDelayMsMax: 100, ...overrides.limits },
  });
  const stop = new AbortController();
  const running = loader.run(stop.signal);
  return {
    ...{ epoch, consumer, loader, log },
    changes: () =>
      log.filter((line) => /circuit|ping: one/.test(line)).map((line) => line.slice(0, 34)),
    async until(isSo: () => boolean): Promise<void> {
      while (!isSo()) await nodeTimers.sleep(5);
    },
    async end(): Promise<void> {
      stop.abort();
      await running;
    },
  };
}

async function stored(epoch: bigint): Promise<unknown> {
  const [row] = await fixture.store.query(
    'SELECT count() AS total, uniqExact(seq) AS found FROM dev.events WHERE epoch = {epoch:UInt64}',
    { epoch: String(epoch) },
  );
  return row;
}
const ONCE = { total: '100', found: '100' };
const CHANGES = [
  'the circuit to ClickHouse is open ',
  'ClickHouse answers a ping: one del',
  'the circuit to ClickHouse is close',
];

t.test('while it is open one ping a try is sent, and nothing is read', async (t) => {
  let mode: 'away' | 'pings' | 'up' = 'away';
  const sent = { pings: 0, statements: 0 };
  const sending = async <T>(send: () => Promise<T>): Promise<T> => {
    sent.statements++;
    if (mode !== 'up') throw away;
    return send();
  };
  const { store: real } = fixture;
  const store: Store = {
    ...fixture.store,
    url: '',
    query: (sql, params) => sending(() => real.query(sql, params)),
    stream: (sql) => real.stream(sql),
    command: (sql, ...more) => sending(() => real.command(sql, ...more)),
    insertNative: (...given) => sending(() => real.insertNative(...given)),
    ping: async () => {
      sent.pings++;
      return mode !== 'away';
    },
    close: async () => undefined,
  };
  const one = bench({ store, fence: async () => undefined });
  await one.until(() => one.loader.stats().breaker.state === 'open');
  const before = { ...sent, reads: one.consumer.readCount };
  await one.until(() => sent.pings >= before.pings + 4);
  t.equal(sent.statements, before.statements, 'no statement');
  t.equal(one.consumer.readCount, before.reads, 'nothing is read');
  mode = 'pings';
  await one.until(() => one.loader.stats().breaker.openCount >= 2);
  mode = 'up';
  await one.until(() => one.consumer.pendingFrameCount === 0);
  t.match(one.loader.stats(), { breaker: { state: 'closed', openMs: 0 }, state: 'ok' });
  await one.end();
  t.same(await stored(one.epoch), ONCE);
  const { openCount } = one.loader.stats().breaker;
  const lines = one.changes();
  t.equal(lines.length, 2 * openCount + 1, 'one line a change');
  t.same([lines[0], lines.at(-2), lines.at(-1)], CHANGES);
});

t.test('a server that hangs: its statement is waited for, nothing more is read', async (t) => {
  const store = createStore({ url: fixture.supervised.url, requestTimeoutMs: 60_000 });
  t.teardown(() => store.close());
  const { pid } = fixture.supervised;
  const limits = { breakerSilenceMs: 300, probeMs: 300, batchesInFlightMax: 8 };
  const one = bench({ store, fence: serverFence(store), limits });
  await one.until(() => one.consumer.pendingFrameCount === 0);
  process.kill(pid, 'SIGSTOP');
  const texts = Array(10).fill('event');
  const append = (first: number, count: number): void => {
    for (let i = first; i < first + count; i++)
      one.consumer.append(sampleBatch({ epoch: one.epoch, seqFirst: i * 10, texts }));
  };
  append(10, 2);
  await one.until(() => one.loader.stats().breaker.state === 'open');
  const { readCount } = one.consumer;
  append(12, 50);
  await nodeTimers.sleep(1_500);
  t.ok(one.consumer.readCount <= readCount + 1, 'the read that waited already, no other');
  t.equal(one.loader.stats().breaker.openCount, 1);
  process.kill(pid, 'SIGCONT');
  await one.until(() => one.consumer.pendingFrameCount === 0);
  await one.end();
  // On a busy machine it may look silent once more.
  const lines = one.changes();
  t.equal(lines.length, 2 * one.loader.stats().breaker.openCount + 1);
  t.same([lines[0], lines.at(-2), lines.at(-1)], CHANGES);
  t.equal(fixture.supervised.pid, pid, 'the same engine');
  t.equal(one.loader.stats().retryCount, 0, 'and the same statement');
  t.same(await stored(one.epoch), { total: '620', found: '620' });
});

t.test('an embedded engine that hangs is ended', async (t) => {
  const { pid } = fixture.supervised;
  process.kill(pid, 'SIGSTOP');
  const limits = { breakerSilenceMs: 300, probeMs: 300 };
  const one = bench({ limits, revive: () => fixture.supervised.fence() });
  await one.until(() => one.consumer.pendingFrameCount === 0);
  await one.end();
  t.not(fixture.supervised.pid, pid);
  t.same(await stored(one.epoch), ONCE);
});
