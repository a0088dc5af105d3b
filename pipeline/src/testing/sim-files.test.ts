// Guarantees: only what was synced is sure to survive a power cut, and the rest can be lost in
// every way that crash() names.
import t from 'tap';
import { SimFiles } from './sim-files.js';
import { SimRandom } from './sim-random.js';

const text = (files: SimFiles, path: string): string | null => {
  const content = files.contentOf(path);
  return content === null ? null : Buffer.from(content).toString().replaceAll('\0', '.');
};

async function twoWrites(): Promise<SimFiles> {
  const files = new SimFiles();
  await files.makeDir('/d');
  await files.syncDir('/');
  const handle = await files.open('/d/f', 'create');
  await handle.write([Buffer.from('synced')], 0);
  await handle.datasync();
  await files.syncDir('/d');
  await handle.write([Buffer.alloc(2000, 'x')], 6);
  return files;
}

t.test('unsynced data', async (t) => {
  const files = await twoWrites();
  const random = new SimRandom(1);
  t.equal(text(files.crash('lose_unsynced', random), '/d/f'), 'synced');
  t.equal(files.crash('keep_all', random).contentOf('/d/f')?.length, 2006);
  const sizes = new Set<number>();
  for (let i = 0; i < 50; i++) {
    const torn = text(files.crash('prefix_tear', random), '/d/f') ?? '';
    t.match(torn, /^syncedx*$/);
    sizes.add(torn.length);
  }
  t.ok(sizes.size > 20, 'torn at many places');
  let holes = 0;
  for (let i = 0; i < 50; i++) {
    const content = text(files.crash('zero_hole', random), '/d/f') ?? '';
    t.equal(content.slice(0, 6), 'synced');
    if (content.includes('.')) holes++;
  }
  t.ok(holes > 10);
  const killed = files.crash('process_kill', random);
  t.equal(killed.contentOf('/d/f')?.length, 2006);
  t.equal(text(killed.crash('lose_unsynced', random), '/d/f'), 'synced', 'still not synced');
});

t.test('unsynced names', async (t) => {
  const files = new SimFiles();
  const random = new SimRandom(2);
  await files.makeDir('/d');
  await files.syncDir('/');
  const handle = await files.open('/d/a', 'create');
  await handle.write([Buffer.from('1')], 0);
  await handle.sync();
  t.equal(text(files.crash('lose_unsynced', random), '/d/a'), null, 'the name was not synced');
  await files.syncDir('/d');
  t.equal(text(files.crash('lose_unsynced', random), '/d/a'), '1');
  await files.rename('/d/a', '/d/b');
  t.same(files.crash('lose_unsynced', random).paths, ['/d/a']);
  t.same(files.crash('keep_all', random).paths, ['/d/b']);
  await files.syncDir('/d');
  await files.unlink('/d/b');
  t.same(files.crash('lose_unsynced', random).paths, ['/d/b']);
  t.same(files.paths, []);
});

t.test('injected errors, a full disk, and pages that a failed sync drops', async (t) => {
  const files = await twoWrites();
  const random = new SimRandom(3);
  const handle = await files.open('/d/f', 'write');
  files.onOperation = ({ kind }) => (kind === 'datasync' ? { code: 'EIO' } : null);
  await t.rejects(handle.datasync(), { code: 'EIO' });
  files.onOperation = null;
  await handle.datasync();
  t.equal(text(files.crash('keep_all', random), '/d/f'), 'synced'.padEnd(2006, '.'));
  files.capacityBytes = 2010;
  await t.rejects(handle.write([Buffer.from('0123456789')], 2006), { code: 'ENOSPC' });
  t.equal(files.contentOf('/d/f')?.length, 2010, 'a part was written');
  files.flipBit('/d/f', 0, 0);
  t.equal(text(files, '/d/f')?.slice(0, 6), 'rynced');
  await t.rejects(files.open('/d/none', 'read'), { code: 'ENOENT' });
  await t.rejects(files.open('/d/f', 'create'), { code: 'EEXIST' });
});

t.test('harsher power cuts', async (t) => {
  const files = await twoWrites();
  const random = new SimRandom(4);
  const old = await files.open('/d/old', 'create');
  await old.write([Buffer.alloc(1024, 'o')], 0);
  await old.datasync();
  await files.unlink('/d/old');
  let [stale, flipped] = [0, 0];
  for (let i = 0; i < 50; i++) {
    const holed = text(files.crash('stale_blocks', random), '/d/f') ?? '';
    t.match(holed, /^synced[xo.]*$/);
    if (holed.includes('o')) stale++;
    const wrong = files.crash('flip_unsynced', random).contentOf('/d/f') ?? new Uint8Array(0);
    t.equal(Buffer.from(wrong.subarray(0, 6)).toString(), 'synced', 'synced bytes stay');
    if (wrong.subarray(6).some((byte) => byte !== 0x78)) flipped++;
    const blocks = text(files.crash('random_blocks', random), '/d/f') ?? '';
    t.match(blocks, /^synced(x*|\.*)$/, 'a block as a whole or not at all');
  }
  t.ok(stale > 10 && flipped === 50, `${stale} stale, ${flipped} flipped`);
});

t.test('writes that are lost or land elsewhere, and errors of close', async (t) => {
  const files = await twoWrites();
  const handle = await files.open('/d/f', 'write');
  files.onOperation = ({ kind }) => (kind === 'write' ? { landsAt: null } : null);
  await handle.write([Buffer.from('gone')], 0);
  t.equal(text(files, '/d/f')?.slice(0, 6), 'synced');
  files.onOperation = ({ kind }) =>
    kind === 'write' ? { landsAt: { path: '/d/f', position: 2 } } : null;
  await handle.write([Buffer.from('else')], 0);
  t.equal(text(files, '/d/f')?.slice(0, 6), 'syelse');
  files.onOperation = ({ kind }) => (kind === 'close' ? { code: 'EIO' } : null);
  await handle.close();
  await t.rejects(handle.datasync(), { code: 'EBADF' });
  files.onOperation = null;
  const before = files.fingerprint();
  const copy = files.snapshot();
  copy.flipBit('/d/f', 1, 3);
  t.equal(files.fingerprint(), before, 'a copy goes its own way');
  t.not(copy.fingerprint(), before);
  copy.lose('/d/f');
  t.same(copy.paths, []);
});
