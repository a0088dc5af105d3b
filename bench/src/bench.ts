// What a bench is.
export interface BenchOptions {
  /** A version of seconds, for `npm test`: shows that the bench works, not how fast the code is. */
  readonly small: boolean;
  readonly seed: number;
  /** Counted runs. */
  readonly runs: number;
  /** Length of a timed bench; null for its own default. */
  readonly seconds: number | null;
  /** Events per second offered; null for the bench's own default. */
  readonly rate: number | null;
  readonly say: (line: string) => void;
}

export interface BenchResult {
  /** Lines for people. */
  readonly lines: readonly string[];
  /** All figures, for --json. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** A hash of what was computed: the same seed and size must give the same. */
  readonly hash: string;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(options: BenchOptions): Promise<BenchResult>;
}
