// Scenario: a spool whose tree has many frames that nobody has taken yet is opened, read and
// closed. Guarantees: opening waits for no file of the tree, and events go on while it is read; a
// start holds neither the files nor their leaves, however many there are; a reading of the whole
// tree holds 48 bytes a leaf; a stop waits for no long tree, and the next start goes on with it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Files } from '@weir/pipeline';
import { SimFiles } from '@weir/pipeline/testing';
import t from 'tap';
import { segmentName } from '../layout.js';
import { textBatch } from '../test-batches.js';
import { drain, newWorld, TEST_DIRECTORY } from '../test-spool.js';
import { encodeCheckpointText, stateHashOf } from './checkpoint-note.js';
import { openSigner } from './keys.js';
import { Peaks, sha256 } from './merkle.js';
import { signNote } from './note.js';
import { readTree } from './read-tree.js';
import { KEYS_DIRECTORY, openWithEvidence, treeProblem } from './test-evidence.js';
import { readTreeChain } from './tree-chain.js';
import { TREE_NAME, treeLogName } from './tree-files.js';
import { TreeWriter } from './tree-writer.js';

const DIRECTORY = `${TEST_DIRECTORY}/${TREE_NAME}`;
const LEAF_COUNT = 100_000;
const NODE_ID = '0123456789ab';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What `made` keeps alive, in bytes. */
async function bytesKept<T>(make: () => Promise<T>): Promise<{ made: T; bytes: number }> {
  const used = async (): Promise<number> => {
    // What was freed is counted as such some turns later.
    for (let i = 0; i < 3; i++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = await used();
  const made = await make();
  return { made, bytes: (await used()) - before };
}

/** A tree of that many leaves, in files of some 500 kB. */
async function writeTree(files: SimFiles): Promise<void> {
  const random = newWorld(1).random;
  await files.makeDir(DIRECTORY);
  const place = { directory: KEYS_DIRECTORY, role: 'node' as const, nodeId: NODE_ID };
  const opened = await openSigner({ files, random, ...place });
  if ('problem' in opened) throw new Error(opened.message);
  const noteFile = async (): Promise<void> => undefined;
  const how = { files, random, directory: DIRECTORY, noteFile, fileBytesMax: 500_000 };
  const writer = new TreeWriter(how);
  const peaks = Peaks.empty();
  const state = '{"epoch":"1","whole":true,"streams":[]}';
  for (let size = 0; size < LEAF_COUNT; size += 1_000) {
    const signed = peaks.copy();
    const leaves = Array.from({ length: 1_000 }, (_, i) => {
      const leaf = { segmentId: 1 + Math.floor(size / 10_000), frameNo: size + i };
      return { ...leaf, hash: sha256(`leaf ${size + i}`) };
    });
    for (const { hash } of leaves) peaks.append(hash);
    const says = { nodeId: NODE_ID, treeNumber: 1, size: peaks.size, root: peaks.root() };
    const text = encodeCheckpointText({ ...says, stateHash: stateHashOf(state) });
    const last = { segmentId: 1, frameNo: size + 999, nextOffset: 0 };
    await writer.write(1, signed, { ...last, note: signNote(text, opened.signer), state, leaves });
  }
  await writer.close();
}

t.test('a start holds no leaves, and the whole tree is held packed', async (t) => {
  const files = new SimFiles();
  await writeTree(files);
  let [largestRead, readBytes] = [0, 0];
  files.onOperation = ({ kind, path, byteCount }) => {
    if (kind !== 'read' || !path.includes('/log-')) return null;
    readBytes += byteCount;
    largestRead = Math.max(largestRead, byteCount);
    return null;
  };
  const start = await bytesKept(() => readTreeChain(files, DIRECTORY, { file: () => null }));
  const { readable, problem, files: chained } = start.made;
  t.equal(problem, null);
  t.equal(chained.at(-1)?.end.size, LEAF_COUNT, 'all of it was hashed');
  t.ok(readable.length > 5, `${readable.length} files`);
  t.equal(readable[0]?.segmentIdMax, 2);
  t.ok(start.bytes < LEAF_COUNT * 10, `${start.bytes} bytes kept for ${LEAF_COUNT} leaves`);
  t.ok(largestRead <= 256 * 1024, `${largestRead} bytes read at once`);
  t.ok(readBytes < LEAF_COUNT * 48 * 1.1, 'and nothing twice');
  files.onOperation = null;

  const whole = await bytesKept(() => readTree(files, TEST_DIRECTORY));
  const tree = whole.made;
  t.ok(whole.bytes < LEAF_COUNT * 80, `${whole.bytes} bytes kept by a whole reading`);
  t.equal(tree?.leaves.length, LEAF_COUNT);
  for (const index of [0, 77_777, 12_345, 99_999]) {
    const leaf = tree?.leaves.at(index);
    t.equal(leaf?.frameNo, index);
    t.same(leaf?.hash, sha256(`leaf ${index}`));
  }
  t.equal(tree?.leaves.at(LEAF_COUNT), undefined);
  let frameNo = 0;
  for (const leaf of tree?.leaves ?? []) if (leaf.frameNo === frameNo) frameNo++;
  t.equal(frameNo, LEAF_COUNT, 'in order');
});

/** Files where something comes before each opening for reading. */
function before(files: SimFiles, wait: (path: string) => Promise<void>): SimFiles {
  const through: Files = {
    open: async (path, mode) => {
      if (mode === 'read') await wait(path);
      return files.open(path, mode);
    },
    readDir: (path) => files.readDir(path),
    makeDir: (path) => files.makeDir(path),
    rename: (from, to) => files.rename(from, to),
    unlink: (path) => files.unlink(path),
    syncDir: (path) => files.syncDir(path),
    sizeBytes: (path) => files.sizeBytes(path),
    freeBytes: (path) => files.freeBytes(path),
  };
  // The files of a world are simulated ones; of these only what is in the port is asked for.
  return through as SimFiles;
}

/** Files whose tree can be opened for reading only when the gate is open. */
function gated(files: SimFiles): { readonly files: SimFiles; readonly open: () => void } {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const wait = async (path: string): Promise<void> => {
    if (path.startsWith(`${DIRECTORY}/`)) await gate;
  };
  return { files: before(files, wait), open };
}

/** Null for a promise that does not settle while others have many turns. */
async function soon<T>(promise: Promise<T>): Promise<T | null> {
  let result: T | null = null;
  void promise.then((value) => {
    result = value;
  });
  for (let i = 0; i < 300 && result === null; i++)
    await new Promise((resolve) => setImmediate(resolve));
  return result;
}

t.test('opening waits for no file of the tree, and events go on', async (t) => {
  const world = newWorld(2);
  const first = await openWithEvidence(world);
  for (let i = 0; i < 20; i++) await first.append(textBatch('n/a/0', first.epoch, i, 1));
  const published = await first.checkpointNow();
  await first.close();
  const gate = gated(world.files);
  const opening = openWithEvidence({ ...world, files: gate.files });
  const spool = await soon(opening);
  t.ok(spool !== null, 'it is open before the tree is read');
  gate.open();
  const opened = await opening;
  t.equal(opened.latestCheckpoint, null, 'nothing is said of a tree that was not read');
  t.type(opened.nodeVerifierKey, 'string', 'the key is there');
  await opened.append(textBatch('n/a/0', opened.epoch, 0, 1));
  t.equal((await drain(opened.consumer('loader'))).length, 21);
  const now = await opened.checkpointNow();
  t.equal(now?.size, 21);
  t.equal(now?.treeNumber, 1);
  await opened.close();
  t.equal(
    await treeProblem(
      world.files,
      [published, now].filter((one) => one !== null),
    ),
    null,
  );
});

t.test('a stop waits for no long tree, and the next start goes on with it', async (t) => {
  const world = newWorld(3);
  for (let i = 0; i < 3; i++) {
    const spool = await openWithEvidence(world);
    await spool.append(textBatch('n/a/0', spool.epoch, 0, 1));
    await spool.close();
    t.equal(spool.latestCheckpoint?.size, i + 1, 'a short one is read at a stop');
  }
  const gate = gated(world.files);
  const short = { closeBytesMax: 1_000 };
  const spool = await openWithEvidence({ ...world, files: gate.files }, short);
  await spool.append(textBatch('n/a/0', spool.epoch, 0, 1));
  const closing = spool.close();
  gate.open();
  await closing;
  t.equal(spool.latestCheckpoint, null, 'it stopped without the tree');
  t.same(spool.evidence?.failures, {}, 'which is no failure');
  const next = await openWithEvidence(world);
  t.equal((await next.checkpointNow())?.size, 4);
  t.equal(next.latestCheckpoint?.treeNumber, 1);
  await next.close();
  t.equal(await treeProblem(world.files), null);
});

t.test('what is settled and not hashed at a stop waits for the next start', async (t) => {
  // Nothing of the tree is read; or all of it, and not all frames.
  for (const [closeBytesMax, signed] of [
    [1_000, false],
    [20_000, true],
  ] as const) {
    const world = newWorld(9);
    for (let i = 0; i < 3; i++) {
      const spool = await openWithEvidence(world);
      await spool.append(textBatch('n/a/0', spool.epoch, 0, 1, 900));
      await spool.close();
    }
    const gate = gated(world.files);
    const spool = await openWithEvidence({ ...world, files: gate.files }, { closeBytesMax });
    for (let i = 0; i < 60; i++) await spool.append(textBatch('n/a/0', spool.epoch, i, 1, 900));
    const last = (await drain(spool.consumer('loader'))).at(-1);
    if (last !== undefined) await spool.consumer('loader').settle(last.position);
    const closing = spool.close();
    t.equal(await soon(closing), null, 'it waits for what is being read');
    gate.open();
    await closing;
    const size = spool.latestCheckpoint?.size ?? 0;
    t.ok(signed ? size > 3 && size < 63 : size === 0, `${size} of 63 are signed`);
    const left: string[] = [];
    const onNewTree = (_: number, why: string): void => {
      left.push(why);
    };
    const next = await openWithEvidence(world, { onNewTree });
    t.match(await next.checkpointNow(), { treeNumber: 1, size: 63 });
    t.same(left, []);
    await next.close();
    t.equal(await treeProblem(world.files), null);
  }
});

t.test('a stop signs what is left, however much was hashed before it', async (t) => {
  const world = newWorld(10);
  const short = { closeBytesMax: 20_000, checkpointIntervalMs: 60_000 };
  const spool = await openWithEvidence(world, short);
  for (let i = 0; i < 60; i++) await spool.append(textBatch('n/a/0', spool.epoch, i, 1, 900));
  t.equal((await spool.checkpointNow())?.size, 60);
  await spool.append(textBatch('n/a/0', spool.epoch, 60, 1, 900));
  await spool.close();
  t.equal(spool.latestCheckpoint?.size, 61);
  t.equal(await treeProblem(world.files), null);
});

t.test('a tree is taken up once, although damage is declared before there is a key', async (t) => {
  const world = newWorld(4);
  const first = await openWithEvidence(world, {}, { segmentBytes: 65_536 });
  for (let i = 0; i < 10; i++) await first.append(textBatch('n/a/0', first.epoch, i, 1));
  const published = [await first.checkpointNow()];
  for (let i = 10; i < 14; i++) await first.append(textBatch('n/a/0', first.epoch, i, 1));
  const files = world.files.crash('process_kill', world.random);
  await first.close();
  files.flipBit(`${TEST_DIRECTORY}/${segmentName(1)}`, 192 + 128 + 10, 3);
  let [keyOpenings, treeOpenings] = [0, 0];
  const slow = before(files, async (path) => {
    if (path.endsWith('/node.key')) keyOpenings++;
    // It is read slowly.
    if (!path.endsWith(treeLogName(1)) || ++treeOpenings !== 1) return;
    for (let i = 0; i < 300 && !files.paths.includes(`${DIRECTORY}/${treeLogName(2)}`); i++)
      await new Promise((resolve) => setImmediate(resolve));
  });
  const spool = await openWithEvidence({ ...world, files: slow });
  t.equal(spool.stats().damage.length, 1);
  published.push(await spool.checkpointNow());
  await spool.append(textBatch('n/a/0', spool.epoch, 0, 1));
  published.push(await spool.checkpointNow());
  await spool.close();
  t.equal(keyOpenings, 1);
  t.equal(treeOpenings, 1);
  t.equal(spool.latestCheckpoint?.size, 16, 'with the frame that declares');
  t.equal(
    await treeProblem(
      files,
      published.filter((one) => one !== null),
    ),
    null,
  );
  const next = await openWithEvidence({ ...world, files });
  t.equal((await next.checkpointNow())?.treeNumber, 1, 'and it goes on');
  await next.close();
});
