// What the driver is told, and how it ends.
export interface DriverTask {
  readonly directory: string;
  readonly journal: string;
  readonly seed: number;
  /** How often the spool is opened. */
  readonly openCount: number;
  readonly roundCount: number;
  /** A planted bug of @weir/pipeline/testing, null for none. */
  readonly bug: string | null;
}
export const EXIT = { done: 0, spoolFailed: 3, openRefused: 4 } as const;
