// Scenario: the checkpoints that a store has are compared with the tree of a spool: the same, of a
// tree that was forked, of one that is larger, of another number; sinks in files are exported.
// Guarantees: each disagreement is named for what it is, and a bundle of ledgers in files closes,
// what came before a sink and what it lost included. An export that is known to say less than what
// was delivered says so.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSequencer, type SequencedBatch } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import type { AnchorRow } from '@weir/sinks/clickhouse';
import {
  openReceiptLog,
  openSigner,
  openSinkLedger,
  openSpool,
  Peaks,
  type Spool,
  sha256,
  signNote,
  type TreeLeaf,
  type TreeReading,
  toBase64,
} from '@weir/spool';
import { linesOf, verifyBundle } from '@weir/verifier';
import t from 'tap';
import { compareAnchors } from './evidence.js';
import { exportBundle } from './export.js';
import type { KnownSink } from './sink-record.js';

const files = nodeFiles();
const TREE = 2;

function treeOf(count: number): TreeReading {
  const leaves = Array.from(
    { length: count },
    (_, i): TreeLeaf => ({ segmentId: 1, frameNo: i, hash: sha256(`leaf ${i}`) }),
  );
  return {
    treeNumber: TREE,
    history: [],
    begin: Peaks.empty(),
    leaves,
    checkpoints: [],
    newestFileNo: 1,
    problem: null,
  };
}

function anchor(size: number, more: Partial<AnchorRow> = {}): AnchorRow {
  const peaks = Peaks.empty();
  for (const { hash } of treeOf(size).leaves) peaks.append(hash);
  return { treeNumber: TREE, size, root: toBase64(peaks.root()), note: '', ...more };
}

t.test('checkpoints of the store and the tree of the spool', (t) => {
  const compare = (tree: TreeReading | null, anchors: readonly AnchorRow[]) => {
    const found = { problems: [] as string[], notes: [] as string[] };
    return { anchored: compareAnchors(tree, anchors, found), ...found };
  };
  const other = anchor(7, { root: anchor(6).root });
  t.same(compare(treeOf(9), [anchor(3), anchor(7), anchor(9)]), {
    anchored: 9,
    problems: [],
    notes: [],
  });
  t.match(compare(treeOf(9), [anchor(3), other]), {
    anchored: 3,
    problems: [/equivocation: the store has another root of size 7/],
  });
  t.match(compare(treeOf(9), [anchor(7), other]).problems, [
    /several roots of tree and size 2\/7/,
    /another root of size 7/,
  ]);
  t.match(compare(treeOf(6), [anchor(3), anchor(9)]), {
    anchored: 3,
    problems: [/checkpoint of 9 frames, the spool's tree has 6: the spool was rolled back or cut/],
  });
  t.match(compare(treeOf(6), [anchor(8, { treeNumber: 3 })]).problems, [/is at tree 2: it was/]);
  t.match(compare(null, [anchor(8)]).problems, [/has no tree: it was rolled back or cut/]);
  t.match(compare(treeOf(6), [anchor(8, { treeNumber: 1 })]), {
    problems: [],
    notes: [/tree 1 was given up/],
  });
  t.end();
});

const openAt = (directory: string): Promise<Spool> =>
  openSpool({
    ...{ files, clock: nodeClock, timers: nodeTimers, random: nodeRandom },
    directory: join(directory, 'spool'),
    consumers: ['out'],
    commitIntervalMs: 0,
    evidence: { keysDirectory: join(directory, 'keys') },
  });

async function fill(spool: Spool): Promise<void> {
  const sequencer = createSequencer({ epoch: spool.epoch });
  for (let i = 0; i < 6; i++)
    await spool.append(
      sequencer.assign({
        ...{ tenant: 'default', stream: `${spool.nodeId}/test/0`, retentionClass: 'default' },
        ...{ format: 'syslog', receivedAtNs: 1_767_225_600_000_000_000n, eventCount: 100 },
        bytes: new Uint8Array(100),
        offsets: Uint32Array.from({ length: 101 }, (_, k) => k),
        marks: new Uint32Array(0),
        runs: [{ eventCount: 100, source: '192.0.2.1', sourceSeqFirst: i * 100, context: '' }],
        ...{ requestParts: [], dispositions: [] },
      }),
    );
}

t.test('a sink in files', async (t) => {
  const directory = t.testdir({ spool: {}, ledger: {} });
  mkdirSync(join(directory, 'keys'));
  const spool = await openAt(directory);
  await fill(spool);
  const id = { tenant: 'default', stream: `${spool.nodeId}/test/0`, epoch: spool.epoch };
  const ledger = await openSinkLedger({
    ...{ files, random: nodeRandom, directory: join(directory, 'ledger/out') },
  });
  await ledger.record({
    outcomes: [
      { ...id, kind: 'before', cause: '', seqs: [0, 49] },
      { ...id, kind: 'stored', cause: '', seqs: [50, 299] },
      { ...id, kind: 'filtered', cause: 'filter:noise', seqs: [300, 309] },
      { ...id, kind: 'lost', cause: 'sink_overrun', seqs: [310, 319] },
      { ...id, kind: 'stored', cause: '', seqs: [320, 399] },
    ],
  });
  await ledger.close();
  await spool.close();
  const sink = (isRequired: boolean): KnownSink => ({
    ...{ id: 'out', type: 'file', isRequired, isConfigured: true },
  });
  const file = join(directory, 'bundle.ndjson');
  const summary = await exportBundle({
    ...{ files, random: nodeRandom, timers: nodeTimers, directory, sinks: [sink(true)] },
    ...{ store: null, isRunning: false, file },
  });
  t.match(summary, { leftOutReceiptCount: 0, anchorCount: 0 });
  const keys = ['node', 'loader'].map((role) =>
    readFileSync(join(directory, 'keys', `${role}.pub`), 'utf8').trim(),
  );
  const check = (bytes: Buffer) => verifyBundle(linesOf(bytes), { keys });
  const report = await check(readFileSync(file));
  t.same(report.problems, []);
  t.match(report, {
    closes: true,
    unanchored: summary.size,
    sinks: [
      {
        id: 'out',
        signed: false,
        streams: [
          {
            ...{ issued: 550, stored: 330, quarantined: 0, filtered: 10, before: 50 },
            ...{ lost: { sink_overrun: 10 }, inFlight: 200, missing: [] },
          },
        ],
      },
    ],
  });
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, lines.filter((line) => !line.includes('"type":"sink"')).join('\n'));
  t.equal((await check(readFileSync(file))).holds, false, 'a sink that was left out');
});

