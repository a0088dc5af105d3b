// Scenario: the checkpoints that a store has are compared with the tree of a spool: the same, of a
// tree that was forked, of one that is larger, of another number; sinks in files are exported.
// Guarantees: each disagreement is named for what it is, and a bundle of ledgers in files closes,
// what came before a sink and what it lost included.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSequencer } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import type { AnchorRow } from '@weir/sinks/clickhouse';
import {
  openSinkLedger,
  openSpool,
  Peaks,
  type Spool,
  sha256,
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
