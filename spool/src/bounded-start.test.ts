// Scenario: a spool with hundreds of segments and full sidecars of request parts is opened.
// Guarantees: what is read at the start does not grow with the backlog: of each sealed segment its
// ends, of each sidecar its ends, whole ones only as far as they count, and one segment that a
// crash cut.
import { crc32c } from '@node-rs/crc32';
import { LIMITS } from '@weir/pipeline';
import t from 'tap';
import type { RecoveredRequestPart } from './keys.js';
import { storeKeys } from './keys.js';
import { keysName } from './layout.js';
import { textBatch } from './test-batches.js';
import { drain, newWorld, openSim, TEST_DIRECTORY } from './test-spool.js';

// A start takes a quarter of a million request parts.
t.setTimeout(120_000);

t.test('sealed segments are not read, whatever they hold', async (t) => {
  const world = newWorld(1);
  const spool = await openSim(world, { segmentBytes: 16_384, bytesMax: 1024 * 1024 * 1024 });
  for (let i = 0; i < 4_000; i++) await spool.append(textBatch('a', spool.epoch, i, 1, 600));
  const crashed = world.files.crash('process_kill', world.random);
  await spool.close();
  let readBytes = 0;
  let readCount = 0;
  crashed.onOperation = ({ kind, byteCount }) => {
    if (kind !== 'read') return null;
    readBytes += byteCount;
    readCount++;
    return null;
  };
  const second = await openSim({ ...world, files: crashed });
  const { segmentCount, bytesUsed } = second.stats();
  t.ok(segmentCount > 150, `${segmentCount} segments`);
  t.equal(second.report.scannedSegmentCount, 1);
  t.ok(readBytes < segmentCount * 1_000 + 100_000, `${readBytes} bytes read of ${bytesUsed}`);
  t.ok(readCount < segmentCount * 6 + 100, `${readCount} reads`);
  crashed.onOperation = null;
  t.equal((await drain(second.consumer('loader'))).length, 4_000, 'and all is there');
  await second.close();
});

t.test('sidecars that cannot count are not read whole, but for their version', async (t) => {
  const world = newWorld(2);
  const spool = await openSim(world);
  await spool.append(textBatch('a', spool.epoch, 0, 1));
  await spool.close();
  const nowNs = world.clock.nowNs();
  const parts = (count: number, receivedAtNs: bigint): RecoveredRequestPart[] =>
    Array.from({ length: count }, (_, i) => ({
      ...{ key: `k/${receivedAtNs}/${i}`, bodySha256: new Uint8Array(32).fill(3) },
      ...{ tenant: 'default', stream: 'a', epoch: 1n, seqFirst: i, eventCount: 1 },
      ...{ itemIndexFirst: 0, itemCount: 1, receivedAtNs },
    }));
  for (let id = 100; id < 110; id++)
    await storeKeys(world.files, TEST_DIRECTORY, id, parts(3_000, nowNs));
  await storeKeys(world.files, TEST_DIRECTORY, 110, parts(LIMITS.idempotencyKeysMax, nowNs));
  const path = `${TEST_DIRECTORY}/${keysName(7)}`;
  const handle = await world.files.open(path, 'create');
  const body = '{"format":"weir-keys","version":9,"segmentId":7}\n{"key":"k","receivedAtNs":"1"}\n';
  const crc = crc32c(body).toString(16).padStart(8, '0');
  await handle.write([Buffer.from(`${body}{"count":1,"crc32c":"${crc}"}\n`)], 0);
  await handle.close();
  await t.rejects(openSim(world), { code: 'WEIR_SPOOL_VERSION' });
  await world.files.unlink(path);
  let readBytes = 0;
  world.files.onOperation = ({ kind, path, byteCount }) => {
    if (kind === 'read' && path.endsWith('.keys') && !path.endsWith(keysName(110)))
      readBytes += byteCount;
    return null;
  };
  const second = await openSim(world);
  world.files.onOperation = null;
  t.equal(second.recoveredRequestParts.length, LIMITS.idempotencyKeysMax);
  t.ok(readBytes < 11 * 8_192 + 10_000, `${readBytes} bytes of sidecars read`);
  const left = world.files.paths.filter((path) => path.endsWith('.keys'));
  t.same(left, [`${TEST_DIRECTORY}/${keysName(110)}`], 'what does not count is deleted');
  await second.close();
});
