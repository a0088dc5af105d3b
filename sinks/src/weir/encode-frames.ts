// Worker side: a batch as a frame that keeps its identity. The bytes travel raw, so what an edge
// could not parse is parsed again by the centre, and nothing of a row but its number, source and
// bytes travels.
import {
  allocateBytes,
  type Disposition,
  type EncodedBatch,
  type EventBatch,
  FILTERS,
  type SequencedBatch,
  type TransformDocument,
} from '@weir/pipeline';
import { encodeWireFrame } from '@weir/spool';
import { assignRows, filteredDispositions } from '../rows/index.js';

const ZSTD_LEVEL_DEFAULT = 1;
const NO_SEQS = new Float64Array(0);
/** Of all rows of a batch whose source is none of the sink's inputs. */
const UNTAKEN_CAUSE = 'filter:inputs';

const CHANGES_FRAMES: ReadonlySet<string> = new Set([...FILTERS, 'route', 'redact', 'hash']);

/**
 * Whether a way to a weir sink must be parsed: only where a row may be filtered or sent elsewhere,
 * or something in its bytes is to be hidden. What other transforms write into a row does not travel
 * in a frame.
 */
export function framesNeedParsing(transforms: Iterable<Pick<TransformDocument, 'type'>>): boolean {
  for (const { type } of transforms) if (CHANGES_FRAMES.has(type)) return true;
  return false;
}

/**
 * One frame. `events` is null where nothing was parsed: then the batch goes as it is. Rows that
 * were filtered go hollow: without bytes, named by a disposition of the frame, so that numbers and
 * order stay. No row goes to quarantine here. Also a frame all of whose rows are hollow must
 * arrive, so `rowCount`, which counts the others, may be 0; the block is null only for a batch
 * whose source does not lead here.
 */
export function encodeFrames(
  events: EventBatch | null,
  batch: SequencedBatch,
  zstdLevel = ZSTD_LEVEL_DEFAULT,
): EncodedBatch {
  const rows = events === null ? null : assignRows(events, batch.seqFirst, null);
  const known = batch.dispositions.filter((disposition) => isOfRows(disposition, batch));
  let filtered: readonly Disposition[] = known;
  let frame = batch;
  if (events !== null && rows !== null && rows.filtered.length > 0) {
    // Rows that came hollow are among the filtered ones again.
    const isHollow = new Uint8Array(batch.eventCount);
    for (const row of rows.filtered) isHollow[row] = 1;
    const left = known.filter((disposition) => !isWithin(disposition, batch, isHollow));
    filtered = [...left, ...filteredDispositions(events, rows, batch.seqFirst)];
    frame = hollow(batch, isHollow, filtered);
  }
  const hollowCount = filtered.reduce((sum, { eventCount }) => sum + eventCount, 0);
  const rowCount = batch.eventCount - hollowCount;
  return {
    events: isUntaken(filtered, batch)
      ? null
      : { rowCount, bytes: encodeWireFrame(frame, zstdLevel) },
    quarantine: null,
    quarantinedSeqs: NO_SEQS,
    quarantinedByReason: {},
    filtered,
  };
}

/** The counts of an unparsed batch, for a sink that takes no bytes. */
export function unsent(batch: SequencedBatch): EncodedBatch {
  const filtered = batch.dispositions.filter((disposition) => isOfRows(disposition, batch));
  const hollowCount = filtered.reduce((sum, { eventCount }) => sum + eventCount, 0);
  return {
    events: { rowCount: batch.eventCount - hollowCount, bytes: allocateBytes(0) },
    quarantine: null,
    quarantinedSeqs: NO_SEQS,
    quarantinedByReason: {},
    filtered,
  };
}

/** True for a disposition that names rows of the batch itself, and only such. */
function isOfRows(disposition: Disposition, batch: SequencedBatch): boolean {
  const { kind, seqRanges } = disposition;
  if (kind === 'refused' || seqRanges.length === 0) return false;
  const end = batch.seqFirst + batch.eventCount;
  return seqRanges.every(([first, last]) => first >= batch.seqFirst && last < end);
}

/** Nothing of such a batch leaves the node, not even the names of its sources. */
function isUntaken(filtered: readonly Disposition[], { eventCount }: SequencedBatch): boolean {
  const [only] = filtered;
  return (
    only !== undefined &&
    only.cause === UNTAKEN_CAUSE &&
    eventCount > 0 &&
    only.eventCount === eventCount
  );
}

function isWithin(
  { seqRanges }: Disposition,
  { seqFirst }: SequencedBatch,
  isHollow: Uint8Array,
): boolean {
  return seqRanges.every(([first, last]) =>
    isHollow.subarray(first - seqFirst, last + 1 - seqFirst).every((flag) => flag === 1),
  );
}

/** The batch with these rows emptied. Marks of an emptied row would be faults of no event. */
function hollow(
  batch: SequencedBatch,
  isHollow: Uint8Array,
  filtered: readonly Disposition[],
): SequencedBatch {
  let hollowBytes = 0;
  for (let row = 0; row < batch.eventCount; row++)
    if (isHollow[row] === 1) hollowBytes += lengthOf(batch, row);
  const bytes = allocateBytes(batch.bytes.length - hollowBytes);
  const offsets = new Uint32Array(batch.eventCount + 1);
  let end = 0;
  for (let row = 0; row < batch.eventCount; row++) {
    if (isHollow[row] === 0) {
      bytes.set(batch.bytes.subarray(batch.offsets[row], batch.offsets[row + 1]), end);
      end += lengthOf(batch, row);
    }
    offsets[row + 1] = end;
  }
  const marks: number[] = [];
  for (let i = 0; i < batch.marks.length; i += 3)
    if (isHollow[batch.marks[i] ?? 0] === 0) marks.push(...batch.marks.subarray(i, i + 3));
  const others = batch.dispositions.filter((disposition) => !isOfRows(disposition, batch));
  return {
    ...batch,
    bytes,
    offsets,
    marks: Uint32Array.from(marks),
    dispositions: [...others, ...filtered],
  };
}

const lengthOf = (batch: SequencedBatch, row: number): number =>
  (batch.offsets[row + 1] ?? 0) - (batch.offsets[row] ?? 0);