/** Delivers four of the six batches, with a receipt for each. */
async function deliver(directory: string, spool: Spool): Promise<void> {
  const key = await openSigner({
    ...{ files, random: nodeRandom, directory: join(directory, 'keys') },
    ...{ role: 'loader' as const, nodeId: spool.nodeId },
  });
  if (!('signer' in key)) throw new Error(key.message);
  const { signer } = key;
  const log = await openReceiptLog({
    ...{ files, random: nodeRandom, directory: join(directory, 'receipts/out'), sink: 'out' },
    signer: { name: signer.verifierKey.name, sign: (text) => signNote(text, signer) },
  });
  const consumer = spool.consumer('out');
  for (let intent = 1; intent <= 4; intent++) {
    const read = await consumer.read(new AbortController().signal);
    if (read === null) break;
    const { tenant, stream, epoch, seqFirst, eventCount } = read.batch as SequencedBatch;
    const seqs = [seqFirst, seqFirst + eventCount - 1];
    await log.append(intent, [{ tenant, stream, epoch, kind: 'stored', seqs }]);
    await consumer.settle(read.position);
  }
  await log.close();
}

t.test('an export that is known to say less', async (t) => {
  const directory = t.testdir({ spool: {}, ledger: {}, receipts: {} });
  mkdirSync(join(directory, 'keys'));
  const spool = await openAt(directory);
  await fill(spool);
  await deliver(directory, spool);
  await spool.close();
  const exportAs = async (type: string): Promise<readonly string[]> => {
    const sinks = [{ id: 'out', type, isRequired: true, isConfigured: true }];
    const file = join(directory, 'bundle.ndjson');
    const options = { files, random: nodeRandom, timers: nodeTimers, directory, sinks, file };
    return (await exportBundle({ ...options, store: null, isRunning: false })).problems;
  };
  t.same(await exportAs('clickhouse'), [], 'all is there');
  const folder = join(directory, 'receipts/out');
  const path = join(folder, readdirSync(folder)[0] ?? '');
  const whole = readFileSync(path);
  const bend = async (bytes: Uint8Array): Promise<readonly string[]> => {
    writeFileSync(path, bytes);
    return exportAs('clickhouse');
  };
  const flipped = (at: number): Uint8Array =>
    whole.map((byte, i) => (i === at ? byte ^ 1 : byte)) as Uint8Array;
  const gap = (count: number): RegExp =>
    new RegExp(`^out: ${count} numbers that wait .* no receipt`);
  t.match(await bend(whole.subarray(0, -9)), [gap(100)], 'the last one cut short');
  t.match(await bend(flipped(whole.length - 9)), [gap(100)], 'a bit of the last one');
  const damaged = /^out: a receipt in receipts-.* does not match its checksum$/;
  t.match(await bend(flipped(Math.floor(whole.length / 2))), [damaged, /^out: [23]00 numbers/]);
  rmSync(path);
  t.match(await exportAs('clickhouse'), [gap(400)], 'the file is gone');
  t.match(await exportAs('file'), [gap(400)], 'a ledger in files that is gone');
});
