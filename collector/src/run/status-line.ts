// The line a second that shows what flows: rates in and stored, spool depth, quarantined, gaps.
// With several sinks there is a line for the whole and one for each.
import type { SinkStats } from '@weir/pipeline';

export interface SinkSample
  extends Pick<SinkStats, 'storedEvents' | 'quarantinedEvents' | 'lostEvents' | 'state' | 'lagMs'> {
  readonly id: string;
  readonly pending: { readonly events: number; readonly bytes: number };
}

/** Totals since start, sampled once a second. */
export interface StatusSample {
  readonly monotonicMs: number;
  readonly receivedEvents: number;
  readonly refusedEvents: number;
  readonly spoolBytes: number;
  /** Numbers that are neither stored nor explained nor in flight; null before the first look. */
  readonly missingEvents: number | null;
  readonly sinks: readonly SinkSample[];
}

/** One line, or several with line feeds between them. */
export function formatStatus(previous: StatusSample, now: StatusSample): string {
  const seconds = Math.max(0.001, (now.monotonicMs - previous.monotonicMs) / 1000);
  const rate = (from: number, to: number): string => `${count((to - from) / seconds)}/s`;
  const storedRate = (sink: SinkSample): string => {
    const before = previous.sinks.find(({ id }) => id === sink.id)?.storedEvents ?? 0;
    return `stored ${rate(before, sink.storedEvents)}`;
  };
  const [only] = now.sinks.length === 1 ? now.sinks : [];
  const pendingEvents = Math.max(0, ...now.sinks.map(({ pending }) => pending.events));
  const quarantined = Math.max(0, ...now.sinks.map(({ quarantinedEvents }) => quarantinedEvents));
  const parts = [`in ${rate(previous.receivedEvents, now.receivedEvents)}`];
  if (only !== undefined) parts.push(storedRate(only));
  parts.push(
    `spool ${count(pendingEvents)} events ${mebibytes(now.spoolBytes)}`,
    `quarantined ${count(quarantined)}`,
    `gaps ${now.missingEvents === null ? '-' : count(now.missingEvents)}`,
  );
  if (now.refusedEvents > 0) parts.push(`refused ${count(now.refusedEvents)}`);
  if (only !== undefined) {
    if (only.lostEvents > 0) parts.push(`lost ${count(only.lostEvents)}`);
    if (only.state !== 'ok') parts.push(`${only.id} ${only.state}`);
    return parts.join('  ');
  }
  const width = Math.max(0, ...now.sinks.map(({ id }) => id.length));
  const lines = now.sinks.map((sink) => {
    const line = [
      `   ${sink.id.padEnd(width)}`,
      storedRate(sink),
      `pending ${count(sink.pending.events)}`,
      `lag ${(sink.lagMs / 1000).toFixed(1)} s`,
      sink.state,
    ];
    if (sink.lostEvents > 0) line.push(`lost ${count(sink.lostEvents)}`);
    return line.join('  ');
  });
  return [parts.join('  '), ...lines].join('\n');
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');
const mebibytes = (bytes: number): string => `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
