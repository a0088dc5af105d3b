// Frames out of a spool, whatever state it is in: what is damaged is left out and named.
import type { Files, SequencedBatch } from '@weir/pipeline';
import type { Frontier } from '../catalog.js';
import { frameDamage } from '../damage.js';
import type { FrameHeader } from '../frame-codec.js';
import { decodeFrame } from '../frame-codec.js';
import type { DamageRange } from '../scan.js';
import { frontierOf } from '../spool.js';
import { framesOf } from './frames.js';
import { isBehind } from './overview.js';
import type { SegmentBounds, Survey, SurveyedSegment } from './survey.js';
import { boundsOf, surveySpool } from './survey.js';

export interface ExportFilter {
  readonly tenant?: string;
  /** The whole name, or what stands behind a slash in it: `syslog_tcp/0` for any node. */
  readonly stream?: string;
  readonly epoch?: bigint;
  /** Numbers of events, both ends included. */
  readonly seqFirst?: number;
  readonly seqLast?: number;
  /** Only what this consumer has not settled. */
  readonly pendingOf?: string;
}

export type ExportStep =
  | {
      readonly kind: 'batch';
      readonly batch: SequencedBatch;
      /** Events [eventFirst, eventEnd) of it are asked for. */
      readonly eventFirst: number;
      readonly eventEnd: number;
    }
  | { readonly kind: 'damage'; readonly file: string; readonly range: DamageRange };

/** The consumers of a spool, by name, as `pendingOf` takes them. */
export async function consumersOf(files: Files, directory: string): Promise<string[]> {
  return [...(await surveySpool(files, directory)).consumers.keys()];
}

/**
 * In the order of the segments; one frame is in memory at a time. Batches without events are left
 * out. Rejects with WEIR_SPOOL_VERSION, or the system's error.
 */
export async function* exportSpool(
  files: Files,
  directory: string,
  filter: ExportFilter = {},
): AsyncGenerator<ExportStep, void> {
  const survey = await surveySpool(files, directory);
  const frontier = frontierFor(survey, filter);
  for (const segment of survey.segments) {
    if (frontier !== null && segment.id < frontier.segmentId) continue;
    const bounds = await boundsOf(files, survey, segment);
    if (bounds === null || !mayHold(bounds, filter)) continue;
    yield* ofSegment(files, segment, bounds, { filter, frontier });
  }
}

function frontierFor({ consumers }: Survey, { pendingOf }: ExportFilter): Frontier | null {
  return pendingOf === undefined ? null : frontierOf(consumers.get(pendingOf));
}

async function* ofSegment(
  files: Files,
  segment: SurveyedSegment,
  bounds: SegmentBounds,
  { filter, frontier }: { readonly filter: ExportFilter; readonly frontier: Frontier | null },
): AsyncGenerator<ExportStep, void> {
  for await (const step of framesOf(files, segment, bounds, { withPayload: true })) {
    if (step.kind === 'damage') {
      const last = { segmentId: segment.id, frameNo: step.range.frameTo - 1 };
      if (isBehind(frontier, last)) yield { ...step, file: segment.name };
      continue;
    }
    const { header, meta, bytes, offset } = step.frame;
    if (!isBehind(frontier, header) || !isAsked({ ...meta, epoch: header.epoch }, filter)) continue;
    const [eventFirst, eventEnd] = eventsOf(header, filter);
    if (eventFirst >= eventEnd) continue;
    const batch = decodeFrame(header, bytes);
    if (batch !== null) yield { kind: 'batch', batch, eventFirst, eventEnd };
    else {
      const range = frameDamage(header.frameNo, offset, step.nextOffset);
      yield { kind: 'damage', file: segment.name, range };
    }
  }
}

interface Identity {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
}

function isAsked({ tenant, stream, epoch }: Identity, filter: ExportFilter): boolean {
  return (
    (filter.tenant === undefined || filter.tenant === tenant) &&
    (filter.stream === undefined || isStream(stream, filter.stream)) &&
    (filter.epoch === undefined || filter.epoch === epoch)
  );
}

export const isStream = (stream: string, asked: string): boolean =>
  stream === asked || stream.endsWith(`/${asked}`);

/** False only if the footer says that nothing here is asked for, and so no frame has to be read. */
function mayHold({ ending }: SegmentBounds, filter: ExportFilter): boolean {
  if (ending === null) return true;
  const { seqFirst = 0, seqLast = Number.POSITIVE_INFINITY } = filter;
  return ending.footer.streams.some(
    (span) => isAsked(span, filter) && span.seqLast >= seqFirst && span.seqFirst <= seqLast,
  );
}

function eventsOf(
  { seqFirst, eventCount }: FrameHeader,
  filter: ExportFilter,
): [eventFirst: number, eventEnd: number] {
  const first = Math.max(0, (filter.seqFirst ?? 0) - seqFirst);
  const last = Math.min(eventCount - 1, (filter.seqLast ?? Number.POSITIVE_INFINITY) - seqFirst);
  return [first, last + 1];
}
