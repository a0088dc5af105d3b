// Scenario: behind the back of a stopped spool that signs, whole segments go, a segment without
// footer is cut, the newest file of the tree goes; of a sink, receipts are cut, bent and removed.
// Guarantees: fsck names each, though nothing but the signed tree, `ckpt` and the frontier tell;
// what the spool deleted itself, and what a crash leaves, is no finding.
import type { SimFiles } from '@weir/pipeline/testing';
import t from 'tap';
import { openWithEvidence } from '../evidence/test-evidence.js';
import { segmentName } from '../layout.js';
import { openReceiptLog } from '../receipts/index.js';
import type { Spool } from '../spool.js';
import { textBatch } from '../test-batches.js';
import { drain, newWorld, type SimWorld, TEST_DIRECTORY } from '../test-spool.js';
import { fsckSpool } from './fsck.js';

const RECEIPTS = '/data/receipts';
const pathOf = (name: string): string => `${TEST_DIRECTORY}/${name}`;

const check = ({ files }: SimWorld, isDeep = true, unsignedSinks: readonly string[] = []) =>
  fsckSpool({
    unsignedSinks,
    ...{ files, directory: TEST_DIRECTORY, prefix: 'spool/', isLive: false, isDeep },
    ...{ ledgerDirectory: '/data/ledger', receiptDirectory: RECEIPTS },
  });

async function found(world: SimWorld, isDeep = true): Promise<string[]> {
  const { findings } = await check(world, isDeep);
  return findings.map(({ kind, file }) => `${kind} ${file}`);
}

const FRAMES = 30;

/** Some ten segments, all frames signed; closed, or killed. */
async function makeSpool(
  how: 'closed' | 'killed',
  use: (spool: Spool, world: SimWorld) => Promise<void> = async () => {},
): Promise<SimWorld> {
  const world = newWorld(3);
  await world.files.makeDir('/data/keys');
  await world.files.makeDir(RECEIPTS);
  const spool = await openWithEvidence(world);
  for (let i = 0; i < FRAMES; i++) await spool.append(textBatch('a', spool.epoch, i * 3, 3, 120));
  await use(spool, world);
  await spool.checkpointNow();
  const files = how === 'killed' ? world.files.crash('process_kill', world.random) : world.files;
  await spool.close();
  return { ...world, files };
}

const segmentsIn = ({ files }: SimWorld): string[] =>
  files.paths.filter((path) => /seg-[0-9a-f]+\.log$/.test(path));

async function cut(files: SimFiles, path: string, byteCount: number): Promise<void> {
  const handle = await files.open(path, 'write');
  await handle.truncate(byteCount);
  await handle.close();
}

t.test('whole segments that are gone', async (t) => {
  for (const how of ['closed', 'killed'] as const) {
    const world = await makeSpool(how);
    t.same(await found(world), [], `${how}: nothing is wrong`);
    const segments = segmentsIn(world);
    t.ok(segments.length > 3);
    for (const [at, path] of segments.entries()) {
      if (at > 1 && at < segments.length - 2) continue;
      const bent = { ...world, files: world.files.snapshot() };
      await bent.files.unlink(path);
      const expected = `segment_missing spool/${path.slice(TEST_DIRECTORY.length + 1)}`;
      t.ok((await found(bent)).includes(expected), `${how}: ${expected}`);
      t.ok((await found(bent, false)).includes(expected), 'and in a quick look');
    }
    const bent = { ...world, files: world.files.snapshot() };
    for (const path of segments) await bent.files.unlink(path);
    const missing = (await found(bent)).filter((text) => text.startsWith('segment_missing'));
    t.equal(missing.length, segments.length, `${how}: all of them`);
  }
});

