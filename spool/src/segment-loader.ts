// Fills the catalog at start: sealed segments by their footers, the others by reading them whole.
import type { Files } from '@weir/pipeline';
import type { SegmentInfo } from './catalog.js';
import { noteForeign } from './foreign.js';
import { headerSeed } from './frame-codec.js';
import { SEGMENT_HEADER_BYTES, segmentName } from './layout.js';
import { SegmentReader } from './reader.js';
import { openSalvage, SalvageHandle } from './salvage.js';
import type { DamageRange, LostNumbers, SegmentScan } from './scan.js';
import { lostNumbers, scanSegment } from './scan.js';
import type { SegmentFooter, SegmentHeader } from './segment.js';
import { readFooter } from './segment-files.js';
import type { Store } from './store.js';
import { writeAgain } from './write-again.js';

export interface Undeclared {
  readonly info: SegmentInfo;
  readonly damage: readonly DamageRange[];
  readonly lost: readonly LostNumbers[];
}

export class SegmentLoader {
  readonly #store: Store;
  readonly #files: Files;
  readonly #headers: ReadonlyMap<number, SegmentHeader | null>;
  readonly #isEpochsComplete: boolean;
  readonly unended: SegmentInfo[] = [];
  readonly undeclared: Undeclared[] = [];
  readonly missingSegmentIds: number[] = [];
  readonly foreignSegmentIds: number[] = [];
  scannedSegmentCount = 0;
  scannedFrameCount = 0;
  tornBytes = 0;
  tornFrameCount = 0;

  /** `files` are those of the start: what they cannot read, they have tried for a while. */
  constructor(
    store: Store,
    files: Files,
    headers: ReadonlyMap<number, SegmentHeader | null>,
    isEpochsComplete: boolean,
  ) {
    this.#store = store;
    this.#files = files;
    this.#headers = headers;
    this.#isEpochsComplete = isEpochsComplete;
  }

  /** Loads the segments with an id above `deleteIntent`; the others are gone. */
  async load(deleteIntent: number): Promise<void> {
    const ids = [...this.#headers.keys()].filter((id) => id > deleteIntent).sort((a, b) => a - b);
    const own = ids.filter((id) => this.#isOwn(id));
    for (const id of own) {
      const previousId = this.#headers.get(id)?.previousId ?? 0;
      if (id !== own[0] && previousId > deleteIntent && !this.#headers.has(previousId))
        this.missingSegmentIds.push(previousId);
      await this.#loadOne(id);
    }
  }

  #isOwn(id: number): boolean {
    const header = this.#headers.get(id);
    const { storeUuid } = this.#store.state;
    if (!header || header.storeUuid.every((byte, i) => byte === storeUuid[i])) return true;
    this.foreignSegmentIds.push(id);
    return false;
  }

  async #loadOne(id: number): Promise<void> {
    const { settings, state, catalog } = this.#store;
    const path = this.#store.pathOf(segmentName(id));
    const info = catalog.add(id, path, headerSeed(state.storeUuid, id));
    info.isEnded = true;
    const { directory } = settings;
    info.fileBytes = (await this.#files.sizeBytes(path)) ?? SEGMENT_HEADER_BYTES;
    const footer = await readFooter(this.#files, directory, id, state.storeUuid);
    if (footer !== null) {
      await this.#take(info, footer);
      return;
    }
    // A footer says that all frames before it are durable. Here the process before may have failed
    // to make them so, and reads would show them all the same.
    await writeAgain(this.#files, directory, segmentName(id), { mayBeUnreadable: true });
    info.fileBytes = (await this.#files.sizeBytes(path)) ?? SEGMENT_HEADER_BYTES;
    await this.#scan(info);
  }

  async #take(info: SegmentInfo, footer: SegmentFooter): Promise<void> {
    this.#store.catalog.grow(info, footer.frameCount, footer.eventCount, footer.endOffset);
    info.isRecorded = true;
    info.streams = footer.streams;
    info.dispositionFrameCount = footer.dispositionFrameCount;
    info.lastCrc = footer.lastCrc;
    const { epochs } = this.#store;
    for (const span of footer.streams)
      if (!epochs.isForeign(span.stream)) epochs.note(span, span.seqFirst, span.seqLast);
    // `epochs` was durable before the footer, so it has these numbers unless it is damaged.
    if (!this.#isEpochsComplete) await noteForeign(this.#files, info, footer, epochs);
  }

  async #scan(info: SegmentInfo): Promise<void> {
    const { catalog, epochs } = this.#store;
    const handle = (await openSalvage(this.#files, info.path)) ?? new SalvageHandle(null);
    let scan: SegmentScan;
    try {
      const reader = new SegmentReader(handle, info.id, info.seed);
      const bounds = {
        limit: info.fileBytes,
        frameCountMax: this.#validFrameCount(info.id),
        isSealed: false,
        unreadableTo: () => handle.unreadableTo,
      };
      scan = await scanSegment(reader, bounds);
    } finally {
      await handle.close();
    }
    const lost = lostNumbers(scan, null, epochs, this.#isEpochsComplete);
    const { tally } = scan;
    catalog.grow(info, tally.frameCount, tally.eventCount, scan.endOffset);
    info.needsEndRecord = true;
    info.streams = [...tally.streams.values()];
    info.dispositionFrameCount = tally.dispositionFrameCount;
    info.lastCrc = tally.lastCrc;
    info.unstoredParts = scan.requestParts.filter((part) => !epochs.isForeign(part.stream));
    for (const span of info.streams) epochs.note(span, -1, -1);
    for (const { id, ranges } of scan.good.values())
      for (const [first, last] of ranges) epochs.note(id, first, last);
    for (const { id, ranges } of scan.declared.values()) epochs.noteDeclared(id, ranges.ranges);
    for (const numbers of lost) {
      // Of another node some may only be thought to have come: if they come, they are taken.
      if (epochs.isForeign(numbers.stream)) epochs.noteDeclared(numbers, numbers.ranges);
      else epochs.note(numbers, -1, numbers.ranges.at(-1)?.[1] ?? -1);
    }
    this.scannedSegmentCount++;
    this.scannedFrameCount += scan.goodFrameCount;
    this.tornBytes += scan.tornBytes;
    this.tornFrameCount += scan.tornFrameCount;
    this.unended.push(info);
    if (scan.damage.length > 0) this.undeclared.push({ info, damage: scan.damage, lost });
  }

  /** The segment after an abandoned one says how many frames of it count. */
  #validFrameCount(id: number): number {
    let count = Number.POSITIVE_INFINITY;
    for (const header of this.#headers.values())
      if (header?.previousId === id) count = Math.min(count, header.previousFrameCount);
    return count;
  }
}
