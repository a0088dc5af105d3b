// Errors of the system at every call of a script: call k fails with each code, once or from there
// on, until the faults stop. Afterwards nothing that was acknowledged may be missing, a power cut
// included, and a fresh event gets through (after another start if the spool says that it failed).
import type { SequencedBatch } from '@weir/pipeline';
import { messageOf } from '@weir/pipeline';
import {
  SIM_ERROR_CODES,
  SimClock,
  type SimFault,
  SimFiles,
  type SimOperation,
  SimRandom,
} from '@weir/pipeline/testing';
import type { SpoolOptions } from '../options.js';
import type { Spool } from '../spool.js';
import { textBatch } from '../test-batches.js';
import { openSim, type SimWorld } from '../test-spool.js';
import { printOf } from './print.js';
import { drainQuickly, settleWithin } from './quick.js';
import { lostNumbersOf } from './trace.js';

/** One fault: at call `at`, with a code, once or for all calls of its kind from there on. */
export interface ErrorPlan {
  readonly scriptSeed: number;
  readonly at: number;
  readonly code: string;
  readonly isSticky: boolean;
  /** Bytes that a failing write leaves all the same; -1 for none. */
  readonly partialBytes: number;
  /** A failed sync keeps the pages dirty. Otherwise they are dropped, as Linux does. */
  readonly keepsPages: boolean;
  /** The process is killed so many calls after the fault, and the next one meets none; -1: not. */
  readonly killAfter: number;
}

const NO_PLAN = -1;
/** Calls after a failed sync at which the process is killed, each in a run of its own. */
const KILLS_AFTER_SYNC = 3;

export const wayOfPlan = (plan: ErrorPlan): string =>
  [
    plan.scriptSeed,
    plan.at,
    plan.code,
    plan.isSticky ? 'sticky' : 'once',
    plan.partialBytes,
    plan.keepsPages ? 'kept' : 'dropped',
    plan.killAfter,
  ].join('.');

export function planOfWay(way: string): ErrorPlan {
  const [scriptSeed, at, code = 'EIO', mode, partialBytes, pages, killAfter] = way.split('.');
  return {
    scriptSeed: Number(scriptSeed),
    at: Number(at),
    code,
    isSticky: mode === 'sticky',
    partialBytes: Number(partialBytes),
    keepsPages: pages === 'kept',
    killAfter: Number(killAfter),
  };
}

class Script {
  readonly random: SimRandom;
  files = new SimFiles();
  readonly clock = new SimClock();
  readonly options: Partial<SpoolOptions>;
  readonly acked: string[] = [];
  readonly issued = new Set<string>();
  readonly settleAsked = new Set<string>();
  readonly settled = new Set<string>();
  /** Given to the consumer: it must be there again. */
  readonly #delivered = new Set<string>();
  readonly #lostSettled = new Set<string>();
  readonly #epochs: bigint[] = [];
  #world: SimWorld;
  #spool: Spool | null = null;
  #next = new Map<string, number>();
  #openCount = 0;
  #nodeId = '';
  #isDamaged = false;
  #isUnreadable = false;
  /** Processes that were killed. */
  #killCount = 0;

  constructor(scriptSeed: number) {
    this.random = new SimRandom(scriptSeed);
    this.options = {
      segmentBytes: this.random.pick([1800, 3000]),
      consumers: ['loader'],
      cacheBytesMax: this.random.pick([0, 100_000]),
    };
    this.files.turnsPerCall = 1;
    this.#world = { files: this.files, clock: this.clock, random: this.random };
  }

  /** A call that reads will fail: from here on damage may be reported. */
  failRead(): void {
    this.#isUnreadable = true;
  }

  /** kill -9: what the process does from here on is seen by nobody. */
  kill(): void {
    this.files.onOperation = null;
    this.files = this.files.snapshot();
    this.#world = { ...this.#world, files: this.files };
    this.#spool = null;
    this.#killCount++;
  }

