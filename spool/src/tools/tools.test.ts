// Scenario: each kind of damage that can be done to a stopped spool, one at a time, then fsck,
// repair, fsck, and a start with a reader.
// Guarantees: fsck names the damage and changes nothing; the plan of a repair changes nothing;
// after the repair fsck is clean, everything that was intact is delivered byte for byte, what was
// not is declared lost with exact numbers, nothing is delivered twice, and the manifest says why.
import { crc32c } from '@node-rs/crc32';
import type { SequencedBatch } from '@weir/pipeline';
import type { SimFiles } from '@weir/pipeline/testing';
import t, { type Test } from 'tap';
import { headerSeed } from '../frame-codec.js';
import { FRAME_HEADER_BYTES, keysName, SEGMENT_HEADER_BYTES, segmentName } from '../layout.js';
import { openSinkLedger } from '../sink-ledger/index.js';
import { fingerprintOf, textBatch } from '../test-batches.js';
import { drain, newWorld, openSim, type SimWorld, TEST_DIRECTORY } from '../test-spool.js';
import type { FindingKind } from './findings.js';
import { type FsckReport, fsckSpool } from './fsck.js';
import { overviewOf } from './overview.js';
import { repairSpool } from './repair.js';
import { planRepair } from './repair-plan.js';

const LEDGERS = '/data/ledger';
const FRAMES = 40;
const SETTLED = 4;

interface Made {
  readonly world: SimWorld;
  /** Fingerprint of each batch that was appended, in order. */
  readonly appended: readonly SequencedBatch[];
}

/** Some ten segments of two streams, of which a sink has settled four frames. */
async function makeSpool(seed: number, isCrashed: boolean): Promise<Made> {
  const world = newWorld(seed);
  const spool = await openSim(world);
  const appended: SequencedBatch[] = [];
  for (let i = 0; i < FRAMES; i++) {
    const stream = i % 4 === 3 ? 'b' : 'a';
    const first = appended
      .filter((batch) => batch.stream === stream)
      .reduce((sum, { eventCount }) => sum + eventCount, 0);
    const batch = textBatch(stream, spool.epoch, first, 3, 120);
    const keyed = { ...batch, requestParts: [partOf(i)] };
    appended.push(keyed);
    await spool.append({ ...keyed, bytes: new Uint8Array(batch.bytes) });
  }
  const consumer = spool.consumer('loader');
  const read = await drain(consumer);
  const at = read[SETTLED - 1];
  if (at !== undefined) await consumer.settle(at.position);
  const ledger = await openLedger(world);
  const seqs = [0, 5];
  const id = { tenant: 'default', stream: 'a', epoch: spool.epoch };
  for (let i = 0; i < 3; i++)
    await ledger.record({ outcomes: [{ ...id, kind: 'stored', cause: '', seqs }] });
  await ledger.close();
  if (isCrashed) {
    const files = world.files.snapshot();
    await spool.close();
    return { world: { ...world, files }, appended };
  }
  await spool.close();
  return { world, appended };
}

const openLedger = async ({ files, random }: SimWorld) => {
  await files.makeDir(LEDGERS);
  return openSinkLedger({ files, random, directory: `${LEDGERS}/archive` });
};

const partOf = (i: number) => ({
  key: `key-${i}`,
  bodySha256: new Uint8Array(32).fill(i),
  eventIndexFirst: 0,
  eventCount: 3,
  itemIndexFirst: 0,
  itemCount: 3,
});

const optionsOf = ({ files }: SimWorld) => ({
  files,
  directory: TEST_DIRECTORY,
  prefix: 'spool/',
  ledgerDirectory: LEDGERS,
  receiptDirectory: '/data/receipts',
});

const check = (world: SimWorld): Promise<FsckReport> =>
  fsckSpool({ ...optionsOf(world), isLive: false, isDeep: true });

const repair = async (world: SimWorld) =>
  repairSpool({ ...optionsOf(world), ...portsOf(world) }, await check(world));

