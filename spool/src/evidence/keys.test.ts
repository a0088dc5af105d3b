// Scenario: keys on a real directory, made, opened again, taken away and altered; and a spool that
// signs there. Guarantees: only the owner may read a private key, and none is ever replaced.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { SimFiles, SimRandom } from '@weir/pipeline/testing';
import t from 'tap';
import { openSpool } from '../spool.js';
import { textBatch } from '../test-batches.js';
import { type KeyPlace, keyNameOf, openSigner, readVerifierKey } from './keys.js';
import { openNote, parseVerifierKey, signNote } from './note.js';
import { readTree } from './read-tree.js';

const base = mkdtempSync(join(tmpdir(), 'weir-keys-'));
t.teardown(() => rmSync(base, { recursive: true, force: true }));
const nodeId = '0123456789ab';
const place = (name: string, role: KeyPlace['role'] = 'node'): KeyPlace => {
  const directory = join(base, name);
  return { files: nodeFiles(), random: nodeRandom, directory, role, nodeId };
};

t.test('made once, opened again', async (t) => {
  const first = await openSigner(place('once'));
  if ('problem' in first) return t.fail(first.message);
  t.equal(first.isNew, true);
  t.equal(statSync(join(base, 'once/node.key')).mode & 0o777, 0o600);
  t.same(readdirSync(join(base, 'once')).sort(), ['node.key', 'node.pub']);
  const pub = readFileSync(join(base, 'once/node.pub'), 'utf8');
  t.equal(pub, `${first.signer.verifierKey.text}\n`);
  t.equal(parseVerifierKey(pub.trim())?.name, keyNameOf('node', nodeId));
  const again = await openSigner(place('once'));
  if ('problem' in again) return t.fail(again.message);
  t.equal(again.isNew, false);
  const key = await readVerifierKey(nodeFiles(), join(base, 'once'), 'node');
  t.match(openNote(signNote('a\n', again.signer), key ? [key] : []), { text: 'a\n' });
  const loader = await openSigner(place('once', 'loader'));
  if ('problem' in loader) return t.fail(loader.message);
  t.not(loader.signer.verifierKey.text, first.signer.verifierKey.text);
  t.equal(await readVerifierKey(nodeFiles(), join(base, 'nowhere'), 'node'), null);
  return undefined;
});

t.test('what is not the key of this name is left alone', async (t) => {
  const path = join(base, 'other/node.key');
  const made = await openSigner(place('other'));
  t.notOk('problem' in made);
  const pem = readFileSync(path, 'utf8');
  const otherName = await openSigner({ ...place('other'), nodeId: 'ba9876543210' });
  t.match(otherName, { problem: 'key_mismatch' });
  for (const content of ['', 'no key', pem.slice(0, 60), pem.replace('PRIVATE', 'PUBLIC')]) {
    writeFileSync(path, content);
    t.match(await openSigner(place('other')), { problem: 'key_unreadable' }, content.slice(0, 20));
    t.equal(readFileSync(path, 'utf8'), content, 'untouched');
  }
  rmSync(path);
  t.match(await openSigner(place('other')), { problem: 'key_unreadable' }, 'taken away');
  t.same(readdirSync(join(base, 'other')), ['node.pub'], 'and not made again');
});

t.test('a public key that a crash left out is written again', async (t) => {
  await openSigner(place('half'));
  rmSync(join(base, 'half/node.pub'));
  writeFileSync(join(base, 'half/node.pub.tmp'), 'half');
  const again = await openSigner(place('half'));
  t.notOk('problem' in again);
  t.ok(await readVerifierKey(nodeFiles(), join(base, 'half'), 'node'));
});

t.test('a spool that signs, on a real directory', async (t) => {
  const directory = join(base, 'data/spool');
  const files = nodeFiles();
  await files.makeDir(directory);
  for (let process = 1; process <= 2; process++) {
    const spool = await openSpool({
      commitIntervalMs: 0,
      directory,
      files,
      clock: nodeClock,
      timers: nodeTimers,
      random: nodeRandom,
      consumers: ['loader'],
      evidence: { keysDirectory: join(base, 'data/keys') },
    });
    for (let i = 0; i < 20; i++)
      await spool.append(textBatch('n/a/0', spool.epoch, i * 50, 50, 2_000));
    await spool.close();
    t.equal(spool.latestCheckpoint?.size, process * 20);
    t.equal(spool.evidence?.problem, null);
  }
  const tree = await readTree(files, directory);
  t.equal(tree?.problem, null);
  t.equal(tree?.leaves.length, 40);
  t.equal(tree?.treeNumber, 1);
});

t.test('names that were not durable when they were made are, once the key is used', async (t) => {
  const files = new SimFiles();
  const random = new SimRandom(1);
  const parts = { files, random, directory: '/keys', role: 'node' as const, nodeId };
  // Both renames take effect, and no fsync of the directory does.
  files.onOperation = ({ kind, path }) =>
    kind === 'syncDir' && path === '/keys' ? { code: 'EIO' } : null;
  t.match(await openSigner(parts), { problem: 'io' });
  t.match(await openSigner(parts), { problem: 'io' });
  t.match(await openSigner(parts), { problem: 'io' }, 'both are there, and may go');
  files.onOperation = null;
  const opened = await openSigner(parts);
  if ('problem' in opened) return t.fail(opened.message);
  const after = files.crash('lose_unsynced', random);
  const again = await openSigner({ ...parts, files: after });
  if ('problem' in again) return t.fail(again.message);
  t.equal(again.signer.verifierKey.text, opened.signer.verifierKey.text, 'the same key');
  return undefined;
});
