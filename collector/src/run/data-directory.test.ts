// Scenario: one process, two processes, a killed process, and a directory that cannot be written.
// Guarantees: one holder at a time; a lock whose process is gone is taken over; errors name the
// cause.
import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { processStart } from '@weir/pipeline/node';
import t from 'tap';
import { openDataDirectory, readRunFile, writeRunFile } from './data-directory.js';

const code = (action: () => unknown): string => {
  try {
    action();
    return 'none';
  } catch (error) {
    return error instanceof WeirError ? error.code : String(error);
  }
};

const runFile = {
  pid: process.pid,
  pidIdentity: processStart(process.pid) ?? '',
  version: '0',
  startedAt: '',
  storeUrl: 'http://127.0.0.1:1',
  storePid: null,
  eventsTable: 'dev.events',
  listeners: {},
  sinks: {},
  controlSocket: '',
};

t.test('a directory is made, held once, and free after release', async (t) => {
  const path = join(t.testdir({}), 'a', 'b');
  const held = openDataDirectory(path);
  t.ok(lstatSync(join(path, 'lock')).isSymbolicLink(), 'which has no content that takes space');
  t.same(readdirSync(path), ['lock']);
  t.equal(
    code(() => openDataDirectory(path)),
    'WEIR_DATA_DIR_LOCKED',
  );
  held.release();
  t.equal(
    code(() => openDataDirectory(path).release()),
    'none',
  );
  t.same(readdirSync(path), [], 'release removes the lock');
});

t.test('the lock of a process that is gone is taken over', async (t) => {
  const path = t.testdir({});
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  for (const stale of [`${gone} some-boot:1`, `${process.pid} some-other-boot:1`, 'rubbish', '']) {
    writeFileSync(join(path, 'lock'), stale);
    t.equal(
      code(() => openDataDirectory(path).release()),
      'none',
      stale,
    );
    symlinkSync(stale === '' ? ' ' : stale, join(path, 'lock'));
    t.equal(
      code(() => openDataDirectory(path).release()),
      'none',
      `${stale}, as a link`,
    );
  }
  writeFileSync(join(path, 'lock'), `${process.pid} ${processStart(process.pid)}\n`);
  t.equal(
    code(() => openDataDirectory(path)),
    'WEIR_DATA_DIR_LOCKED',
    'of an earlier version',
  );
});

t.test('of the last run its sinks are kept, and no password', async (t) => {
  const path = t.testdir({});
  const held = openDataDirectory(path);
  const sinks = { out: { type: 'http', required: true, target: '' } };
  writeRunFile(path, { ...runFile, storeUrl: 'http://u:secret@x', sinks });
  held.release();
  t.same(readdirSync(path), ['last-run.json']);
  const kept = join(path, 'last-run.json');
  t.same(JSON.parse(readFileSync(kept, 'utf8')), { sinks });
  t.equal(statSync(kept).mode & 0o777, 0o600);
});

t.test('a path that cannot be a directory is one sentence', async (t) => {
  const path = join(t.testdir({ file: 'x' }), 'file', 'data');
  t.equal(
    code(() => openDataDirectory(path)),
    'WEIR_DATA_DIR_UNWRITABLE',
  );
  t.equal(
    code(() => openDataDirectory('/proc/nope/data')),
    'WEIR_DATA_DIR_UNWRITABLE',
  );
});

t.test('run.json is only believed while its process lives', async (t) => {
  const path = t.testdir({});
  mkdirSync(path, { recursive: true });
  t.equal(readRunFile(path), null);
  const run = runFile;
  writeRunFile(path, run);
  t.same(readRunFile(path), run);
  t.equal(statSync(join(path, 'run.json')).mode & 0o777, 0o600, 'it may hold a password');
  t.equal(JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')).pid, process.pid);
  writeRunFile(path, { ...run, pidIdentity: 'another boot:1' });
  t.equal(readRunFile(path), null);
});
