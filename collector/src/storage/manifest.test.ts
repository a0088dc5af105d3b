// Scenario: a directory gets a manifest; then a file of it is changed, cut, taken away, added.
// Guarantees: each is found and named, and an untouched directory is not complained about; without
// its manifest a directory is no backup.
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { MANIFEST_NAME, verifyBackup, writeManifest } from './manifest.js';

const ABOUT = {
  ...{ startedAt: '2026-01-01T00:00:00Z', weirVersion: '1', engineVersion: '26', schemaVersion: 8 },
  ...{ eventsTable: 'dev.events', profile: 'full' as const, parts: ['events'] },
};

t.test('every change is found', async (t) => {
  const make = async (): Promise<string> => {
    const directory = t.testdir({ events: { data: { 'a.bin': 'first', 'b.bin': 'second' } } });
    mkdirSync(join(directory, 'ledger'));
    writeFileSync(join(directory, 'ledger/.backup'), '');
    await writeManifest(directory, ABOUT);
    return directory;
  };
  const sound = await make();
  const { files } = await verifyBackup(sound);
  t.same(
    files.map(({ path, bytes }) => [path, bytes]),
    [
      ['events/data/a.bin', 5],
      ['events/data/b.bin', 6],
      ['ledger/.backup', 0],
    ],
  );
  const changes: Record<string, (directory: string) => void> = {
    'events/data/a.bin has another SHA-256': (at) =>
      writeFileSync(join(at, 'events/data/a.bin'), 'FIRST'),
    'events/data/b.bin has 5 bytes, the manifest says 6': (at) =>
      truncateSync(join(at, 'events/data/b.bin'), 5),
    'events/data/a.bin has 6 bytes, the manifest says 5': (at) =>
      appendFileSync(join(at, 'events/data/a.bin'), '!'),
    'ledger/.backup is missing': (at) => rmSync(join(at, 'ledger/.backup')),
    'events/more is not in the manifest': (at) => writeFileSync(join(at, 'events/more'), ''),
  };
  for (const [found, change] of Object.entries(changes)) {
    const directory = await make();
    change(directory);
    await t.rejects(verifyBackup(directory), {
      code: 'WEIR_BACKUP_INVALID',
      message: `the backup ${directory} does not match its manifest: ${found}`,
    });
  }
});

t.test('a directory without its manifest, and one of another format', async (t) => {
  const directory = t.testdir({ events: { a: 'x' } });
  await t.rejects(verifyBackup(directory), {
    code: 'WEIR_BACKUP_INVALID',
    message: /is no whole backup: manifest\.json cannot be read/,
  });
  await writeManifest(directory, ABOUT);
  const path = join(directory, MANIFEST_NAME);
  writeFileSync(path, readFileSync(path, 'utf8').replace('weir-backup-1', 'weir-backup-9'));
  await t.rejects(verifyBackup(directory), { message: /has the format weir-backup-9/ });
});
