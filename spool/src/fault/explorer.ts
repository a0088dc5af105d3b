// Walks through the moments of a trace and cuts at each, in all ways; and again at the moments of
// the recovery from that. A state is named by the way that leads to it, so that it can be made
// again: `trace seed/moment.strategy.draw`, and `/moment.strategy.draw` for each cut after it.
import {
  CRASH_STRATEGIES,
  type CrashStrategy,
  HARSH_STRATEGIES,
  SimClock,
  SimRandom,
} from '@weir/pipeline/testing';
import { openSim } from '../test-spool.js';
import { checkState, indexesOf } from './check.js';
import { drainQuickly, settleWithin } from './quick.js';
import type { Moment, Trace } from './trace.js';

/** Ways to cut, with how often each is drawn at every moment. */
const CUTS: readonly (readonly [CrashStrategy, number])[] = [
  ['keep_all', 1],
  ['lose_unsynced', 1],
  ['process_kill', 1],
  ['random_sectors', 12],
  ['random_blocks', 3],
  ['prefix_tear', 16],
  ['zero_hole', 6],
  ['stale_blocks', 6],
  ['flip_unsynced', 8],
];

/** Of the recoveries that follow a cut, how many are cut again. */
const NESTED_CHANCE = 0.02;

const isStrategy = (text: string): text is CrashStrategy =>
  ([...CRASH_STRATEGIES, ...HARSH_STRATEGIES] as readonly string[]).includes(text);

/** Seeds of the dice of one cut, from the way that leads to it. */
function seedOf(way: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < way.length; i++) hash = Math.imul(hash ^ way.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}

export class Explorer {
  readonly states = new Set<number>();
  readonly seenStrategies = new Map<CrashStrategy, number>();
  readonly #checked = new Set<number>();
  violation: string | null = null;
  /** The way to the state of the violation. */
  violationWay: string | null = null;
  checkCount = 0;
  nestedCount = 0;
  nestedTwiceCount = 0;

  /** All moments of a trace, or until `stateCountMax` states are there. */
  async exploreTrace(trace: Trace, stateCountMax: number, depth: number): Promise<void> {
    for (const [index, moment] of trace.moments.entries()) {
      await this.#explore(trace, moment, `${trace.seed}/${index}`, depth, depth);
      if (this.violation !== null || this.states.size >= stateCountMax) return;
    }
  }

  async #explore(
    trace: Trace,
    moment: Moment,
    place: string,
    depth: number,
    depthMax: number,
  ): Promise<void> {
    const dice = new SimRandom(1);
    const kept = moment.files.crash('keep_all', dice).fingerprint();
    const lost = moment.files.crash('lose_unsynced', dice).fingerprint();
    for (const [strategy, drawCount] of CUTS) {
      // With nothing unsynced there is only one way to be cut off.
      if (kept === lost && drawCount > 1) continue;
      for (let draw = 0; draw < drawCount; draw++) {
        await this.#cut(trace, moment, `${place}.${strategy}.${draw}`, strategy, depth, depthMax);
        if (this.violation !== null) return;
      }
    }
  }

  async #cut(
    trace: Trace,
    moment: Moment,
    way: string,
    strategy: CrashStrategy,
    depth: number,
    depthMax: number,
  ): Promise<void> {
    const random = new SimRandom(seedOf(way));
    const files = moment.files.crash(strategy, random);
    const print = files.fingerprint();
    // The same state with more promises made before it is checked again, but not counted again.
    const key = print * 4096 + ((moment.acked.size * 64 + moment.consumers.length) % 4096);
    if (this.#checked.has(key)) return;
    this.#checked.add(key);
    if (!this.states.has(print)) {
      this.states.add(print);
      this.seenStrategies.set(strategy, (this.seenStrategies.get(strategy) ?? 0) + 1);
    }
    // The dice are thrown in any case, so that a replay throws the same.
    const isNested = random.chance(NESTED_CHANCE) && depth > 0;
    const nested = isNested ? files.snapshot() : null;
    this.checkCount++;
    const violation = await checkState(trace, moment, files, random.u32());
    if (violation !== null) {
      this.violation = `${violation} (before ${moment.operation})`;
      this.violationWay = way;
      return;
    }
    if (nested === null) return;
    this.nestedCount++;
    if (depth < depthMax) this.nestedTwiceCount++;
    const moments = await recoveryMoments(trace, moment, nested, way);
    for (const [index, inner] of moments.entries()) {
      if (random.chance(0.4))
        await this.#explore(trace, inner, `${way}/${index}`, depth - 1, depthMax);
      if (this.violation !== null) return;
    }
  }
}

/** The moments of a start on these files: cut off there, the next start must do it again. */
async function recoveryMoments(
  trace: Trace,
  moment: Moment,
  files: Moment['files'],
  way: string,
): Promise<Moment[]> {
  const moments: Moment[] = [];
  // What the interrupted recovery handed to a consumer must be there again after the next cut.
  let { acked } = moment;
  // Damage keeps a segment without end record until it is declared, and the declaration needs a
  // new one.
  const scannedMax = moment.scannedMax + 1;
  const note = (operation: string): void => {
    moments.push({ ...moment, acked, scannedMax, files: files.snapshot(), operation });
  };
  files.onOperation = ({ kind, path, isMutation }) => {
    if (isMutation) note(`recovery ${kind} ${path}`);
    return null;
  };
  const clock = new SimClock();
  const world = { files, clock, random: new SimRandom(seedOf(`${way} recovery`)) };
  const recover = async (): Promise<void> => {
    const spool = await openSim(world, trace.options);
    const name = moment.consumers[0]?.name ?? 'loader';
    const read = await drainQuickly(spool.consumer(name));
    acked = new Set([...acked, ...indexesOf(trace, read)]);
    await spool.close();
  };
  await settleWithin(clock, recover());
  note('after recovery');
  return moments;
}

/** Makes the state at the end of a way again and checks it: for a failure that was printed. */
export async function replayWay(
  record: (seed: number) => Promise<Trace>,
  way: string,
): Promise<{ readonly operation: string; readonly violation: string | null }> {
  const [seed, ...cuts] = way.split('/');
  const trace = await record(Number(seed));
  let { moments } = trace;
  let place = String(trace.seed);
  for (const [depth, cut] of cuts.entries()) {
    const [index, strategy = ''] = cut.split('.');
    const moment = moments[Number(index)];
    if (moment === undefined || !isStrategy(strategy)) throw new Error(`no such cut: ${cut}`);
    place = `${place}/${cut}`;
    const random = new SimRandom(seedOf(place));
    const files = moment.files.crash(strategy, random);
    if (depth < cuts.length - 1) moments = await recoveryMoments(trace, moment, files, place);
    else {
      random.chance(NESTED_CHANCE);
      const violation = await checkState(trace, moment, files, random.u32());
      return { operation: moment.operation, violation };
    }
  }
  throw new Error(`not a way to a state: ${way}`);
}
