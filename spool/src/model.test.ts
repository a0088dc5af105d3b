// Scenario: random appends, reads, settles, rewinds, restarts, kills and power cuts against a
// model. Guarantees: a consumer sees exactly what the model says, in order, whatever happened
// before.
import { CRASH_STRATEGIES, SimClock, SimRandom, testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import type { Spool } from './spool.js';
import { fingerprintOf, textBatch } from './test-batches.js';
import type { SimWorld } from './test-spool.js';
import { drain, newWorld, openSim } from './test-spool.js';

const seed = testSeed(42);
const runCount = process.env.WEIR_LONG === '1' ? 2000 : 60;
const options = { consumers: ['loader', 'kafka'], segmentBytes: 3000, cacheBytesMax: 6000 };

class Model {
  world: SimWorld;
  spool: Spool;
  /** Everything acknowledged, oldest first. */
  acked: string[] = [];
  /** How many of them each consumer has settled. */
  readonly settled = new Map([
    ['loader', 0],
    ['kafka', 0],
  ]);
  #next = new Map<string, number>();
  constructor(
    world: SimWorld,
    spool: Spool,
    readonly random: SimRandom,
  ) {
    this.world = world;
    this.spool = spool;
  }

  async append(): Promise<void> {
    const count = 1 + this.random.below(6);
    await Promise.all(
      Array.from({ length: count }, () => {
        const stream = this.random.pick(['a', 'b']);
        const events = 1 + this.random.below(3);
        const seqFirst = this.#next.get(stream) ?? 0;
        this.#next.set(stream, seqFirst + events);
        const batch = textBatch(stream, this.spool.epoch, seqFirst, events, this.random.below(200));
        const print = fingerprintOf(batch);
        return this.spool.append(batch).then(() => this.acked.push(print));
      }),
    );
  }

  async readAndSettle(name: string): Promise<string | null> {
    const consumer = this.spool.consumer(name);
    consumer.rewind();
    const read = await drain(consumer);
    const settled = this.settled.get(name) ?? 0;
    const expected = this.acked.slice(settled);
    const found = read.map(({ batch }) => fingerprintOf(batch));
    if (JSON.stringify(found) !== JSON.stringify(expected))
      return `${name} read ${found.length} batches, the model has ${expected.length}`;
    if (consumer.pendingFrameCount !== expected.length)
      return `${name} has ${consumer.pendingFrameCount} pending, the model ${expected.length}`;
    const count = this.random.below(read.length + 1);
    const last = read[count - 1];
    if (last !== undefined) {
      await consumer.settle(last.position);
      this.settled.set(name, settled + count);
    }
    return null;
  }

  async restart(isClean: boolean): Promise<void> {
    const strategy = this.random.pick(CRASH_STRATEGIES);
    // Everything appended was awaited, so a cut may lose nothing of it.
    const files = isClean ? this.world.files : this.world.files.crash(strategy, this.random);
    await this.spool.close();
    this.world = { files, clock: new SimClock(), random: new SimRandom(this.random.u32()) };
    this.spool = await openSim(this.world, options);
    this.#next = new Map();
  }
}

t.test('the spool does what the model does', async (t) => {
  let violation: string | null = null;
  let stepCount = 0;
  for (let run = 0; run < runCount && violation === null; run++) {
    const world = newWorld(seed + run);
    const random = new SimRandom(seed + run + 1_000_000);
    const model = new Model(world, await openSim(world, options), random);
    for (let step = 0; step < 30 && violation === null; step++) {
      stepCount++;
      const dice = random.below(10);
      if (dice < 5) await model.append();
      else if (dice < 8) violation = await model.readAndSettle(random.pick(['loader', 'kafka']));
      else await model.restart(dice === 8);
    }
    if (violation !== null) violation += ` (seed ${seed + run})`;
    await model.spool.close();
  }
  t.equal(violation, null);
  t.comment(`${stepCount} steps, seed ${seed}`);
});
