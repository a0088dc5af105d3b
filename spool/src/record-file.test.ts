// Scenario: files of records, whole, cut short, altered and with trailing bytes, are read at once
// and one record after the other. Guarantees: both say the same of every file, however its records
// lie in the window; the window does not grow with the file.
import { SimFiles, SimRandom, testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import {
  decodeRecordFile,
  encodeRecord,
  encodeRecordFileHeader,
  RecordFileReader,
} from './record-file.js';
import { readWhole } from './small-files.js';

const MAGIC = 'WEIRTEST';
const PATH = '/data/file';
const BYTES_MAX = 64 * 1024 * 1024;

async function store(parts: readonly Uint8Array[]): Promise<SimFiles> {
  const files = new SimFiles();
  await files.makeDir('/data');
  const handle = await files.open(PATH, 'create');
  await handle.write(parts, 0);
  await handle.close();
  return files;
}

function partsOf(random: SimRandom, count: number, bodyBytesMax: number): Uint8Array[] {
  const fileId = random.bytes(16);
  const parts = [encodeRecordFileHeader(MAGIC, fileId, 7)];
  for (let i = 0; i < count; i++)
    parts.push(encodeRecord(fileId, i, random.bytes(1 + random.below(bodyBytesMax))));
  return parts;
}

/** What both ways find, as one text; null for a file that is none. */
async function found(files: SimFiles): Promise<{ whole: string | null; walked: string | null }> {
  const bytes = (await readWhole(files, PATH, BYTES_MAX)) ?? new Uint8Array(0);
  const decoded = decodeRecordFile(bytes, MAGIC, 7, PATH);
  const hex = (body: Uint8Array): string => Buffer.from(body).toString('base64');
  const whole = decoded && {
    bodies: decoded.bodies.map(hex),
    end: decoded.ends.at(-1) ?? 64,
    isHoled: decoded.isHoled,
  };
  const how = { magic: MAGIC, fileNo: 7, bytesMax: BYTES_MAX };
  const reader = await RecordFileReader.open(files, PATH, how);
  if (reader === null || typeof reader === 'string')
    return { whole: whole && JSON.stringify(whole), walked: null };
  const bodies: string[] = [];
  for (;;) {
    const body = await reader.next();
    if (body === null) break;
    bodies.push(hex(body));
  }
  const { endOffset: end } = reader;
  const walked = { bodies, end, isHoled: await reader.isHoled() };
  await reader.close();
  return { whole: whole && JSON.stringify(whole), walked: JSON.stringify(walked) };
}

t.test('both readings agree', async (t) => {
  const seed = testSeed(20_260_301);
  const random = new SimRandom(seed);
  const seen = { none: 0, holed: 0, whole: 0 };
  for (let i = 0; i < 200; i++) {
    // Some files are larger than the window, some records, too.
    const [count, bytesMax] = random.pick([
      [random.below(12), 300],
      [random.below(6), 100_000],
      [2, 600_000],
    ] as const);
    const parts = partsOf(random, count, bytesMax);
    if (random.chance(0.3)) parts.push(random.bytes(random.below(40)));
    const files = await store(parts);
    const size = files.contentOf(PATH)?.length ?? 0;
    const place = random.chance(0.5) ? random.below(size) : random.below(Math.min(size, 100));
    const what = random.pick(['none', 'flip', 'cut'] as const);
    if (what === 'flip') files.flipBit(PATH, place, random.below(8));
    if (what === 'cut') {
      const handle = await files.open(PATH, 'write');
      await handle.truncate(place);
      await handle.close();
    }
    let same: Awaited<ReturnType<typeof found>>;
    try {
      same = await found(files);
    } catch (error) {
      // A flip may make the header one of another version; its CRC then does not match.
      t.fail(`${what} at ${place} of ${size}: ${String(error)} (seed ${seed})`);
      return;
    }
    if (same.walked !== same.whole) t.fail(`${what} at ${place} of ${size}, seed ${seed}`);
    if (same.walked === null) seen.none++;
    else if (same.walked.includes('"isHoled":true')) seen.holed++;
    else seen.whole++;
  }
  t.ok(seen.none > 0 && seen.holed > 0 && seen.whole > 0, JSON.stringify(seen));
});

t.test('a place that cannot be read is damage, and what is before it counts', async (t) => {
  const files = await store(partsOf(new SimRandom(1), 40, 20_000));
  const size = files.contentOf(PATH)?.length ?? 0;
  files.onOperation = ({ kind, byteCount }) =>
    kind === 'read' && byteCount > 4096 ? { code: 'EIO' } : null;
  const { whole, walked } = await found(files);
  t.equal(walked, whole, 'blocks that can be read are');
  t.match(walked, `"end":${size}`);
});

t.test('the window does not grow with the file', async (t) => {
  const files = await store(partsOf(new SimRandom(2), 400, 20_000));
  let largest = 0;
  files.onOperation = ({ kind, byteCount }) => {
    if (kind === 'read') largest = Math.max(largest, byteCount);
    return null;
  };
  const how = { magic: MAGIC, fileNo: 7, bytesMax: BYTES_MAX };
  const reader = await RecordFileReader.open(files, PATH, how);
  if (reader === null || typeof reader === 'string') return t.fail('it can be read');
  while ((await reader.next()) !== null);
  t.equal(reader.recordCount, 400);
  t.ok(reader.sizeBytes > 3_000_000 && largest <= 256 * 1024, `${largest} of ${reader.sizeBytes}`);
  await reader.close();
  const small = { ...how, bytesMax: 1_000 };
  t.equal(await RecordFileReader.open(files, PATH, small), null, 'the limit of a file holds');
});
