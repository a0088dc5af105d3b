// Reading frames of one segment through a window, so that memory is bounded whatever the file
// holds.
import type { FileHandle } from '@weir/pipeline';
import type { FrameHeader } from './frame-codec.js';
import { decodeFrameHeader, isPayloadIntact, readMeta } from './frame-codec.js';
import { ALIGNMENT_BYTES, FRAME_HEADER_BYTES, FRAME_MAGIC } from './layout.js';
import type { FrameMeta } from './meta-codec.js';

/** All that reading needs of a file. */
export type Readable = Pick<FileHandle, 'read'>;

const windowBytesDefault = 256 * 1024;
const magicBytes = Buffer.from(FRAME_MAGIC);
const zeros = Buffer.alloc(windowBytesDefault);

/** Bytes of a file around the last read. */
class FileWindow {
  #buffer = new Uint8Array(0);
  #start = 0;
  #length = 0;
  constructor(
    readonly handle: Readable,
    readonly windowBytes: number,
  ) {}

  /**
   * Up to `byteCount` bytes from `at`, fewer if `limit` or the end of the file comes first. Never
   * reads at or behind `limit`: what stands there may not be durable yet. Valid until the next
   * call.
   */
  async view(at: number, byteCount: number, limit: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(byteCount, limit - at));
    if (at < this.#start || at + wanted > this.#start + this.#length) {
      const useful = Math.min(Math.max(wanted, this.windowBytes), limit - at);
      if (useful > this.#buffer.length) this.#buffer = new Uint8Array(useful);
      const target = this.#buffer.subarray(0, useful);
      this.#start = at;
      this.#length = 0;
      this.#length = await this.handle.read(target, at);
    }
    const from = at - this.#start;
    return this.#buffer.subarray(from, Math.min(from + wanted, this.#length));
  }
}

export interface FrameAt {
  readonly kind: 'frame';
  readonly offset: number;
  readonly header: FrameHeader;
  readonly meta: FrameMeta;
  /** The whole frame, or header and metadata only; valid until the next read. */
  readonly bytes: Uint8Array;
}
/** Not a whole, intact frame. The header is given if at least that could be read. */
export interface BadAt {
  readonly kind: 'bad';
  readonly offset: number;
  readonly header: FrameHeader | null;
  readonly meta: FrameMeta | null;
  /** Whole, but the frame before it is not the one that it was written behind. */
  readonly isUnlinked: boolean;
}

export class SegmentReader {
  readonly #window: FileWindow;
  /** The last header that was read: the frame behind it must name its CRC. */
  #last = { frameNo: -1, nextOffset: -1, crc: 0 };
  /** Behind the last byte that is not zero, of what findNext has looked at; 0 for none. */
  dataEnd = 0;
  constructor(
    handle: Readable,
    readonly segmentId: number,
    readonly seed: number,
    windowBytes = windowBytesDefault,
  ) {
    this.#window = new FileWindow(handle, windowBytes);
  }

  /**
   * The frame at an offset. With `withPayload` false only header and metadata are read and checked.
   * Directly after the frame before it, also the link between the two is.
   */
  async read(offset: number, limit: number, withPayload: boolean): Promise<FrameAt | BadAt> {
    const head = await this.#window.view(offset, FRAME_HEADER_BYTES, limit);
    const header =
      head.length < FRAME_HEADER_BYTES ? null : decodeFrameHeader(head, this.segmentId, this.seed);
    if (header === null)
      return { kind: 'bad', offset, header: null, meta: null, isUnlinked: false };
    const isLinked = this.#follow(header, offset);
    const byteCount = withPayload ? header.totalBytes : FRAME_HEADER_BYTES + header.metaBytes;
    const bytes = await this.#window.view(offset, byteCount, limit);
    const meta = readMeta(header, bytes);
    const isWhole = withPayload
      ? isPayloadIntact(header, bytes)
      : offset + header.totalBytes <= limit;
    if (meta === null || !isWhole) return { kind: 'bad', offset, header, meta, isUnlinked: false };
    if (!isLinked) return { kind: 'bad', offset, header, meta, isUnlinked: true };
    return { kind: 'frame', offset, header, meta, bytes };
  }

  /** False if it is known that another frame stood before it when it was written. */
  #follow(header: FrameHeader, offset: number): boolean {
    const { frameNo, nextOffset, crc } = this.#last;
    this.#last = {
      frameNo: header.frameNo,
      nextOffset: offset + header.totalBytes,
      crc: header.crc,
    };
    const isNext = offset === nextOffset && header.frameNo === frameNo + 1;
    return !isNext || header.previousCrc === crc;
  }

  /**
   * The next offset from `from` on where the header of a frame of this segment stands, with a
   * number of at least `frameNoMin`; -1 if there is none. The CRC of the header starts with a
   * secret of the store, so bytes inside a payload cannot pass for one.
   */
  async findNext(from: number, limit: number, frameNoMin: number): Promise<number> {
    let at = Math.ceil(from / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    while (at + FRAME_HEADER_BYTES <= limit) {
      const view = await this.#window.view(at, windowBytesDefault, limit);
      const lastStart = view.length - FRAME_HEADER_BYTES;
      if (lastStart < 0) return -1;
      const bytes = Buffer.from(view.buffer, view.byteOffset, view.length);
      this.#noteData(bytes, at);
      let found = bytes.indexOf(magicBytes);
      while (found >= 0 && found <= lastStart) {
        if (found % ALIGNMENT_BYTES === 0) {
          const candidate = view.subarray(found, found + FRAME_HEADER_BYTES);
          const header = decodeFrameHeader(candidate, this.segmentId, this.seed);
          if (header !== null && header.frameNo >= frameNoMin) return at + found;
        }
        found = bytes.indexOf(magicBytes, found + 1);
      }
      at += Math.floor(lastStart / ALIGNMENT_BYTES) * ALIGNMENT_BYTES + ALIGNMENT_BYTES;
    }
    const rest = await this.#window.view(at, limit - at, limit);
    this.#noteData(Buffer.from(rest.buffer, rest.byteOffset, rest.length), at);
    return -1;
  }

  #noteData(bytes: Buffer, at: number): void {
    if (bytes.equals(zeros.subarray(0, bytes.length))) return;
    let length = bytes.length;
    while (bytes[length - 1] === 0) length--;
    this.dataEnd = Math.max(this.dataEnd, at + length);
  }
}
