// Scenario: keys repeated at once, later, after a failure, after a crash that left a part, and too
// many. Guarantees: of equal requests one admits and the others get its receipt; only what is
// missing is admitted again; a failed attempt leaves no trace; the index is bounded in number and
// in time.
import { createHash } from 'node:crypto';
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import {
  type Claim,
  IdempotencyIndex,
  parseIdempotencyKey,
  type RecoveredRequestPart,
} from './idempotency.js';

const sha = (text: string): Uint8Array => createHash('sha256').update(text).digest();
const part = (itemIndexFirst: number, eventCount: number, seqFirst: number) => ({
  itemIndexFirst,
  eventCount,
  seqFirst,
  stream: 'n/http/0',
  epoch: 5n,
});
type Admit = Extract<Claim, { kind: 'admit' }>;
function admitted(claim: Claim): Admit {
  if (claim.kind !== 'admit') throw new Error(`expected admit, got ${claim.kind}`);
  return claim;
}

t.test('the form of a key', (t) => {
  const good = ['p/1/0', 'agent-7.example/18446744073709551615/9007199254740991', 'p/0xDEADbeef/1'];
  for (const text of [...good, 'p/00ff/7', `${'p'.repeat(128)}/1/1`])
    t.equal(parseIdempotencyKey(text)?.producer, text.split('/')[0], text);
  const wrong = ['', 'p', 'p/1', '/1/0', 'p/1/', 'p//1', 'p/1/0/2', 'p/x/0', 'p/1/0x1', 'p/-1/0'];
  for (const text of [...wrong, 'p q/1/0', 'p/1/0, p/1/0', `${'p'.repeat(129)}/1/1`, 'p\xe9/1/0'])
    t.equal(parseIdempotencyKey(text), null, text);
  t.end();
});

t.test('first, repeat at once, repeat later, another body', async (t) => {
  const index = new IdempotencyIndex({ clock: new SimClock() });
  const first = admitted(index.claim('k', sha('a'), 3));
  t.same(first.missing, [[0, 3]]);
  const second = index.claim('k', sha('a'), 3);
  t.equal(second.kind, 'wait');
  t.equal(index.claim('k', sha('b'), 3).kind, 'conflict', 'also while the first is on its way');
  first.onDurable(part(2, 1, 102));
  first.onDurable(part(0, 2, 7));
  first.done();
  if (second.kind === 'wait') await second.until;
  const receipt = { stream: 'n/http/0', epoch: 5n, seqFirst: 7 };
  t.same(index.claim('k', sha('a'), 3), { kind: 'replay', receipt });
  t.same(index.receiptOf('k'), receipt);
  t.equal(index.claim('k', sha('b'), 3).kind, 'conflict');
});

t.test('an attempt that failed as a whole leaves no trace', (t) => {
  const index = new IdempotencyIndex({ clock: new SimClock() });
  admitted(index.claim('k', sha('a'), 3)).done();
  t.equal(index.keyCount, 0);
  t.same(admitted(index.claim('k', sha('b'), 2)).missing, [[0, 2]], 'even another body is welcome');
  t.end();
});

t.test('an attempt that failed in part is completed, not repeated', (t) => {
  const index = new IdempotencyIndex({ clock: new SimClock() });
  const first = admitted(index.claim('k', sha('a'), 10));
  first.onDurable(part(2, 2, 2));
  first.onDurable(part(6, 1, 6));
  first.done();
  t.equal(index.receiptOf('k'), null);
  t.equal(index.claim('k', sha('b'), 10).kind, 'conflict');
  const second = admitted(index.claim('k', sha('a'), 10));
  t.same(second.missing, [
    [0, 2],
    [4, 6],
    [7, 10],
  ]);
  for (const [from, end] of second.missing) second.onDurable(part(from, end - from, 100 + from));
  second.done();
  t.equal(index.receiptOf('k')?.seqFirst, 100, 'the receipt names the first item');
  t.equal(index.claim('k', sha('a'), 10).kind, 'replay');
  t.end();
});

t.test('the index comes back from the frames', async (t) => {
  const clock = new SimClock();
  const recovered = (
    key: string,
    body: string,
    item: [first: number, count: number, of: number],
  ): RecoveredRequestPart => ({
    ...part(item[0], item[1], 50 + item[0]),
    key,
    bodySha256: sha(body),
    itemCount: item[2],
  });
  const index = new IdempotencyIndex({ clock, windowMs: 1_000 });
  index.recover([
    recovered('one', 'a', [0, 1, 1]),
    recovered('whole', 'a', [0, 2, 5]),
    recovered('whole', 'a', [2, 3, 5]),
    recovered('part', 'a', [0, 2, 5]),
  ]);
  t.equal(index.keyCount, 3);
  t.same(index.claim('whole', sha('a'), 5), {
    kind: 'replay',
    receipt: { stream: 'n/http/0', epoch: 5n, seqFirst: 50 },
  });
  const claim = admitted(index.claim('part', sha('a'), 5));
  t.same(claim.missing, [[2, 5]]);
  claim.done();
  t.equal(index.claim('part', sha('b'), 5).kind, 'conflict');
  // Thirty days ahead, and fifty years behind: the wall clock has no say.
  for (const wallMs of [30 * 86_400_000, -50 * 365 * 86_400_000]) {
    clock.wallOffsetNs = BigInt(wallMs) * 1_000_000n;
    t.equal(index.claim('one', sha('a'), 1).kind, 'replay');
  }
  await clock.advance(1_000);
  t.equal(index.claim('one', sha('a'), 1).kind, 'replay', 'a whole window from the start');
  await clock.advance(1);
  t.equal(index.claim('one', sha('b'), 1).kind, 'admit', 'and no more');
});

t.test('window and number are bounded', async (t) => {
  const clock = new SimClock();
  let evicted = 0;
  const index = new IdempotencyIndex({
    clock,
    windowMs: 1_000,
    keysMax: 3,
    onEvicted: () => evicted++,
  });
  const store = (key: string): void => {
    const claim = admitted(index.claim(key, sha('a'), 1));
    claim.onDurable(part(0, 1, 0));
    claim.done();
  };
  const running = admitted(index.claim('running', sha('a'), 1));
  for (const key of ['k1', 'k2', 'k3', 'k4']) store(key);
  t.same([index.keyCount, evicted], [3, 2], 'the oldest go, not one that is on its way');
  t.equal(index.claim('k4', sha('a'), 1).kind, 'replay');
  t.equal(index.claim('running', sha('a'), 1).kind, 'wait');
  running.onDurable(part(0, 1, 0));
  running.done();
  await clock.advance(1_001);
  store('k5');
  t.same([index.keyCount, evicted], [1, 2], 'the window ended: nothing was thrown away too early');
  t.equal(index.claim('k4', sha('b'), 1).kind, 'admit');
});