const portsOf = ({ clock, random }: SimWorld) => ({ clock, timers: clock, random });

const pathOf = (name: string): string => `${TEST_DIRECTORY}/${name}`;
const kindsOf = ({ findings }: FsckReport): FindingKind[] => findings.map(({ kind }) => kind);

function flipAll(files: SimFiles, path: string, step = 50): void {
  const size = files.contentOf(path)?.length ?? 0;
  for (let at = 0; at < size; at += step) files.flipBit(path, at, 1);
}

/** Offset of a frame of a segment. */
function frameAt(files: SimFiles, path: string, frameNo: number): number {
  const bytes = Buffer.from(files.contentOf(path) ?? []);
  let at = SEGMENT_HEADER_BYTES;
  for (let i = 0; i < frameNo; i++) {
    const length = bytes.readUInt32LE(at + 52) + bytes.readUInt32LE(at + 56);
    at += Math.ceil((FRAME_HEADER_BYTES + length) / 8) * 8;
  }
  return at;
}

async function put(files: SimFiles, path: string, bytes: Uint8Array): Promise<void> {
  const handle = await files.open(path, 'create');
  await handle.write([bytes], 0);
  await handle.sync();
  await handle.close();
}

const lastSegmentOf = (files: SimFiles): string =>
  files.paths.filter((path) => path.endsWith('.log') && path.includes('seg-')).at(-1) ?? '';

interface Damage {
  readonly isCrashed?: boolean;
  /** What fsck must name, among others that follow from it. */
  readonly kind: FindingKind;
  /** Events that cannot be delivered any more. */
  readonly lost: number;
  /** The sink begins at the oldest frame again. */
  readonly isReset?: boolean;
  apply(world: SimWorld): Promise<void> | void;
}

