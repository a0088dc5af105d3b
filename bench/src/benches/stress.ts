// Does an event cost the same whatever there is of it? More and more sources, faster and faster;
// and the quiet case: what a paced trickle costs, and how long an event waits for durability.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type BenchOptions, type BenchResult, type Measure, repeat } from '../bench.js';
import { type Corpus, writeCorpus } from '../feed/corpus.js';
import { buildReader, type Reader } from '../feed/floor.js';
import { startTarget, type Target } from '../feed/target.js';
import { runPaced } from './stress/paced.js';
import { planOf, type StressPlan } from './stress/plan.js';
import { checkStep, runFloor, runStep, type Step } from './stress/steps.js';
import { figuresOfSweep, flatnessOf, type Measured } from './stress/sweep.js';

export const stress: Bench = {
  name: 'stress',
  summary: 'CPU per event from 10 to 10,000 sources and 50k to 300k events/s; a paced trickle',
  run,
};

async function run(options: BenchOptions): Promise<BenchResult> {
  const plan = planOf(options);
  const work = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    const path = join(work, 'corpus.log');
    const corpus = writeCorpus(path, 'mixed', plan.corpusEvents, options.seed);
    const reader = buildReader(work);
    const target = await startTarget(work, 'type = "blackhole"', options.profileDirectory);
    const bench = { options, plan, work, corpus, reader, target };
    const swept = await runSweeps(bench).finally(() => target.weir.stop());
    const paced = await runPacedOften(bench);
    const flatness = plan.sweeps.map((sweep) => flatnessOf(sweep, swept.measures));
    return {
      measures: { ...swept.measures, ...Object.assign({}, ...flatness), ...paced },
      facts: {
        ...plan.facts,
        runs: plan.runs,
        floorReader: reader.kind,
        residentMiBMax: swept.residentMiBMax,
      },
      hash: corpus.hash,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Steps tell of themselves. */
const QUIETLY = (): void => {};

interface Running {
  readonly options: BenchOptions;
  readonly plan: StressPlan;
  readonly work: string;
  readonly corpus: Corpus;
  readonly reader: Reader;
  readonly target: Target;
}

/** All steps again and again, so that an hour in which the machine is slow meets all of them. */
async function runSweeps(
  bench: Running,
): Promise<{ measures: Record<string, Measure>; residentMiBMax: number }> {
  const { plan, target, options } = bench;
  const measures = await repeat({ runs: plan.runs, say: QUIETLY }, async (run) => {
    if (run === 0) {
      await warmUp(bench);
      return {};
    }
    const figures = {};
    for (const sweep of plan.sweeps) {
      const measured: Measured[] = [];
      for (const step of sweep.steps) measured.push(await measureStep(bench, run, step));
      Object.assign(figures, figuresOfSweep(sweep, measured));
    }
    return figures;
  });
  const residentMiBMax = Math.round(target.residentMiBMax);
  options.say(`highest resident memory ${residentMiBMax} MiB`);
  return { measures, residentMiBMax };
}

async function measureStep(bench: Running, run: number, step: Step): Promise<Measured> {
  const { target, corpus, plan, reader, work, options } = bench;
  const weir = await runStep(target, corpus, step);
  checkStep(step, weir);
  const floorStep = { ...step, seconds: plan.floorSeconds };
  const floor = await runFloor(reader, work, corpus, floorStep);
  const drops = step.protocol === 'udp' ? `, ${weir.kernelDrops} dropped by the kernel` : '';
  options.say(
    `run ${run}, ${step.protocol}, ${step.sources} sources, ${step.rate} events/s: ` +
      `${weir.reachedPerSecond.toFixed(0)} reached, ${weir.perMillion.toFixed(2)} CPU-s/M, ` +
      `floor ${floor.perMillion.toFixed(2)} with ${floor.readsPerEvent.toFixed(2)} reads an event, ` +
      `RSS ${target.residentMiB.toFixed(0)} MiB, ` +
      `sender ${weir.sent.lagMsMax.toFixed(0)} ms late at most${drops}`,
  );
  return { weir, floor };
}

/** The first and the last step of each sweep: code is compiled, memory has grown. */
async function warmUp({ plan, target, corpus, options }: Running): Promise<void> {
  const seconds = plan.warmUpSeconds;
  if (seconds === 0) return;
  for (const { steps } of plan.sweeps)
    for (const step of [steps[0] as Step, steps.at(-1) as Step])
      await runStep(target, corpus, { ...step, seconds });
  options.say('warmed up');
}

/** A fresh collector each time, which warms up by itself. */
async function runPacedOften(bench: Running): Promise<Record<string, Measure>> {
  const { plan, options } = bench;
  return await repeat({ runs: plan.runs, say: QUIETLY }, async (run) => {
    if (run === 0) return {};
    const figures = await runPaced(plan.paced, { ...options, ...bench });
    const shown = Object.entries(figures).map(([name, [, unit, value]]) =>
      `${name} ${value.toFixed(2)} ${unit}`.trim(),
    );
    options.say(`run ${run}, paced, ${plan.paced.rate} events/s: ${shown.join(', ')}`);
    return figures;
  });
}
