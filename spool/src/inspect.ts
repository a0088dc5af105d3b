// Looking at a spool without touching it: live, where the end may be half written, or stopped.
import type { Disposition, Files } from '@weir/pipeline';
import { systemCodeOf } from '@weir/pipeline';
import type { SegmentInfo } from './catalog.js';
import { Catalog } from './catalog.js';
import { loadSlots, SLOT_KIND } from './checkpoint.js';
import type { EpochTable, ForeignNumbers } from './epochs.js';
import { loadEpochs } from './epochs-file.js';
import { noteForeign } from './foreign.js';
import type { FrameHeader } from './frame-codec.js';
import { headerSeed } from './frame-codec.js';
import type { PendingStreamRange } from './inspect-pending.js';
import { PendingRanges } from './inspect-pending.js';
import { walkFrames } from './inspect-walk.js';
import type { StreamEpoch } from './layout.js';
import {
  CHECKPOINT_NAME,
  consumerName,
  nodeIdOf,
  parseConsumerName,
  parseSegmentName,
  segmentName,
  streamKey,
} from './layout.js';
import type { FrameMeta } from './meta-codec.js';
import { RangeSet } from './range-set.js';
import type { SegmentFooter } from './segment.js';
import { readFooter, readSegmentHeader } from './segment-files.js';
import { frontierOf } from './spool.js';

export interface InspectedStream extends StreamEpoch {
  /** Highest number that was issued and is durable; -1 for none. */
  readonly lastSeq: number;
  /**
   * For a stream of another node: the numbers that came or that it named as lost or filtered,
   * ascending. Absent for an own stream, which has all numbers up to lastSeq.
   */
  readonly received?: readonly (readonly [number, number])[];
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
  /**
   * Numbers of the frames behind the frontier, merged, in the order of the segments. Those of
   * damaged frames whose loss is still to be declared are among them.
   */
  readonly pending: readonly PendingStreamRange[];
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
 * see frames whose fdatasync is still under way. `consumers` are looked at even if they have
 * settled nothing yet. Rejects with WEIR_SPOOL_VERSION, or the system's error.
 */
export async function inspectSpool(
  files: Files,
  directory: string,
  consumers: readonly string[] = [],
): Promise<SpoolInspection> {
  const names = await namesIn(files, directory);
  const { slot } = await loadSlots(files, `${directory}/${CHECKPOINT_NAME}`, SLOT_KIND.writer);
  const { table, head } = await loadEpochs(files, directory);
  let storeUuid = slot?.storeUuid ?? null;
  if (storeUuid === null && head !== null)
    storeUuid = new Uint8Array(Buffer.from(head.storeUuid, 'hex'));
  // Frontiers before segments: what a live spool settles meanwhile still counts as pending.
  const frontiers: PendingRanges[] = [];
  const known = names.map(parseConsumerName).filter((name) => name !== null);
  for (const consumer of [...new Set([...known, ...consumers])].sort()) {
    const path = `${directory}/${consumerName(consumer)}`;
    const frontier = frontierOf(await loadSlots(files, path, SLOT_KIND.consumer));
    frontiers.push(new PendingRanges(consumer, frontier));
  }
  const inspector = new Inspector(files, directory, { epochs: table, storeUuid, frontiers });
  const ids: number[] = [];
  for (const name of names) {
    const parsed = parseSegmentName(name);
    if (parsed?.ending === 'log') ids.push(parsed.id);
  }
  await inspector.readSegments(ids.sort((a, b) => a - b));
  const inspected = frontiers.map((ranges): InspectedConsumer => {
    const { name, frontier } = ranges;
    const pending = inspector.catalog.pending(frontier);
    return {
      name,
      frontier: frontier && { segmentId: frontier.segmentId, frameNo: frontier.frameNo },
      pendingFrameCount: Math.max(0, pending.frames),
      pendingEventCount: Math.max(0, pending.events),
      pending: ranges.list(),
    };
  });
  return {
    storeUuid: inspector.storeUuid && Buffer.from(inspector.storeUuid).toString('hex'),
    nodeId: inspector.storeUuid && nodeIdOf(inspector.storeUuid),
    segmentCount: inspector.catalog.segments.length,
    bytesUsed: inspector.catalog.usedBytes,
    streams: inspector.streams(),
    consumers: inspected,
    damagedRangeCount: inspector.damagedRangeCount,
  };
}

class Inspector {
  readonly catalog = new Catalog();
  readonly #files: Files;
  readonly #directory: string;
  readonly #epochs: EpochTable;
  readonly #consumers: readonly PendingRanges[];
  readonly #notes = new Map<string, StreamNotes>();
  storeUuid: Uint8Array | null;
  damagedRangeCount = 0;

  constructor(
    files: Files,
    directory: string,
    known: {
      readonly epochs: EpochTable;
      readonly storeUuid: Uint8Array | null;
      readonly frontiers: readonly PendingRanges[];
    },
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#epochs = known.epochs;
    this.#consumers = known.frontiers;
    this.storeUuid = known.storeUuid;
    this.#epochs.nodeId = known.storeUuid && nodeIdOf(known.storeUuid);
  }