const DAMAGES: Record<string, Damage> = {
  'both slots of ckpt': {
    kind: 'checkpoint_damaged',
    lost: 0,
    apply: ({ files }) => flipAll(files, pathOf('ckpt')),
  },
  'ckpt gone': {
    kind: 'checkpoint_missing',
    lost: 0,
    apply: ({ files }) => files.unlink(pathOf('ckpt')),
  },
  'both slots of a sink': {
    kind: 'consumer_damaged',
    lost: 0,
    isReset: true,
    apply: ({ files }) => flipAll(files, pathOf('consumer-loader.ckpt')),
  },
  'epochs rots': {
    kind: 'epochs_damaged',
    lost: 0,
    apply: ({ files }) => files.flipBit(pathOf('epochs'), 90, 1),
  },
  'epochs gone': {
    kind: 'epochs_missing',
    lost: 0,
    apply: ({ files }) => files.unlink(pathOf('epochs')),
  },
  'keys of a segment': {
    kind: 'keys_damaged',
    lost: 0,
    apply: ({ files }) => files.flipBit(pathOf(keysName(2)), 60, 1),
  },
  'header of a segment': {
    kind: 'segment_header_damaged',
    lost: 0,
    apply: ({ files }) => files.flipBit(pathOf(segmentName(3)), 70, 1),
  },
  'footer of a segment': {
    kind: 'footer_damaged',
    lost: 0,
    apply: ({ files }) => {
      const path = pathOf(segmentName(3));
      files.flipBit(path, (files.contentOf(path)?.length ?? 0) - 40, 1);
    },
  },
  'magic at the end of a footer': {
    kind: 'footer_damaged',
    lost: 0,
    apply: ({ files }) => {
      const path = pathOf(segmentName(3));
      files.flipBit(path, (files.contentOf(path)?.length ?? 0) - 2, 1);
    },
  },
  'a payload in a sealed segment': {
    kind: 'frames_damaged_sealed',
    lost: 3,
    apply: ({ files }) => {
      const path = pathOf(segmentName(4));
      files.flipBit(path, frameAt(files, path, 2) - 20, 1);
    },
  },
  'two places in a sealed segment': {
    kind: 'frames_damaged_sealed',
    lost: 6,
    apply: ({ files }) => {
      const path = pathOf(segmentName(4));
      const [first, third] = [frameAt(files, path, 0), frameAt(files, path, 2)];
      files.flipBit(path, first + 20, 1);
      files.flipBit(path, third + 20, 1);
    },
  },
  'a header in a segment that was not sealed': {
    kind: 'frames_damaged',
    isCrashed: true,
    lost: 3,
    apply: ({ files }) => {
      const path = lastSegmentOf(files);
      files.flipBit(path, frameAt(files, path, 0) + 40, 1);
    },
  },
  'a segment gone': {
    kind: 'segment_missing',
    lost: -1,
    apply: ({ files }) => files.unlink(pathOf(segmentName(5))),
  },
  'the newest segment gone': {
    kind: 'numbers_missing',
    lost: -1,
    apply: ({ files }) => files.unlink(lastSegmentOf(files)),
  },
  'a segment of another spool': {
    kind: 'segment_foreign',
    lost: 0,
    apply: async ({ files }) => {
      const { world } = await makeSpool(99, false);
      const bytes = world.files.contentOf(pathOf(segmentName(1))) ?? new Uint8Array(0);
      await put(files, pathOf(segmentName(0xffff)), bytes);
    },
  },
  'a segment of no bytes': {
    kind: 'segment_header_damaged',
    lost: 0,
    apply: ({ files }) => put(files, pathOf(segmentName(0xffff)), new Uint8Array(0)),
  },
  'the ledger of a sink': {
    kind: 'ledger_damaged',
    lost: 0,
    apply: ({ files }) => {
      const path = files.paths.filter((name) => name.startsWith(LEDGERS)).at(-1) ?? '';
      files.flipBit(path, 70, 1);
    },
  },
  'a record in the middle of a ledger': {
    kind: 'ledger_damaged',
    lost: 0,
    apply: ({ files }) => {
      const path = files.paths.filter((name) => name.startsWith(LEDGERS)).at(-1) ?? '';
      // Behind the end of the snapshot: header of 64 bytes, a record of 8 + 2.
      files.flipBit(path, 64 + 10 + 12, 1);
    },
  },
};

/** `stream number` of all rows and of all declared losses. */
function outcomeOf(batches: readonly SequencedBatch[]): { rows: string[]; lost: Set<string> } {
  const rows: string[] = [];
  const lost = new Set<string>();
  for (const { stream, seqFirst, eventCount, dispositions } of batches) {
    for (let i = 0; i < eventCount; i++) rows.push(`${stream} ${seqFirst + i}`);
    for (const { kind, cause, seqRanges } of dispositions) {
      if (kind !== 'lost' || cause !== 'spool_corruption') continue;
      for (const [first, last] of seqRanges)
        for (let seq = first; seq <= last; seq++) lost.add(`${stream} ${seq}`);
    }
  }
  return { rows, lost };
}

async function deliveredBy(world: SimWorld): Promise<SequencedBatch[]> {
  const spool = await openSim(world);
  const consumer = spool.consumer('loader');
  const read = [...(await drain(consumer)), ...(await drain(consumer))];
  await spool.close();
  return read.map(({ batch }) => batch);
}

async function checkDelivery(
  t: Test,
  { world, appended }: Made,
  { lost: lostCount, isReset }: Damage,
): Promise<void> {
  const delivered = await deliveredBy(world);
  const known = new Set(appended.map(fingerprintOf));
  for (const batch of delivered)
    if (batch.eventCount > 0) t.ok(known.has(fingerprintOf(batch)), 'byte for byte');
  const { rows, lost } = outcomeOf(delivered);
  t.equal(new Set(rows).size, rows.length, 'nothing twice');
  const settled = isReset ? [] : outcomeOf(appended.slice(0, SETTLED)).rows;
  const issued = outcomeOf(appended).rows;
  t.same([...new Set([...settled, ...rows, ...lost])].sort(), issued.sort(), 'the ledger closes');
  t.equal([...lost].filter((one) => rows.includes(one)).length, 0, 'lost is what did not come');
  if (lostCount >= 0) t.equal(lost.size, lostCount, 'just the damaged events are lost');
  else t.ok(lost.size > 0);
}

