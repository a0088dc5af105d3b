// What is in a spool, read from headers and metadata; payloads are neither read nor checked.
import type { Files } from '@weir/pipeline';
import type { Frontier } from '../catalog.js';
import { TREE_NAME } from '../evidence/tree-files.js';
import type { FrameHeader } from '../frame-codec.js';
import type { StreamEpoch } from '../layout.js';
import { FORMAT_VERSION, QUARANTINE_NAME, streamKey } from '../layout.js';
import { namesOrNone } from './directory.js';
import { framesOf } from './frames.js';
import type { SegmentBounds, Survey, SurveyedSegment } from './survey.js';
import { boundsOf, frontiersOf, surveySpool } from './survey.js';

/** `open`: frames are being added. `unfinished`: a crash left it; the next start reads it whole. */
export type SegmentState = 'sealed' | 'cut_short' | 'open' | 'unfinished';

/** What a set of frames holds. Times are when events were received, ns since 1970. */
export interface FrameSums {
  frameCount: number;
  eventCount: number;
  /** On disk: headers, metadata and compressed payloads. */
  bytes: number;
  /** Payloads before compression. */
  rawBytes: number;
  oldestNs: bigint | null;
  newestNs: bigint | null;
}
export interface OverviewStream extends StreamEpoch, FrameSums {
  /** False: another node numbered it, and it was forwarded here. */
  readonly isOwn: boolean;
  readonly isEnded: boolean;
  /** Highest number that was ever issued, also of frames that are deleted; -1 for none. */
  lastSeq: number;
  /** Lowest and highest number in the frames that are here; -1 for none. */
  seqFirst: number;
  seqLast: number;
}
export interface OverviewSegment extends FrameSums {
  readonly id: number;
  readonly name: string;
  readonly state: SegmentState;
  readonly fileBytes: number;
  readonly createdAtNs: bigint | null;
  damagedRangeCount: number;
}
export interface OverviewConsumer extends FrameSums {
  readonly name: string;
  readonly frontier: { readonly segmentId: number; readonly frameNo: number } | null;
  /** Neither of its slots can be read: it would begin at the oldest segment. */
  readonly isDamaged: boolean;
}
export interface SpoolOverview {
  readonly formatVersion: number;
  /** Null if the directory holds no spool yet. */
  readonly storeUuid: string | null;
  readonly nodeId: string | null;
  /** Of the running or last writer; null if its state cannot be read. */
  readonly epoch: bigint | null;
  /** All segment files. */
  readonly bytesUsed: number;
  readonly freeBytes: number;
  readonly totals: FrameSums;
  readonly streams: readonly OverviewStream[];
  readonly segments: readonly OverviewSegment[];
  readonly consumers: readonly OverviewConsumer[];
  readonly quarantine: { readonly fileCount: number; readonly bytes: number };
  /** Files in tree/, where the signed evidence is; 0 without. */
  readonly treeFileCount: number;
  readonly foreignNames: readonly string[];
  readonly damagedRangeCount: number;
}

export interface OverviewOptions {
  readonly files: Files;
  readonly directory: string;
  /** An instance runs on it: the newest segment is being written. */
  readonly isLive: boolean;
  /** Looked at even if they have settled nothing yet. */
  readonly consumers?: readonly string[];
  readonly onProgress?: (bytesDone: number, bytesTotal: number) => void;
}

/**
 * Works on a live spool as well; then the sums are those of some moment. Nothing is written.
 * Rejects with WEIR_SPOOL_VERSION, or the system's error.
 */
export async function overviewOf(options: OverviewOptions): Promise<SpoolOverview> {
  const { files, directory } = options;
  const survey = await surveySpool(files, directory);
  const summer = new Summer(survey, options);
  await summer.run();
  const { slot } = survey.checkpoint;
  return {
    formatVersion: FORMAT_VERSION,
    storeUuid: survey.storeUuid && Buffer.from(survey.storeUuid).toString('hex'),
    nodeId: survey.nodeId,
    epoch: slot === null ? null : slot.words[1],
    bytesUsed: summer.segments.reduce((sum, { fileBytes }) => sum + fileBytes, 0),
    freeBytes: await files.freeBytes(directory),
    totals: summer.totals,
    streams: summer.listStreams(),
    segments: summer.segments,
    consumers: summer.consumers,
    quarantine: await sizesIn(files, `${directory}/${QUARANTINE_NAME}`),
    treeFileCount: (await namesOrNone(files, `${directory}/${TREE_NAME}`)).length,
    foreignNames: survey.foreignNames,
    damagedRangeCount: summer.segments.reduce((sum, one) => sum + one.damagedRangeCount, 0),
  };
}

class Summer {
  readonly #survey: Survey;
  readonly #options: OverviewOptions;
  readonly #streams = new Map<string, OverviewStream>();
  readonly #frontiers: ReadonlyMap<string, Frontier | null>;
  readonly segments: OverviewSegment[] = [];
  readonly consumers: OverviewConsumer[] = [];
  readonly totals = noSums();

