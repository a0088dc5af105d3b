// Scenario: a loader delivers batches to a store that only keeps what its ledger was told; the
// power fails before every operation on a file; the disk fails; the key cannot be used.
// Guarantees: what is settled has a receipt, whatever has a receipt is in the ledger, an intent
// without a receipt stays open, and a key holds up nothing: what it missed is made good.

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FramePosition } from '@weir/pipeline';
import { nodeClock, nodeTimers } from '@weir/pipeline/node';
import {
  CRASH_STRATEGIES,
  plantBug,
  plantedLine,
  SimFiles,
  SimRandom,
  testSeed,
} from '@weir/pipeline/testing';
import { parseDocument, RangeSet, ReceiptOutcomes, readReceipts } from '@weir/spool';
import t from 'tap';
import { MemoryConsumer } from '../../delivery/testing/memory-consumer.js';
import { IntentFile, Loader, type LoaderOptions } from '../loader/index.js';
import { type Store, tableNames } from '../store/index.js';
import { sampleBatch, sampleProcessor } from '../testing/sample-batches.js';
import { LoaderReceipts, type LoaderReceiptsOptions, type ReceiptKey } from './index.js';

const DIRECTORY = '/data/receipts/clickhouse';
const NAME = 'weir/loader/0123456789ab';
const STREAM = '0123456789ab/syslog/0';
const ID = { tenant: 'default', stream: STREAM, epoch: 1n };
const BATCH_EVENTS = 10;
const seed = testSeed(20_261_123);
const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');
const goodKey: ReceiptKey = {
  name: NAME,
  sign: (text) => `${text}\n\u2014 ${NAME} ${hashOf(text)}\n`,
};

/** Takes everything, and knows which numbers the ledger was told. */
class StubStore implements Store {
  readonly url = 'stub:';
  readonly ledger = new RangeSet();

  async query<Row>(sql: string): Promise<Row[]> {
    const { last } = this.ledger;
    const common = { tenant_id: 'default', stream: STREAM, epoch: '1' };
    if (sql.includes('ledger_by_stream'))
      return (last < 0 ? [] : [{ ...common, seq_max: String(last) }]) as Row[];
    if (sql.includes('AS run'))
      return this.ledger.ranges.map(([first, end]) => ({
        ...{ kind: 'stored', seq_first: String(first), seq_last: String(end) },
      })) as Row[];
    return [];
  }
  async stream(): Promise<Readable> {
    return Readable.from([]);
  }
  async command(sql: string): Promise<void> {
    if (!sql.startsWith('INSERT INTO `dev`.`ledger`')) return;
    for (const [, pairs = ''] of sql.matchAll(/'([0-9,-]+)'\)/g))
      for (const pair of pairs.split(',')) {
        const [first, last] = pair.split('-').map(Number);
        this.ledger.add(first as number, last as number);
      }
  }
  async insertNative(): Promise<void> {}
  async ping(): Promise<boolean> {
    return true;
  }
  async close(): Promise<void> {}
}

interface Rig {
  readonly files: SimFiles;
  readonly store: StubStore;
  readonly consumer: MemoryConsumer;
  readonly receipts: LoaderReceipts;
  readonly loader: Loader;
  readonly log: string[];
}

async function rig(more: Partial<LoaderReceiptsOptions> = {}, given?: Partial<Rig>): Promise<Rig> {
  const files = given?.files ?? new SimFiles();
  for (const directory of ['/data', '/data/receipts', '/data/loader']) {
    await files.makeDir(directory);
    await files.syncDir(directory);
  }
  await files.syncDir('/');
  const store = given?.store ?? new StubStore();
  const consumer = given?.consumer ?? new MemoryConsumer();
  const log: string[] = [];
  const receipts = new LoaderReceipts({
    ...{ files, random: new SimRandom(seed), clock: nodeClock, directory: DIRECTORY, store },
    ...{ sink: 'clickhouse', openKey: async () => goodKey, tables: tableNames() },
    scope: () => ({ ownPrefix: '0123456789ab/', foreign: [] }),
    log: (line) => log.push(line),
    ...more,
  });
  const options: LoaderOptions = {
    ...{ consumer, processor: sampleProcessor(), store, fence: async () => undefined },
    ...{ clock: nodeClock, timers: nodeTimers, profile: 'full' },
    intents: new IntentFile(files, '/data/loader'),
    limits: { lingerMs: 1, lingerMsMax: 1, rowsMax: 15, retryDelayMsMax: 100, replayReadMs: 50 },
    log: (line) => log.push(line),
    receipts,
  };
  return { files, store, consumer, receipts, loader: new Loader(options), log };
}

