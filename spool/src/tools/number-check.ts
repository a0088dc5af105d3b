// Own streams are numbered densely from 0, in the order of the frames: what is skipped was lost,
// what comes twice is a defect.
import type { Disposition } from '@weir/pipeline';
import type { EpochTable } from '../epochs.js';
import type { StreamEpoch } from '../layout.js';
import { streamKey } from '../layout.js';
import { type NumberRange, RangeSet } from '../range-set.js';
import type { LostNumbers } from '../scan.js';

interface Entry {
  readonly id: StreamEpoch;
  /** The next number; -1 where it is not known. */
  next: number;
  /** Highest number in a frame; -1 for none. */
  last: number;
  readonly skipped: RangeSet;
  /** Declared lost by a frame, or explained by damage that has a finding of its own. */
  readonly explained: RangeSet;
}

export interface NumberedFrame extends StreamEpoch {
  readonly seqFirst: number;
  readonly eventCount: number;
  readonly dispositions: readonly Pick<Disposition, 'kind' | 'seqRanges'>[];
}

/** Memory grows with streams and holes, not with frames. Streams of other nodes are left out. */
export class NumberCheck {
  readonly #epochs: EpochTable;
  readonly #entries = new Map<string, Entry>();
  #nextFirst: number;

  /** `isFromStart`: no segment was ever deleted, so that every stream begins at 0. */
  constructor(epochs: EpochTable, isFromStart: boolean) {
    this.#epochs = epochs;
    this.#nextFirst = isFromStart ? 0 : -1;
  }

  /** The numbers of the frame that came before; null for none. */
  add(frame: NumberedFrame): NumberRange | null {
    if (this.#epochs.isForeign(frame.stream)) return null;
    const entry = this.#entryOf(frame);
    for (const { kind, seqRanges } of frame.dispositions)
      if (kind === 'lost') for (const [first, last] of seqRanges) entry.explained.add(first, last);
    if (frame.eventCount === 0) return null;
    const { seqFirst } = frame;
    const last = seqFirst + frame.eventCount - 1;
    const expected = entry.next < 0 ? seqFirst : entry.next;
    if (seqFirst > expected) entry.skipped.add(expected, seqFirst - 1);
    const isAgain = seqFirst < expected && !entry.skipped.touches(seqFirst, last);
    if (!isAgain) entry.skipped.remove(seqFirst, last);
    entry.next = Math.max(expected, last + 1);
    entry.last = Math.max(entry.last, last);
    return isAgain ? [seqFirst, Math.min(last, expected - 1)] : null;
  }

  explain(numbers: readonly LostNumbers[]): void {
    for (const { ranges, ...id } of numbers)
      for (const [first, last] of ranges) this.#entryOf(id).explained.add(first, last);
  }

  /** A live spool deleted a segment before it was read: what is next is not known. */
  forget(): void {
    this.#nextFirst = -1;
    for (const entry of this.#entries.values()) entry.next = -1;
  }

  /**
   * Numbers that no frame holds and none declares lost. `lastSeqOf`: the highest number that was
   * issued, as `epochs` has it; -1 if it says nothing.
   */
  missing(lastSeqOf: (id: StreamEpoch) => number): LostNumbers[] {
    const found: LostNumbers[] = [];
    // With nothing ever deleted, a stream without any frame has lost all.
    if (this.#nextFirst === 0)
      for (const { tenant, stream, epoch, foreign } of this.#epochs.values())
        if (foreign === null) this.#entryOf({ tenant, stream, epoch });
    for (const { id, last, skipped, explained } of this.#entries.values()) {
      const all = new RangeSet(skipped.ranges);
      // Segments go oldest first: with a frame still there, all behind it has to be there too.
      const lastSeq = lastSeqOf(id);
      if ((last >= 0 || this.#nextFirst === 0) && lastSeq > last) all.add(last + 1, lastSeq);
      for (const [from, to] of explained.ranges) all.remove(from, to);
      if (all.isEmpty) continue;
      const { tenant, stream, epoch } = id;
      found.push({ tenant, stream, epoch, ranges: [...all.ranges], eventCount: all.size });
    }
    return found;
  }

  /** Highest number in a frame of the stream; -1 for none. */
  lastOf(id: StreamEpoch): number {
    return this.#entries.get(streamKey(id))?.last ?? -1;
  }
  streams(): StreamEpoch[] {
    return [...this.#entries.values()].map(({ id }) => id);
  }

  #entryOf({ tenant, stream, epoch }: StreamEpoch): Entry {
    const id = { tenant, stream, epoch };
    const key = streamKey(id);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const next = this.#nextFirst;
    const made = { id, next, last: -1, skipped: new RangeSet(), explained: new RangeSet() };
    this.#entries.set(key, made);
    return made;
  }
}
