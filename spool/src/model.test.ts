// Scenario: commands drawn by fast-check (append, read, settle, rewind, rotate by size, end the
// process by close, kill or power cut, fill the disk and free it again, make one call fail) run
// against the spool on simulated files and against a model that is a list.
// Guarantees: a consumer sees exactly what the model says, in order, whatever happened before. A
// failure is printed as the shortest list of commands that shows it, with its seed.
import {
  CRASH_STRATEGIES,
  type CrashStrategy,
  SimClock,
  SimRandom,
  testSeed,
} from '@weir/pipeline/testing';
import fc from 'fast-check';
import t from 'tap';
import { printOf } from './fault/print.js';
import { drainQuickly, settleWithin } from './fault/quick.js';
import type { Spool } from './spool.js';
import { textBatch } from './test-batches.js';
import { newWorld, openSim, type SimWorld } from './test-spool.js';

const seed = testSeed(42);
const runCount = process.env.WEIR_LONG === '1' ? 50_000 : 2_500;
const options = { consumers: ['loader', 'kafka'], segmentBytes: 3000, cacheBytesMax: 6000 };

/** What must be there: everything acknowledged, and how many of it each consumer has settled. */
class Model {
  readonly acked: string[] = [];
  readonly settled = new Map([
    ['loader', 0],
    ['kafka', 0],
  ]);
}

class Real {
  #next = new Map<string, number>();
  constructor(
    public world: SimWorld,
    public spool: Spool,
  ) {
    world.files.turnsPerCall = 1;
  }

  batch(stream: string, eventCount: number, fill: number) {
    const seqFirst = this.#next.get(stream) ?? 0;
    this.#next.set(stream, seqFirst + eventCount);
    return textBatch(stream, this.spool.epoch, seqFirst, eventCount, fill);
  }

  async start(world: SimWorld): Promise<void> {
    this.world = world;
    this.#next = new Map();
    world.files.turnsPerCall = 1;
    this.spool = await settleWithin(world.clock, openSim(world, options));
  }
}

type Command = fc.AsyncCommand<Model, Real>;

class Append implements Command {
  constructor(
    readonly stream: string,
    readonly counts: readonly number[],
    readonly fill: number,
  ) {}
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const appends = this.counts.map((count) => {
      const batch = real.batch(this.stream, count, this.fill);
      const print = printOf(batch);
      return real.spool.append(batch).then(() => model.acked.push(print));
    });
    await settleWithin(real.world.clock, Promise.all(appends));
  }
  toString = (): string => `append(${this.stream}, [${this.counts}], ${this.fill})`;
}

class ReadAndSettle implements Command {
  constructor(
    readonly name: string,
    readonly share: number,
  ) {}
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const consumer = real.spool.consumer(this.name);
    consumer.rewind();
    const read = await settleWithin(real.world.clock, drainQuickly(consumer));
    const settled = model.settled.get(this.name) ?? 0;
    const expected = model.acked.slice(settled);
    const found = read.map(({ batch }) => printOf(batch));
    if (found.join() !== expected.join())
      throw new Error(`read ${found.length} batches, the model has ${expected.length}`);
    if (consumer.pendingFrameCount !== expected.length)
      throw new Error(`${consumer.pendingFrameCount} pending, the model has ${expected.length}`);
    const count = Math.floor(this.share * read.length);
    const last = read[count - 1];
    if (last === undefined) return;
    await settleWithin(real.world.clock, consumer.settle(last.position));
    model.settled.set(this.name, settled + count);
  }
  toString = (): string => `readAndSettle(${this.name}, ${this.share})`;
}

class Restart implements Command {
  constructor(
    readonly strategy: CrashStrategy | 'close',
    readonly dice: number,
  ) {}
  check = (): boolean => true;
  async run(_model: Model, real: Real): Promise<void> {
    const random = new SimRandom(this.dice);
    const { world, spool } = real;
    // Everything appended was awaited, so a cut may lose nothing of it.
    const isClosed = this.strategy === 'close';
    const files =
      this.strategy === 'close' ? world.files : world.files.crash(this.strategy, random);
    if (isClosed) await settleWithin(world.clock, spool.close());
    else spool.close().catch(() => undefined);
    await real.start({ files, clock: new SimClock(), random });
  }
  toString = (): string => `restart(${this.strategy}, ${this.dice})`;
}

/** The disk is full while some batches wait, and is freed again. */
class FillAndFree implements Command {
  constructor(readonly room: number) {}
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const { files, clock } = real.world;
    files.capacityBytes = files.usedBytes + this.room;
    const appends = Array.from({ length: 4 }, () => {
      const batch = real.batch('a', 1, 220);
      const print = printOf(batch);
      return real.spool.append(batch).then(() => model.acked.push(print));
    });
    await clock.advance(100);
    files.capacityBytes = Number.POSITIVE_INFINITY;
    await settleWithin(clock, Promise.all(appends));
  }
  toString = (): string => `fillAndFree(${this.room})`;
}

/** One write or sync of a segment fails; what waits goes to the next segment. */
class FailOnce implements Command {
  constructor(readonly kind: 'write' | 'datasync') {}
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const { files, clock } = real.world;
    let isLeft = true;
    files.onOperation = ({ kind, path }) => {
      if (!isLeft || kind !== this.kind || !path.endsWith('.log')) return null;
      isLeft = false;
      return { code: 'EIO', partialBytes: 100 };
    };
    const batch = real.batch('b', 2, 60);
    const print = printOf(batch);
    await settleWithin(clock, real.spool.append(batch)).then(() => model.acked.push(print));
    files.onOperation = null;
  }
  toString = (): string => `failOnce(${this.kind})`;
}

const name = fc.constantFrom('loader', 'kafka');
const commands = fc.commands<Model, Real, false>(
  [
    fc
      .tuple(
        fc.constantFrom('a', 'b'),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 250 }),
      )
      .map(([stream, counts, fill]) => new Append(stream, counts, fill)),
    fc
      .tuple(name, fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([n, share]) => new ReadAndSettle(n, share)),
    fc
      .tuple(fc.constantFrom('close' as const, ...CRASH_STRATEGIES), fc.nat(1_000_000))
      .map(([strategy, dice]) => new Restart(strategy, dice)),
    fc.integer({ min: 0, max: 900 }).map((room) => new FillAndFree(room)),
    fc.constantFrom('write' as const, 'datasync' as const).map((kind) => new FailOnce(kind)),
  ],
  { maxCommands: 40, size: 'max' },
);

t.setTimeout(7_200_000);
t.test(`the spool does what the model does, seed ${seed}`, async (t) => {
  let commandCount = 0;
  const property = fc.asyncProperty(commands, async (list) => {
    const world = newWorld(seed);
    const spool = await openSim(world, options);
    const real = new Real(world, spool);
    await fc.asyncModelRun(() => ({ model: new Model(), real }), list);
    commandCount += [...list].length;
    real.spool.close().catch(() => undefined);
  });
  await fc.assert(property, { seed, numRuns: runCount });
  t.ok(commandCount > runCount, `${commandCount} commands in ${runCount} runs`);
});
