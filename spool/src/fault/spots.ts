// Where frames stand on the simulated disk, read without the code under test.
import type { SimFiles } from '@weir/pipeline/testing';
import { decodeFrame, decodeFrameHeader, headerSeed } from '../frame-codec.js';
import { SEGMENT_HEADER_BYTES, FOOTER_TRAILER_BYTES as TRAILER } from '../layout.js';
import { decodeFooter, decodeSegmentHeader, footerLength } from '../segment.js';
import { TEST_DIRECTORY } from '../test-spool.js';
import { printOf } from './print.js';

export interface FrameSpot {
  readonly path: string;
  readonly frameNo: number;
  readonly from: number;
  readonly to: number;
  readonly print: string;
  readonly streamKey: string;
  readonly eventCount: number;
  readonly seqFirst: number;
}

/** All whole frames of all segments, before anything is spoilt. */
export function spotsOf(files: SimFiles): FrameSpot[] {
  const spots: FrameSpot[] = [];
  for (const path of files.paths) {
    if (!path.endsWith('.log')) continue;
    const bytes = files.contentOf(path) ?? new Uint8Array(0);
    const header =
      bytes.length < SEGMENT_HEADER_BYTES
        ? null
        : decodeSegmentHeader(bytes.subarray(0, SEGMENT_HEADER_BYTES), path);
    if (header === null) continue;
    const seed = headerSeed(header.storeUuid, header.segmentId);
    for (let at = SEGMENT_HEADER_BYTES; at + 128 <= bytes.length; ) {
      const frame = decodeFrameHeader(bytes.subarray(at), header.segmentId, seed);
      const batch = frame === null ? null : decodeFrame(frame, bytes.subarray(at));
      if (frame === null || batch === null) break;
      const to = at + frame.totalBytes;
      const streamKey = `${batch.stream} ${batch.epoch}`;
      const { eventCount, seqFirst } = batch;
      const { frameNo } = frame;
      spots.push({
        path,
        frameNo,
        from: at,
        to,
        print: printOf(batch),
        streamKey,
        eventCount,
        seqFirst,
      });
      at = to;
    }
  }
  return spots;
}

/** Highest number that `epochs` names, by stream and epoch. */
export function lastNumbersOf(files: SimFiles): Map<string, number> {
  const found = new Map<string, number>();
  const text = Buffer.from(files.contentOf(`${TEST_DIRECTORY}/epochs`) ?? []).toString();
  for (const line of text.matchAll(/"stream":"([^"]*)","epoch":"(\d+)","lastSeq":(\d+)/g))
    found.set(`${line[1]} ${line[2]}`, Number(line[3]));
  return found;
}

/** True if a whole footer or end record says where the frames end. */
export function isSealed(files: SimFiles, path: string): boolean {
  const bytes = files.contentOf(path) ?? new Uint8Array(0);
  const length = bytes.length < TRAILER ? 0 : footerLength(bytes.subarray(bytes.length - TRAILER));
  if (length > 0 && length <= bytes.length && decodeFooter(bytes.subarray(bytes.length - length)))
    return true;
  const end = files.contentOf(path.replace(/\.log$/, '.end'));
  return end !== null && decodeFooter(end) !== null;
}