for (const [name, damage] of Object.entries(DAMAGES)) {
  t.test(`${name}: found, repaired, delivered`, async (t) => {
    const made = await makeSpool(7, damage.isCrashed ?? false);
    const { world } = made;
    t.same(kindsOf(await check(world)), [], 'clean before');
    await damage.apply(world);
    const before = world.files.fingerprint();
    const report = await check(world);
    t.ok(kindsOf(report).includes(damage.kind), kindsOf(report).join());
    t.equal(report.isClean, false);
    const steps = planRepair(report);
    t.notOk(steps.some(({ action }) => action === 'leave'));
    t.equal(world.files.fingerprint(), before, 'neither check nor plan changes anything');
    const { after, lostEventCount } = await repair(world);
    t.same(after.findings, []);
    if (damage.lost >= 0) t.equal(lostEventCount, damage.lost);
    const manifest = Buffer.from(
      world.files.contentOf(pathOf('quarantine/manifest.ndjson')) ?? [],
    ).toString();
    const lines = manifest
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.ok(lines.some((line) => line.kind === damage.kind && line.reason !== ''));
    for (const { copy } of lines)
      if (copy !== null) t.ok(world.files.contentOf(pathOf(copy)) !== null, `${copy} is there`);
    await checkDelivery(t, made, damage);
    t.same((await check(world)).findings, [], 'clean after a start, too');
  });
}

t.test('what a crash leaves is a note', async (t) => {
  const { world } = await makeSpool(8, true);
  const path = lastSegmentOf(world.files);
  const bytes = world.files.contentOf(path) ?? new Uint8Array(0);
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const handle = await world.files.open(path, 'write');
  await handle.truncate(end - 30);
  await put(world.files, pathOf('epochs.tmp'), new Uint8Array(9));
  world.files.flipBit(pathOf('ckpt'), 30, 1);
  const report = await check(world);
  t.same(kindsOf(report), []);
  const kinds = new Set(report.notes.map(({ kind }) => kind));
  t.same([...kinds].sort(), ['slot_torn', 'temporary_file', 'torn_tail']);
  t.match(
    report.notes.find(({ kind }) => kind === 'torn_tail'),
    { offset: Number, length: Number },
  );
});

t.test('on a live spool the end that is being written is no error', async (t) => {
  const world = newWorld(9);
  const spool = await openSim(world);
  for (let i = 0; i < 30; i++) {
    await spool.append(textBatch('a', spool.epoch, i, 1, 200));
    const options = { ...optionsOf(world), isLive: true };
    const report = await fsckSpool({ ...options, isDeep: true });
    t.same([...report.findings, ...report.notes], []);
    t.equal(report.eventCount, i + 1);
    const quick = await fsckSpool({ ...options, isDeep: false });
    t.same([...quick.findings, ...quick.notes], []);
    t.equal(quick.frameCount, 0);
  }
  await spool.close();
});

t.test('one number in two frames, and frames that contradict the footer', async (t) => {
  const world = newWorld(10);
  const spool = await openSim(world);
  for (const seq of [0, 1, 2, 2, 3]) await spool.append(textBatch('a', spool.epoch, seq, 1));
  await spool.close();
  const report = await check(world);
  t.same(kindsOf(report), ['numbers_twice']);
  t.match(report.findings[0], { numbers: [{ stream: 'a', ranges: [[2, 2]] }] });
  t.same(
    planRepair(report).map(({ action }) => action),
    ['leave'],
  );
});

