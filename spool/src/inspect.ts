// Looking at a spool without touching it: live, where the end may be half written, or stopped.
import type { Disposition, Files } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';
import type { SegmentInfo } from './catalog.js';
import { Catalog } from './catalog.js';
import { loadSlots, SLOT_KIND } from './checkpoint.js';
import type { EpochTable } from './epochs.js';
import { loadEpochs } from './epochs.js';
import { headerSeed } from './frame-codec.js';
import type { StreamEpoch } from './layout.js';
import {
  CHECKPOINT_NAME,
  consumerName,
  nodeIdOf,
  parseConsumerName,
  parseSegmentName,
  SEGMENT_HEADER_BYTES,
  segmentName,
  streamKey,
} from './layout.js';
import { SegmentReader } from './reader.js';
import { readFooter, readSegmentHeader } from './segment-files.js';
import { frontierOf } from './spool.js';

const windowBytes = 64 * 1024;

export interface InspectedStream extends StreamEpoch {
  /** Highest number that was issued and is durable; -1 for none. */
  readonly lastSeq: number;
  /** Running totals of refusals in the frames that are still there, by cause. */
  readonly refused: Readonly<Record<string, number>>;
  /** Numbers declared lost in the frames that are still there. */
  readonly lost: readonly {
    readonly cause: string;
    readonly ranges: readonly (readonly [number, number])[];
  }[];
}
export interface InspectedConsumer {
  readonly name: string;
  readonly frontier: { readonly segmentId: number; readonly frameNo: number } | null;
  readonly pendingFrameCount: number;
  readonly pendingEventCount: number;
}
export interface SpoolInspection {
  /** Null if there is no spool, or nothing names its store. */
  readonly storeUuid: string | null;
  /** What the streams of this spool begin with; null if nothing names its store. */
  readonly nodeId: string | null;
  readonly segmentCount: number;
  readonly bytesUsed: number;
  readonly streams: readonly InspectedStream[];
  readonly consumers: readonly InspectedConsumer[];
  /** Places where frames should be and are not readable. */
  readonly damagedRangeCount: number;
}

interface StreamNotes {
  readonly refused: Record<string, number>;
  readonly lost: { cause: string; ranges: (readonly [number, number])[] }[];
}

/**
 * Reads headers, metadata and footers; nothing is decompressed or written. On a live spool it may
 * see frames whose fdatasync is still under way. Rejects with WEIR_SPOOL_VERSION, or the system's
 * error.
 */
export async function inspectSpool(files: Files, directory: string): Promise<SpoolInspection> {
  const names = await namesIn(files, directory);
  const { slot } = await loadSlots(files, `${directory}/${CHECKPOINT_NAME}`, SLOT_KIND.writer);
  const { table, head } = await loadEpochs(files, directory);
  let storeUuid = slot?.storeUuid ?? null;
  if (storeUuid === null && head !== null)
    storeUuid = new Uint8Array(Buffer.from(head.storeUuid, 'hex'));
  const inspector = new Inspector(files, directory, table, storeUuid);
  const ids: number[] = [];
  for (const name of names) {
    const parsed = parseSegmentName(name);
    if (parsed?.ending === 'log') ids.push(parsed.id);
  }
  await inspector.readSegments(ids.sort((a, b) => a - b));
  const consumers: InspectedConsumer[] = [];
  for (const name of [...names].sort()) {
    const consumer = parseConsumerName(name);
    if (consumer === null) continue;
    const path = `${directory}/${consumerName(consumer)}`;
    const frontier = frontierOf(await loadSlots(files, path, SLOT_KIND.consumer));
    const pending = inspector.catalog.pending(frontier);
    consumers.push({
      name: consumer,
      frontier: frontier && { segmentId: frontier.segmentId, frameNo: frontier.frameNo },
      pendingFrameCount: Math.max(0, pending.frames),
      pendingEventCount: Math.max(0, pending.events),
    });
  }
  return {
    storeUuid: inspector.storeUuid && Buffer.from(inspector.storeUuid).toString('hex'),
    nodeId: inspector.storeUuid && nodeIdOf(inspector.storeUuid),
    segmentCount: inspector.catalog.segments.length,
    bytesUsed: inspector.catalog.usedBytes,
    streams: inspector.streams(),
    consumers,
    damagedRangeCount: inspector.damagedRangeCount,
  };
}

class Inspector {
  readonly catalog = new Catalog();
  readonly #files: Files;
  readonly #directory: string;
  readonly #epochs: EpochTable;
  readonly #notes = new Map<string, StreamNotes>();
  storeUuid: Uint8Array | null;
  damagedRangeCount = 0;

  constructor(files: Files, directory: string, epochs: EpochTable, storeUuid: Uint8Array | null) {
    this.#files = files;
    this.#directory = directory;
    this.#epochs = epochs;
    this.storeUuid = storeUuid;
  }

