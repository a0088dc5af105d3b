// The segment that is being written.
import type { FileHandle } from '@weir/pipeline';
import { isNoSpace, isPlanted } from '@weir/pipeline';
import type { SegmentInfo } from './catalog.js';
import type { EncodedFrame } from './frame-codec.js';
import { headerSeed, sealFrame } from './frame-codec.js';
import { SEGMENT_HEADER_BYTES, SEGMENT_HEADER_CRC_AT, segmentName } from './layout.js';
import { fillWithZeros, type PreparedSegment } from './preparer.js';
import { encodeFooter, encodeSegmentHeader, SegmentTally } from './segment.js';
import { removeIfThere } from './small-files.js';
import type { Store } from './store.js';

export class SegmentWriter {
  readonly tally = new SegmentTally();
  readonly #handle: FileHandle;
  #offset = SEGMENT_HEADER_BYTES;
  #crc: number;
  #allocatedBytes: number;
  /**
   * True once a write or sync failed in a way after which the descriptor must not be used again.
   */
  isDead = false;

  private constructor(
    readonly store: Store,
    readonly info: SegmentInfo,
    handle: FileHandle,
    headerCrc: number,
    allocatedBytes: number,
  ) {
    this.#handle = handle;
    this.#crc = headerCrc;
    this.#allocatedBytes = allocatedBytes;
    info.fileBytes = allocatedBytes;
  }

  /** The segment, its name and its header are durable when this resolves. */
  static async create(store: Store, prepared: PreparedSegment): Promise<SegmentWriter> {
    if (isPlanted('append_to_recovered_segment')) {
      const again = await SegmentWriter.#reopen(store);
      if (again !== null) return again;
    }
    const { files, directory, clock } = store.settings;
    const { storeUuid, epoch } = store.state;
    const { id: segmentId } = prepared;
    let handle = prepared.handle;
    const path = store.pathOf(segmentName(segmentId));
    const previous = store.catalog.segments.at(-1);
    const bytes = encodeSegmentHeader({
      storeUuid,
      segmentId,
      epoch,
      createdAtNs: clock.nowNs(),
      previousId: previous?.id ?? 0,
      previousFrameCount: isPlanted('void_frames_counted')
        ? Number.MAX_SAFE_INTEGER
        : (previous?.frameCount ?? 0),
    });
    try {
      await handle.write([bytes], 0);
      await handle.datasync();
      if (isPlanted('missing_state_overwrites')) await removeIfThere(files, path);
      // A rename would replace it.
      const isTaken = (await files.sizeBytes(path)) !== null;
      if (isTaken) throw Object.assign(new Error(`EEXIST: ${path}`), { code: 'EEXIST' });
      await files.rename(prepared.path, path);
      // By its name: what fails from here on is told under it.
      const unnamed = handle;
      handle = await files.open(path, 'write');
      await unnamed.close();
      if (!isPlanted('no_directory_sync_after_create')) await files.syncDir(directory);
    } catch (error) {
      await handle.close();
      const isOurs = (await files.sizeBytes(prepared.path).catch(() => 0)) === null;
      await removeIfThere(files, isOurs ? path : prepared.path).catch(() => false);
      throw error;
    }
    const info = store.catalog.add(segmentId, path, headerSeed(storeUuid, segmentId));
    const headerCrc = new DataView(bytes.buffer).getUint32(SEGMENT_HEADER_CRC_AT, true);
    return new SegmentWriter(store, info, handle, headerCrc, prepared.bytes);
  }

  /** Only for the planted bug: goes on in a segment of an earlier run. */
  static async #reopen(store: Store): Promise<SegmentWriter | null> {
    const info = store.catalog.segments.at(-1);
    if (info === undefined || !info.needsEndRecord) return null;
    const handle = await store.settings.files.open(info.path, 'write');
    const writer = new SegmentWriter(store, info, handle, info.lastCrc, info.fileBytes);
    writer.#offset = info.endOffset;
    info.isEnded = false;
    info.needsEndRecord = false;
    return writer;
  }

  /** Offset behind the last durable frame. */
  get offset(): number {
    return this.#offset;
  }
  /** Up to here the file has its space: frames before it need no more of the disk. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  /** Gives the file more space. */
  async extend(allocatedBytes: number): Promise<void> {
    try {
      await fillWithZeros(this.store, this.#handle, this.#allocatedBytes, allocatedBytes);
    } catch (error) {
      if (!isNoSpace(error)) this.isDead = true;
      // The last bytes of a disk are not kept by zeros of which nobody knows.
      else await this.#handle.truncate(this.#allocatedBytes).catch(() => undefined);
      throw error;
    }
    this.#allocatedBytes = allocatedBytes;
    this.info.fileBytes = allocatedBytes;
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
      if (isNoSpace(error) && isPlanted('short_write_ignored')) return;
      if (!isNoSpace(error)) this.isDead = true;
      throw error;
    }
  }

  async datasync(): Promise<void> {
    try {
      await this.#handle.datasync();
      this.store.dataSyncCount++;
    } catch (error) {
      if (isPlanted('fsync_retried_on_same_descriptor')) return this.#handle.datasync();
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
      const isFooterFirst = isPlanted('keys_after_footer');
      if (!isFooterFirst) await this.store.record(this.info);
      const footer = this.isDead ? null : encodeFooter(this.store.footerOf(this.info));
      if (footer !== null) {
        const end = this.#offset + footer.length;
        await this.#handle.write([footer], this.#offset);
        if (end < this.#allocatedBytes) await this.#handle.truncate(end);
        if (!isPlanted('footer_not_synced')) await this.#handle.datasync();
        if (isFooterFirst) await this.store.record(this.info);
        this.info.fileBytes = end;
      }
    } catch {
      // Recorded later, before the segment is deleted; scanned at the next start if that comes
      // first.
      this.info.needsEndRecord = true;
      this.info.isRecorded = false;
    }
    await this.#handle.close();
  }

  /** Ends the segment at its last durable frame and touches the file no more. */
  async abandon(): Promise<void> {
    this.isDead = true;
    this.#end();
    this.info.needsEndRecord = true;
    await this.#handle.close();
  }

  #end(): void {
    const { info, tally } = this;
    info.isEnded = true;
    info.streams = [...tally.streams.values()];
    info.dispositionFrameCount = tally.dispositionFrameCount;
    info.lastCrc = tally.lastCrc;
  }
}