  /** The calls that faults go into. Failures are expected here. */
  async act(): Promise<void> {
    for (let life = 0; life < 2; life++) {
      await this.#open();
      for (let round = 0; round < 2; round++) {
        if (this.#spool === null) await this.#open();
        await this.#appendSome();
        if (life + round > 0) await this.#readAndSettle();
      }
      await this.#close();
    }
    await this.#open();
    await this.#appendSome();
  }

  /** Faults have stopped: null, or which promise is broken. */
  async judge(): Promise<string | null> {
    // Time for what is tried again with delays.
    await this.clock.advance(3_000);
    if (this.#spool === null || this.#spool.failure !== null) {
      await this.#close();
      await this.#open();
    }
    const spool = this.#spool;
    if (spool === null) return 'I7: the spool does not open after the faults have stopped';
    const fresh = await this.#appendOne(spool, 'n/fresh/0');
    if (!this.acked.includes(fresh)) return 'I7: a fresh event was refused';
    const problem = await this.#check(spool);
    if (problem !== null) return problem;
    // What a failed sync left in memory only is gone after a power cut.
    const cut = this.files.crash('lose_unsynced', this.random);
    const again = await openSim({ ...this.#world, files: cut }, this.options);
    return this.#check(again);
  }

  async #check(spool: Spool): Promise<string | null> {
    const consumer = spool.consumer('loader');
    consumer.rewind();
    const read = await drainQuickly(consumer);
    if (spool.stats().damage.length > 0) this.#isDamaged = true;
    const found = new Set<string>();
    const last = new Map<string, number>();
    const lost = new Set(this.#lostSettled);
    for (const { batch } of read) {
      const before = lost.size;
      for (const number of lostNumbersOf(batch)) lost.add(number);
      if (lost.size > before || batch.dispositions.length > 0) continue;
      const print = printOf(batch);
      if (!this.issued.has(print)) return `I2: recovered what was never issued: ${print}`;
      if (found.has(print)) return `I4: twice: ${print}`;
      if (this.settled.has(print)) return `I8: settled and delivered again: ${print}`;
      found.add(print);
      const key = `${batch.stream} ${batch.epoch}`;
      if (batch.seqFirst <= (last.get(key) ?? -1)) return `I3: out of order: ${print}`;
      last.set(key, batch.seqFirst);
    }
    // What cannot be read counts as rot, and is reported as such.
    if (this.#isUnreadable && this.#isDamaged) return null;
    for (const promised of [this.acked, this.#delivered])
      for (const print of promised)
        if (!found.has(print) && !this.settleAsked.has(print))
          return `I1: acknowledged or delivered, and not there: ${print}`;
    for (const print of found) this.#delivered.add(print);
    return null;
  }

  async #open(): Promise<void> {
    const before = this.#epochs.at(-1) ?? 0n;
    // A start that the system refuses is tried a few times, as a service manager does.
    for (let attempt = 0; attempt < 3 && this.#spool === null; attempt++) {
      this.#openCount++;
      const killCount = this.#killCount;
      const spool = await openSim(this.#world, this.options).catch(() => null);
      if (killCount === this.#killCount) this.#spool = spool;
    }
    if (this.#spool === null) return;
    if (this.#spool.report.damage.length > 0) this.#isDamaged = true;
    // A frontier that cannot be read starts again at the oldest frame: repeats, no loss.
    if (this.#spool.report.damagedConsumers.length > 0) this.settled.clear();
    const isSame = this.#nodeId === '' || this.#nodeId === this.#spool.nodeId;
    this.#nodeId = this.#spool.nodeId;
    if (isSame && this.#spool.epoch >> 32n <= before >> 32n)
      throw new Error(`the epoch did not rise at start ${this.#openCount}`);
    this.#epochs.push(this.#spool.epoch);
    this.#next = new Map();
  }

  async #close(): Promise<void> {
    const spool = this.#spool;
    this.#spool = null;
    await spool?.close().catch(() => undefined);
  }

  async #appendSome(): Promise<void> {
    const spool = this.#spool;
    if (spool === null) return;
    const count = 1 + this.random.below(3);
    const appends: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++)
      appends.push(this.#appendOne(spool, this.random.pick(['n/a/0', 'n/b/0'])));
    let isDone = false;
    const all = Promise.all(appends).then(() => {
      isDone = true;
    });
    // While there is no space appends wait: the script goes on after a while.
    for (let i = 0; i < 6 && !isDone; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!isDone && i > 1) await this.clock.advance(40);
    }
    if (isDone) await all;
    if (spool.failure !== null && spool === this.#spool) await this.#close();
  }

  async #appendOne(spool: Spool, stream: string): Promise<string> {
    const batch = this.#batch(spool.epoch, stream);
    const print = printOf(batch);
    this.issued.add(print);
    const killCount = this.#killCount;
    await spool.append(batch).then(
      () => {
        if (killCount === this.#killCount) this.acked.push(print);
      },
      () => undefined,
    );
    return print;
  }

  #batch(epoch: bigint, stream: string): SequencedBatch {
    const seqFirst = this.#next.get(stream) ?? 0;
    const count = 1 + this.random.below(2);
    this.#next.set(stream, seqFirst + count);
    return textBatch(stream, epoch, seqFirst, count, this.random.below(300));
  }

  async #readAndSettle(): Promise<void> {
    const spool = this.#spool;
    if (spool === null) return;
    const consumer = spool.consumer('loader');
    const killCount = this.#killCount;
    const isAlive = (): boolean => killCount === this.#killCount;
    try {
      const read = await drainQuickly(consumer);
      if (!isAlive()) return;
      const settled = read.slice(0, this.random.below(read.length + 1));
      const last = settled.at(-1);
      if (last !== undefined) {
        const prints = settled.map(({ batch }) => printOf(batch));
        for (const print of prints) this.settleAsked.add(print);
        for (const { batch } of settled)
          for (const number of lostNumbersOf(batch)) this.#lostSettled.add(number);
        await consumer.settle(last.position);
        if (!isAlive()) return;
        for (const print of prints) this.settled.add(print);
      }
      consumer.rewind();
    } catch {
      consumer.rewind();
    }
  }
}

const readingKinds = new Set(['open', 'read', 'sizeBytes', 'readDir']);
const isReading = (kind: string): boolean => readingKinds.has(kind);
const isSync = (kind: string): boolean => kind === 'datasync' || kind === 'sync';

/** Runs a script with a plan. The calls that it made are noted in `kinds`. */
export async function runPlan(plan: ErrorPlan, kinds: string[] = []): Promise<string | null> {
  const script = new Script(plan.scriptSeed);
  let stickyKind: string | null = null;
  const fault: SimFault = {
    code: plan.code,
    ...(plan.partialBytes >= 0 ? { partialBytes: plan.partialBytes } : {}),
    keepsPages: plan.keepsPages,
  };
  script.files.onOperation = ({ index, kind }: SimOperation) => {
    if (plan.at === NO_PLAN) kinds.push(kind);
    if (plan.killAfter >= 0 && index === plan.at + 1 + plan.killAfter) {
      script.kill();
      return null;
    }
    if (index === plan.at) {
      if (plan.isSticky) stickyKind = kind;
      if (isReading(kind) && plan.code === 'EIO') script.failRead();
      return fault;
    }
    return stickyKind === kind ? fault : null;
  };
  try {
    await settleWithin(script.clock, script.act());
    script.files.onOperation = null;
    return await settleWithin(script.clock, script.judge());
  } catch (error) {
    return `I7: ${messageOf(error)}`;
  }
}

/** Draws scripts, and goes through all their calls with all codes. */
export class ErrorLane {
  runCount = 0;
  violation: string | null = null;
  way: string | null = null;
  readonly seen: Record<string, number> = {};
  #scriptCount = 0;
  constructor(readonly seed: number) {}

  /** One more script; stops at the first violation, or when `countMax` runs are there. */
  async next(countMax: number): Promise<void> {
    const scriptSeed = this.seed + this.#scriptCount++;
    const kinds: string[] = [];
    const none = {
      scriptSeed,
      at: NO_PLAN,
      code: '',
      isSticky: false,
      partialBytes: -1,
      keepsPages: false,
      killAfter: -1,
    };
    await this.#run(none, kinds);
    const dice = new SimRandom(scriptSeed);
    for (const [at, kind] of kinds.entries()) {
      for (const code of SIM_ERROR_CODES) {
        for (const isSticky of [false, true]) {
          const partialBytes = kind === 'write' ? dice.below(600) : -1;
          const keepsPages = isSync(kind) && dice.chance(0.3);
          const plan = { scriptSeed, at, code, isSticky, partialBytes, keepsPages, killAfter: -1 };
          await this.#run(plan, []);
          if (this.violation !== null || this.runCount >= countMax) return;
          this.#saw(`${kind} ${code}`);
        }
      }
      if (!isSync(kind)) continue;
      for (let killAfter = 0; killAfter < KILLS_AFTER_SYNC; killAfter++) {
        await this.#run({ ...none, at, code: 'EIO', killAfter }, []);
        if (this.violation !== null || this.runCount >= countMax) return;
        this.#saw(`${kind} EIO, killed`);
      }
    }
  }

  #saw(name: string): void {
    this.seen[name] = (this.seen[name] ?? 0) + 1;
  }

  result(): {
    count: number;
    traceCount: number;
    violation: string | null;
    way: string | null;
    seen: Record<string, number>;
  } {
    const { runCount: count, violation, way, seen } = this;
    return { count, traceCount: this.#scriptCount, violation, way, seen };
  }

  async #run(plan: ErrorPlan, kinds: string[]): Promise<void> {
    this.runCount++;
    const violation = await runPlan(plan, kinds);
    if (violation === null) return;
    this.violation = violation;
    this.way = wayOfPlan(plan);
  }
}
