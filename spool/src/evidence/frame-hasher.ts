// Reads frames back from a segment's file and hashes them, a window at a time, so that the event
// loop has its turn between any two windows.
import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import type { FileHandle, Files } from '@weir/pipeline';
import type { SegmentInfo } from '../catalog.js';
import { decodeFrameHeader, type FrameHeader } from '../frame-codec.js';
import { FRAME_HEADER_BYTES } from '../layout.js';
import { SegmentReader } from '../reader.js';
import { openSalvage } from '../salvage.js';
import { type HeadNumbers, numbersOfChecked } from './head-numbers.js';
import { leafHash, sha256 } from './merkle.js';
import type { TreeLeaf } from './tree-leaves.js';

/** Some 0.7 ms of hashing. Small frames cost more than their bytes: then less is read at once. */
const WINDOW_BYTES_MAX = 512 * 1024;
const WINDOW_BYTES_MIN = 32 * 1024;
const FRAMES_PER_WINDOW_MAX = 128;

/** Where reading goes on. */
export interface ReadPlace {
  readonly segmentId: number;
  readonly frameNo: number;
  readonly offset: number;
}

export interface HashedFrame extends TreeLeaf {
  readonly nextOffset: number;
  readonly numbers: HeadNumbers;
}

export interface Slice {
  readonly frames: readonly HashedFrame[];
  /** Behind the last of them. */
  readonly next: ReadPlace;
  /** What stands at `next` is no intact frame. */
  readonly isBad: boolean;
}

export class FrameHasher {
  /** How an attempt reads; it may be another one each time. */
  readonly #filesOf: () => Files;
  #open: { readonly id: number; readonly handle: FileHandle } | null = null;
  #window = new Uint8Array(0);
  #windowBytes = WINDOW_BYTES_MAX;
  /** The last header that was read: the frame directly behind it must name its CRC. */
  #last = { segmentId: 0, nextOffset: -1, crc: 0 };

  constructor(filesOf: () => Files) {
    this.#filesOf = filesOf;
  }

  /** Frames from a place on, up to `limit`, where the durable ones end. Rejects as a read does. */
  async slice(info: SegmentInfo, from: ReadPlace, limit: number): Promise<Slice> {
    const handle = await this.#handleOf(info);
    if (this.#window.length === 0) this.#window = new Uint8Array(WINDOW_BYTES_MAX);
    const wanted = Math.min(this.#windowBytes, limit - from.offset);
    const window = this.#window.subarray(0, wanted);
    const length = await handle.read(window, from.offset);
    const frames: HashedFrame[] = [];
    let { frameNo } = from;
    let at = 0;
    let isBad = false;
    while (!isBad && from.offset + at < limit) {
      const header = this.#headerAt(info, window.subarray(at, length), frameNo);
      const offset = from.offset + at;
      if (header === null) {
        isBad = length < wanted || at === 0 || at + FRAME_HEADER_BYTES <= length;
        break;
      }
      const payloadAt = FRAME_HEADER_BYTES + header.metaBytes;
      const isInside = at + payloadAt + header.storedBytes <= length;
      if (!isInside && at > 0) break;
      const whole = window.subarray(at, at + payloadAt + header.storedBytes);
      const hashed = isInside
        ? hashWhole(header, whole, offset)
        : await this.#hashLarge(handle, header, offset, limit);
      isBad = hashed === null || !this.#isLinked(header, offset);
      if (hashed === null || isBad) break;
      this.#last = { segmentId: info.id, nextOffset: hashed.nextOffset, crc: header.crc };
      frames.push(hashed);
      frameNo = header.frameNo + 1;
      at += header.totalBytes;
    }
    this.#adapt(frames.length);
    return { frames, next: { segmentId: info.id, frameNo, offset: from.offset + at }, isBad };
  }

  /** Behind a bad place; null if no good frame follows in the segment. */
  async behindBad(info: SegmentInfo, bad: ReadPlace, limit: number): Promise<ReadPlace | null> {
    this.#last = { segmentId: 0, nextOffset: -1, crc: 0 };
    const handle = await openSalvage(this.#filesOf(), info.path);
    if (handle === null) return null;
    try {
      const reader = new SegmentReader(handle, info.id, info.seed);
      const { header } = await reader.read(bad.offset, limit, false);
      if (header !== null && header.frameNo >= bad.frameNo) {
        const offset = bad.offset + header.totalBytes;
        return { segmentId: info.id, frameNo: header.frameNo + 1, offset };
      }
      const offset = await reader.findNext(bad.offset + 8, limit, bad.frameNo);
      return offset < 0 ? null : { segmentId: info.id, frameNo: bad.frameNo, offset };
    } finally {
      await handle.close();
    }
  }

  /** Before another attempt: the descriptor may be the reason. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.handle.close();
  }

  /** Gives the window back until it is needed again. */
  rest(): void {
    this.#window = new Uint8Array(0);
  }

  async #handleOf(info: SegmentInfo): Promise<FileHandle> {
    if (this.#open?.id === info.id) return this.#open.handle;
    await this.close();
    this.#open = { id: info.id, handle: await this.#filesOf().open(info.path, 'read') };
    return this.#open.handle;
  }

  #headerAt(info: SegmentInfo, bytes: Uint8Array, frameNoMin: number): FrameHeader | null {
    if (bytes.length < FRAME_HEADER_BYTES) return null;
    const header = decodeFrameHeader(bytes.subarray(0, FRAME_HEADER_BYTES), info.id, info.seed);
    return header !== null && header.frameNo >= frameNoMin ? header : null;
  }

  #isLinked(header: FrameHeader, offset: number): boolean {
    const { segmentId, nextOffset, crc } = this.#last;
    const isBehind = header.segmentId === segmentId && offset === nextOffset;
    return !isBehind || header.previousCrc === crc;
  }

  #adapt(frameCount: number): void {
    if (frameCount > FRAMES_PER_WINDOW_MAX)
      this.#windowBytes = Math.max(WINDOW_BYTES_MIN, this.#windowBytes / 2);
    else if (frameCount < FRAMES_PER_WINDOW_MAX / 4)
      this.#windowBytes = Math.min(WINDOW_BYTES_MAX, this.#windowBytes * 2);
  }

