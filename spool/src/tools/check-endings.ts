// What says how a segment ended, and whether it says the same as the frames.
import type { Files } from '@weir/pipeline';
import { endName, FOOTER_END_MAGIC, FOOTER_MAGIC, hasAscii, streamKey, viewOf } from '../layout.js';
import { openSalvage } from '../salvage.js';
import type { SegmentScan } from '../scan.js';
import type { SegmentFooter } from '../segment.js';
import type { FindingKind } from './findings.js';
import type { SegmentBounds, SurveyedSegment } from './survey.js';

const MAGIC_BYTES = 4;

/**
 * `endOffset`: where the frames end, null if they were not read. A footer that cannot be read is
 * known by either of its magics. One that does not end with the file is no damage: the process was
 * killed while it sealed the segment, before the rest of the space taken in advance was given back.
 */
export async function checkEnding(
  files: Files,
  directory: string,
  segment: SurveyedSegment,
  bounds: SegmentBounds,
  endOffset: number | null,
): Promise<{ readonly kind: FindingKind; readonly what: string } | null> {
  const { ending, sizeBytes } = bounds;
  if (ending?.place === 'footer') return null;
  const frameEnd = ending?.footer.endOffset ?? endOffset;
  const isFooter =
    (await hasMagic(files, segment.path, sizeBytes - MAGIC_BYTES, FOOTER_END_MAGIC)) ||
    (frameEnd !== null && (await isWholeFooter(files, segment.path, frameEnd, sizeBytes)));
  if (ending !== null)
    return isFooter
      ? { kind: 'footer_replaced', what: 'its footer cannot be read, an end record stands in' }
      : null;
  const record = await files.sizeBytes(`${directory}/${endName(segment.id)}`);
  if (record !== null)
    return { kind: 'end_record_damaged', what: 'its end record does not match its checksum' };
  return isFooter
    ? { kind: 'footer_damaged', what: 'the checksum of its footer does not match' }
    : null;
}

/** True for the beginning of a footer whose length fits the end of the file. */
async function isWholeFooter(
  files: Files,
  path: string,
  at: number,
  sizeBytes: number,
): Promise<boolean> {
  if (!(await hasMagic(files, path, at, FOOTER_MAGIC))) return false;
  const handle = await openSalvage(files, path);
  try {
    const length = new Uint8Array(4);
    await handle?.read(length, at + MAGIC_BYTES);
    return at + viewOf(length).getUint32(0, true) === sizeBytes;
  } finally {
    await handle?.close();
  }
}

async function hasMagic(files: Files, path: string, at: number, magic: string): Promise<boolean> {
  if (at < 0) return false;
  const handle = await openSalvage(files, path);
  try {
    const bytes = new Uint8Array(MAGIC_BYTES);
    return (await handle?.read(bytes, at)) === MAGIC_BYTES && hasAscii(bytes, 0, magic);
  } finally {
    await handle?.close();
  }
}

/**
 * How a footer differs from the frames before it, of which none is damaged; null if it does not.
 */
export function contradictionOf(footer: SegmentFooter, scan: SegmentScan): string | null {
  const { tally } = scan;
  const figures = [
    ['frames', footer.frameCount, tally.frameCount],
    ['events', footer.eventCount, tally.eventCount],
    ['frames with dispositions', footer.dispositionFrameCount, tally.dispositionFrameCount],
    ['bytes', footer.endOffset, scan.endOffset],
    ['streams', footer.streams.length, tally.streams.size],
  ] as const;
  for (const [name, said, counted] of figures)
    if (said !== counted) return `its table says ${said} ${name}, and there are ${counted}`;
  if (footer.frameCount > 0 && footer.lastCrc !== tally.lastCrc)
    return 'its table names another last frame';
  for (const span of footer.streams) {
    const found = tally.streams.get(streamKey(span));
    const isSame =
      found?.seqFirst === span.seqFirst &&
      found.seqLast === span.seqLast &&
      found.frameCount === span.frameCount &&
      found.eventCount === span.eventCount;
    if (!isSame) return `its table says something else of stream ${span.stream}`;
  }
  return null;
}
