// Scenario: bodies in tiny and huge pieces, compressed ones made to cost much, and many at once.
// Guarantees: what a body costs in memory follows from its bytes; nothing stands still while one is
// decoded; a turn that is waited for comes, in order, or is given up and leaves nothing behind.
import { LIMITS } from '@weir/pipeline';
import { nodeTimers } from '@weir/pipeline/node';
import { SimRandom, testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import { compress } from 'zstd-napi';
import { type BodyOutcome, GrowingBody } from './body.js';
import { DecodeBudget, ReadBudget } from './body-budget.js';
import { decodeBody } from './decode.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const textOf = (outcome: BodyOutcome): string =>
  'bytes' in outcome ? outcome.bytes.toString('latin1') : outcome.refusal.cause;
const statusOf = (outcome: BodyOutcome): number =>
  'bytes' in outcome ? 200 : outcome.refusal.status;

t.test('a body in chunks of any size is put together, in about its own memory', (t) => {
  const seed = testSeed(1_617);
  t.comment(`WEIR_SEED=${seed}`);
  const random = new SimRandom(seed);
  for (const chunkMax of [1, 7, 5_000, 700_000]) {
    const budget = new ReadBudget(LIMITS);
    const account = budget.open('192.0.2.1');
    if (account === null) throw new Error('no account');
    const body = new GrowingBody(MiB, account);
    const sent = Buffer.from(random.bytes(MiB));
    for (let at = 0; at < sent.length; ) {
      const chunk = Buffer.from(sent.subarray(at, at + 1 + random.below(chunkMax)));
      if (body.append(chunk) !== null) throw new Error('refused');
      chunk.fill(0);
      at += chunk.length;
      const capacityMax = Math.max(KiB, 2 * at);
      if (body.capacityBytes > capacityMax) throw new Error(`${body.capacityBytes} for ${at}`);
      if (budget.byteCount !== body.capacityBytes) throw new Error('not all is accounted for');
    }
    t.equal(statusOf(body.append(Buffer.from('x')) ?? { bytes: sent }), 413, 'one byte more');
    t.ok(body.take().equals(sent), `chunks of up to ${chunkMax}`);
    account.close();
    account.close();
    t.equal(budget.byteCount, 0);
  }
  t.end();
});

t.test('what is being read is bounded, together and by address', (t) => {
  const budget = new ReadBudget({
    httpBodiesBytesMax: 100,
    httpPeerBodiesBytesMax: 60,
    httpPeerBodiesMax: 2,
  });
  const [a, b, c] = ['192.0.2.1', '192.0.2.1', '192.0.2.2'].map((peer) => budget.open(peer));
  t.equal(budget.open('192.0.2.1'), null, 'a third body of the address');
  t.same([a?.take(40), b?.take(20), b?.take(1)], ['taken', 'taken', 'peer_full']);
  t.same([c?.take(40), c?.take(1)], ['taken', 'full']);
  a?.close();
  t.same([c?.take(20), b?.take(20)], ['taken', 'taken']);
  b?.close();
  c?.close();
  t.equal(budget.byteCount, 0);
  t.end();
});

t.test('turns to decode', async (t) => {
  const budget = new DecodeBudget(10, nodeTimers);
  // The timers of the budget do not keep the process alive, as the sockets of a collector do.
  const alive = setInterval(() => {}, 1_000);
  t.teardown(() => clearInterval(alive));
  const stop = new AbortController();
  const order: string[] = [];
  const take = async (name: string, byteCount: number, waitMs = 60_000): Promise<void> => {
    const isTaken = await budget.take(byteCount, waitMs, stop.signal);
    order.push(isTaken ? name : `${name} gives up`);
  };
  await take('a', 10);
  const waiting = [take('b', 6), take('c', 5), take('d', 4)];
  budget.give(10);
  await waiting[0];
  t.same(order, ['a', 'b'], 'c does not fit beside b, and d does not overtake it');
  budget.give(6);
  await Promise.all(waiting);
  t.same(order.splice(0), ['a', 'b', 'c', 'd']);
  const short = take('e', 9, 1);
  const behind = take('f', 1);
  await Promise.all([short, behind]);
  t.same(order.splice(0), ['e gives up', 'f'], 'what is behind one that gave up may go on');
  const stopped = take('g', 1);
  stop.abort();
  await Promise.all([stopped, take('h', 1)]);
  t.same(order.sort(), ['g gives up', 'h gives up']);
});

t.test('zstd frames of a few bytes', async (t) => {
  const frame = compress(Buffer.from('{}\n'));
  const frames = (count: number): Buffer => Buffer.concat(Array<Buffer>(count).fill(frame));
  const max = LIMITS.zstdFramesPerBodyMax;
  t.equal(textOf(await decodeBody(frames(max), 'zstd', MiB)), '{}\n'.repeat(max));
  t.equal(statusOf(await decodeBody(frames(max + 1), 'zstd', MiB)), 413);
  t.equal(statusOf(await decodeBody(frames(400_000), 'zstd', 16 * MiB)), 413);
  const skippable = Buffer.from('502a4d1800000000', 'hex');
  const skipped = Buffer.concat([...Array<Buffer>(max).fill(skippable), frame]);
  t.equal(statusOf(await decodeBody(skipped, 'zstd', MiB)), 413, 'skippable ones count');
});

/** Turns of the event loop while the promise was pending. */
async function turnsDuring<T>(promise: Promise<T>): Promise<[T, number]> {
  let turns = 0;
  let isPending = true;
  const turn = (): void => {
    turns++;
    if (isPending) setImmediate(turn);
  };
  setImmediate(turn);
  const value = await promise;
  isPending = false;
  return [value, turns];
}

t.test('others get their turn while a large zstd body is decoded', async (t) => {
  const text = Buffer.alloc(16 * MiB, '{"a":1}\n');
  const [decoded, turns] = await turnsDuring(decodeBody(compress(text), 'zstd', 16 * MiB));
  t.ok('bytes' in decoded && decoded.bytes.equals(text));
  t.ok(turns >= 32, `${turns} turns for 16 MiB out`);
  // Magic, no content size, window of 1 KiB; then empty raw blocks, the last marked as such.
  const empty = Buffer.alloc(3 * MiB);
  const emptyBlocks = Buffer.concat([Buffer.from('28b52ffd0000', 'hex'), empty]);
  const last = Buffer.from('010000', 'hex');
  const [nothing, inTurns] = await turnsDuring(
    decodeBody(Buffer.concat([emptyBlocks, last]), 'zstd', MiB),
  );
  t.equal(textOf(nothing), '');
  t.ok(inTurns >= 6, `${inTurns} turns for 3 MiB in`);
});

t.test(
  'bodies that are decoded at once do not mix, nor one that failed with the next',
  async (t) => {
    const texts = ['a', 'b', 'c', 'd'].map((letter) => Buffer.alloc(3 * MiB, `{"${letter}":1}\n`));
    for (let round = 0; round < 3; round++) {
      const decoded = await Promise.all([
        ...texts.map((text) => decodeBody(compress(text), 'zstd', 4 * MiB)),
        decodeBody(compress(texts[0] as Buffer).subarray(0, -9), 'zstd', 4 * MiB),
      ]);
      for (const [i, text] of texts.entries())
        t.equal(textOf(decoded[i] as BodyOutcome), `${text}`);
      t.equal(statusOf(decoded[4] as BodyOutcome), 400);
    }
  },
);
