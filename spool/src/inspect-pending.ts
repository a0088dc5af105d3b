// Which numbers stand behind the frontier of a consumer.
import type { Frontier } from './catalog.js';
import type { StreamEpoch } from './layout.js';
import { streamKey } from './layout.js';

/** Numbers of one stream that a consumer has not settled, both ends included. */
export interface PendingStreamRange extends StreamEpoch {
  readonly seqFirst: number;
  readonly seqLast: number;
}

/**
 * Collects ranges in the order of the segments. Numbers of a stream are dense, so neighbours merge
 * and memory grows with the number of streams (and with holes, which only a fault makes).
 */
export class PendingRanges {
  readonly #streams = new Map<string, { seqFirst: number; seqLast: number; id: StreamEpoch }[]>();

  constructor(
    readonly name: string,
    readonly frontier: Frontier | null,
  ) {}

  isBehind(segmentId: number, frameNo: number): boolean {
    const { frontier } = this;
    if (frontier === null || segmentId > frontier.segmentId) return true;
    return segmentId === frontier.segmentId && frameNo > frontier.frameNo;
  }

  /** Nothing for an empty range. */
  add(id: StreamEpoch, seqFirst: number, seqLast: number): void {
    if (seqFirst < 0 || seqLast < seqFirst) return;
    const key = streamKey(id);
    const ranges = this.#streams.get(key);
    const last = ranges?.at(-1);
    if (last !== undefined && seqFirst <= last.seqLast + 1 && seqLast >= last.seqFirst - 1) {
      last.seqFirst = Math.min(last.seqFirst, seqFirst);
      last.seqLast = Math.max(last.seqLast, seqLast);
    } else if (ranges !== undefined) ranges.push({ id, seqFirst, seqLast });
    else this.#streams.set(key, [{ id, seqFirst, seqLast }]);
  }

  list(): PendingStreamRange[] {
    const list: PendingStreamRange[] = [];
    for (const ranges of this.#streams.values())
      for (const { id, seqFirst, seqLast } of ranges) {
        const { tenant, stream, epoch } = id;
        list.push({ tenant, stream, epoch, seqFirst, seqLast });
      }
    return list;
  }
}
