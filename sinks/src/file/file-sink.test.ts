// Scenario: a file sink on simulated files and on real ones.
// Guarantees: the contract of sinks; rotation by size, so many files kept, compressed in the
// background and readable by zstd; a full disk and a file that someone moved away lose nothing.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFiles } from '@weir/pipeline/node';
import { ndjsonPayload, SimFiles, testSink } from '@weir/pipeline/testing';
import t from 'tap';
import { decompress } from 'zstd-napi';
import { textOf } from '../delivery/testing/rig.js';
import { createFileSink, type FileSinkState } from './index.js';

const PATH = '/var/log/out/events.ndjson';
const never = new AbortController().signal;

t.test('the contract, on simulated files', (t) => {
  testSink(t, {
    create: () => {
      const files = new SimFiles();
      return {
        sink: createFileSink({ path: PATH }, { files }),
        received: () => textOf(files, PATH).split('\n').slice(0, -1),
        breakDown: () => {
          files.onOperation = ({ kind }) => (kind === 'write' ? { code: 'ENOSPC' } : null);
        },
        heal: () => {
          files.onOperation = null;
        },
        dispose: () => undefined,
      };
    },
  });
  t.end();
});

t.test('the contract, on real files', (t) => {
  testSink(t, {
    create: () => {
      const directory = mkdtempSync(join(tmpdir(), 'weir-file-'));
      const path = join(directory, 'a', 'b', 'events.ndjson');
      return {
        sink: createFileSink({ path, maxFileBytes: 0 }, { files: nodeFiles() }),
        received: () => readFileSync(path, 'utf8').split('\n').slice(0, -1),
        dispose: () => rmSync(directory, { recursive: true }),
      };
    },
  });
  t.end();
});

const rows = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `{"row":${from + i}}`);

