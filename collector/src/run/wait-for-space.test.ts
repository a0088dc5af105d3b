// Scenario: a step of the start finds no space, twice, then there is some; another fails for good.
// Guarantees: meanwhile the HTTP port says that the process lives and why it takes nothing; the
// port is free again for each attempt; any other error ends the start.
import { createServer } from 'node:http';
import { freePort, seeded } from '@weir/harness';
import { WeirError } from '@weir/pipeline';
import t from 'tap';
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
    sleep: async () => {
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
  t.match(said, [/^the disk is full: opening the spool failed; .* again in 5 s$/, /full/]);
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
    sleep: async () => undefined,
  };
  const failing = whenThereIsSpace(options, async () => {
    throw ++attempts === 1 ? noSpace() : new WeirError('WEIR_ADDRESS_IN_USE', 'taken');
  });
  await t.rejects(failing, { code: 'WEIR_ADDRESS_IN_USE' });
  t.equal(attempts, 2);
});