  async readSegments(ids: readonly number[]): Promise<void> {
    const validFrames = new Map<number, number>();
    const own: number[] = [];
    for (const id of ids) {
      const header = await readSegmentHeader(this.#files, this.#pathOf(id));
      this.storeUuid ??= header?.storeUuid ?? null;
      this.#epochs.nodeId ??= this.storeUuid && nodeIdOf(this.storeUuid);
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
      const found = { tenant, stream, epoch, lastSeq, ...notes };
      if (entry.foreign === null) return found;
      return { ...found, received: [...union(entry.foreign).ranges] };
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
    if (footer === null) {
      await this.#walkOpen(info, sizeBytes, validFrameCount);
      return;
    }
    this.catalog.grow(info, footer.frameCount, footer.eventCount, footer.endOffset);
    for (const span of footer.streams)
      if (!this.#epochs.isForeign(span.stream))
        this.#epochs.note(span, span.seqFirst, span.seqLast);
    await noteForeign(this.#files, info, footer, this.#epochs);
    for (const ranges of this.#consumers) await this.#notePending(info, footer, ranges);
    if (footer.dispositionFrameCount > 0) await this.#walkDispositions(info, footer);
  }

  /** A whole segment by its stream table, the one of the frontier by its frames. */
  async #notePending(
    info: SegmentInfo,
    footer: SegmentFooter,
    ranges: PendingRanges,
  ): Promise<void> {
    const { frontier } = ranges;
    if (!ranges.isBehind(info.id, footer.frameCount - 1)) return;
    if (frontier === null || frontier.segmentId !== info.id) {
      for (const span of footer.streams) ranges.add(span, span.seqFirst, span.seqLast);
      return;
    }
    const frameNo = frontier.frameNo + 1;
    const { endOffset: limit, frameCount: frameCountMax } = footer;
    const found: PendingStreamRange[] = [];
    const pending = new PendingRanges(ranges.name, frontier);
    let frameNext = frameNo;
    let isWhole = true;
    await walkFrames(
      this.#files,
      info,
      { from: { offset: frontier.nextOffset, frameNo }, limit, frameCountMax, isOpenEnded: false },
      {
        frame: ({ header, meta }, _nextOffset, expected) => {
          isWhole &&= header.frameNo === expected;
          frameNext = header.frameNo + 1;
          if (header.eventCount > 0) pending.add(streamOf(header, meta), ...numbersOf(header));
        },
        damage: () => {
          isWhole = false;
        },
      },
    );
    if (isWhole && frameNext === frameCountMax) found.push(...pending.list());
    else found.push(...(await this.#behindSettled(info, footer, frameNo)));
    for (const range of found) ranges.add(range, range.seqFirst, range.seqLast);
  }

  /**
   * With damage behind the frontier: what the stream table names and the frames before it do not.
   */
  async #behindSettled(
    info: SegmentInfo,
    footer: SegmentFooter,
    frameCountMax: number,
  ): Promise<PendingStreamRange[]> {
    const settled = new Map<string, number>();
    const bounds = { limit: footer.endOffset, frameCountMax, isOpenEnded: false };
    await walkFrames(this.#files, info, bounds, {
      frame: ({ header, meta }) => {
        if (header.eventCount > 0)
          settled.set(streamKey(streamOf(header, meta)), numbersOf(header)[1]);
      },
      damage: () => undefined,
    });
    return footer.streams.map((span) => ({
      tenant: span.tenant,
      stream: span.stream,
      epoch: span.epoch,
      seqFirst: (settled.get(streamKey(span)) ?? span.seqFirst - 1) + 1,
      seqLast: span.seqLast,
    }));
  }

  async #walkDispositions(info: SegmentInfo, footer: SegmentFooter): Promise<void> {
    const { endOffset: limit, frameCount: frameCountMax } = footer;
    const bounds = { limit, frameCountMax, isOpenEnded: false };
    await walkFrames(this.#files, info, bounds, {
      frame: ({ header, meta }) => this.#note(streamOf(header, meta), meta.dispositions),
      damage: () => {
        this.damagedRangeCount++;
      },
    });
  }

  async #walkOpen(info: SegmentInfo, limit: number, frameCountMax: number): Promise<void> {
    let damagedFrameNo = -1;
    const bounds = { limit, frameCountMax, isOpenEnded: true };
    await walkFrames(this.#files, info, bounds, {
      frame: ({ header, meta }, nextOffset, frameNo) => {
        const id = streamOf(header, meta);
        this.catalog.grow(info, header.frameNo + 1 - frameNo, header.eventCount, nextOffset);
        this.#note(id, meta.dispositions);
        // Numbers are dense: behind damage, those missing before this frame were in it. Those of
        // another node need not be, and nobody knows before they are declared.
        const before = (this.#epochs.get(id)?.lastSeq ?? -1) + 1;
        this.#epochs.noteFrame({ ...meta, ...header });
        if (header.eventCount === 0) return;
        const [first, last] = numbersOf(header);
        const isDense = !this.#epochs.isForeign(id.stream);
        for (const ranges of this.#consumers) {
          if (isDense && damagedFrameNo >= 0 && ranges.isBehind(info.id, damagedFrameNo))
            ranges.add(id, before, first - 1);
          if (ranges.isBehind(info.id, header.frameNo)) ranges.add(id, first, last);
        }
      },
      damage: (frameNo) => {
        this.damagedRangeCount++;
        damagedFrameNo = frameNo;
      },
    });
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

function union({ received, declared }: ForeignNumbers): RangeSet {
  const all = new RangeSet(received.ranges);
  for (const [first, last] of declared.ranges) all.add(first, last);
  return all;
}

const streamOf = (header: FrameHeader, meta: FrameMeta): StreamEpoch => ({
  tenant: meta.tenant,
  stream: meta.stream,
  epoch: header.epoch,
});
const numbersOf = ({ seqFirst, eventCount }: FrameHeader): [number, number] => [
  seqFirst,
  seqFirst + eventCount - 1,
];

async function namesIn(files: Files, directory: string): Promise<string[]> {
  try {
    return await files.readDir(directory);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
