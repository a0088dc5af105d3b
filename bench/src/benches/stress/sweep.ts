// Steps in a row, each beside its floor, and how flat they are.
import type { Measure, RunFigures } from '../../bench.js';
import { measure } from '../../bench.js';
import { spreadOf } from '../../report.js';
import type { FloorOfStep, Step, StepFigures } from './steps.js';

export interface Sweep {
  /** First word of its figures. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** What differs between the steps. */
  readonly by: 'sources' | 'rate';
}

export interface Measured {
  readonly weir: StepFigures;
  readonly floor: FloorOfStep;
}

const WEIR = 'CpuSecondsPerMillion';
const FLOOR = 'FloorCpuSecondsPerMillion';

/** Figures of one run, one entry of `measured` for each step. */
export function figuresOfSweep(sweep: Sweep, measured: readonly Measured[]): RunFigures {
  const figures: Record<string, RunFigures[string]> = {};
  for (const [i, step] of sweep.steps.entries()) {
    const { weir, floor } = measured[i] as Measured;
    const name = `${sweep.name}${step[sweep.by]}`;
    figures[name + WEIR] = ['cpu', 'CPU-s/M', weir.perMillion];
    figures[name + FLOOR] = ['other', 'CPU-s/M', floor.perMillion];
    figures[`${name}ReachedPerSecond`] = ['other', 'events/s', weir.reachedPerSecond];
    figures[`${name}RatioToFloorCpu`] = ['other', '', weir.perMillion / floor.perMillion];
    figures[`${name}FloorReadsPerEvent`] = ['other', '', floor.readsPerEvent];
  }
  const lagMs = Math.max(...measured.map(({ weir }) => weir.sent.lagMsMax));
  figures[`${sweep.name}SenderLagMsMax`] = ['other', 'ms', lagMs];
  if (sweep.steps.every(({ protocol }) => protocol === 'udp')) {
    const drops = measured.reduce((sum, { weir }) => sum + weir.kernelDrops, 0);
    figures[`${sweep.name}KernelDrops`] = ['other', 'events', drops];
  }
  return figures;
}

/** The dearest step over the cheapest, each the median of its runs: 1 is flat. */
export function flatnessOf(
  sweep: Sweep,
  measures: Readonly<Record<string, Measure>>,
): Record<string, Measure> {
  const flatness = (suffix: string): Measure => {
    const medians = sweep.steps.map(
      (step) => spreadOf(measures[`${sweep.name}${step[sweep.by]}${suffix}`]?.values ?? []).median,
    );
    return measure('other', 'dearest / cheapest', Math.max(...medians) / Math.min(...medians));
  };
  return {
    [`${sweep.name}Flatness`]: flatness(WEIR),
    [`${sweep.name}FloorFlatness`]: flatness(FLOOR),
  };
}
