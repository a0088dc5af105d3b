// What all parts of an open spool share: settings, identity, the catalog, and the writer's durable
// state.
import { isPlanted } from '@weir/pipeline';
import type { Catalog, SegmentInfo } from './catalog.js';
import type { SlotFile } from './checkpoint.js';
import type { EpochTable } from './epochs.js';
import type { EpochsFile } from './epochs-file.js';
import type { KeyFiles } from './keys.js';
import { endName } from './layout.js';
import type { SpoolSettings } from './options.js';
import { SegmentPreparer } from './preparer.js';
import { encodeFooter } from './segment.js';
import { replaceFile, Serial } from './small-files.js';

/** The last frame that was deleted with its segment: all consumers had settled it by then. */
export interface DeletedEnd {
  readonly segmentId: number;
  /** Frames that the segment had. */
  readonly frameCount: number;
}

const FRAME_COUNT_BITS = 28n;

/** As one word of `ckpt`; 0 for none. */
const encodeDeletedEnd = ({ segmentId, frameCount }: DeletedEnd): bigint =>
  (BigInt(segmentId) << FRAME_COUNT_BITS) | BigInt(frameCount);

/** Null for none, and where an earlier version deleted. */
export function decodeDeletedEnd(word: bigint): DeletedEnd | null {
  if (word === 0n) return null;
  const frameCount = Number(word & ((1n << FRAME_COUNT_BITS) - 1n));
  return { segmentId: Number(word >> FRAME_COUNT_BITS), frameCount };
}

/** The newest file of the tree that was in use, and its tree. EVIDENCE.md "Files of the tree". */
export interface TreeMark {
  readonly treeNumber: number;
  readonly fileNo: number;
}
const TREE_FILE_BITS = 40n;

/** Null for none. */
export function decodeTreeMark(word: bigint): TreeMark | null {
  if (word === 0n) return null;
  const fileNo = Number(word & ((1n << TREE_FILE_BITS) - 1n));
  return { treeNumber: Number(word >> TREE_FILE_BITS), fileNo };
}

/** The `ckpt` file. */
export class WriterState {
  readonly #slots: SlotFile;
  readonly storeUuid: Uint8Array;
  readonly epoch: bigint;
  /**
   * See FORMAT.md "Slots": the file was made anew when this was the oldest segment; 0 for never.
   */
  readonly rebuiltAt: number;
  #nextSegmentId: number;
  #deleteIntent: number;
  #deletedEnd: DeletedEnd | null;
  #treeMark: TreeMark | null;

  constructor(
    slots: SlotFile,
    values: {
      readonly storeUuid: Uint8Array;
      readonly epoch: bigint;
      readonly nextSegmentId: number;
      readonly deleteIntent: number;
      readonly deletedEnd: DeletedEnd | null;
      readonly treeMark: TreeMark | null;
      readonly rebuiltAt: number;
    },
  ) {
    this.#slots = slots;
    this.storeUuid = values.storeUuid;
    this.epoch = values.epoch;
    this.rebuiltAt = values.rebuiltAt;
    this.#nextSegmentId = values.nextSegmentId;
    this.#deleteIntent = values.deleteIntent;
    this.#deletedEnd = values.deletedEnd;
    this.#treeMark = values.treeMark;
  }

  get deletedEnd(): DeletedEnd | null {
    return this.#deletedEnd;
  }
  get treeMark(): TreeMark | null {
    return this.#treeMark;
  }

  /** Durable when it resolves. */
  async noteTreeFile(mark: TreeMark): Promise<void> {
    const before = this.#treeMark;
    this.#treeMark = mark;
    try {
      await this.save();
    } catch (error) {
      this.#treeMark = before;
      throw error;
    }
  }

  get nextSegmentId(): number {
    return this.#nextSegmentId;
  }

  /** An id that no segment ever had; durable before it is returned. */
  async reserveSegment(): Promise<number> {
    const id = this.#nextSegmentId;
    this.#nextSegmentId = id + 1;
    if (!isPlanted('segment_id_reused')) await this.save();
    return id;
  }

  /** These segments, oldest first, may be unlinked from now on, also after a crash. */
  async intendDelete(segments: readonly Pick<SegmentInfo, 'id' | 'frameCount'>[]): Promise<void> {
    for (const { id, frameCount } of segments) {
      this.#deleteIntent = Math.max(this.#deleteIntent, id);
      if (frameCount > 0) this.#deletedEnd = { segmentId: id, frameCount };
    }
    await this.save();
  }

  save(): Promise<void> {
    const deletedEnd = this.#deletedEnd === null ? 0n : encodeDeletedEnd(this.#deletedEnd);
    const mark = this.#treeMark;
    const tree =
      mark === null ? 0n : (BigInt(mark.treeNumber) << TREE_FILE_BITS) | BigInt(mark.fileNo);
    return this.#slots.store({
      storeUuid: this.storeUuid,
      words: [
        BigInt(this.#nextSegmentId),
        this.epoch,
        BigInt(this.#deleteIntent),
        tree,
        deletedEnd,
        BigInt(this.rebuiltAt),
      ],
    });
  }
  close(): Promise<void> {
    return this.#slots.close();
  }
}

export class Store {
  readonly #epochsSerial = new Serial();
  readonly #recordSerial = new Serial();
  /** Where new segments come from. */
  readonly preparer: SegmentPreparer;
  /** Calls of fsync and fdatasync for appended data. */
  dataSyncCount = 0;
  constructor(
    readonly settings: SpoolSettings,
    readonly state: WriterState,
    readonly catalog: Catalog,
    readonly epochs: EpochTable,
    readonly epochsFile: EpochsFile,
    readonly keys: KeyFiles,
  ) {
    this.preparer = new SegmentPreparer(this);
  }

  /** Bytes of all segment files, also of the one that is prepared. */
  get usedBytes(): number {
    return this.catalog.usedBytes + this.preparer.bytes;
  }

  pathOf(name: string): string {
    return `${this.settings.directory}/${name}`;
  }

  /** Makes `epochs` durable as it is in memory now. */
  saveEpochs(): Promise<void> {
    return this.#epochsSerial.run(() =>
      this.epochsFile.store(this.epochs, {
        storeUuid: Buffer.from(this.state.storeUuid).toString('hex'),
        nextSegmentId: this.state.nextSegmentId,
        epochCounter: Number(this.state.epoch >> 32n),
      }),
    );
  }

  /** Makes durable what must outlive an ended segment. Before this it is not deleted. */
  record(info: SegmentInfo): Promise<void> {
    return this.#recordSerial.run(() => this.#record(info));
  }

  async #record(info: SegmentInfo): Promise<void> {
    if (info.isRecorded) return;
    await this.keys.store(info.id, info.unstoredParts);
    info.unstoredParts = [];
    if (!isPlanted('numbers_not_recorded_before_delete')) await this.saveEpochs();
    if (info.needsEndRecord) {
      const bytes = encodeFooter(this.footerOf(info));
      if (bytes !== null)
        await replaceFile(this.settings.files, this.settings.directory, endName(info.id), [bytes]);
    }
    info.isRecorded = true;
  }

  footerOf(info: SegmentInfo): Parameters<typeof encodeFooter>[0] {
    return {
      segmentId: info.id,
      frameCount: info.frameCount,
      eventCount: info.eventCount,
      endOffset: info.endOffset,
      sealedAtNs: this.settings.clock.nowNs(),
      lastCrc: info.lastCrc,
      dispositionFrameCount: info.dispositionFrameCount,
      storeUuid: this.state.storeUuid,
      streams: info.streams ?? [],
    };
  }
}
