// Numbers of other nodes' streams in a sealed segment. Its stream table names only the first and
// the last of each, and with holes between them that is not what came.
import type { Files } from '@weir/pipeline';
import type { SegmentInfo } from './catalog.js';
import type { EpochTable } from './epochs.js';
import { walkFrames } from './inspect-walk.js';
import type { SegmentFooter, StreamSpan } from './segment.js';

/** Notes them from the table where it says all, else from the headers of the frames. */
export async function noteForeign(
  files: Files,
  info: SegmentInfo,
  footer: SegmentFooter,
  epochs: EpochTable,
): Promise<void> {
  const spans = footer.streams.filter(({ stream }) => epochs.isForeign(stream));
  for (const span of spans) {
    const isDense = span.seqLast - span.seqFirst + 1 === span.eventCount;
    epochs.note(span, isDense ? span.seqFirst : -1, isDense ? span.seqLast : -1);
  }
  if (spans.every((span) => isKnown(span, epochs)) && footer.dispositionFrameCount === 0) return;
  if (spans.length === 0) return;
  const { endOffset: limit, frameCount: frameCountMax } = footer;
  const bounds = { limit, frameCountMax, isOpenEnded: false };
  await walkFrames(files, info, bounds, {
    frame: ({ header, meta }) => {
      if (epochs.isForeign(meta.stream)) epochs.noteFrame({ ...meta, ...header });
    },
    damage: () => undefined,
  });
}

/** True if as many numbers of the span are known as the segment holds. */
function isKnown(span: StreamSpan, epochs: EpochTable): boolean {
  if (span.eventCount === 0) return true;
  const received = epochs.get(span)?.foreign?.received.within(span.seqFirst, span.seqLast) ?? [];
  const count = received.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return count >= span.eventCount;
}
