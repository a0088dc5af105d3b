// The frames of a segment one after the other, for tools that take their time with each.
import type { Files } from '@weir/pipeline';
import { SEGMENT_HEADER_BYTES } from '../layout.js';
import type { FrameAt } from '../reader.js';
import { SegmentReader } from '../reader.js';
import { openSalvage } from '../salvage.js';
import type { DamageRange } from '../scan.js';
import type { SegmentBounds, SurveyedSegment } from './survey.js';

const HEADS_WINDOW_BYTES = 16 * 1024;

export type FrameStep =
  /** Valid until the next step is asked for. */
  | { readonly kind: 'frame'; readonly frame: FrameAt; readonly nextOffset: number }
  | { readonly kind: 'damage'; readonly range: DamageRange };

export interface FrameWalk {
  /** False: only headers and metadata are read and checked. */
  readonly withPayload: boolean;
  /** Where to begin; the first frame by default. */
  readonly from?: { readonly offset: number; readonly frameNo: number };
}

/**
 * What cannot be read behind the last good frame of a segment without footer is no step: it is the
 * torn end of a crash, or is being written. Nothing if the file is gone.
 */
export async function* framesOf(
  files: Files,
  segment: SurveyedSegment,
  bounds: SegmentBounds,
  { withPayload, from }: FrameWalk,
): AsyncGenerator<FrameStep, void> {
  const handle = await openSalvage(files, segment.path);
  if (handle === null) return;
  try {
    const windowBytes = withPayload ? undefined : HEADS_WINDOW_BYTES;
    const reader = new SegmentReader(handle, segment.id, segment.seed, windowBytes);
    const { limit, frameCountMax } = bounds;
    let { offset, frameNo } = from ?? { offset: SEGMENT_HEADER_BYTES, frameNo: 0 };
    let badFrom = -1;
    while (offset >= 0 && offset < limit && frameNo < frameCountMax) {
      const frame = await reader.read(offset, limit, withPayload);
      if (frame.kind === 'bad' || frame.header.frameNo < frameNo) {
        if (badFrom < 0) badFrom = offset;
        offset = await reader.findNext(offset + 8, limit, frameNo);
        continue;
      }
      const { header } = frame;
      if (header.frameNo >= frameCountMax) break;
      if (badFrom >= 0 || header.frameNo > frameNo) {
        const range = { from: badFrom < 0 ? offset : badFrom, to: offset };
        const damage = { ...range, frameFrom: frameNo, frameTo: header.frameNo };
        badFrom = -1;
        yield { kind: 'damage', range: damage };
      }
      offset += header.totalBytes;
      frameNo = header.frameNo + 1;
      yield { kind: 'frame', frame, nextOffset: offset };
    }
    if (!bounds.isSealed || frameNo >= frameCountMax) return;
    const start = badFrom >= 0 ? badFrom : Math.max(offset, SEGMENT_HEADER_BYTES);
    const range = { from: start, to: limit, frameFrom: frameNo, frameTo: frameCountMax };
    yield { kind: 'damage', range };
  } finally {
    await handle.close();
  }
}
