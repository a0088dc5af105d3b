// The figures of a variant of the events table, as measures and as a line of a table.
import { type Measure, measure } from '../../bench.js';
import type { DayOfEvents } from './events.js';
import type { Identity } from './identity.js';
import { QUERIES, type QueryFigures } from './queries.js';
import type { TableSize } from './tables.js';

export interface VariantFigures {
  readonly content: string;
  readonly insertSeconds: number;
  readonly insertCpuSeconds: number;
  /** Up to the one part that is left at the end. */
  readonly mergedCpuSeconds: number;
  readonly partsInserted: number;
  readonly size: TableSize;
  readonly columns: readonly string[];
  readonly identity: Identity;
  readonly queries: Readonly<Record<string, QueryFigures>>;
}

export function measuresOf(
  name: string,
  figures: VariantFigures,
  { eventCount, rawByteCount }: DayOfEvents,
): Record<string, Measure> {
  const millions = eventCount / 1e6;
  const measures: Record<string, Measure> = {
    BytesPerEvent: measure('other', 'B', figures.size.bytes / eventCount),
    IndexBytesPerEvent: measure('other', 'B', figures.size.indexBytes / eventCount),
    RatioToRaw: measure('other', '', rawByteCount / figures.size.bytes),
    InsertEventsPerSecond: measure('throughput', 'events/s', eventCount / figures.insertSeconds),
    InsertCpuSecondsPerMillion: measure('cpu', 'CPU-s/M', figures.insertCpuSeconds / millions),
    MergedCpuSecondsPerMillion: measure('cpu', 'CPU-s/M', figures.mergedCpuSeconds / millions),
    PartsInserted: measure('other', 'parts', figures.partsInserted),
  };
  for (const [query, { rowsRead, bytesRead, medianMs }] of Object.entries(figures.queries)) {
    measures[`_${query}RowsRead`] = measure('other', 'rows', rowsRead);
    measures[`_${query}BytesRead`] = measure('other', 'B', bytesRead);
    measures[`_${query}Ms`] = measure('other', 'ms', medianMs);
  }
  return Object.fromEntries(Object.entries(measures).map(([key, one]) => [`${name}${key}`, one]));
}

export const HEAD = [
  'variant',
  'B/event',
  'index B',
  'to raw',
  'CPU-s/M insert, merged',
  'parts',
  ...QUERIES.map(({ name }) => `${name}: krows, MB, ms`),
  'keeps identity',
].join(' | ');

export function lineOf(name: string, figures: VariantFigures, events: DayOfEvents): string {
  const { size, queries, identity, insertCpuSeconds, mergedCpuSeconds, partsInserted } = figures;
  const { eventCount, rawByteCount } = events;
  const perMillion = (seconds: number): string => ((seconds / eventCount) * 1e6).toFixed(1);
  const { retryReplaces, newParserReplaces } = identity;
  return [
    name,
    (size.bytes / eventCount).toFixed(1),
    (size.indexBytes / eventCount).toFixed(1),
    (rawByteCount / size.bytes).toFixed(2),
    `${perMillion(insertCpuSeconds)}, ${perMillion(mergedCpuSeconds)}`,
    partsInserted,
    ...Object.values(queries).map(
      ({ rowsRead, bytesRead, medianMs }) =>
        `${(rowsRead / 1e3).toFixed(0)}, ${(bytesRead / 1e6).toFixed(1)}, ${medianMs.toFixed(0)}`,
    ),
    retryReplaces && newParserReplaces ? 'yes' : retryReplaces ? 'not of a new parser' : 'no',
  ].join(' | ');
}