  constructor(survey: Survey, options: OverviewOptions) {
    this.#survey = survey;
    this.#options = options;
    const frontiers = frontiersOf(survey);
    for (const name of options.consumers ?? []) if (!frontiers.has(name)) frontiers.set(name, null);
    this.#frontiers = new Map([...frontiers].sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const [name, frontier] of this.#frontiers) {
      const loaded = survey.consumers.get(name);
      this.consumers.push({
        name,
        frontier: frontier && { segmentId: frontier.segmentId, frameNo: frontier.frameNo },
        isDamaged: loaded?.exists === true && loaded.slot === null,
        ...noSums(),
      });
    }
    for (const { tenant, stream, epoch, lastSeq, ended } of survey.epochs.values()) {
      const entry = this.#streamOf({ tenant, stream, epoch }, ended);
      entry.lastSeq = Math.max(entry.lastSeq, lastSeq);
    }
  }

  async run(): Promise<void> {
    const { files, onProgress } = this.#options;
    const bounds: [SurveyedSegment, SegmentBounds][] = [];
    let bytesTotal = 0;
    for (const segment of this.#survey.segments) {
      const found = await boundsOf(files, this.#survey, segment);
      if (found === null) continue;
      bounds.push([segment, found]);
      bytesTotal += found.limit;
    }
    let bytesDone = 0;
    for (const [segment, found] of bounds) {
      await this.#addSegment(segment, found);
      bytesDone += found.limit;
      onProgress?.(bytesDone, bytesTotal);
    }
  }

  /** By tenant, stream and epoch. */
  listStreams(): OverviewStream[] {
    const order = (a: OverviewStream, b: OverviewStream): number =>
      compare(a.tenant, b.tenant) || compare(a.stream, b.stream) || compare(a.epoch, b.epoch);
    return [...this.#streams.values()].sort(order);
  }

  async #addSegment(segment: SurveyedSegment, bounds: SegmentBounds): Promise<void> {
    const { id, name, header } = segment;
    const isNewest = segment === this.#survey.segments.at(-1);
    const info: OverviewSegment = {
      id,
      name,
      state: stateOf(bounds, this.#options.isLive && isNewest),
      fileBytes: bounds.sizeBytes,
      createdAtNs: header?.createdAtNs ?? null,
      damagedRangeCount: 0,
      ...noSums(),
    };
    this.segments.push(info);
    for await (const step of framesOf(this.#options.files, segment, bounds, {
      withPayload: false,
    })) {
      if (step.kind === 'damage') info.damagedRangeCount++;
      else this.#addFrame(info, step.frame.header, step.frame.meta);
    }
  }

  #addFrame(
    info: OverviewSegment,
    header: FrameHeader,
    { tenant, stream }: { readonly tenant: string; readonly stream: string },
  ): void {
    addTo(info, header);
    addTo(this.totals, header);
    const entry = this.#streamOf({ tenant, stream, epoch: header.epoch }, false);
    addTo(entry, header);
    if (header.eventCount > 0) {
      const last = header.seqFirst + header.eventCount - 1;
      if (entry.seqFirst < 0 || header.seqFirst < entry.seqFirst) entry.seqFirst = header.seqFirst;
      entry.seqLast = Math.max(entry.seqLast, last);
      entry.lastSeq = Math.max(entry.lastSeq, last);
    }
    for (const consumer of this.consumers)
      if (isBehind(this.#frontiers.get(consumer.name) ?? null, header)) addTo(consumer, header);
  }

  #streamOf(id: StreamEpoch, isEnded: boolean): OverviewStream {
    const key = streamKey(id);
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const isOwn = !this.#survey.epochs.isForeign(id.stream);
    const numbers = { lastSeq: -1, seqFirst: -1, seqLast: -1 };
    const made = { ...id, isOwn, isEnded, ...numbers, ...noSums() };
    this.#streams.set(key, made);
    return made;
  }
}

function stateOf({ ending }: SegmentBounds, isWritten: boolean): SegmentState {
  if (ending !== null) return ending.place === 'footer' ? 'sealed' : 'cut_short';
  return isWritten ? 'open' : 'unfinished';
}

/** Where a frame stands. */
type Place = Pick<FrameHeader, 'segmentId' | 'frameNo'>;

export function isBehind(frontier: Frontier | null, { segmentId, frameNo }: Place): boolean {
  if (frontier === null || segmentId > frontier.segmentId) return true;
  return segmentId === frontier.segmentId && frameNo > frontier.frameNo;
}

const noSums = (): FrameSums => ({
  frameCount: 0,
  eventCount: 0,
  bytes: 0,
  rawBytes: 0,
  oldestNs: null,
  newestNs: null,
});

/** An empty frame (a declared loss, refusals) has no event that is old or new. */
function addTo(sums: FrameSums, header: FrameHeader): void {
  sums.frameCount++;
  sums.eventCount += header.eventCount;
  sums.bytes += header.totalBytes;
  if (header.eventCount === 0) return;
  sums.rawBytes += header.rawBytes - header.eventCount * 4;
  const { receivedAtNs } = header;
  if (sums.oldestNs === null || receivedAtNs < sums.oldestNs) sums.oldestNs = receivedAtNs;
  if (sums.newestNs === null || receivedAtNs > sums.newestNs) sums.newestNs = receivedAtNs;
}

const compare = <T extends string | bigint>(a: T, b: T): number => (a === b ? 0 : a < b ? -1 : 1);

async function sizesIn(
  files: Files,
  directory: string,
): Promise<{ readonly fileCount: number; readonly bytes: number }> {
  let bytes = 0;
  const names = await namesOrNone(files, directory);
  for (const name of names) bytes += (await files.sizeBytes(`${directory}/${name}`)) ?? 0;
  return { fileCount: names.length, bytes };
}