  /** A frame that is larger than a window, part by part. */
  async #hashLarge(
    handle: FileHandle,
    header: FrameHeader,
    offset: number,
    limit: number,
  ): Promise<HashedFrame | null> {
    if (offset + header.totalBytes > limit) return null;
    const head = new Uint8Array(FRAME_HEADER_BYTES + header.metaBytes);
    if ((await handle.read(head, offset)) < head.length) return null;
    if (crc32c(head.subarray(FRAME_HEADER_BYTES)) !== header.metaCrc) return null;
    const hash = createHash('sha256');
    let crc: number | undefined;
    let at = offset + head.length;
    for (let left = header.storedBytes; left > 0; ) {
      const part = this.#window.subarray(0, Math.min(left, WINDOW_BYTES_MAX));
      if ((await handle.read(part, at)) < part.length) return null;
      hash.update(part);
      crc = crc32c(part, crc);
      at += part.length;
      left -= part.length;
    }
    if ((crc ?? crc32c(new Uint8Array(0))) !== header.payloadCrc) return null;
    return hashedFrame(header, head, hash.digest(), offset);
  }
}

function hashWhole(header: FrameHeader, bytes: Uint8Array, offset: number): HashedFrame | null {
  const payloadAt = FRAME_HEADER_BYTES + header.metaBytes;
  const head = bytes.subarray(0, payloadAt);
  const payload = bytes.subarray(payloadAt);
  if (crc32c(head.subarray(FRAME_HEADER_BYTES)) !== header.metaCrc) return null;
  if (crc32c(payload) !== header.payloadCrc) return null;
  return hashedFrame(header, head, sha256(payload), offset);
}

function hashedFrame(
  header: FrameHeader,
  head: Uint8Array,
  payloadHash: Uint8Array,
  offset: number,
): HashedFrame | null {
  const numbers = numbersOfChecked(head);
  if (numbers === null) return null;
  const { segmentId, frameNo, totalBytes } = header;
  const hash = leafHash(head, payloadHash);
  return { segmentId, frameNo, hash, nextOffset: offset + totalBytes, numbers };
}
