// How the frames of a payload become bodies: never larger than the other side takes, as far as that
// is known, and always whole frames.
import { InvariantError } from '@weir/pipeline';
import { encodeWireHeader, wireFrameSpans } from '@weir/spool';

export interface Frame {
  readonly bytes: Uint8Array;
  readonly rawBytes: number;
}

export interface RequestLimits {
  readonly framesMax: number;
  /** Of the frames as sent. */
  readonly bytesMax: number;
  /** Of their payloads after decompression. */
  readonly rawBytesMax: number;
}

/** All frames of the blocks, in order; nothing is copied. */
export function framesOf(blocks: readonly Uint8Array[]): Frame[] {
  return blocks.flatMap((block) => {
    const spans = wireFrameSpans(block);
    // Blocks come from encodeFrames: anything else must not reach the other side.
    if (spans === null) throw new InvariantError('broken invariant: a block holds whole frames');
    return spans.map(({ start, end, rawBytes }) => ({
      bytes: block.subarray(start, end),
      rawBytes,
    }));
  });
}

/** How many frames from `from` on fit into one body; at least one. */
export function fittingCount(
  frames: readonly Frame[],
  from: number,
  limits: RequestLimits,
): number {
  let bytes = 0;
  let rawBytes = 0;
  let count = 0;
  for (let i = from; i < frames.length && count < limits.framesMax; i++, count++) {
    const frame = frames[i] as Frame;
    bytes += frame.bytes.length;
    rawBytes += frame.rawBytes;
    if (count > 0 && (bytes > limits.bytesMax || rawBytes > limits.rawBytesMax)) break;
  }
  return count;
}

export function bodyOf(frames: readonly Frame[]): Buffer {
  return Buffer.concat([encodeWireHeader(), ...frames.map(({ bytes }) => bytes)]);
}