t.test('damage that every sink has settled is a note', async (t) => {
  const { world } = await makeSpool(11, false);
  const path = pathOf(segmentName(1));
  world.files.flipBit(path, frameAt(world.files, path, 0) + 40, 1);
  const report = await check(world);
  t.same(kindsOf(report), []);
  t.match(report.notes, [{ kind: 'frames_settled' }]);
});

t.test('another version is refused, a spool that is empty is clean', async (t) => {
  const world = newWorld(12);
  await world.files.makeDir(TEST_DIRECTORY);
  t.match(await check(world), { isClean: true, segmentCount: 0 });
  t.match(await overviewOf({ ...optionsOf(world), isLive: false }), { storeUuid: null });
});

t.test('each frame is the one that was hashed into the signed tree', async (t) => {
  const world = newWorld(14);
  const { files } = world;
  await files.makeDir('/data/keys');
  const evidence = { keysDirectory: '/data/keys' };
  const spool = await openSim(world, { evidence });
  for (let i = 0; i < 12; i++) await spool.append(textBatch('a', spool.epoch, i, 1, 200));
  await spool.checkpointNow();
  await spool.close();
  const report = await check(world);
  t.same(report.findings, []);
  t.equal(report.leafCount, 12);
  const path = pathOf(segmentName(1));
  const bytes = Buffer.from(files.contentOf(path) ?? []);
  forge(bytes, frameAt(files, path, 1));
  const handle = await files.open(path, 'write');
  await handle.write([bytes], 0);
  await handle.sync();
  const forged = await check(world);
  t.ok(kindsOf(forged).includes('leaf_wrong'), kindsOf(forged).join());
  t.match(forged.findings[0], { numbers: [{ stream: 'a', ranges: [[1, 1]] }] });
  const tree = files.paths.filter((name) => name.includes('/tree/log-')).at(-1) ?? '';
  files.flipBit(tree, 80, 1);
  t.ok(kindsOf(await check(world)).includes('evidence_damaged'));
});

/** Another stamp, with checksums that fit up to the end: whoever can write the disk can do that. */
function forge(bytes: Buffer, first: number): void {
  const seed = headerSeed(bytes.subarray(16, 32), 1);
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(first + 64) + 1n, first + 64);
  for (let at = first; bytes.subarray(at, at + 4).toString() === 'WFRM'; ) {
    const crc = crc32c(bytes.subarray(at + 8, at + FRAME_HEADER_BYTES), seed);
    bytes.writeUInt32LE(crc, at + 4);
    const length = bytes.readUInt32LE(at + 52) + bytes.readUInt32LE(at + 56);
    at += Math.ceil((FRAME_HEADER_BYTES + length) / 8) * 8;
    if (bytes.subarray(at, at + 4).toString() === 'WFRM') bytes.writeUInt32LE(crc, at + 80);
  }
}

t.test('what is in it', async (t) => {
  const { world, appended } = await makeSpool(13, false);
  const overview = await overviewOf({ ...optionsOf(world), isLive: false, consumers: ['new'] });
  t.match(overview.totals, { frameCount: FRAMES, eventCount: FRAMES * 3 });
  t.match(overview.streams, [
    { stream: 'a', isOwn: true, isEnded: false, seqFirst: 0, seqLast: 89, lastSeq: 89 },
    { stream: 'b', seqFirst: 0, seqLast: 29 },
  ]);
  t.match(overview.consumers, [
    { name: 'loader', frameCount: FRAMES - SETTLED, eventCount: (FRAMES - SETTLED) * 3 },
    { name: 'new', frontier: null, frameCount: FRAMES },
  ]);
  t.equal(overview.totals.oldestNs, appended[0]?.receivedAtNs);
  t.ok(overview.segments.every(({ state }) => state === 'sealed'));
  const crashed = (await makeSpool(13, true)).world;
  const states = async (isLive: boolean) =>
    (await overviewOf({ ...optionsOf(crashed), isLive })).segments.at(-1)?.state;
  t.equal(await states(false), 'unfinished');
  t.equal(await states(true), 'open');
});