  async readSegments(ids: readonly number[]): Promise<void> {
    const validFrames = new Map<number, number>();
    const own: number[] = [];
    for (const id of ids) {
      const header = await readSegmentHeader(this.#files, this.#pathOf(id));
      this.storeUuid ??= header?.storeUuid ?? null;
      const uuid = this.storeUuid;
      if (header !== null && !header.storeUuid.every((byte, i) => byte === uuid?.[i])) continue;
      own.push(id);
      if (header !== null) validFrames.set(header.previousId, header.previousFrameCount);
    }
    for (const id of own)
      await this.#readSegment(id, validFrames.get(id) ?? Number.POSITIVE_INFINITY);
  }

  streams(): InspectedStream[] {
    return [...this.#epochs.values()].map((entry) => {
      const { tenant, stream, epoch, lastSeq } = entry;
      const notes = this.#notes.get(streamKey(entry)) ?? { refused: {}, lost: [] };
      return { tenant, stream, epoch, lastSeq, ...notes };
    });
  }

  #pathOf(id: number): string {
    return `${this.#directory}/${segmentName(id)}`;
  }

  async #readSegment(id: number, validFrameCount: number): Promise<void> {
    const uuid = this.storeUuid;
    if (uuid === null) return;
    const path = this.#pathOf(id);
    const sizeBytes = await this.#files.sizeBytes(path);
    if (sizeBytes === null) return;
    const info = this.catalog.add(id, path, headerSeed(uuid, id));
    info.fileBytes = sizeBytes;
    const footer = await readFooter(this.#files, this.#directory, id, uuid);
    if (footer !== null) {
      this.catalog.grow(info, footer.frameCount, footer.eventCount, footer.endOffset);
      for (const span of footer.streams) this.#epochs.note(span, span.seqLast);
      if (footer.dispositionFrameCount === 0) return;
      await this.#walk(info, footer.endOffset, footer.frameCount, false);
    } else await this.#walk(info, sizeBytes, validFrameCount, true);
  }

  /** Reads frames one by one; of a segment that is still written, payloads are checked as well. */
  async #walk(
    info: SegmentInfo,
    limit: number,
    frameCountMax: number,
    isOpenEnded: boolean,
  ): Promise<void> {
    let handle: Awaited<ReturnType<Files['open']>>;
    try {
      handle = await this.#files.open(info.path, 'read');
    } catch (error) {
      // A live spool may have deleted it meanwhile.
      if (systemCodeOf(error) === 'ENOENT') return;
      throw error;
    }
    try {
      const reader = new SegmentReader(handle, info.id, info.seed, windowBytes);
      let offset = SEGMENT_HEADER_BYTES;
      let frameNo = 0;
      while (offset < limit && frameNo < frameCountMax) {
        const frame = await reader.read(offset, limit, isOpenEnded);
        if (frame.kind === 'bad' || frame.header.frameNo < frameNo) {
          offset = await this.#skip(reader, offset, limit, frameNo);
          if (offset < 0) break;
          continue;
        }
        const { header, meta } = frame;
        if (header.frameNo >= frameCountMax) break;
        const id = { tenant: meta.tenant, stream: meta.stream, epoch: header.epoch };
        this.#epochs.note(
          id,
          header.eventCount === 0 ? -1 : header.seqFirst + header.eventCount - 1,
        );
        this.#note(id, meta.dispositions);
        offset += header.totalBytes;
        if (isOpenEnded)
          this.catalog.grow(info, header.frameNo + 1 - frameNo, header.eventCount, offset);
        frameNo = header.frameNo + 1;
      }
    } finally {
      await handle.close();
    }
  }

  async #skip(
    reader: SegmentReader,
    offset: number,
    limit: number,
    frameNo: number,
  ): Promise<number> {
    const next = await reader.findNext(offset + 8, limit, frameNo);
    if (next >= 0 && (await reader.read(next, limit, true)).kind === 'frame')
      this.damagedRangeCount++;
    return next;
  }

  #note(id: StreamEpoch, dispositions: readonly Disposition[]): void {
    if (dispositions.length === 0) return;
    const key = streamKey(id);
    const notes = this.#notes.get(key) ?? { refused: {}, lost: [] };
    this.#notes.set(key, notes);
    for (const { kind, cause, eventCount, seqRanges } of dispositions) {
      if (kind === 'refused')
        notes.refused[cause] = Math.max(notes.refused[cause] ?? 0, eventCount);
      if (kind === 'lost') notes.lost.push({ cause, ranges: [...seqRanges] });
    }
  }
}

async function namesIn(files: Files, directory: string): Promise<string[]> {
  try {
    return await files.readDir(directory);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
