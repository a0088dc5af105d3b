/** What became of the rows that were asked for. */
export interface RequeueReport {
  /** Rows that were looked at. */
  tried: number;
  /** Now in the events table; in a dry run: would be. */
  requeued: number;
  /** Events that today's parser refuses, too, by today's reason. They stay, with that noted. */
  readonly stillFailing: Record<string, number>;
  /** They parse, and a filter of the pipeline takes them: they stay. */
  filtered: number;
  /** Only a part of the event is there: not tried. */
  cut: number;
  /** The loader is not done with them: not tried. */
  inFlight: number;
  /** At the end of their retention: not tried. */
  expired: number;
  /** Of other collectors that share the store: not tried. */
  otherNodes: number;
  readonly isDryRun: boolean;
}

export const emptyReport = (isDryRun: boolean): RequeueReport => ({
  tried: 0,
  requeued: 0,
  stillFailing: {},
  filtered: 0,
  cut: 0,
  inFlight: 0,
  expired: 0,
  otherNodes: 0,
  isDryRun,
});

const COUNTS = [
  ...(['tried', 'requeued', 'filtered', 'cut'] as const),
  ...(['inFlight', 'expired', 'otherNodes'] as const),
];

export function addReport(total: RequeueReport, more: Partial<RequeueReport>): void {
  for (const name of COUNTS) total[name] += more[name] ?? 0;
  for (const [reason, count] of Object.entries(more.stillFailing ?? {}))
    total.stillFailing[reason] = (total.stillFailing[reason] ?? 0) + count;
}
