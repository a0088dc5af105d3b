// Scenario: batches arrive one by one while time stands still until a timer is fired by hand.
// Guarantees: a lone event waits lingerMs and no longer, many events wait up to lingerMsMax, a full
// group waits for nothing, partitions share a group, one delivery runs at a time, order is kept.
import type { Clock, SequencedBatch, Timers } from '@weir/pipeline';
import t from 'tap';
import { type BatchLook, Gatherer } from '../../delivery/gatherer.js';
import { MemoryConsumer } from '../../delivery/testing/memory-consumer.js';
import { sampleBatch, sampleProcessor } from '../testing/sample-batches.js';
import { Group } from './group.js';
import { LOADER_LIMITS, SMALL_GROUP_ROWS } from './options.js';

const NS_PER_DAY = 86_400_000_000_000n;

class HandClock implements Clock, Timers {
  nowMs = 0;
  readonly delays: number[] = [];
  #callback: (() => void) | null = null;
  nowNs = (): bigint => 0n;
  monotonicMs = (): number => this.nowMs;
  after(delayMs: number, callback: () => void) {
    this.delays.push(delayMs);
    this.#callback = callback;
    return { cancel: () => undefined };
  }
  sleep = (): Promise<void> => Promise.reject(new Error('nobody sleeps here'));
  fire(): void {
    this.nowMs += this.delays.at(-1) ?? 0;
    this.#callback?.();
  }
}

function bench(deliver: (group: Group) => Promise<void>) {
  const clock = new HandClock();
  const consumer = new MemoryConsumer();
  const processor = sampleProcessor();
  const gatherer = new Gatherer<Group, BatchLook>({
    limits: {
      ...LOADER_LIMITS,
      groupEventsMax: LOADER_LIMITS.rowsMax,
      groupBytesMax: LOADER_LIMITS.bytesMax,
      smallGroupEvents: SMALL_GROUP_ROWS,
    },
    deliveriesMax: 1,
    batchesInFlightMax: () => LOADER_LIMITS.batchesInFlightMax,
    consumer,
    clock,
    timers: clock,
    process: (batch, skip) => processor.process(batch, skip),
    look: async () => ({ skipSeqs: null, isDone: false }),
    newGroup: (openedAtMs) => new Group(openedAtMs),
    add: (group, head, encoded) => group.add({ head, encoded }),
    deliver,
    isDraining: () => false,
  });
  return { clock, consumer, gatherer };
}

const batchOf = (seqFirst: number, eventCount: number, day = 0n): SequencedBatch => {
  const texts = Array.from({ length: eventCount }, (_, i) => `event ${seqFirst + i}`);
  const batch = sampleBatch({ seqFirst, texts });
  return { ...batch, receivedAtNs: batch.receivedAtNs + day * NS_PER_DAY };
};

/** Lets everything happen that needs no time. */
const settle = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

const seqsOf = (group: Group): number[] => group.entries.map((entry) => entry.head.seqFirst);

t.test('a lone event waits lingerMs', async (t) => {
  const groups: number[][] = [];
  const { clock, consumer, gatherer } = bench(async (group) => void groups.push(seqsOf(group)));
  const stop = new AbortController();
  const running = gatherer.run(stop.signal);
  consumer.append(batchOf(0, 1));
  await settle();
  t.same(clock.delays, [LOADER_LIMITS.lingerMs]);
  t.same(groups, []);
  clock.fire();
  await settle();
  t.same(groups, [[0]]);
  stop.abort();
  await running;
});

t.test('many events wait longer, and a full group does not wait', async (t) => {
  const groups: number[] = [];
  const { clock, consumer, gatherer } = bench(async (group) => void groups.push(group.eventCount));
  const stop = new AbortController();
  const running = gatherer.run(stop.signal);
  for (let i = 0; i < 5; i++) consumer.append(batchOf(i * 500, 500));
  await settle();
  await settle();
  t.equal(clock.delays.at(-1), LOADER_LIMITS.lingerMsMax);
  t.same(groups, []);
  for (let i = 5; i < 201; i++) consumer.append(batchOf(i * 500, 500));
  while (groups.length === 0) await settle();
  t.same(groups, [LOADER_LIMITS.rowsMax]);
  stop.abort();
  await running;
});

t.test('another day joins the group; one delivery at a time, in order', async (t) => {
  const groups: number[][] = [];
  const finish: (() => void)[] = [];
  const { clock, consumer, gatherer } = bench((group) => {
    groups.push(seqsOf(group));
    return new Promise<void>((resolve) => finish.push(resolve));
  });
  const stop = new AbortController();
  const running = gatherer.run(stop.signal);
  consumer.append(batchOf(0, 1));
  consumer.append(batchOf(1, 1));
  consumer.append(batchOf(2, 1, 1n));
  consumer.append(batchOf(3, 1));
  await settle();
  clock.fire();
  await settle();
  t.same(groups, [[0, 1, 2, 3]]);
  consumer.append(batchOf(4, 1));
  await settle();
  clock.fire();
  await settle();
  t.same(groups, [[0, 1, 2, 3]], 'the next waits for the one under way');
  finish[0]?.();
  await settle();
  clock.fire();
  await settle();
  t.same(groups, [[0, 1, 2, 3], [4]]);
  stop.abort();
  finish[1]?.();
  await running;
});

t.test('a failed delivery ends the run with its error', async (t) => {
  const { clock, consumer, gatherer } = bench(async () => {
    throw new Error('refused');
  });
  const running = gatherer.run(new AbortController().signal);
  consumer.append(batchOf(0, 1));
  await settle();
  clock.fire();
  await t.rejects(running, { message: 'refused' });
});
