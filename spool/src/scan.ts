// Reading a whole segment: what is good, what is damaged, where it ends, and which numbers are
// missing.

import { isPlanted } from '@weir/pipeline';
import type { EpochTable } from './epochs.js';
import { declaredOutside } from './epochs.js';
import type { FrameHeader } from './frame-codec.js';
import { streamTagOf } from './frame-codec.js';
import type { RecoveredRequestPart } from './keys.js';
import { appendParts, requestPartsOf } from './keys.js';
import type { StreamEpoch } from './layout.js';
import { SEGMENT_HEADER_BYTES, streamKey } from './layout.js';
import type { FrameMeta } from './meta-codec.js';
import { countOf, RangeSet } from './range-set.js';
import type { FrameAt, SegmentReader } from './reader.js';
import type { StreamSpan } from './segment.js';
import { SegmentTally } from './segment.js';

/** Bytes [from, to) that hold no good frame, in place of the frames [frameFrom, frameTo). */
export interface DamageRange {
  readonly from: number;
  readonly to: number;
  readonly frameFrom: number;
  readonly frameTo: number;
}

/** A frame of which only the header (and maybe the metadata) is readable. */
interface HalfReadable {
  readonly header: FrameHeader;
  readonly meta: FrameMeta | null;
}
type NumberRange = [first: number, last: number];

/** Numbers of one stream in good frames. */
export interface GoodNumbers {
  readonly id: StreamEpoch;
  /** In the order of the frames, neighbours merged. */
  readonly ranges: NumberRange[];
  /** Holes between two good frames with frames between them that nothing tells of. */
  readonly suspects: NumberRange[];
  /** Such frames stand before the first good one. */
  readonly isDamagedBefore: boolean;
}

export interface SegmentScan {
  /** Good frames; its frameCount counts places, damaged ones included. */
  readonly tally: SegmentTally;
  readonly goodFrameCount: number;
  /**
   * Where the frames end; what follows up to the end of the file is a torn tail, a footer or zeros.
   */
  readonly endOffset: number;
  readonly damage: readonly DamageRange[];
  readonly tornBytes: number;
  /** Frames in the torn tail whose header could be read. */
  readonly tornFrameCount: number;
  /** The caller's to keep. */
  readonly requestParts: RecoveredRequestPart[];
  readonly good: ReadonlyMap<string, GoodNumbers>;
  /** What good frames name as lost or filtered besides their rows, per stream. */
  readonly declared: ReadonlyMap<string, { readonly id: StreamEpoch; readonly ranges: RangeSet }>;
  readonly halfReadable: readonly HalfReadable[];
}

export interface ScanBounds {
  /** End of the file, or the place where a footer says that the frames end. */
  readonly limit: number;
  /** Frames from this number on do not count. */
  readonly frameCountMax: number;
  /**
   * True if a footer or end record gave the bounds: what is missing at the end is damage, not torn.
   */
  readonly isSealed: boolean;
  /**
   * Where the last place ends that the disk could not read, so far. A tail with such a place is
   * damage: it does not tell that nothing in it was acknowledged.
   */
  readonly unreadableTo?: () => number;
}

/**
 * Checks every frame. Memory grows with the number of streams and damaged ranges, not of frames.
 */
export async function scanSegment(
  reader: SegmentReader,
  bounds: ScanBounds,
  onFrame: ((frame: FrameAt) => void) | null = null,
): Promise<SegmentScan> {
  const scan = new Scanner(bounds);
  let offset = SEGMENT_HEADER_BYTES;
  let headerEnd = 0;
  /** Where the next frame begins, as long as no place before it had to be searched for. */
  let placeOfNext = offset;
  while (offset < bounds.limit && scan.frameNo < bounds.frameCountMax) {
    const probe = await reader.read(offset, bounds.limit, true);
    if (probe.kind === 'frame' && probe.header.frameNo >= scan.frameNo) {
      if (probe.header.frameNo >= bounds.frameCountMax) break;
      scan.good(probe);
      onFrame?.(probe);
      const isInPlace = offset === placeOfNext;
      offset += probe.header.totalBytes;
      if (isInPlace) placeOfNext = offset;
      continue;
    }
    if (isPlanted('stops_at_first_bad_frame')) break;
    const header = probe.header;
    if (header !== null && header.frameNo >= scan.frameNo) {
      if (header.frameNo >= bounds.frameCountMax) break;
      const isUnlinked = probe.kind === 'bad' && probe.isUnlinked;
      const isInPlace = offset === placeOfNext && header.frameNo === scan.frameNo;
      scan.bad(offset, { header, meta: probe.meta }, isUnlinked);
      if (isInPlace) {
        scan.frameNo++;
        offset += header.totalBytes;
        placeOfNext = offset;
        headerEnd = offset;
        continue;
      }
      // It may be a copy that a misdirected write left here: its length must not hide the frame
      // itself, or others.
      offset = await reader.findNext(offset + 8, bounds.limit, scan.frameNo);
      if (offset < 0) break;
      continue;
    }
    scan.bad(offset, null);
    offset = await reader.findNext(offset, bounds.limit, scan.frameNo);
    if (offset < 0) break;
  }
  return scan.finish(Math.min(bounds.limit, Math.max(reader.dataEnd, headerEnd)));
}

