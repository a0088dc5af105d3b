// Scenario: a step of the start finds no space, twice, then there is some; another fails for good.
// Guarantees: meanwhile the HTTP port says that the process lives and why it takes nothing; the
// port is free again for each attempt; any other error ends the start. Attempts become rarer, but
// for space that was freed; the data directory stays locked between them.
import { createServer } from 'node:http';
import { freePort, seeded } from '@weir/harness';
import { WeirError } from '@weir/pipeline';
import t from 'tap';
import { holderOf } from './data-directory.js';
import { DirectoryLease, freeSpaceOf } from './directory-lease.js';
import { whenThereIsSpace } from './wait-for-space.js';

const noSpace = (): WeirError => {
  const cause = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  return new WeirError('WEIR_SPOOL_IO', 'opening the spool failed', {}, cause);
};

t.test('waits, and answers', async (t) => {
  const port = await freePort(seeded(process.pid));
  const address = { host: '127.0.0.1', port };
  const said: string[] = [];
  const answers: [number, string, string | null][] = [];
  const ask = async (path: string): Promise<void> => {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`);
    answers.push([reply.status, await reply.text(), reply.headers.get('retry-after')]);
  };
  let attempts = 0;
  const options = {
    addresses: [address],
    say: (sentence: string) => void said.push(sentence),
    freeSpace: () => null,
    sleep: async () => {
      if (answers.length === 4) return;
      await ask('/healthz');
      await ask('/readyz');
    },
  };
  const result = await whenThereIsSpace(options, async () => {
    if (++attempts < 3) throw noSpace();
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(address, () => server.close(() => resolve()));
    });
    return 'started';
  });
  t.same([result, attempts], ['started', 3]);
  t.match(said, [
    /^the disk is full: opening the spool failed; .* again in 5 s, or when there is more space$/,
    /full/,
  ]);
  const reason = 'the disk is full: opening the spool failed';
  const ready = [503, `${JSON.stringify({ ready: false, reason })}\n`, '5'];
  const alive = [200, '{"status":"ok"}\n', null];
  t.same(answers, [alive, ready, alive, ready]);
});

t.test('a port that is taken is no reason to stop, another error is', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  let attempts = 0;
  const options = {
    addresses: [{ host: '127.0.0.1', port }],
    say: () => undefined,
    freeSpace: () => null,
    sleep: async () => undefined,
  };
  const failing = whenThereIsSpace(options, async () => {
    throw ++attempts === 1 ? noSpace() : new WeirError('WEIR_ADDRESS_IN_USE', 'taken');
  });
  await t.rejects(failing, { code: 'WEIR_ADDRESS_IN_USE' });
  t.equal(attempts, 2);
});

t.test('attempts become rarer, and one comes at once when there is more space', async (t) => {
  const MIB = 1024 * 1024;
  let nowMs = 0;
  const space = { bytes: 0, inodes: 5 };
  const attemptsAt: number[] = [];
  const events = new Map([
    [200_000, () => (space.bytes += MIB / 2)],
    [350_000, () => (space.bytes += MIB)],
    [370_000, () => (space.inodes += 100)],
  ]);
  const options = {
    addresses: [],
    say: () => undefined,
    freeSpace: () => ({ ...space }),
    sleep: async (ms: number) => {
      nowMs += ms;
      events.get(nowMs)?.();
    },
  };
  await whenThereIsSpace(options, async () => {
    attemptsAt.push(nowMs / 1_000);
    if (nowMs < 400_000) throw noSpace();
  });
  t.same(attemptsAt, [0, 5, 15, 35, 75, 135, 195, 255, 315, 350, 370, 430]);
});

t.test('the data directory is held from one attempt to the next', (t) => {
  const path = t.testdir();
  const lease = new DirectoryLease(path);
  const first = lease.take();
  lease.isKept = true;
  lease.leave();
  t.equal(holderOf(path), process.pid);
  t.equal(lease.take(), first);
  lease.leave();
  t.equal(holderOf(path), null);
  t.ok(freeSpaceOf(path));
  t.equal(freeSpaceOf(`${path}/none`), null);
  t.end();
});
