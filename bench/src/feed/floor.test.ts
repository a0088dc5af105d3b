// Guarantees: the bare reader counts what it was sent; one that was sent too little ends with an
// error, not never.
import { join } from 'node:path';
import t from 'tap';
import { writeCorpus } from './corpus.js';
import { buildReader, measureFloor } from './floor.js';

const directory = t.testdir();
const reader = buildReader(directory);
const { path, byteCount } = writeCorpus(join(directory, 'corpus.log'), 'mixed', 20_000, 1);
const plan = { path, connections: 2, ownAddresses: false, rate: 0, events: 0 };
const file = join(directory, 'floor');

t.test('all', async (t) => {
  const { bytes, reads } = await measureFloor(reader, file, byteCount, plan);
  t.equal(bytes, byteCount);
  t.ok(reads > 0);
});

t.test('a byte too few, the connections stay', async (t) => {
  const short = measureFloor(reader, file, byteCount + 1, { ...plan, holds: true }, 0.5);
  await t.rejects(short, { message: /bare reader has not read \d+ bytes after 0.5 s/ });
});