class Scanner {
  readonly #bounds: ScanBounds;
  readonly #tally = new SegmentTally();
  readonly #damage: DamageRange[] = [];
  readonly #good = new Map<string, GoodNumbers & { damageSeen: number }>();
  readonly #declared = new Map<string, { id: StreamEpoch; ranges: RangeSet }>();
  readonly #parts: RecoveredRequestPart[] = [];
  #half: HalfReadable[] = [];
  /** Half readable frames before the last good one. */
  #halfConfirmed = 0;
  #goodFrameCount = 0;
  #endOffset = SEGMENT_HEADER_BYTES;
  #badFrom = -1;
  /** Damaged ranges in which not every frame has a readable header. */
  #unexplainedCount = 0;
  /** A tear leaves no whole frames with a wrong link: this is no torn tail. */
  #unlinkedAt = -1;
  /** Number that the next frame should have at least. */
  frameNo = 0;
  #goodEnd = 0;

  constructor(bounds: ScanBounds) {
    this.#bounds = bounds;
  }

  good({ offset, header, meta }: FrameAt): void {
    if (this.#badFrom >= 0 || header.frameNo > this.#goodEnd) {
      const from = this.#badFrom >= 0 ? this.#badFrom : offset;
      const frameFrom = this.#goodEnd;
      this.#damage.push({ from, to: offset, frameFrom, frameTo: header.frameNo });
      this.#badFrom = -1;
      const halfCount = this.#half.length - this.#halfConfirmed;
      if (halfCount < header.frameNo - frameFrom) this.#unexplainedCount++;
      this.#halfConfirmed = this.#half.length;
    }
    const { tenant, stream } = meta;
    const frame = { tenant, stream, ...header };
    this.#tally.add(frame, header.crc);
    if (meta.dispositions.length > 0) {
      this.#tally.dispositionFrameCount++;
      const { dispositions } = meta;
      this.#noteDeclared(frame, declaredOutside({ ...frame, dispositions }));
    }
    if (meta.requestParts.length > 0)
      appendParts(this.#parts, requestPartsOf({ ...frame, requestParts: meta.requestParts }));
    if (header.eventCount > 0) this.#noteGood(frame);
    this.#goodFrameCount++;
    this.#goodEnd = header.frameNo + 1;
    this.frameNo = this.#goodEnd;
    this.#endOffset = offset + header.totalBytes;
  }

  bad(offset: number, half: HalfReadable | null, isUnlinked = false): void {
    if (this.#badFrom < 0) this.#badFrom = offset;
    if (isUnlinked) this.#unlinkedAt = offset;
    if (half === null) return;
    this.#half.push(half);
  }

  /** `dataEnd`: behind the last byte that is not zero; what follows only waited for frames. */
  finish(dataEnd: number): SegmentScan {
    const { limit, isSealed, frameCountMax } = this.#bounds;
    let tornBytes = 0;
    let tornFrameCount = 0;
    if (isSealed && this.#goodEnd < frameCountMax) {
      const from = this.#badFrom >= 0 ? this.#badFrom : this.#endOffset;
      this.#damage.push({ from, to: limit, frameFrom: this.#goodEnd, frameTo: frameCountMax });
      this.#endOffset = limit;
      this.#goodEnd = frameCountMax;
    } else if (this.#badFrom >= 0 && this.#isTailDamaged()) {
      const frameTo = Math.max(this.frameNo, this.#goodEnd + 1);
      const to = Math.min(limit, Math.max(dataEnd, this.#bounds.unreadableTo?.() ?? 0));
      this.#damage.push({ from: this.#badFrom, to, frameFrom: this.#goodEnd, frameTo });
      this.#endOffset = to;
      this.#goodEnd = frameTo;
    } else {
      tornBytes = this.#badFrom >= 0 ? Math.max(0, dataEnd - this.#badFrom) : 0;
      tornFrameCount = this.#half.length - this.#halfConfirmed;
      this.#half = this.#half.slice(0, this.#halfConfirmed);
    }
    this.#tally.frameCount = this.#goodEnd;
    return {
      tally: this.#tally,
      goodFrameCount: this.#goodFrameCount,
      endOffset: this.#endOffset,
      damage: this.#damage,
      tornBytes,
      tornFrameCount,
      requestParts: this.#parts,
      good: this.#good,
      declared: this.#declared,
      halfReadable: this.#half,
    };
  }

  #isTailDamaged(): boolean {
    const unreadableTo = this.#bounds.unreadableTo?.() ?? 0;
    return unreadableTo > this.#badFrom || this.#unlinkedAt >= this.#badFrom;
  }

  #noteGood(frame: StreamEpoch & { seqFirst: number; eventCount: number }): void {
    const key = streamKey(frame);
    const last = frame.seqFirst + frame.eventCount - 1;
    let entry = this.#good.get(key);
    if (entry === undefined) {
      const { tenant, stream, epoch } = frame;
      const damageSeen = this.#unexplainedCount;
      const id = { tenant, stream, epoch };
      entry = { id, ranges: [], suspects: [], isDamagedBefore: damageSeen > 0, damageSeen };
      this.#good.set(key, entry);
    }
    const previous = entry.ranges.at(-1);
    if (previous !== undefined && previous[1] + 1 === frame.seqFirst) previous[1] = last;
    else {
      const isBehindDamage = entry.damageSeen < this.#unexplainedCount;
      if (previous !== undefined && isBehindDamage && previous[1] < frame.seqFirst)
        entry.suspects.push([previous[1] + 1, frame.seqFirst - 1]);
      entry.ranges.push([frame.seqFirst, last]);
    }
    entry.damageSeen = this.#unexplainedCount;
  }

  #noteDeclared(frame: StreamEpoch, ranges: readonly (readonly [number, number])[]): void {
    if (ranges.length === 0) return;
    const key = streamKey(frame);
    const { tenant, stream, epoch } = frame;
    const entry = this.#declared.get(key) ?? {
      id: { tenant, stream, epoch },
      ranges: new RangeSet(),
    };
    for (const [first, last] of ranges) entry.ranges.add(first, last);
    this.#declared.set(key, entry);
  }
}

/** Numbers of one stream that a damaged segment held and that are gone. */
export interface LostNumbers extends StreamEpoch {
  readonly ranges: readonly (readonly [number, number])[];
  readonly eventCount: number;
}

/**
 * Which numbers the damage of a segment took. `expected`: the stream table of its footer. Without
 * one, `epochs` tells the highest number that earlier segments held; if it is not complete, only
 * holes between good frames are found.
 */
export function lostNumbers(
  scan: SegmentScan,
  expected: readonly StreamSpan[] | null,
  epochs: EpochTable,
  isEpochsComplete: boolean,
): LostNumbers[] {
  if (scan.damage.length === 0) return [];
  const before = isEpochsComplete ? epochs : null;
  const foreign = new ForeignLoss(scan, epochs);
  const spans = new Map<string, { id: StreamEpoch; first: number; last: number }>();
  const widen = (id: StreamEpoch, first: number, last: number): void => {
    const key = streamKey(id);
    const known = spans.get(key);
    if (known === undefined) spans.set(key, { id, first, last });
    else {
      known.first = Math.min(known.first, first);
      known.last = Math.max(known.last, last);
    }
  };
  for (const span of expected ?? []) {
    if (span.seqLast < 0) continue;
    if (!epochs.isForeign(span.stream)) widen(span, span.seqFirst, span.seqLast);
    else if (isEpochsComplete) foreign.addReceived(span);
  }
  // Numbers are dense, so a stream's first number here follows the last one before.
  const lowerOf = (id: StreamEpoch, first: number): number =>
    expected === null && before !== null
      ? Math.min(first, (before.get(id)?.lastSeq ?? -1) + 1)
      : first;
  for (const good of scan.good.values()) {
    const { id, ranges } = good;
    const first = ranges[0]?.[0] ?? 0;
    if (epochs.isForeign(id.stream)) {
      if (expected === null || !isEpochsComplete) foreign.addSuspects(good, before);
      continue;
    }
    widen(id, lowerOf(id, first), ranges.at(-1)?.[1] ?? first);
  }
  for (const half of scan.halfReadable) {
    const id = identify(half, scan, expected, before);
    const { seqFirst, eventCount } = half.header;
    if (id === null || eventCount === 0) continue;
    const last = seqFirst + eventCount - 1;
    if (epochs.isForeign(id.stream)) foreign.add(id, seqFirst, last);
    else widen(id, lowerOf(id, seqFirst), last);
  }
  const lost: LostNumbers[] = foreign.list();
  for (const [key, { id, first, last }] of spans) {
    const ranges = subtract(first, last, scan.good.get(key)?.ranges ?? []);
    if (ranges.length === 0) continue;
    const eventCount = ranges.reduce((sum, range) => sum + range[1] - range[0] + 1, 0);
    const { tenant, stream, epoch } = id;
    lost.push({ tenant, stream, epoch, ranges, eventCount });
  }
  return lost;
}

/**
 * Numbers of other nodes' streams that damage took. They may have holes that were never sent here,
 * so only what is known to have come counts, or a hole right where the damage is.
 */
class ForeignLoss {
  readonly #scan: SegmentScan;
  readonly #epochs: EpochTable;
  readonly #found = new Map<string, { id: StreamEpoch; ranges: RangeSet }>();

