// Shows a failing state of a lane again: node spool/dist/fault/replay.js LANE WAY [BUG], as the
// lane printed it. Exit code 1 if a promise is broken there, 0 if not.
import type { PlantedBug } from '@weir/pipeline';
import { PLANTED_BUGS, plantBug } from '@weir/pipeline/testing';
import { planOfWay, runPlan } from './errors.js';
import { replayWay } from './explorer.js';
import { runRot } from './rot.js';
import { recordTrace } from './trace.js';

const isBug = (text: string): text is PlantedBug => text in PLANTED_BUGS;

async function replay(lane: string, way: string): Promise<string | null> {
  if (lane === 'crash' && !way.includes('/')) {
    await recordTrace(Number(way));
    return null;
  }
  if (lane === 'crash') {
    const { operation, violation } = await replayWay(recordTrace, way);
    console.log(`cut before ${operation}`);
    return violation;
  }
  if (lane === 'errors') return runPlan(planOfWay(way));
  const [seed, draw] = way.split('.').map(Number);
  return (await runRot(await recordTrace(seed ?? 0), draw ?? 0)).violation;
}

const [lane, way, bug] = process.argv.slice(2);
if (lane === undefined || way === undefined) {
  console.error('usage: node spool/dist/fault/replay.js crash|errors|rot WAY [BUG]');
  process.exitCode = 2;
} else {
  if (bug !== undefined && isBug(bug)) plantBug(bug);
  const violation = await replay(lane, way).catch((error: unknown) => `I7: ${error}`);
  console.log(violation ?? 'every promise is kept');
  process.exitCode = violation === null ? 0 : 1;
}
