// Figures of repeated runs: the median is what is quoted, the spread says whether to believe it.
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import type { BenchResult, Measure } from './bench.js';
import { isoNow } from './clock.js';

/**
 * Raised when a bench comes to mean something else: its figures cannot be held against older ones.
 */
export const BENCH_VERSION = 3;

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface MachineFacts {
  readonly node: string;
  readonly kernel: string;
  readonly cores: number;
  readonly cpu: string;
  readonly memoryMiB: number;
}

/** What --json prints and --save writes. */
export interface BenchReport {
  readonly schema: 'weir-bench-2';
  readonly bench: string;
  readonly benchVersion: number;
  readonly weir: string;
  readonly date: string;
  readonly machine: MachineFacts;
  /** Sizes and seed: reports of other settings are not comparable. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hash: string;
  readonly measures: Readonly<Record<string, Measure & Spread>>;
  readonly facts: Readonly<Record<string, unknown>>;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
  return { min: sorted[0] ?? 0, median, max: sorted.at(-1) ?? 0 };
}

export const formatSpread = (spread: Spread, digits: number): string => {
  const show = (value: number): string =>
    value.toLocaleString('en-US', { maximumFractionDigits: digits });
  return `${show(spread.median)} (${show(spread.min)} .. ${show(spread.max)})`;
};

export function machineFacts(): MachineFacts {
  return {
    node: process.version,
    kernel: release(),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
  };
}

export function reportOf(
  bench: string,
  settings: Readonly<Record<string, unknown>>,
  result: BenchResult,
): BenchReport {
  const manifest = new URL('../package.json', import.meta.url);
  const measures = Object.entries(result.measures).map(
    ([name, measure]) => [name, { ...measure, ...spreadOf(measure.values) }] as const,
  );
  return {
    schema: 'weir-bench-2',
    bench,
    benchVersion: BENCH_VERSION,
    weir: (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version,
    date: isoNow(),
    machine: machineFacts(),
    settings,
    hash: result.hash,
    measures: Object.fromEntries(measures),
    facts: result.facts,
  };
}

/** For people: median (lowest .. highest) of each figure, then the facts. */
export function linesOf(report: BenchReport): string[] {
  const { machine } = report;
  const measures = Object.entries(report.measures).map(([name, measure]) => {
    const digits = measure.median >= 1000 ? 0 : 2;
    return `${name.padEnd(40)} ${formatSpread(measure, digits)} ${measure.unit}`;
  });
  const facts = Object.entries(report.facts).map(
    ([name, value]) =>
      `${name.padEnd(40)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return [
    ...measures,
    ...facts,
    `machine: ${machine.cores} cores, ${machine.cpu}, ${machine.memoryMiB} MiB, kernel ${machine.kernel}, Node ${machine.node}`,
    `hash ${report.hash}`,
  ];
}
