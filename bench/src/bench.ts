// What a bench is.
import type { ProfileName } from '@weir/collector';

/** What a figure means decides how a baseline is held against it. */
export type MeasureKind =
  /** Events per second: more is better. */
  | 'throughput'
  /** CPU-seconds per million events: less is better. */
  | 'cpu'
  /** Shown and stored, not compared. */
  | 'other';

/** One figure of all counted runs. */
export interface Measure {
  readonly kind: MeasureKind;
  readonly unit: string;
  readonly values: readonly number[];
}

export interface BenchOptions {
  /** A version of seconds, for `npm test`: shows that the bench works, not how fast the code is. */
  readonly small: boolean;
  /** Longer steps, where a bench has them. */
  readonly long: boolean;
  readonly seed: number;
  /** Counted runs. */
  readonly runs: number;
  /** Length of a timed bench; null for its own default. */
  readonly seconds: number | null;
  /** `storage`: events in each table, and the variants of it, by name; null for its own default. */
  readonly count: number | null;
  readonly variants: readonly string[] | null;
  /** Events per second offered; null for the bench's own default. */
  readonly rate: number | null;
  /** Which generated lines are sent, where a bench sends one kind. */
  readonly lines: ProfileName;
  /** Columns of the events table; default `full`. */
  readonly storeProfile?: 'full' | 'slim';
  /** Waits for the store's merges and counts their CPU time. */
  readonly settle: boolean;
  /** Folder with loadgen/loadgen.c, a C generator; null for our own repetitive profile. */
  readonly peersDirectory: string | null;
  /** `spool`: commit intervals to be compared, ms; null for the usual bench. */
  readonly fsyncIntervalsMs: readonly number[] | null;
  /** Where a chart goes, for benches that draw one; null for none. */
  readonly svgFile: string | null;
  /** Where CPU and heap profiles go; null for none. */
  readonly profileDirectory: string | null;
  readonly say: (line: string) => void;
}

export interface BenchResult {
  readonly measures: Readonly<Record<string, Measure>>;
  /** What else is to be known: sizes, which floor, what was checked. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** A hash of what was computed: the same seed and size must give the same. */
  readonly hash: string;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(options: BenchOptions): Promise<BenchResult>;
}

/** Figures of one run by name. */
export type RunFigures = Readonly<Record<string, readonly [MeasureKind, string, number]>>;

/** One warm-up that is not counted, then the runs. */
export async function repeat(
  options: Pick<BenchOptions, 'runs' | 'say'>,
  once: (run: number) => Promise<RunFigures>,
): Promise<Record<string, Measure>> {
  const measures: Record<string, { kind: MeasureKind; unit: string; values: number[] }> = {};
  for (let run = 0; run <= options.runs; run++) {
    const figures = await once(run);
    const shown = Object.entries(figures).filter(([, [kind]]) => kind !== 'other');
    options.say(
      `${run === 0 ? 'warm-up' : `run ${run}`}: ${shown.map(([name, [, , value]]) => `${name} ${brief(value)}`).join(', ')}`,
    );
    if (run === 0) continue;
    for (const [name, [kind, unit, value]] of Object.entries(figures)) {
      measures[name] ??= { kind, unit, values: [] };
      measures[name].values.push(value);
    }
  }
  return measures;
}

export const measure = (kind: MeasureKind, unit: string, ...values: number[]): Measure => ({
  kind,
  unit,
  values,
});

const brief = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
