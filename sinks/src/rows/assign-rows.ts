// Which row of a batch goes where. Every encoder starts from this, so that all sinks count alike.
import {
  type Disposition,
  type EventBatch,
  type FilterCause,
  markName,
  type QuarantineReason,
  STATUS,
} from '@weir/pipeline';

/** Row indexes, ascending in each list. */
export interface RowAssignment {
  readonly events: Uint16Array;
  readonly quarantine: Uint16Array;
  /** Also those that are skipped: the ledger needs them whether or not they are sent again. */
  readonly quarantineAll: Uint16Array;
  readonly filtered: Uint16Array;
}

/**
 * Quarantine goes before filtered, as in the ledger's precedence. `skipSeqs`, ascending: numbers
 * that are stored already; they are in neither `events` nor `quarantine`.
 */
export function assignRows(
  batch: EventBatch,
  seqFirst: number,
  skipSeqs: Float64Array | null,
): RowAssignment {
  const { eventCount } = batch.raw;
  const lists = [0, 1, 2, 3].map(() => new Uint16Array(eventCount)) as Uint16Array[];
  const [events, quarantine, quarantineAll, filtered] = lists as [
    Uint16Array,
    Uint16Array,
    Uint16Array,
    Uint16Array,
  ];
  const count = [0, 0, 0, 0] as [number, number, number, number];
  let skipAt = 0;
  for (let row = 0; row < eventCount; row++) {
    const seq = seqFirst + row;
    while (skipSeqs !== null && skipAt < skipSeqs.length && (skipSeqs[skipAt] as number) < seq)
      skipAt++;
    const skipped = skipSeqs !== null && skipSeqs[skipAt] === seq;
    if (batch.quarantine[row] !== 0) {
      quarantineAll[count[2]++] = row;
      if (!skipped) quarantine[count[1]++] = row;
    } else if (batch.status[row] === STATUS.filtered) filtered[count[3]++] = row;
    else if (!skipped) events[count[0]++] = row;
  }
  return {
    events: events.subarray(0, count[0]),
    quarantine: quarantine.subarray(0, count[1]),
    quarantineAll: quarantineAll.subarray(0, count[2]),
    filtered: filtered.subarray(0, count[3]),
  };
}

/** The numbers of rows that went to quarantine, and how many for each reason. */
export function quarantineOf(
  batch: EventBatch,
  seqFirst: number,
  quarantinedRows: Uint16Array,
): {
  readonly quarantinedSeqs: Float64Array<ArrayBuffer>;
  readonly quarantinedByReason: Partial<Record<QuarantineReason, number>>;
} {
  const quarantinedSeqs = new Float64Array(quarantinedRows.length);
  const quarantinedByReason: Partial<Record<QuarantineReason, number>> = {};
  quarantinedRows.forEach((row, i) => {
    quarantinedSeqs[i] = seqFirst + row;
    const reason = markName(batch.quarantine[row] as number) as QuarantineReason;
    quarantinedByReason[reason] = (quarantinedByReason[reason] ?? 0) + 1;
  });
  return { quarantinedSeqs, quarantinedByReason };
}

const UNNAMED: FilterCause = { kind: 'filtered', cause: 'filter:pipeline' };

/**
 * One disposition for each cause that took rows, in the order of their first rows. Rows that came
 * hollow in a forwarded frame keep the kind and cause that they came with.
 */
export function filteredDispositions(
  batch: EventBatch,
  rows: RowAssignment,
  seqFirst: number,
): Disposition[] {
  interface Found extends FilterCause {
    readonly seqRanges: [number, number][];
    eventCount: number;
  }
  const { filteredBy } = batch;
  const found = new Map<number, Found>();
  for (const row of rows.filtered) {
    const index = filteredBy?.causeIndex[row] ?? 0;
    let entry = found.get(index);
    if (entry === undefined) {
      const { kind, cause } = filteredBy?.causes[index] ?? UNNAMED;
      entry = { kind, cause, seqRanges: [], eventCount: 0 };
      found.set(index, entry);
    }
    const seq = seqFirst + row;
    const last = entry.seqRanges.at(-1);
    if (last !== undefined && last[1] === seq - 1) last[1] = seq;
    else entry.seqRanges.push([seq, seq]);
    entry.eventCount++;
  }
  return [...found.values()];
}