function fill(consumer: MemoryConsumer, from: number, count: number): void {
  for (let i = from; i < from + count; i++) {
    const texts = Array.from({ length: BATCH_EVENTS }, (_, k) => `event ${i}/${k}`);
    consumer.append(sampleBatch({ stream: STREAM, seqFirst: i * BATCH_EVENTS, texts }));
  }
}

async function runUntil(loader: Loader, isDone: () => boolean): Promise<void> {
  const stop = new AbortController();
  const running = loader.run(stop.signal);
  while (!isDone()) await nodeTimers.sleep(2);
  stop.abort();
  await running;
}

async function signedNumbers(files: SimFiles): Promise<RangeSet> {
  const { receipts } = await readReceipts(files, DIRECTORY);
  const all = new ReceiptOutcomes();
  for (const { document } of receipts) all.addDocument(parseDocument(document));
  const [stream] = all.streams();
  return new RangeSet([...(stream?.stored ?? []), ...(stream?.settled ?? [])]);
}

/** Numbers settled: MemoryConsumer has ten frames a segment. */
const settledCount = (frontier: FramePosition | null): number =>
  frontier === null ? 0 : (frontier.segmentId * 10 + frontier.frameNo + 1) * BATCH_EVENTS;

interface Moment {
  readonly files: SimFiles;
  readonly settled: number;
  readonly inLedger: RangeSet;
  readonly operation: string;
}

async function recordMoments(batchCount: number): Promise<Moment[]> {
  const { files, store, consumer, loader } = await rig();
  const moments: Moment[] = [];
  files.onOperation = ({ kind, path, isMutation }) => {
    if (!isMutation) return null;
    const inLedger = new RangeSet(store.ledger.ranges);
    const settled = settledCount(consumer.frontier);
    moments.push({ files: files.snapshot(), settled, inLedger, operation: `${kind} ${path}` });
    return null;
  };
  fill(consumer, 0, batchCount);
  await runUntil(loader, () => consumer.pendingFrameCount === 0);
  return moments;
}

async function firstProblem(moments: readonly Moment[]): Promise<{ text: string; count: number }> {
  const random = new SimRandom(seed);
  let count = 0;
  for (const { files, settled, inLedger, operation } of moments)
    for (const strategy of CRASH_STRATEGIES) {
      const signed = await signedNumbers(files.crash(strategy, random));
      count++;
      const where = `${strategy} before ${operation}, WEIR_SEED=${seed}`;
      if (settled > 0 && !signed.has(0, settled - 1))
        return { text: `${settled} are settled, not all have a receipt (${where})`, count };
      for (const [first, last] of signed.ranges)
        if (!inLedger.has(first, last))
          return { text: `${first}-${last} have a receipt and no ledger row (${where})`, count };
    }
  return { text: '', count };
}

t.test('the power fails before any operation', async (t) => {
  const moments = await recordMoments(process.env.WEIR_LONG === '1' ? 200 : 20);
  const { text, count } = await firstProblem(moments);
  t.equal(text, '');
  t.ok(count > 200, `${count} states`);
});

t.test('a receipt that is signed before the ledger has its numbers is found', async (t) => {
  process.env.WEIR_PLANTED_BUGS = 'allowed';
  const bug = 'receipt_before_ledger';
  const startMs = nodeClock.monotonicMs();
  plantBug(bug);
  try {
    const { text, count } = await firstProblem(await recordMoments(20));
    t.match(text, /have a receipt and no ledger row/);
    const seconds = (nodeClock.monotonicMs() - startMs) / 1000;
    t.comment(
      plantedLine({ bug, lane: 'receipts on simulated files', count, unit: 'states', seconds }),
    );
  } finally {
    plantBug(null);
  }
});

