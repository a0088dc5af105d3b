// The lanes, as tasks that a thread runs. A lane draws seeds until it has what it was asked for, or
// until it has found a violation, and tells how to see that again.

import { messageOf, type PlantedBug } from '@weir/pipeline';
import { plantBug } from '@weir/pipeline/testing';
import { ErrorLane } from './errors.js';
import { Explorer } from './explorer.js';
import { RotLane } from './rot.js';
import { recordTrace } from './trace.js';

export const LANES = ['crash', 'errors', 'rot'] as const;
export type LaneName = (typeof LANES)[number];

export interface LaneTask {
  readonly lane: LaneName;
  readonly seed: number;
  /** Distinct states, or runs, to reach. */
  readonly count: number;
  readonly planted: PlantedBug | null;
}

export interface LaneResult {
  /** Distinct states (crash) or runs (errors, rot). */
  readonly count: number;
  /** Fingerprints, so that threads do not count the same state twice. */
  readonly states: Float64Array;
  readonly traceCount: number;
  readonly violation: string | null;
  /** Names the failing state for replay. */
  readonly way: string | null;
  /** How often each class of fault was seen. */
  readonly seen: Readonly<Record<string, number>>;
}

/** Recoveries that are cut again, one in the other. */
const NESTED_DEPTH = 2;

export async function runLane(task: LaneTask): Promise<LaneResult> {
  plantBug(task.planted);
  try {
    if (task.lane === 'crash') return await runCrash(task);
    if (task.lane === 'errors') return await runErrors(task);
    return await runRot(task);
  } finally {
    plantBug(null);
  }
}

async function runCrash({ seed, count }: LaneTask): Promise<LaneResult> {
  const explorer = new Explorer();
  let traceCount = 0;
  let { violation, violationWay } = explorer;
  while (explorer.states.size < count && violation === null) {
    const traceSeed = seed + traceCount++;
    try {
      await explorer.exploreTrace(await recordTrace(traceSeed), count, NESTED_DEPTH);
      ({ violation, violationWay } = explorer);
    } catch (error) {
      // Without any fault the spool itself did not do its work.
      violation = `I7: ${messageOf(error)}`;
      violationWay = String(traceSeed);
    }
  }
  return {
    count: explorer.states.size,
    states: Float64Array.from(explorer.states),
    traceCount,
    violation,
    way: violationWay,
    seen: {
      ...Object.fromEntries(explorer.seenStrategies),
      nested: explorer.nestedCount,
      nested_twice: explorer.nestedTwiceCount,
    },
  };
}

async function runErrors({ seed, count }: LaneTask): Promise<LaneResult> {
  const lane = new ErrorLane(seed);
  while (lane.runCount < count && lane.violation === null) await lane.next(count);
  return { ...lane.result(), states: new Float64Array(0) };
}

async function runRot({ seed, count }: LaneTask): Promise<LaneResult> {
  const lane = new RotLane(seed);
  while (lane.runCount < count && lane.violation === null) await lane.next();
  return { ...lane.result(), states: new Float64Array(0) };
}

/** The command that shows a failing state again, for people. */
export const replayCommand = (task: LaneTask, way: string): string =>
  task.planted === null
    ? `node spool/dist/fault/replay.js ${task.lane} ${way}`
    : `WEIR_PLANTED_BUGS=allowed node spool/dist/fault/replay.js ${task.lane} ${way} ${task.planted}`;
