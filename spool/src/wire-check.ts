// Whether a batch of another node is one that the rest of the program can take: what the types and
// assertBatch promise of our own batches holds for it too. Everything that later costs time or
// memory by its value, and not by its size, has a bound here.
import type { Disposition, SequencedBatch } from '@weir/pipeline';
import { LIMITS } from '@weir/pipeline';

const labelPattern = /^[A-Za-z0-9_.-]{1,64}$/;
/** `<node>/<listener>/<shard>`. */
const streamPattern = /^[0-9a-f]{12}\/[\x21-\x7e]{1,200}$/;
const causePattern = /^[\x21-\x7e]{1,128}$/;
const sourceLengthMax = 255;
const contextLengthMax = 64 * 1024;
/** Numbers that the dispositions of one frame may name: each costs the store a bit. */
const dispositionNumbersMax = 1 << 28;
/** In the year 2099; the store's time columns end later. */
const receivedAtNsMax = 4_100_000_000_000_000_000n;

/** What is wrong with it, null for nothing. */
export function faultOf(batch: SequencedBatch): string | null {
  return (
    identityFault(batch) ??
    runsFault(batch) ??
    marksFault(batch) ??
    partsFault(batch) ??
    dispositionsFault(batch)
  );
}

function identityFault(batch: SequencedBatch): string | null {
  const { tenant, stream, retentionClass, seqFirst, eventCount } = batch;
  if (!labelPattern.test(tenant)) return 'its tenant is not a name';
  if (!streamPattern.test(stream)) return 'its stream does not begin with the id of a node';
  if (!labelPattern.test(retentionClass)) return 'its retention class is not a name';
  if (!Number.isSafeInteger(seqFirst + eventCount)) return 'its numbers exceed 2^53';
  if (batch.receivedAtNs > receivedAtNsMax) return 'it was received after the year 2098';
  return null;
}

function runsFault({ runs, eventCount }: SequencedBatch): string | null {
  let total = 0;
  for (const run of runs) {
    if (run.eventCount === 0 || run.eventCount > eventCount) return 'a run has a wrong count';
    if (run.source.length > sourceLengthMax) return 'the name of a source is too long';
    if (run.context.length > contextLengthMax) return 'the context of a source is too long';
    if (!Number.isSafeInteger(run.sourceSeqFirst + run.eventCount))
      return 'the numbers of a source exceed 2^53';
    total += run.eventCount;
  }
  return total === eventCount ? null : 'its runs do not cover its events';
}

function marksFault({ marks, eventCount }: SequencedBatch): string | null {
  if (marks.length % 3 !== 0) return 'its marks are not triples';
  let previous = 0;
  for (let i = 0; i < marks.length; i += 3) {
    const index = marks[i] ?? 0;
    const code = marks[i + 1] ?? 0;
    if (index < previous || index >= eventCount) return 'a mark names an event that is not there';
    if (code === 0 || code > 255) return 'a mark has an unknown code';
    previous = index;
  }
  return null;
}

function partsFault({ requestParts, eventCount }: SequencedBatch): string | null {
  for (const part of requestParts) {
    if (part.key.length > LIMITS.idempotencyKeyBytesMax) return 'an Idempotency-Key is too long';
    if (part.eventIndexFirst + part.eventCount > eventCount)
      return 'a part of a request names events that are not there';
    if (part.itemIndexFirst + part.eventCount > part.itemCount)
      return 'a part of a request names items that are not there';
  }
  return null;
}

function dispositionsFault(batch: SequencedBatch): string | null {
  let numbers = 0;
  for (const disposition of batch.dispositions) {
    if (!causePattern.test(disposition.cause)) return 'a disposition has no valid cause';
    const count = countOf(disposition);
    if (count < 0) return 'a disposition has wrong ranges';
    const fault = rowsFault(disposition, batch);
    if (fault !== null) return fault;
    numbers += count;
    if (numbers > dispositionNumbersMax) return 'its dispositions name too many numbers';
  }
  return null;
}

const MIXED = 'a disposition names rows of the frame and other numbers';

/** A disposition names rows of its frame, which are empty then, or other numbers, never both. */
function rowsFault({ seqRanges }: Disposition, batch: SequencedBatch): string | null {
  const { seqFirst, eventCount, offsets } = batch;
  let inside = 0;
  for (const [first, last] of seqRanges) {
    if (eventCount === 0 || first >= seqFirst + eventCount || last < seqFirst) continue;
    if (first < seqFirst || last >= seqFirst + eventCount) return MIXED;
    if (offsets[first - seqFirst] !== offsets[last + 1 - seqFirst])
      return 'a row that is named as filtered or lost has bytes';
    inside++;
  }
  return inside === 0 || inside === seqRanges.length ? null : MIXED;
}

/** Numbers in its ranges; -1 if they are not ascending or not what eventCount says. */
function countOf({ kind, seqRanges, eventCount }: Disposition): number {
  if (kind === 'refused') return seqRanges.length === 0 ? 0 : -1;
  let count = 0;
  let next = 0;
  for (const [first, last] of seqRanges) {
    if (first < next || last < first || last >= Number.MAX_SAFE_INTEGER) return -1;
    count += last - first + 1;
    next = last + 1;
  }
  return count === eventCount ? count : -1;
}
