// The line a second that shows what flows: rates in and stored, spool depth, quarantined, gaps.

/** Totals since start, sampled once a second. */
export interface StatusSample {
  readonly monotonicMs: number;
  readonly receivedEvents: number;
  readonly storedEvents: number;
  readonly quarantinedEvents: number;
  readonly refusedEvents: number;
  readonly spoolPendingEvents: number;
  readonly spoolBytes: number;
  /** Numbers that are neither stored nor explained nor in flight; null before the first look. */
  readonly missingEvents: number | null;
  /** What the store is doing, `ok` in the good case. */
  readonly storeState: string;
}

export function formatStatus(previous: StatusSample, now: StatusSample): string {
  const seconds = Math.max(0.001, (now.monotonicMs - previous.monotonicMs) / 1000);
  const rate = (from: number, to: number): string => count(Math.round((to - from) / seconds));
  const parts = [
    `in ${rate(previous.receivedEvents, now.receivedEvents)}/s`,
    `stored ${rate(previous.storedEvents, now.storedEvents)}/s`,
    `spool ${count(now.spoolPendingEvents)} events ${mebibytes(now.spoolBytes)}`,
    `quarantined ${count(now.quarantinedEvents)}`,
    `gaps ${now.missingEvents === null ? '-' : count(now.missingEvents)}`,
  ];
  if (now.refusedEvents > 0) parts.push(`refused ${count(now.refusedEvents)}`);
  if (now.storeState !== 'ok') parts.push(`store ${now.storeState}`);
  return parts.join('  ');
}

const count = (value: number): string => value.toLocaleString('en-US');
const mebibytes = (bytes: number): string => `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
