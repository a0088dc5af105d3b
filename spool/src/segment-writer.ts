// The segment that is being written.
import type { FileHandle } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';
import type { SegmentInfo } from './catalog.js';
import type { EncodedFrame } from './frame-codec.js';
import { headerSeed, sealFrame } from './frame-codec.js';
import { SEGMENT_HEADER_BYTES, SEGMENT_HEADER_CRC_AT, segmentName } from './layout.js';
import { encodeFooter, encodeSegmentHeader, SegmentTally } from './segment.js';
import { removeIfThere } from './small-files.js';
import type { Store } from './store.js';

const noSpaceCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
export const isNoSpace = (error: unknown): boolean => noSpaceCodes.has(systemCodeOf(error));

export class SegmentWriter {
  readonly tally = new SegmentTally();
  readonly #handle: FileHandle;
  #offset = SEGMENT_HEADER_BYTES;
  #crc: number;
  /**
   * True once a write or sync failed in a way after which the descriptor must not be used again.
   */
  isDead = false;

  private constructor(
    readonly store: Store,
    readonly info: SegmentInfo,
    handle: FileHandle,
    headerCrc: number,
  ) {
    this.#handle = handle;
    this.#crc = headerCrc;
  }

  /** The segment, its name and its header are durable when this resolves. */
  static async create(store: Store): Promise<SegmentWriter> {
    const { files, directory, clock } = store.settings;
    const { storeUuid, epoch } = store.state;
    const segmentId = await store.state.reserveSegment();
    const path = store.pathOf(segmentName(segmentId));
    const previous = store.catalog.segments.at(-1);
    const bytes = encodeSegmentHeader({
      storeUuid,
      segmentId,
      epoch,
      createdAtNs: clock.nowNs(),
      previousId: previous?.id ?? 0,
      previousFrameCount: previous?.frameCount ?? 0,
    });
    const handle = await files.open(path, 'create');
    try {
      await handle.write([bytes], 0);
      await handle.datasync();
      await files.syncDir(directory);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await removeIfThere(files, path).catch(() => false);
      throw error;
    }
    const info = store.catalog.add(segmentId, path, headerSeed(storeUuid, segmentId));
    const headerCrc = new DataView(bytes.buffer).getUint32(SEGMENT_HEADER_CRC_AT, true);
    return new SegmentWriter(store, info, handle, headerCrc);
  }

  /** Offset behind the last durable frame. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Writes frames behind the durable ones. Calling it again with the same frames writes the same
   * bytes.
   */
  async write(frames: readonly EncodedFrame[]): Promise<void> {
    const parts: Uint8Array[] = [];
    let previousCrc = this.#crc;
    for (const [i, frame] of frames.entries()) {
      previousCrc = sealFrame(frame, {
        segmentId: this.info.id,
        frameNo: this.info.frameCount + i,
        previousCrc,
        seed: this.info.seed,
      });
      parts.push(frame.head, frame.stored, frame.padding);
    }
    try {
      await this.#handle.write(parts, this.#offset);
    } catch (error) {
      if (!isNoSpace(error)) this.isDead = true;
      throw error;
    }
  }

  async datasync(): Promise<void> {
    try {
      await this.#handle.datasync();
      this.store.dataSyncCount++;
    } catch (error) {
      this.isDead = true;
      throw error;
    }
  }

  /** The frames of the last write are durable. */
  advance(frames: readonly EncodedFrame[]): void {
    for (const frame of frames) this.#offset += frame.totalBytes;
    const last = frames.at(-1);
    if (last !== undefined)
      this.#crc = new DataView(last.head.buffer, last.head.byteOffset).getUint32(4, true);
  }

  /**
   * Ends the segment with a footer. What must outlive it is recorded first. If anything of this
   * fails, the segment still ends here, without footer: its frames are durable.
   */
  async seal(): Promise<void> {
    this.#end();
    try {
      await this.store.record(this.info);
      const footer = this.isDead ? null : encodeFooter(this.store.footerOf(this.info));
      if (footer !== null) {
        await this.#handle.write([footer], this.#offset);
        await this.#handle.datasync();
        this.info.fileBytes = this.#offset + footer.length;
      }
    } catch {
      // Recorded later, before the segment is deleted; scanned at the next start if that comes
      // first.
      this.info.needsEndRecord = true;
      this.info.isRecorded = false;
    }
    await this.#handle.close().catch(() => undefined);
  }

  /** Ends the segment at its last durable frame and touches the file no more. */
  async abandon(): Promise<void> {
    this.isDead = true;
    this.#end();
    this.info.needsEndRecord = true;
    await this.#handle.close().catch(() => undefined);
  }

  #end(): void {
    const { info, tally } = this;
    info.isEnded = true;
    info.streams = [...tally.streams.values()];
    info.dispositionFrameCount = tally.dispositionFrameCount;
    info.lastCrc = tally.lastCrc;
  }
}
