// The segments that exist, oldest first, and running totals, so that what a consumer has before it
// is a subtraction and not a walk.
import type { FramePosition } from '@weir/pipeline';
import { assert } from '@weir/pipeline';
import type { RecoveredRequestPart } from './keys.js';
import { SEGMENT_HEADER_BYTES } from './layout.js';
import type { StreamSpan } from './segment.js';

/** What is durable of one segment. */
export class SegmentInfo {
  frameCount = 0;
  eventCount = 0;
  /** Where the durable frames end. */
  endOffset = SEGMENT_HEADER_BYTES;
  #fileBytes = SEGMENT_HEADER_BYTES;
  /** No frame will follow. */
  isEnded = false;
  /** Ended, and what outlives it (epochs, keys) is durable: it may be deleted. */
  isRecorded = false;
  /** Damage whose declaration is not durable yet; keeps the segment from deletion. */
  undeclaredCount = 0;
  dispositionFrameCount = 0;
  /**
   * Damaged ranges that are declared, as text, so that a second reader does not declare them again.
   */
  readonly declared = new Set<string>();
  /** Request parts that are not in a sidecar yet. */
  unstoredParts: RecoveredRequestPart[] = [];
  /** The disk cannot read some of it: from now on what cannot be read counts as damaged. */
  isSalvaged = false;
  /** Found without footer and end record when the spool was opened. */
  needsEndRecord = false;
  lastCrc = 0;
  /** Which numbers it must hold; null while it is written. */
  streams: readonly StreamSpan[] | null = null;

  constructor(
    readonly id: number,
    readonly path: string,
    /** Start value of its header CRCs. */
    readonly seed: number,
    /** Totals of all segments before it since the spool was opened. */
    readonly framesBefore: number,
    readonly eventsBefore: number,
    readonly bytesBefore: number,
    readonly catalog: Catalog,
  ) {}

  /** Size of the file as far as we know it, zeros that wait for frames included. */
  get fileBytes(): number {
    return this.#fileBytes;
  }
  set fileBytes(bytes: number) {
    this.catalog.usedBytes += bytes - this.#fileBytes;
    this.#fileBytes = bytes;
  }
}

/** What is done with, in one segment. */
export interface Frontier extends FramePosition {
  /** Offset behind the frame. */
  readonly nextOffset: number;
  /** Events of the segment up to and including the frame. */
  readonly eventCount: number;
}

export class Catalog {
  readonly #segments: SegmentInfo[] = [];
  frameTotal = 0;
  eventTotal = 0;
  byteTotal = 0;
  /** Bytes of all segment files; kept by SegmentInfo.fileBytes. */
  usedBytes = 0;

  get segments(): readonly SegmentInfo[] {
    return this.#segments;
  }

  add(id: number, path: string, seed: number): SegmentInfo {
    const last = this.#segments.at(-1);
    assert(last === undefined || last.id < id, 'segment ids rise');
    const { frameTotal, eventTotal, byteTotal } = this;
    const info = new SegmentInfo(id, path, seed, frameTotal, eventTotal, byteTotal, this);
    this.#segments.push(info);
    this.usedBytes += info.fileBytes;
    return info;
  }

  /** Notes frames that became durable at the end of the newest segment. */
  grow(info: SegmentInfo, frames: number, events: number, endOffset: number): void {
    assert(info === this.#segments.at(-1), 'only the newest segment grows');
    info.frameCount += frames;
    info.eventCount += events;
    this.frameTotal += frames;
    this.eventTotal += events;
    this.byteTotal += endOffset - info.endOffset;
    info.endOffset = endOffset;
    info.fileBytes = Math.max(info.fileBytes, endOffset);
  }

  get(id: number): SegmentInfo | null {
    const info = this.#segments[this.#firstFrom(id)];
    return info?.id === id ? info : null;
  }
  /** The first segment whose id is greater; null if there is none. */
  after(id: number): SegmentInfo | null {
    return this.#segments[this.#firstFrom(id + 1)] ?? null;
  }
  removeFirst(): void {
    this.usedBytes -= this.#segments.shift()?.fileBytes ?? 0;
  }

  /** Index of the first segment with this id or a greater one. */
  #firstFrom(id: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#segments[middle] as SegmentInfo).id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Frames, events and bytes behind a frontier; null means from the oldest segment on. */
  pending(frontier: Frontier | null): { frames: number; events: number; bytes: number } {
    const info =
      frontier === null
        ? this.#segments[0]
        : (this.get(frontier.segmentId) ?? this.after(frontier.segmentId));
    if (info === undefined || info === null) return { frames: 0, events: 0, bytes: 0 };
    const isInside = frontier !== null && frontier.segmentId === info.id;
    const settled = isInside
      ? {
          frames: Math.min(frontier.frameNo + 1, info.frameCount),
          events: Math.min(frontier.eventCount, info.eventCount),
          bytes: Math.min(frontier.nextOffset, info.endOffset) - SEGMENT_HEADER_BYTES,
        }
      : { frames: 0, events: 0, bytes: 0 };
    // The frontier at the last frame leaves nothing, also where damage made the event count
    // uncertain.
    if (isInside && frontier.frameNo + 1 >= info.frameCount) settled.events = info.eventCount;
    return {
      frames: this.frameTotal - info.framesBefore - settled.frames,
      events: this.eventTotal - info.eventsBefore - settled.events,
      bytes: this.byteTotal - info.bytesBefore - settled.bytes,
    };
  }
}
