// The numbers issued per (tenant, stream, epoch). Outlives the segments, so that verify can tell a
// number that was never given from one that is missing, and so that a forwarded frame that comes
// again is known.
//
// Own streams are dense from 0: the highest number says all. Of the streams of other nodes only
// part may come, in frames that were numbered elsewhere: their numbers are kept as ranges.
import type { Disposition } from '@weir/pipeline';
import type { StreamEpoch } from './layout.js';
import { nodeOfStream, streamKey } from './layout.js';
import { type NumberRange, RangeSet } from './range-set.js';
import type { JsonObject } from './sidecar.js';
import { numberOf } from './sidecar.js';

export interface EpochEntry extends StreamEpoch {
  /** Highest number that is known in any way; -1 for none. */
  lastSeq: number;
  /**
   * True once the epoch can issue no more: epoch e ended at seq n. Never for another node's: only
   * that node knows.
   */
  ended: boolean;
  /** Null for an own stream. */
  readonly foreign: ForeignNumbers | null;
}

/** What came of a stream that another node numbers. */
export interface ForeignNumbers {
  /** Numbers of rows in frames, hollow rows included. */
  readonly received: RangeSet;
  /** Numbers that frames named as lost or filtered and that had no row in that frame. */
  readonly declared: RangeSet;
}

/** A stream of another node, as far as it was forwarded here durably. */
export interface ForeignStream extends StreamEpoch {
  readonly received: readonly NumberRange[];
}

/** What a frame says of numbers. */
export interface FrameNumbers extends StreamEpoch {
  readonly seqFirst: number;
  readonly eventCount: number;
  readonly dispositions: readonly Pick<Disposition, 'kind' | 'seqRanges'>[];
}

/** Entries in memory; one a (tenant, stream, epoch). */
export class EpochTable {
  readonly #entries = new Map<string, EpochEntry>();
  /** Own node; streams that name another one are foreign. Null until the store is known. */
  nodeId: string | null = null;

  get(id: StreamEpoch): EpochEntry | undefined {
    return this.#entries.get(streamKey(id));
  }
  values(): IterableIterator<EpochEntry> {
    return this.#entries.values();
  }
  isForeign(stream: string): boolean {
    const node = nodeOfStream(stream);
    return node !== null && this.nodeId !== null && node !== this.nodeId;
  }

  /** Only ever raises. For an own stream `seqFirst` says nothing; `seqLast` is -1 for none. */
  note(id: StreamEpoch, seqFirst: number, seqLast: number): void {
    const entry = this.#entryOf(id, this.isForeign(id.stream));
    entry.lastSeq = Math.max(entry.lastSeq, seqLast);
    entry.foreign?.received.add(seqFirst, seqLast);
  }

  noteFrame(frame: FrameNumbers): void {
    const { seqFirst, eventCount } = frame;
    this.note(frame, seqFirst, eventCount > 0 ? seqFirst + eventCount - 1 : -1);
    this.noteDeclared(frame, declaredOutside(frame));
  }

  /** Numbers that never come as rows. Of an own stream they are among the issued ones anyway. */
  noteDeclared(id: StreamEpoch, ranges: readonly NumberRange[]): void {
    if (ranges.length === 0) return;
    const entry = this.#entryOf(id, this.isForeign(id.stream));
    if (entry.foreign === null) return;
    for (const [first, last] of ranges) entry.foreign.declared.add(first, last);
    entry.lastSeq = Math.max(entry.lastSeq, entry.foreign.declared.last);
  }

  /** Marks every own epoch as ended; returns those that were not yet. */
  endAll(): EpochEntry[] {
    const ended = [...this.#entries.values()].filter(
      (entry) => !entry.ended && entry.foreign === null,
    );
    for (const entry of ended) entry.ended = true;
    return ended;
  }

  /** As it stood in a file. Only ever raises. */
  load(id: StreamEpoch, line: JsonObject): void {
    const isForeign = Array.isArray(line.received);
    const entry = this.#entryOf(id, isForeign);
    entry.lastSeq = Math.max(entry.lastSeq, numberOf(line, 'lastSeq'));
    entry.ended ||= line.ended === true;
    for (const [first, last] of rangesOf(line.received)) entry.foreign?.received.add(first, last);
    for (const [first, last] of rangesOf(line.declared)) entry.foreign?.declared.add(first, last);
  }

  foreignStreams(): ForeignStream[] {
    const found: ForeignStream[] = [];
    for (const { tenant, stream, epoch, foreign } of this.#entries.values())
      if (foreign !== null)
        found.push({ tenant, stream, epoch, received: [...foreign.received.ranges] });
    return found;
  }

  #entryOf(id: StreamEpoch, isForeign: boolean): EpochEntry {
    const key = streamKey(id);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const { tenant, stream, epoch } = id;
      const foreign = isForeign ? { received: new RangeSet(), declared: new RangeSet() } : null;
      entry = { tenant, stream, epoch, lastSeq: -1, ended: false, foreign };
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

/** What a frame says is lost or filtered besides its own rows. */
export function declaredOutside(frame: FrameNumbers): NumberRange[] {
  const { seqFirst, eventCount, dispositions } = frame;
  const found: NumberRange[] = [];
  for (const { kind, seqRanges } of dispositions) {
    if (kind === 'refused') continue;
    for (const range of seqRanges)
      if (range[0] < seqFirst || range[1] >= seqFirst + eventCount) found.push(range);
  }
  return found;
}

function rangesOf(value: unknown): NumberRange[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (range): range is [number, number] =>
      Array.isArray(range) && Number.isSafeInteger(range[0]) && Number.isSafeInteger(range[1]),
  );
}
