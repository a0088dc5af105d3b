// Parts of a batch, and what was made of them put together again.
import type { Disposition, RequestPart, SequencedBatch, SourceRun } from '../batch.js';
import { allocateBytes } from '../batch.js';
import type {
  EncodedBatch,
  EncodedBlock,
  StepCounts,
  TappedRows,
  TapRequest,
} from '../component.js';
import { assert } from '../errors.js';
import type { QuarantineReason } from '../taxonomy.js';

/**
 * Rows [first, end) of a batch as a batch of its own, which owns its memory. Numbers, sources and
 * parts of requests stay what they are; dispositions go with row 0.
 */
export function sliceBatch(batch: SequencedBatch, first: number, end: number): SequencedBatch {
  assert(first < end && end <= batch.eventCount, 'a part has rows of the batch');
  const start = batch.offsets[first] as number;
  const bytes = allocateBytes((batch.offsets[end] as number) - start);
  bytes.set(batch.bytes.subarray(start, batch.offsets[end]));
  return {
    ...batch,
    eventCount: end - first,
    bytes,
    offsets: batch.offsets.slice(first, end + 1).map((offset) => offset - start),
    marks: sliceMarks(batch.marks, first, end),
    runs: sliceRuns(batch.runs, first, end),
    requestParts: batch.requestParts.flatMap((part) => sliceRequestPart(part, first, end)),
    dispositions: first === 0 ? batch.dispositions : [],
    seqFirst: batch.seqFirst + first,
  };
}

function sliceMarks(marks: SequencedBatch['marks'], first: number, end: number) {
  const inside: number[] = [];
  for (let at = 0; at < marks.length; at += 3) {
    const row = marks[at] as number;
    if (row >= first && row < end)
      inside.push(row - first, marks[at + 1] as number, marks[at + 2] as number);
  }
  return Uint32Array.from(inside);
}

function sliceRuns(runs: readonly SourceRun[], first: number, end: number): SourceRun[] {
  const inside: SourceRun[] = [];
  let runFirst = 0;
  for (const run of runs) {
    const from = Math.max(first, runFirst);
    const to = Math.min(end, runFirst + run.eventCount);
    if (from < to)
      inside.push({
        ...run,
        eventCount: to - from,
        sourceSeqFirst: run.sourceSeqFirst + from - runFirst,
      });
    runFirst += run.eventCount;
  }
  return inside;
}

function sliceRequestPart(part: RequestPart, first: number, end: number): RequestPart[] {
  const from = Math.max(first, part.eventIndexFirst);
  const to = Math.min(end, part.eventIndexFirst + part.eventCount);
  if (from >= to) return [];
  return [
    {
      ...part,
      eventIndexFirst: from - first,
      eventCount: to - from,
      itemIndexFirst: part.itemIndexFirst + from - part.eventIndexFirst,
    },
  ];
}

/** What was made of the parts of one batch, in the order of its rows, as of the whole batch. */
export function mergeEncoded(
  parts: readonly EncodedBatch[],
  taps: readonly TapRequest[],
): EncodedBatch {
  const quarantinedSeqs: number[] = [];
  const quarantinedByReason: Partial<Record<QuarantineReason, number>> = {};
  for (const part of parts) {
    for (const seq of part.quarantinedSeqs) quarantinedSeqs.push(seq);
    for (const [name, count] of Object.entries(part.quarantinedByReason)) {
      const reason = name as QuarantineReason;
      quarantinedByReason[reason] = (quarantinedByReason[reason] ?? 0) + count;
    }
  }
  const steps = mergeSteps(parts.flatMap((part) => part.steps ?? []));
  const tapped = mergeTapped(
    parts.flatMap((part) => part.tapped ?? []),
    taps,
  );
  return {
    events: joinBlocks(parts.map((part) => part.events)),
    quarantine: joinBlocks(parts.map((part) => part.quarantine)),
    quarantinedSeqs: Float64Array.from(quarantinedSeqs),
    quarantinedByReason,
    filtered: mergeFiltered(parts.flatMap((part) => part.filtered)),
    ...(steps.length === 0 ? {} : { steps }),
    ...(tapped.length === 0 ? {} : { tapped }),
  };
}

function joinBlocks(blocks: readonly (EncodedBlock | null)[]): EncodedBlock | null {
  const present = blocks.filter((block) => block !== null);
  if (present.length < 2) return present[0] ?? null;
  let rowCount = 0;
  let byteCount = 0;
  for (const block of present) {
    rowCount += block.rowCount;
    byteCount += block.bytes.length;
  }
  const bytes = allocateBytes(byteCount);
  let at = 0;
  for (const block of present) {
    bytes.set(block.bytes, at);
    at += block.bytes.length;
  }
  return { rowCount, bytes };
}

function mergeFiltered(dispositions: readonly Disposition[]): Disposition[] {
  const byCause = new Map<string, { of: Disposition; ranges: [number, number][]; sum: number }>();
  for (const disposition of dispositions) {
    const { cause, seqRanges, eventCount } = disposition;
    const known = byCause.get(cause) ?? { of: disposition, ranges: [], sum: 0 };
    for (const [first, last] of seqRanges) {
      const previous = known.ranges.at(-1);
      if (previous !== undefined && previous[1] + 1 === first) previous[1] = last;
      else known.ranges.push([first, last]);
    }
    known.sum += eventCount;
    byCause.set(cause, known);
  }
  return [...byCause.values()].map(({ of, ranges, sum }) => ({
    ...of,
    seqRanges: ranges,
    eventCount: sum,
  }));
}

function mergeSteps(steps: readonly StepCounts[]): StepCounts[] {
  const byComponent = new Map<string, StepCounts>();
  for (const step of steps) {
    const known = byComponent.get(step.component);
    const firstError = known?.firstError ?? step.firstError;
    byComponent.set(step.component, {
      component: step.component,
      receivedEvents: (known?.receivedEvents ?? 0) + step.receivedEvents,
      sentEvents: (known?.sentEvents ?? 0) + step.sentEvents,
      failedEvents: (known?.failedEvents ?? 0) + step.failedEvents,
      ...(firstError === undefined ? {} : { firstError }),
    });
  }
  return [...byComponent.values()];
}

function mergeTapped(tapped: readonly TappedRows[], taps: readonly TapRequest[]): TappedRows[] {
  const byId = new Map<number, TappedRows>();
  for (const { id, lines, matchedEvents } of tapped) {
    const known = byId.get(id);
    const rowsMax = taps.find((tap) => tap.id === id)?.rowsMax ?? Number.POSITIVE_INFINITY;
    byId.set(id, {
      id,
      lines: [...(known?.lines ?? []), ...lines].slice(0, rowsMax),
      matchedEvents: (known?.matchedEvents ?? 0) + matchedEvents,
    });
  }
  return [...byId.values()];
}
