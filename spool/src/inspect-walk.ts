// Reading the frames of a segment one by one without touching it, also while it is written.
import type { Files } from '@weir/pipeline';
import type { SegmentInfo } from './catalog.js';
import { SEGMENT_HEADER_BYTES } from './layout.js';
import type { FrameAt } from './reader.js';
import { SegmentReader } from './reader.js';
import { openSalvage } from './salvage.js';

const windowBytes = 64 * 1024;

export interface WalkBounds {
  /** Where the first frame to read stands, and its number; the segment's first by default. */
  readonly from?: { readonly offset: number; readonly frameNo: number };
  readonly limit: number;
  /** Frames from this number on do not count. */
  readonly frameCountMax: number;
  /** True for a segment that is still written: payloads are checked as well. */
  readonly isOpenEnded: boolean;
}
export interface WalkVisitor {
  /** Called in order. `frameNo` is the number that was to be expected. */
  frame(frame: FrameAt, nextOffset: number, frameNo: number): void;
  /** Frames from this number on are not readable, and good ones follow. */
  damage(frameNo: number): void;
}

export async function walkFrames(
  files: Files,
  info: SegmentInfo,
  bounds: WalkBounds,
  visitor: WalkVisitor,
): Promise<void> {
  const { limit, frameCountMax, isOpenEnded } = bounds;
  const handle = await openSalvage(files, info.path);
  // A live spool may have deleted it meanwhile.
  if (handle === null) return;
  try {
    const reader = new SegmentReader(handle, info.id, info.seed, windowBytes);
    let { offset, frameNo } = bounds.from ?? { offset: SEGMENT_HEADER_BYTES, frameNo: 0 };
    while (offset < limit && frameNo < frameCountMax) {
      const frame = await reader.read(offset, limit, isOpenEnded);
      if (frame.kind === 'bad' || frame.header.frameNo < frameNo) {
        offset = await reader.findNext(offset + 8, limit, frameNo);
        if (offset < 0) return;
        if ((await reader.read(offset, limit, true)).kind === 'frame') visitor.damage(frameNo);
        continue;
      }
      if (frame.header.frameNo >= frameCountMax) return;
      offset += frame.header.totalBytes;
      visitor.frame(frame, offset, frameNo);
      frameNo = frame.header.frameNo + 1;
    }
  } finally {
    await handle.close();
  }
}
