// Notices when the wall clock was set. Nothing in here depends on it (order is by number, timers
// are monotonic), but stamps on events before and after do not fit together: people must see why.
import type { Clock } from '@weir/pipeline';

/** Less is drift, or a late look. */
const STEP_MS_MIN = 1_000;
/** A clock that was set right and stays so is no news any more. */
const FORGET_AFTER_MS = 3_600_000;

export class ClockWatch {
  readonly #clock: Clock;
  readonly #onStep: (stepSeconds: number) => void;
  #wallMs: number;
  #monotonicMs: number;
  #stepMs = 0;
  #steppedAtMs = 0;
  /** Steps since the start. */
  stepCount = 0;

  constructor(clock: Clock, onStep: (stepSeconds: number) => void) {
    this.#clock = clock;
    this.#onStep = onStep;
    this.#wallMs = wallMsOf(clock);
    this.#monotonicMs = clock.monotonicMs();
  }

  /**
   * By how much the wall clock was set, all steps together, seconds; 0 again when it was set back,
   * and an hour after the last step.
   */
  get stepSeconds(): number {
    return this.#stepMs / 1000;
  }

  /** Once a second. */
  look(): void {
    const wallMs = wallMsOf(this.#clock);
    const monotonicMs = this.#clock.monotonicMs();
    const movedMs = wallMs - this.#wallMs - (monotonicMs - this.#monotonicMs);
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    if (Math.abs(movedMs) >= STEP_MS_MIN) {
      this.stepCount++;
      this.#stepMs += movedMs;
      this.#steppedAtMs = monotonicMs;
      this.#onStep(movedMs / 1000);
    }
    const isBack = Math.abs(this.#stepMs) < STEP_MS_MIN;
    if (isBack || monotonicMs - this.#steppedAtMs > FORGET_AFTER_MS) this.#stepMs = 0;
  }
}

const wallMsOf = (clock: Clock): number => Number(clock.nowNs() / 1_000_000n);
