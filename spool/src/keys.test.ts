// Scenario: a sender gives every event a request part of its own, hundreds of thousands within the
// window.
// Guarantees: the spool opens again however many there are; a segment, and so a sidecar, holds a
// bounded number; what is remembered is bounded and is the newest, whatever the wall clock says.
import { isDeepStrictEqual } from 'node:util';
import { LIMITS } from '@weir/pipeline';
import { SimFiles } from '@weir/pipeline/testing';
import t from 'tap';
import type { RecoveredRequestPart } from './keys.js';
import { KeyFiles, loadKeys, storeKeys } from './keys.js';
import { parseSegmentName, SEGMENT_REQUEST_PARTS_MAX } from './layout.js';
import { makeBatch, textBatch } from './test-batches.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

const bodySha256 = new Uint8Array(32).fill(7);
const nowNs = 1_767_225_600_000_000_000n;

function storedParts(prefix: string, count: number, receivedAtNs: bigint): RecoveredRequestPart[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `${prefix}${i}`,
    bodySha256,
    tenant: 'default',
    stream: 'a',
    epoch: 1n,
    seqFirst: i,
    eventCount: 1,
    itemIndexFirst: 0,
    itemCount: 1,
    receivedAtNs,
  }));
}

const plain = (part: RecoveredRequestPart) => ({
  ...{ key: part.key, bodySha256: [...part.bodySha256], tenant: part.tenant },
  ...{ stream: part.stream, epoch: part.epoch, seqFirst: part.seqFirst },
  ...{ eventCount: part.eventCount, itemIndexFirst: part.itemIndexFirst },
  ...{ itemCount: part.itemCount, receivedAtNs: part.receivedAtNs },
});

t.test('sidecars with more parts than a stack holds; the newest segments count', async (t) => {
  const world = newWorld(1);
  const now = world.clock.nowNs();
  await world.files.makeDir(TEST_DIRECTORY);
  // As a spool of another limit may have left them.
  await storeKeys(world.files, TEST_DIRECTORY, 1, storedParts('old', 1000, now));
  await storeKeys(world.files, TEST_DIRECTORY, 2, storedParts('mid', 130_000, now - 5n));
  await storeKeys(world.files, TEST_DIRECTORY, 3, storedParts('new', 140_000, now - 4n));
  const spool = await openSim(world);
  const parts = spool.recoveredRequestParts;
  t.equal(parts.length, LIMITS.idempotencyKeysMax);
  t.equal(parts.at(-1)?.key, 'new139999');
  t.equal(parts.filter(({ key }) => key.startsWith('new')).length, 140_000);
  t.equal(parts[0]?.key, `mid${270_000 - LIMITS.idempotencyKeysMax}`);
  t.notOk(world.files.paths.some((path) => path.endsWith('seg-0000000000000001.keys')));
  await spool.close();
});

t.test('over a restart no clock but the monotonic one has a say', async (t) => {
  const hourMs = 3_600_000;
  for (const wallMs of [30 * 24 * hourMs, 0, -2 * hourMs, -50 * 365 * 24 * hourMs]) {
    const world = newWorld(4);
    const setClock = (atMs: number): void => {
      world.clock.wallOffsetNs += BigInt(atMs) * 1_000_000n;
    };
    const requestParts = [
      { key: 'k', bodySha256, eventIndexFirst: 0, eventCount: 1, itemIndexFirst: 0, itemCount: 1 },
    ];
    const events = [new Uint8Array([1])];
    const first = await openSim(world);
    const { epoch } = first;
    const receivedAtNs = world.clock.nowNs();
    await first.append(makeBatch({ epoch, seqFirst: 0, events, requestParts, receivedAtNs }));
    await first.close();
    setClock(wallMs);
    const second = await openSim(world);
    t.equal(second.recoveredRequestParts.length, 1, `kept, clock set by ${wallMs} ms`);
    const [read] = await drain(second.consumer('loader'));
    if (read) await second.consumer('loader').settle(read.position);
    await world.clock.advance(LIMITS.idempotencyWindowMs - 1);
    setClock(wallMs);
    await second.append(textBatch('a', second.epoch, 0, 1));
    await second.close();
    const third = await openSim(world);
    t.equal(third.recoveredRequestParts.length, 1, 'and its sidecar outlives the segment');
    await world.clock.advance(LIMITS.idempotencyWindowMs + 1);
    for (const { position } of await drain(third.consumer('loader')))
      await third.consumer('loader').settle(position);
    await world.clock.advance(1);
    await third.close();
    const left = world.files.paths.filter((path) => path.endsWith('.keys'));
    t.same(left, [], 'after a window of one process it is gone');
  }
});

