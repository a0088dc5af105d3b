// What a proof is.
import type { Needs } from './preflight.js';
import type { ProofResult } from './report.js';

export interface ProofContext {
  /** Empty directory of this run; removed afterwards unless --keep. */
  readonly directory: string;
  readonly seed: number;
  /** One of the proof's sabotages, null for an honest run. */
  readonly sabotage: string | null;
  /** With --long: what takes too long for every day. */
  readonly isLong: boolean;
  /** --count; null where it was not given. */
  readonly count: number | null;
  /** Progress, one line. */
  readonly say: (line: string) => void;
}

export interface Proof {
  readonly name: string;
  readonly summary: string;
  /** Faults that can be planted; with each the proof must fail. The first is the default. */
  readonly sabotages: readonly string[];
  readonly needs: Needs;
  /** How long it takes with --long; absent where that is no different. */
  readonly longSeconds?: number;
  /** Least and greatest --count; absent where it has none. */
  readonly counts?: readonly [number, number];
  run(context: ProofContext): Promise<ProofResult>;
}

/** Environment that plants a fault in the collector. */
export const sabotageEnvironment = (sabotage: string | null): NodeJS.ProcessEnv =>
  sabotage === null ? {} : { WEIR_SABOTAGE: sabotage };
