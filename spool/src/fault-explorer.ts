// Walks through the moments of a trace and cuts at each. Used by the fault test.
import { SimClock, SimRandom } from '@weir/pipeline/testing';
import type { Moment, Trace } from './fault-harness.js';
import { checkState, cuts, indexesOf } from './fault-harness.js';
import { drain, openSim } from './test-spool.js';

/** Draws states of the file system after a cut, checks each, and remembers which it has seen. */
export class Explorer {
  readonly random: SimRandom;
  readonly seed: number;
  readonly #seen = new Set<string>();
  readonly #checked = new Set<string>();
  violation: string | null = null;
  nestedCount = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SimRandom(seed);
  }

  get states(): ReadonlySet<string> {
    return this.#seen;
  }
  get stateCount(): number {
    return this.#seen.size;
  }

  /** Cuts at a moment in all ways; stops at the first violation. */
  async explore(trace: Trace, moment: Moment, depth: number): Promise<void> {
    const kept = moment.files.crash('keep_all', this.random).fingerprint();
    const lost = moment.files.crash('lose_unsynced', this.random).fingerprint();
    for (const [strategy, drawCount] of cuts) {
      // With nothing unsynced there is only one way to be cut off.
      if (kept === lost && drawCount > 1) continue;
      for (let draw = 0; draw < drawCount; draw++) {
        const files = moment.files.crash(strategy, this.random);
        const print = files.fingerprint();
        // The same state with more promises made before it is checked again, but not counted again.
        const key = `${print} ${moment.acked.size} ${moment.settleAsked.size}`;
        if (this.#checked.has(key)) continue;
        this.#checked.add(key);
        this.#seen.add(print);
        const nested = depth > 0 && this.random.chance(0.02) ? files.snapshot() : null;
        const violation = await checkState(trace, moment, files, this.random.u32());
        if (violation !== null) {
          this.violation = `${violation} (seed ${this.seed}, ${strategy} before ${moment.operation})`;
          return;
        }
        if (nested !== null) await this.#duringRecovery(trace, moment, nested, depth - 1);
        if (this.violation !== null) return;
      }
    }
  }

  async #duringRecovery(
    trace: Trace,
    moment: Moment,
    files: Moment['files'],
    depth: number,
  ): Promise<void> {
    this.nestedCount++;
    const moments: Moment[] = [];
    // What the interrupted recovery handed to a consumer must be there again after the next cut.
    let acked = moment.acked;
    // Damage keeps a segment without end record until it is declared, and the declaration needs a
    // new one.
    const scannedMax = moment.scannedMax + 1;
    files.onOperation = ({ kind, path, isMutation }) => {
      const operation = `recovery ${kind} ${path}`;
      if (isMutation)
        moments.push({ ...moment, acked, scannedMax, files: files.snapshot(), operation });
      return null;
    };
    const world = { files, clock: new SimClock(), random: new SimRandom(this.random.u32()) };
    const spool = await openSim(world);
    const read = await drain(spool.consumer('loader'));
    acked = new Set([...moment.acked, ...indexesOf(trace, read)]);
    await spool.close();
    moments.push({
      ...moment,
      acked,
      scannedMax,
      files: files.snapshot(),
      operation: 'after recovery',
    });
    for (const inner of moments) {
      if (this.random.chance(0.5)) await this.explore(trace, inner, depth);
      if (this.violation !== null) return;
    }
  }
}
