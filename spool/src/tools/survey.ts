// What every tool begins with: the small files of a spool and the headers of its segments, read
// once. Nothing is written.
import type { Files } from '@weir/pipeline';
import type { Frontier } from '../catalog.js';
import type { LoadedSlots } from '../checkpoint.js';
import { loadSlots, SLOT_KIND } from '../checkpoint.js';
import type { EpochTable } from '../epochs.js';
import { type EpochsHead, type LoadedEpochs, loadEpochs } from '../epochs-file.js';
import { headerSeed } from '../frame-codec.js';
import {
  CHECKPOINT_NAME,
  consumerName,
  nodeIdOf,
  parseConsumerName,
  parseSegmentName,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from '../layout.js';
import type { SegmentHeader } from '../segment.js';
import type { SegmentEnding } from '../segment-files.js';
import { readEnding, readSegmentHeader } from '../segment-files.js';
import { frontierOf } from '../spool.js';

export interface SurveyedSegment {
  readonly id: number;
  /** Name in the spool directory. */
  readonly name: string;
  readonly path: string;
  /** Null if it is damaged. */
  readonly header: SegmentHeader | null;
  /** Start value of its header CRCs. */
  readonly seed: number;
  /** Frames from this number on are void. */
  readonly frameCountMax: number;
}

export interface Survey {
  readonly directory: string;
  readonly names: readonly string[];
  /** Null if nothing names the store, which then has no frames either. */
  readonly storeUuid: Uint8Array | null;
  readonly nodeId: string | null;
  readonly checkpoint: LoadedSlots;
  readonly epochs: EpochTable;
  readonly epochsHead: EpochsHead | null;
  readonly isEpochsDamaged: boolean;
  /** Files that were put aside in its place, and what cannot be read of them and of itself. */
  readonly epochsFiles: Pick<LoadedEpochs, 'rotten' | 'unread'>;
  readonly consumers: ReadonlyMap<string, LoadedSlots>;
  /** Own segments, ascending by id; those that a start would delete are not among them. */
  readonly segments: readonly SurveyedSegment[];
  /** Names of segments of another store. */
  readonly foreignNames: readonly string[];
  /** Names of segments that a start deletes: every sink had settled them. */
  readonly deletableNames: readonly string[];
  readonly deleteIntent: number;
  /** Segments from this id on that were written were not deleted by the spool. */
  readonly undeletedFrom: number;
}

/**
 * Frontiers are read before segments: what a live spool settles meanwhile still counts as pending.
 * Rejects with WEIR_SPOOL_VERSION, or the system's error.
 */
export async function surveySpool(files: Files, directory: string): Promise<Survey> {
  const names = await files.readDir(directory);
  const checkpoint = await loadSlots(files, `${directory}/${CHECKPOINT_NAME}`, SLOT_KIND.writer);
  const consumers = new Map<string, LoadedSlots>();
  for (const name of names.map(parseConsumerName).sort()) {
    if (name === null) continue;
    const path = `${directory}/${consumerName(name)}`;
    consumers.set(name, await loadSlots(files, path, SLOT_KIND.consumer));
  }
  const loaded = await loadEpochs(files, directory);
  const { table: epochs, head, isDamaged } = loaded;
  const headers = await headersIn(files, directory, names);
  const fromEpochs = Buffer.from(head?.storeUuid ?? '', 'hex');
  const storeUuid =
    checkpoint.slot?.storeUuid ??
    [...headers.values()].filter((header) => header !== null).at(-1)?.storeUuid ??
    (fromEpochs.length === 16 ? new Uint8Array(fromEpochs) : null);
  epochs.nodeId = storeUuid && nodeIdOf(storeUuid);
  const deleteIntent = Number(checkpoint.slot?.words[2] ?? 0n);
  return {
    directory,
    names,
    storeUuid,
    nodeId: epochs.nodeId,
    checkpoint,
    epochs,
    epochsHead: head,
    isEpochsDamaged: isDamaged,
    epochsFiles: loaded,
    consumers,
    ...sorted(directory, headers, storeUuid, deleteIntent),
    deleteIntent,
    undeletedFrom: undeletedFrom(checkpoint),
  };
}

/** Who lost `ckpt` does not know any more what was deleted before that. */
function undeletedFrom({ slot }: LoadedSlots): number {
  if (slot === null) return Number.POSITIVE_INFINITY;
  return Math.max(Number(slot.words[2]) + 1, Number(slot.words[5] ?? 0n));
}

/** Null for a consumer that has settled nothing, or whose file is damaged. */
export function frontiersOf(survey: Survey): Map<string, Frontier | null> {
  const found = new Map<string, Frontier | null>();
  for (const [name, loaded] of survey.consumers) found.set(name, frontierOf(loaded));
  return found;
}

async function headersIn(
  files: Files,
  directory: string,
  names: readonly string[],
): Promise<Map<number, SegmentHeader | null>> {
  const headers = new Map<number, SegmentHeader | null>();
  for (const name of [...names].sort()) {
    const parsed = parseSegmentName(name);
    if (parsed?.ending !== 'log') continue;
    const header = await readSegmentHeader(files, `${directory}/${name}`);
    // A live spool may have deleted it meanwhile.
    if (header === null && (await files.sizeBytes(`${directory}/${name}`)) === null) continue;
    headers.set(parsed.id, header);
  }
  return headers;
}

function sorted(
  directory: string,
  headers: ReadonlyMap<number, SegmentHeader | null>,
  storeUuid: Uint8Array | null,
  deleteIntent: number,
): Pick<Survey, 'segments' | 'foreignNames' | 'deletableNames'> {
  const segments: SurveyedSegment[] = [];
  const foreignNames: string[] = [];
  const deletableNames: string[] = [];
  const validCounts = new Map<number, number>();
  for (const header of headers.values()) {
    if (header === null) continue;
    const { previousId, previousFrameCount } = header;
    const known = validCounts.get(previousId) ?? Number.POSITIVE_INFINITY;
    validCounts.set(previousId, Math.min(known, previousFrameCount));
  }
  for (const [id, header] of headers) {
    const name = segmentName(id);
    const isOwn = header === null || header.storeUuid.every((byte, i) => byte === storeUuid?.[i]);
    if (id <= deleteIntent) deletableNames.push(name);
    else if (!isOwn) foreignNames.push(name);
    else if (storeUuid !== null)
      segments.push({
        id,
        name,
        path: `${directory}/${name}`,
        header,
        seed: headerSeed(storeUuid, id),
        frameCountMax: validCounts.get(id) ?? Number.POSITIVE_INFINITY,
      });
  }
  return { segments, foreignNames, deletableNames };
}

/** Where the frames of a segment are to be looked for. */
export interface SegmentBounds {
  readonly ending: SegmentEnding | null;
  readonly sizeBytes: number;
  /** End of the frames by the footer, else of the file. */
  readonly limit: number;
  readonly frameCountMax: number;
  /** True if a footer or end record gave the bounds. */
  readonly isSealed: boolean;
}

/** Null if the file is gone. */
export async function boundsOf(
  files: Files,
  survey: Survey,
  segment: SurveyedSegment,
): Promise<SegmentBounds | null> {
  const sizeBytes = await files.sizeBytes(segment.path);
  if (sizeBytes === null || survey.storeUuid === null) return null;
  const ending = await readEnding(files, survey.directory, segment.id, survey.storeUuid);
  const { footer } = ending ?? {};
  return {
    ending,
    sizeBytes,
    limit: footer?.endOffset ?? Math.max(SEGMENT_HEADER_BYTES, sizeBytes),
    frameCountMax: footer?.frameCount ?? segment.frameCountMax,
    isSealed: footer !== undefined,
  };
}