t.test('a disk that fails keeps the intent open, and nothing is settled meanwhile', async (t) => {
  const { files, consumer, loader, receipts, log } = await rig();
  let isFailing = true;
  files.onOperation = ({ kind, path }) =>
    isFailing && kind !== 'read' && path.startsWith(DIRECTORY) ? { code: 'EIO' } : null;
  fill(consumer, 0, 5);
  const running = runUntil(loader, () => consumer.pendingFrameCount === 0);
  while (receipts.stats().failureCount < 2) await nodeTimers.sleep(2);
  t.equal(consumer.pendingFrameCount, 5);
  isFailing = false;
  await running;
  t.ok((await signedNumbers(files)).has(0, 5 * BATCH_EVENTS - 1));
  t.match(log.join('\n'), /EIO/);
});

t.test('a key that cannot be used holds up nothing, and is made good', async (t) => {
  const first = await rig({ openKey: async () => ({ problem: 'loader.key holds no key' }) });
  fill(first.consumer, 0, 6);
  await runUntil(first.loader, () => first.consumer.pendingFrameCount === 0);
  t.equal((await readReceipts(first.files, DIRECTORY)).receipts.length, 0);
  t.ok(first.receipts.stats().failureCount > 0);
  t.equal(first.log.filter((line) => /no receipts are signed/.test(line)).length, 1, 'said once');
  const again = await rig({}, first);
  fill(again.consumer, 6, 2);
  await runUntil(again.loader, () => again.consumer.pendingFrameCount === 0);
  t.ok((await signedNumbers(again.files)).has(0, 8 * BATCH_EVENTS - 1));
  t.match(again.log.join('\n'), /receipts for 60 numbers were made from the ledger/);
});

t.test('frames are gone of an intent that was closed without a key', async (t) => {
  // As after a power cut that takes the frontier back: what was deleted behind it stays deleted.
  for (const lost of [[1], [0, 1]]) {
    const first = await rig({ openKey: async () => ({ problem: 'loader.key holds no key' }) });
    fill(first.consumer, 0, 2);
    first.consumer.failSettle = true;
    await runUntil(first.loader, () => first.log.some((line) => /settling failed/.test(line)));
    t.ok(first.store.ledger.has(0, 2 * BATCH_EVENTS - 1));
    for (const frameNo of lost) first.consumer.lose({ segmentId: 0, frameNo });
    const again = await rig({}, first);
    fill(again.consumer, 2, 1);
    await runUntil(again.loader, () => again.consumer.pendingFrameCount === 0);
    t.ok((await signedNumbers(again.files)).has(0, 3 * BATCH_EVENTS - 1), `${lost}`);
  }
});

t.test('a key that fails while it runs', async (t) => {
  let isFailing = false;
  const sign = (text: string): string => {
    if (isFailing) throw new Error('gone');
    return `${text}\n\u2014 ${NAME} x\n`;
  };
  const { consumer, loader, receipts } = await rig({ openKey: async () => ({ name: NAME, sign }) });
  fill(consumer, 0, 2);
  const running = runUntil(loader, () => settledCount(consumer.frontier) === 6 * BATCH_EVENTS);
  while (consumer.pendingFrameCount > 0) await nodeTimers.sleep(2);
  isFailing = true;
  fill(consumer, 2, 4);
  await running;
  t.match(receipts.stats().keyProblem, /gone/);
});

t.test('what was issued before the sink was there', async (t) => {
  const before = [{ ...ID, kind: 'before' as const, seqs: [0, 19] }];
  const { files, consumer, loader } = await rig({ before });
  fill(consumer, 2, 2);
  await runUntil(loader, () => consumer.pendingFrameCount === 0);
  const { receipts } = await readReceipts(files, DIRECTORY);
  const named = receipts.flatMap(({ document }) => parseDocument(document).streams);
  t.same(
    named.flatMap((stream) => stream.before ?? []),
    [[0, 19]],
    'once',
  );
});
