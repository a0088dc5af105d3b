// When an optional sink must let go of its oldest events, so that it never fills the spool.
import type { SpoolStats } from '@weir/spool';

export interface Overrun {
  /** True from when the sink lags too far behind. */
  isOver(): boolean;
  /** Asked while events are let go: true as long as more must go. */
  isStillOver(): boolean;
}

export interface OverrunOptions {
  /** Consumer of the optional sink. */
  readonly consumer: string;
  readonly maxLagBytes: number;
  /** Consumers of the required sinks: what they have not taken either is not this one's to free. */
  readonly requiredConsumers: readonly string[];
  readonly stats: () => Pick<SpoolStats, 'isFull' | 'consumers'>;
}

/** Letting go ends at this part of the limit, so that it does not begin again at once. */
const KEPT_PART = 0.8;

export function spoolOverrun(options: OverrunOptions): Overrun {
  const { consumer, maxLagBytes, requiredConsumers, stats } = options;
  const pendingOf = (found: ReturnType<typeof stats>, name: string): number =>
    found.consumers[name]?.pendingBytes ?? 0;
  /** Space comes back only if nobody else holds these bytes. */
  const isHoldingSpool = (found: ReturnType<typeof stats>): boolean =>
    found.isFull &&
    pendingOf(found, consumer) >
      Math.max(0, ...requiredConsumers.map((name) => pendingOf(found, name)));
  return {
    isOver() {
      const found = stats();
      return pendingOf(found, consumer) > maxLagBytes || isHoldingSpool(found);
    },
    isStillOver() {
      const found = stats();
      return pendingOf(found, consumer) > maxLagBytes * KEPT_PART || isHoldingSpool(found);
    },
  };
}