t.test('what the spool deleted itself is not missed', async (t) => {
  const settleSome = async (spool: Spool, world: SimWorld): Promise<void> => {
    await spool.checkpointNow();
    const read = await drain(spool.consumer('loader'));
    const position = read[FRAMES / 2]?.position;
    if (position !== undefined) await spool.consumer('loader').settle(position);
    await world.clock.advance(10);
  };
  const world = await makeSpool('closed', settleSome);
  t.notOk(world.files.paths.includes(pathOf(segmentName(1))), 'some are deleted');
  t.same(await found(world), []);
  const bent = { ...world, files: world.files.snapshot() };
  const [oldest = ''] = segmentsIn(bent);
  await bent.files.unlink(oldest);
  t.match(await found(bent), [/^segment_missing/], 'the next one behind them');
  for (let at = 0; at < 1024; at += 50) world.files.flipBit(pathOf('ckpt'), at, 1);
  await (await openWithEvidence(world)).close();
  t.same(await found(world), [], 'nor when ckpt had to be made anew');
});

t.test('a segment without footer that was cut', async (t) => {
  const world = await makeSpool('killed');
  const path = segmentsIn(world).at(-1) ?? '';
  await cut(world.files, path, 192);
  t.same(await found(world), [`frames_cut spool/${path.slice(TEST_DIRECTORY.length + 1)}`]);
});

t.test('the newest file of the tree', async (t) => {
  const world = await makeSpool('closed');
  await (await openWithEvidence(world)).close();
  const logs = world.files.paths.filter((path) => path.includes('/tree/log-'));
  t.ok(logs.length > 1);
  await world.files.unlink(logs.at(-1) ?? '');
  t.same(await found(world), ['evidence_damaged spool/tree/']);
});

t.test('receipts of a sink', async (t) => {
  const deliver = async (spool: Spool, { files, random }: SimWorld): Promise<void> => {
    const name = 'weir/loader/0123456789ab';
    const log = await openReceiptLog({
      ...{ files, random, directory: `${RECEIPTS}/loader`, sink: 'loader' },
      signer: { name, sign: (text) => `${text}\n\u2014 ${name} AAAA\n` },
    });
    const read = await drain(spool.consumer('loader'));
    for (const [at, { batch, position }] of read.slice(0, 10).entries()) {
      const { tenant, stream, epoch, seqFirst, eventCount } = batch;
      const seqs = [seqFirst, seqFirst + eventCount - 1];
      await log.append(at + 1, [{ tenant, stream, epoch, kind: 'stored', seqs }]);
      await spool.consumer('loader').settle(position);
    }
    await log.close();
  };
  const world = await makeSpool('closed', deliver);
  t.same(await found(world), [], 'nothing is wrong');
  const path = world.files.paths.find((one) => one.includes('/receipts-')) ?? '';
  const bytes = world.files.contentOf(path)?.length ?? 0;
  const bend = async (apply: (files: SimFiles) => Promise<void> | void): Promise<string[]> => {
    const files = world.files.snapshot();
    await apply(files);
    return (await found({ ...world, files })).map((text) => text.split(' ')[0] ?? '');
  };
  t.same(await bend((files) => cut(files, path, bytes - 5)), ['receipts_missing'], 'the end');
  t.same(await bend((files) => files.flipBit(path, bytes - 5, 1)), ['receipts_missing']);
  const middle = await bend((files) => files.flipBit(path, Math.floor(bytes / 2), 1));
  t.same(middle, ['receipts_damaged', 'receipts_missing']);
  const all = ['receipts_damaged', 'receipts_missing'];
  t.same(await bend((files) => files.flipBit(path, 20, 1)), all, 'the beginning');
  t.same(await bend((files) => files.unlink(path)), ['receipts_missing'], 'the whole file');
  const files = world.files.snapshot();
  await files.unlink(path);
  const { findings } = await check({ ...world, files });
  t.match(findings, [{ what: /^30 numbers that wait/, numbers: [{ ranges: [[0, 29]] }] }]);
  const other = await check({ ...world, files }, true, ['loader']);
  t.same(other.findings, [], 'a sink of another type has the name now, and signs none');
});
