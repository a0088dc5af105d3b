// Scenario: a dead letter on simulated files: rotation, cap, restarts with and without a mark,
// faults. Guarantees: what was appended is durable; what was never recorded is taken back; a torn
// line goes; nothing is dropped at the cap; a failed append can be tried again without a line
// twice.
import { SimFiles, SimRandom } from '@weir/pipeline/testing';
import t from 'tap';
import { DeadLetter } from './dead-letter.js';

const DIRECTORY = '/data/quarantine/out';
const line = (i: number): Uint8Array => new TextEncoder().encode(`{"row":${i}}\n`);

function linesIn(files: SimFiles): string[] {
  return files.paths.flatMap((path) =>
    new TextDecoder()
      .decode(files.contentOf(path) ?? undefined)
      .split('\n')
      .slice(0, -1),
  );
}
const rows = (...numbers: number[]): string[] => numbers.map((i) => `{"row":${i}}`);

t.test('rotation and cap', async (t) => {
  const files = new SimFiles();
  const letter = new DeadLetter({ files, directory: DIRECTORY, fileBytesMax: 20, bytesMax: 60 });
  for (let i = 0; i < 6; i++) t.equal(await letter.append([line(i)]), true);
  t.same(
    files.paths.map((path) => path.slice(DIRECTORY.length + 1)),
    ['quarantine-000001.ndjson', 'quarantine-000002.ndjson', 'quarantine-000003.ndjson'],
  );
  t.equal(await letter.append([line(6)]), false, 'full');
  await files.unlink(files.paths[2] as string);
  t.equal(await letter.append([line(6)]), true, 'room was made');
  t.match(files.paths.at(-1), /000004/, 'a number is used once');
  const after = files.crash('lose_unsynced', new SimRandom(1));
  t.same(linesIn(after), rows(0, 1, 2, 3, 6));
  await letter.close();
  const large = new DeadLetter({ files: new SimFiles(), directory: DIRECTORY, bytesMax: 5 });
  t.equal(await large.append([line(1)]), true, 'larger than the cap, and alone');
});

t.test('what was never recorded is taken back', async (t) => {
  const files = new SimFiles();
  const first = new DeadLetter({ files, directory: DIRECTORY, fileBytesMax: 20 });
  t.same(await first.begin(), { fileNo: 0, bytes: 0 });
  await first.append([line(0)]);
  const { mark } = first;
  await first.append([line(1)]);
  await first.append([line(2)]);
  await first.close();
  t.equal(files.paths.length, 2);
  const second = new DeadLetter({ files, directory: DIRECTORY });
  second.restore(mark);
  await second.append([line(3)]);
  t.same(linesIn(files), rows(0, 3));
  await second.close();
  const third = new DeadLetter({ files, directory: DIRECTORY });
  third.restore({ fileNo: 0, bytes: 0 });
  t.same(await third.begin(), { fileNo: 0, bytes: 0 });
  t.same(files.paths, [], 'nothing was recorded at all');
});

t.test('without a mark everything stays but a torn line', async (t) => {
  const files = new SimFiles();
  const first = new DeadLetter({ files, directory: DIRECTORY });
  await first.append([line(0), new TextEncoder().encode('{"torn')]);
  await first.close();
  const second = new DeadLetter({ files, directory: DIRECTORY });
  await second.append([line(1)]);
  t.same(linesIn(files), rows(0, 1));
});

t.test('faults', async (t) => {
  for (const kind of ['write', 'datasync', 'create', 'makeDir'] as const) {
    const files = new SimFiles();
    const letter = new DeadLetter({ files, directory: DIRECTORY });
    if (kind === 'write' || kind === 'datasync') await letter.append([line(0)]);
    files.onOperation = (operation) =>
      operation.kind === kind ? { code: 'ENOSPC', partialBytes: 4 } : null;
    await t.rejects(letter.append([line(1)]), { code: 'WEIR_SINK_IO' }, kind);
    files.onOperation = null;
    t.equal(await letter.append([line(1)]), true);
    t.equal(linesIn(files).filter((text) => text.includes('1')).length, 1, 'once');
  }
});