  constructor(scan: SegmentScan, epochs: EpochTable) {
    this.#scan = scan;
    this.#epochs = epochs;
  }

  addReceived(span: StreamSpan): void {
    const received = this.#epochs.get(span)?.foreign?.received;
    for (const [first, last] of received?.within(span.seqFirst, span.seqLast) ?? [])
      this.add(span, first, last);
  }

  /** `before` tells what came in earlier segments; null if that is not known. */
  addSuspects(good: GoodNumbers, before: EpochTable | null): void {
    for (const [first, last] of good.suspects) this.add(good.id, first, last);
    const lastSeq = before?.get(good.id)?.foreign?.received.last ?? -1;
    const first = good.ranges[0]?.[0] ?? 0;
    if (good.isDamagedBefore && lastSeq >= 0) this.add(good.id, lastSeq + 1, first - 1);
  }

  add(id: StreamEpoch, first: number, last: number): void {
    const key = streamKey(id);
    const entry = this.#found.get(key) ?? { id, ranges: new RangeSet() };
    entry.ranges.add(first, last);
    this.#found.set(key, entry);
  }

  list(): LostNumbers[] {
    const lost: LostNumbers[] = [];
    for (const [key, { id, ranges: found }] of this.#found) {
      const good = new RangeSet(this.#scan.good.get(key)?.ranges);
      const ranges = found.ranges.flatMap(([first, last]) =>
        subtract(first, last, good.within(first, last)),
      );
      if (ranges.length === 0) continue;
      const { tenant, stream, epoch } = id;
      lost.push({ tenant, stream, epoch, ranges, eventCount: countOf(ranges) });
    }
    return lost;
  }
}

/**
 * Whose frame it was: by its metadata, else by the tag in its header among the streams that are
 * known.
 */
function identify(
  { header, meta }: HalfReadable,
  scan: SegmentScan,
  expected: readonly StreamSpan[] | null,
  before: EpochTable | null,
): StreamEpoch | null {
  const { epoch } = header;
  if (meta !== null) return { tenant: meta.tenant, stream: meta.stream, epoch };
  const known: StreamEpoch[] = [...(expected ?? []), ...(before?.values() ?? [])];
  for (const { id } of scan.good.values()) known.push(id);
  for (const { tenant, stream } of known)
    if (streamTagOf(tenant, stream) === header.streamTag) return { tenant, stream, epoch };
  return null;
}

/** [first, last] without the ascending ranges. */
function subtract(
  first: number,
  last: number,
  ranges: readonly (readonly [number, number])[],
): NumberRange[] {
  const rest: NumberRange[] = [];
  let next = first;
  for (const [from, to] of ranges) {
    if (from > next) rest.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= last) rest.push([next, last]);
  return rest;
}
