// What is run, and for how long.
import { readFileSync } from 'node:fs';
import type { BenchOptions } from '../../bench.js';
import type { PacedPlan } from './paced.js';
import type { Step } from './steps.js';
import type { Sweep } from './sweep.js';

const SOURCE_STEPS = [10, 100, 1_000, 10_000];
const RATE_STEPS = [50_000, 100_000, 200_000, 300_000];
const SOURCES_OF_RATE_STEPS = 100;
const RATE_OF_SOURCE_STEPS = 50_000;
const RATE_OF_UDP_STEPS = 20_000;
const PACED_RATE = 5_000;

const RUNS_MAX = 3;
/** Of a collector, beside one for each source: spool, workers, listeners. */
const OTHER_DESCRIPTORS = 1_000;

export interface StressPlan {
  readonly runs: number;
  readonly sweeps: readonly Sweep[];
  readonly floorSeconds: number;
  /** Of the first and the last step of each sweep, once. */
  readonly warmUpSeconds: number;
  readonly paced: PacedPlan;
  readonly corpusEvents: number;
  readonly facts: Readonly<Record<string, unknown>>;
}

export function planOf(options: BenchOptions): StressPlan {
  if (options.small) return smallPlan(options);
  const stepSeconds = options.seconds ?? (options.long ? 30 : 4);
  const floorSeconds = Math.min(stepSeconds, options.long ? 5 : 3);
  const pacedSeconds = options.long ? 60 : Math.max(3, stepSeconds * 3);
  const descriptors = descriptorsMax();
  const smaller: string[] = [];
  const within = (sources: number): number => {
    if (sources + OTHER_DESCRIPTORS <= descriptors) return sources;
    const fewer = Math.max(1, descriptors - OTHER_DESCRIPTORS);
    smaller.push(`${fewer} sources instead of ${sources}`);
    return fewer;
  };
  const sources = [...new Set(SOURCE_STEPS.map(within))];
  return {
    runs: options.long ? options.runs : Math.min(options.runs, RUNS_MAX),
    sweeps: sweepsOf(stepSeconds, {
      sources,
      sourceRate: RATE_OF_SOURCE_STEPS,
      udpRate: RATE_OF_UDP_STEPS,
      rates: RATE_STEPS,
      rateSources: SOURCES_OF_RATE_STEPS,
    }),
    floorSeconds,
    warmUpSeconds: Math.min(2, stepSeconds),
    paced: {
      rate: PACED_RATE,
      warmUpSeconds: 4,
      seconds: pacedSeconds,
      httpSeconds: Math.ceil(pacedSeconds / 2),
      floorSeconds,
    },
    corpusEvents: 200_000,
    facts: {
      stepSeconds,
      floorSeconds,
      pacedSeconds,
      descriptors,
      stepsMadeSmaller: smaller.length === 0 ? 'none' : smaller,
    },
  };
}

function smallPlan(options: BenchOptions): StressPlan {
  return {
    runs: options.runs,
    sweeps: sweepsOf(0.3, {
      sources: [4, 40],
      // CPU time is counted in 10 ms: a step must cost more than that.
      sourceRate: 10_000,
      udpRate: 5_000,
      rates: [8_000, 12_000],
      rateSources: 10,
    }),
    floorSeconds: 0.3,
    warmUpSeconds: 0,
    paced: { rate: 4_000, warmUpSeconds: 0, seconds: 1, httpSeconds: 1, floorSeconds: 0.3 },
    corpusEvents: 5_000,
    facts: { stepSeconds: 0.3 },
  };
}

interface Steps {
  readonly sources: readonly number[];
  readonly sourceRate: number;
  readonly udpRate: number;
  readonly rates: readonly number[];
  readonly rateSources: number;
}

function sweepsOf(seconds: number, steps: Steps): Sweep[] {
  const bySources = (protocol: Step['protocol'], rate: number): Step[] =>
    steps.sources.map((sources) => ({ protocol, sources, rate, seconds }));
  const byRate = steps.rates.map(
    (rate): Step => ({ protocol: 'tcp', sources: steps.rateSources, rate, seconds }),
  );
  return [
    { name: 'sources', by: 'sources', steps: bySources('tcp', steps.sourceRate) },
    { name: 'rate', by: 'rate', steps: byRate },
    { name: 'udpSources', by: 'sources', steps: bySources('udp', steps.udpRate) },
  ];
}

/** Files and sockets that a process started by this one may open. */
function descriptorsMax(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const hard = /^Max open files +\S+ +(\S+)/m.exec(limits)?.[1];
    return hard === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(hard);
  } catch {
    // Where the system does not tell, a step that is too large fails by itself.
    return Number.MAX_SAFE_INTEGER;
  }
}
