// Figures of repeated runs: the median is what is quoted, the spread says whether to believe it.
import { cpus, release, totalmem } from 'node:os';
import { isoNow } from './clock.js';

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
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

export function machineFacts(): Record<string, unknown> {
  return {
    date: isoNow(),
    node: process.version,
    kernel: release(),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
  };
}