t.test('a segment ends at its number of request parts', async (t) => {
  const world = newWorld(2);
  const options = { segmentBytes: LIMITS.spoolSegmentBytes };
  const first = await openSim(world, options);
  const requestParts = Array.from({ length: 500 }, (_, i) => ({
    key: `k${i}`,
    bodySha256,
    eventIndexFirst: 0,
    eventCount: 1,
    itemIndexFirst: 0,
    itemCount: 1,
  }));
  const receivedAtNs = world.clock.nowNs();
  const events = [new TextEncoder().encode('x')];
  const total = 290;
  await Promise.all(
    Array.from({ length: total }, (_, seqFirst) =>
      first.append(makeBatch({ epoch: first.epoch, seqFirst, events, requestParts, receivedAtNs })),
    ),
  );
  const crashed = { ...world, files: world.files.crash('lose_unsynced', world.random) };
  const counts: number[] = [];
  for (const path of crashed.files.paths) {
    const parsed = parseSegmentName(path.slice(TEST_DIRECTORY.length + 1));
    if (parsed?.ending === 'keys')
      counts.push((await loadKeys(crashed.files, TEST_DIRECTORY, parsed.id))?.length ?? 0);
  }
  t.same(counts, [65_500, 65_500], 'ended segments');
  t.ok(counts.every((count) => count <= SEGMENT_REQUEST_PARTS_MAX));
  await first.close();
  const second = await openSim(crashed, options);
  t.equal(second.recoveredRequestParts.length, total * 500);
  t.equal((await drain(second.consumer('loader'))).length, total);
  await second.close();
});

t.test('sidecars of processes that end within the window are so many and no more', async (t) => {
  const world = newWorld(6);
  await world.files.makeDir(TEST_DIRECTORY);
  const idsLeft = (): number[] =>
    world.files.paths
      .map((path) => parseSegmentName(path.slice(TEST_DIRECTORY.length + 1)))
      .flatMap((parsed) => (parsed?.ending === 'keys' ? parsed.id : []));
  for (let run = 1; run <= 9; run++) {
    const files = new KeyFiles(world.files, TEST_DIRECTORY, world.clock, 4);
    for (const id of idsLeft()) files.note(id, 1);
    await files.store(run, storedParts('k', 1, nowNs));
    await files.removeExpired();
  }
  t.same(idsLeft(), [6, 7, 8, 9], 'the oldest go');
});

t.test('a sidecar is written in parts and reads as one', async (t) => {
  const files = new SimFiles();
  await files.makeDir(TEST_DIRECTORY);
  for (const count of [0, 1, 2_047, 2_048, 4_095, 10_000]) {
    let longest = 0;
    files.onOperation = ({ kind, byteCount }) => {
      if (kind === 'write') longest = Math.max(longest, byteCount);
      return null;
    };
    const parts = storedParts('k', count, nowNs);
    await storeKeys(files, TEST_DIRECTORY, 1, parts);
    const loaded = (await loadKeys(files, TEST_DIRECTORY, 1)) ?? [];
    t.ok(isDeepStrictEqual(loaded.map(plain), parts.map(plain)), `${count}`);
    t.ok(longest < 1024 * 1024, 'no long piece of work');
  }
});
