// What people's own components throw, in the log: the first at once, then a line a minute for each
// component with how many there were. The events themselves carry the mark `component_failed`.
import type { Clock, StepCounts } from '@weir/pipeline';

const INTERVAL_MS = 60_000;

export interface StepError {
  readonly component: string;
  /** Events on which it threw since the line before. */
  readonly failedEvents: number;
  readonly message: string;
}

interface Known {
  toldMs: number;
  untoldEvents: number;
}

export class StepErrors {
  readonly #clock: Clock;
  readonly #tell: (error: StepError) => void;
  /** By id of the component: as many as the graph has. */
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock, tell: (error: StepError) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Of failures without a text, isolation tells. */
  note({ component, failedEvents, firstError }: StepCounts): void {
    if (failedEvents === 0 || firstError === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#known.get(component) ?? { toldMs: -INTERVAL_MS, untoldEvents: 0 };
    this.#known.set(component, known);
    known.untoldEvents += failedEvents;
    const isFirst = known.toldMs < 0;
    if (!isFirst && nowMs - known.toldMs < INTERVAL_MS) return;
    this.#tell({ component, failedEvents: known.untoldEvents, message: firstError });
    known.toldMs = Math.max(0, nowMs);
    known.untoldEvents = 0;
  }
}