t.test('rotation keeps so many files, compressed once the ledger knows', async (t) => {
  const files = new SimFiles();
  const sink = createFileSink(
    { path: PATH, maxFileBytes: 60, maxFiles: 3, compression: 'zstd' },
    { files },
  );
  sink.restore(null);
  await sink.open(never);
  let state = sink.state();
  for (let i = 0; i < 12; i++) {
    await sink.write(ndjsonPayload(rows(i * 5, 5)), never);
    if (i === 4) {
      await new Promise((resolve) => setImmediate(resolve));
      t.notOk(
        files.paths.some((path) => path.endsWith('.zst')),
        'nothing is recorded yet',
      );
    }
    state = sink.state();
    if (i > 4) sink.recorded(state); // The ledger may be behind, never ahead.
  }
  const { fileNo } = state as FileSinkState;
  t.equal(fileNo, 12);
  for (let i = 0; i < 200 && files.paths.length !== 4; i++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await sink.close();
  const names = files.paths.map((path) => path.slice(PATH.length));
  t.same(names, ['', '.000009.zst', '.000010.zst', '.000011.zst']);
  const packed = files.contentOf(`${PATH}.000010.zst`) as Uint8Array;
  t.equal(
    decompress(packed).toString(),
    rows(45, 5)
      .map((row) => `${row}\n`)
      .join(''),
  );
});

t.test('what was never recorded is taken back, over rotations too', async (t) => {
  const files = new SimFiles();
  const first = createFileSink({ path: PATH, maxFileBytes: 60 }, { files });
  first.restore(null);
  await first.open(never);
  await first.write(ndjsonPayload(rows(0, 5)), never);
  const state = JSON.parse(JSON.stringify(first.state())) as unknown;
  for (let i = 1; i < 5; i++) await first.write(ndjsonPayload(rows(i * 5, 5)), never);
  await first.close();
  t.equal(files.paths.length, 5);
  const second = createFileSink({ path: PATH, maxFileBytes: 100 }, { files });
  second.restore(state);
  await second.open(never);
  t.same(files.paths, [PATH]);
  t.equal(
    textOf(files, PATH),
    rows(0, 5)
      .map((row) => `${row}\n`)
      .join(''),
  );
  await second.close();
});

t.test('a file that is there without a ledger is kept; a torn line goes', async (t) => {
  const files = new SimFiles();
  await files.makeDir('/var/log/out');
  const handle = await files.open(PATH, 'create');
  await handle.write([new TextEncoder().encode('{"old":1}\n{"torn":')], 0);
  await handle.close();
  const sink = createFileSink({ path: PATH }, { files });
  sink.restore(null);
  await sink.open(never);
  await sink.write(ndjsonPayload(rows(0, 1)), never);
  t.equal(textOf(files, PATH), '{"old":1}\n{"row":0}\n');
  await sink.close();
});

t.test('a file that someone moved away is begun anew', async (t) => {
  const files = new SimFiles();
  const said: string[] = [];
  const sink = createFileSink({ path: PATH }, { files, log: (line) => said.push(line) });
  await sink.open(never);
  await sink.write(ndjsonPayload(rows(0, 1)), never);
  await files.rename(PATH, '/var/log/out/taken');
  t.match(await sink.write(ndjsonPayload(rows(1, 1)), never), { kind: 'delivered' });
  t.equal(textOf(files, PATH), '{"row":1}\n');
  t.equal(textOf(files, '/var/log/out/taken'), '{"row":0}\n');
  t.equal(said.length, 1);
  await sink.close();
});

t.test('a full disk and a failed sync: the same rows again, once in the file', async (t) => {
  for (const [kind, code] of [
    ['write', 'ENOSPC'],
    ['datasync', 'EIO'],
  ] as const) {
    const files = new SimFiles();
    const sink = createFileSink({ path: PATH }, { files });
    await sink.open(never);
    await sink.write(ndjsonPayload(rows(0, 2)), never);
    files.onOperation = (operation) => (operation.kind === kind ? { code, partialBytes: 7 } : null);
    const failed = await sink.write(ndjsonPayload(rows(2, 3)), never);
    t.match(failed, { kind: 'retry', failure: { code: 'WEIR_SINK_IO' } });
    files.onOperation = null;
    await sink.open(never);
    t.match(await sink.write(ndjsonPayload(rows(2, 1)), never), { kind: 'delivered' });
    t.equal(
      textOf(files, PATH),
      rows(0, 3)
        .map((row) => `${row}\n`)
        .join(''),
    );
    await sink.close();
  }
});

t.test('a sink that is pointed at another file cuts nothing there', async (t) => {
  const files = new SimFiles();
  const first = createFileSink({ path: PATH, maxFileBytes: 60 }, { files });
  t.notOk(first.restore(null));
  await first.open(never);
  for (let i = 0; i < 5; i++) await first.write(ndjsonPayload(rows(i * 5, 5)), never);
  const state = first.state();
  await first.close();
  const [other, kept] = ['/var/log/out/other.ndjson', '/var/log/out/other.ndjson.000007'];
  for (const path of [other, kept, `${PATH}.20260101`]) {
    const handle = await files.open(path, 'create');
    await handle.write([new TextEncoder().encode(`${'x'.repeat(500)}\n`)], 0);
    await handle.close();
  }
  const second = createFileSink({ path: other, maxFileBytes: 0 }, { files });
  t.notOk(second.restore(state), 'where it stands has to be recorded first');
  await second.open(never);
  t.equal(textOf(files, other).length, 501);
  t.equal(textOf(files, kept).length, 501);
  await second.write(ndjsonPayload(rows(0, 1)), never);
  t.ok(textOf(files, other).endsWith('x\n{"row":0}\n'));
  await second.close();
  const third = createFileSink({ path: PATH }, { files });
  t.ok(third.restore(state), 'the same file goes on');
  await third.open(never);
  t.ok(files.paths.includes(`${PATH}.20260101`), 'a file that it did not make stays');
  await third.close();
});
