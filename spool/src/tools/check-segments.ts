// Every byte of every segment: header, frames with their links and payloads, footer, end record.
import type { Files } from '@weir/pipeline';
import type { Frontier } from '../catalog.js';
import { nameOf } from '../damage.js';
import { decodeFrame } from '../frame-codec.js';
import { QUARANTINE_NAME, SEGMENT_HEADER_BYTES, segmentName } from '../layout.js';
import type { FrameAt, Readable } from '../reader.js';
import { SegmentReader } from '../reader.js';
import { openSalvage, type SalvageHandle } from '../salvage.js';
import type { DamageRange, LostNumbers, SegmentScan } from '../scan.js';
import { lostNumbers, scanSegment } from '../scan.js';
import { checkEnding, contradictionOf } from './check-endings.js';
import type { LeafCheck } from './check-evidence.js';
import { hex } from './check-small-files.js';
import { namesOrNone } from './directory.js';
import {
  type Finding,
  type FindingDetail,
  type FindingKind,
  findingOf,
  type UndeclaredDamage,
} from './findings.js';
import type { NumberCheck } from './number-check.js';
import { isBehind } from './overview.js';
import { knownInManifest } from './quarantine.js';
import type { SegmentBounds, Survey, SurveyedSegment } from './survey.js';
import { boundsOf, frontiersOf } from './survey.js';

const ZEROS_WINDOW_BYTES = 256 * 1024;

export interface SegmentsCheckOptions {
  readonly files: Files;
  readonly survey: Survey;
  readonly isLive: boolean;
  /** False: frames are not read. */
  readonly isDeep: boolean;
  /** File names in findings begin with it: `spool/`, or nothing. */
  readonly prefix: string;
  readonly numbers: NumberCheck;
  readonly onFinding: (finding: Finding) => void;
  readonly onBytes: (byteCount: number) => void;
  /** What the signed tree says of frames; null without one. */
  readonly leaves: LeafCheck | null;
}

export class SegmentsCheck {
  readonly #options: SegmentsCheckOptions;
  readonly #frontiers: readonly (Frontier | null)[];
  #quarantined: ReadonlySet<string> = new Set();
  readonly undeclared: UndeclaredDamage[] = [];
  segmentCount = 0;
  frameCount = 0;
  eventCount = 0;

  constructor(options: SegmentsCheckOptions) {
    this.#options = options;
    this.#frontiers = [...frontiersOf(options.survey).values()];
  }

  async run(): Promise<void> {
    const { files, survey, numbers } = this.#options;
    this.#quarantined = new Set(await namesOrNone(files, `${survey.directory}/${QUARANTINE_NAME}`));
    for (const segment of survey.segments) {
      const bounds = await boundsOf(files, survey, segment);
      // A live spool deleted it, with all before it.
      if (bounds === null) numbers.forget();
      else await this.#check(segment, bounds);
    }
    await this.#checkChain();
  }

  async #check(segment: SurveyedSegment, bounds: SegmentBounds): Promise<void> {
    this.segmentCount++;
    this.#checkHeader(segment);
    const { files, survey } = this.#options;
    const isWritten = this.#isWritten(segment, bounds);
    let scan: SegmentScan | null = null;
    if (this.#options.isDeep) {
      const handle = await openSalvage(files, segment.path);
      if (handle === null) {
        this.#options.numbers.forget();
        return;
      }
      try {
        scan = await this.#scan(segment, bounds, handle, isWritten);
        if (!isWritten) await this.#checkTail(segment, bounds, handle, scan);
        this.#checkSigned(segment, scan);
      } finally {
        await handle.close();
      }
    }
    if (isWritten || bounds.sizeBytes <= SEGMENT_HEADER_BYTES) return;
    const endOffset = scan?.endOffset ?? null;
    const found = await checkEnding(files, survey.directory, segment, bounds, endOffset);
    if (found !== null) this.#say(found.kind, segment.name, found.what);
  }

  /** The newest segment of a live spool may end in the middle of a frame. */
  #isWritten(segment: SurveyedSegment, bounds: SegmentBounds): boolean {
    const { isLive, survey } = this.#options;
    return isLive && !bounds.isSealed && segment === survey.segments.at(-1);
  }

  #checkHeader(segment: SurveyedSegment): void {
    const { header, id, name } = segment;
    if (header?.segmentId === id) return;
    const range = { from: 0, to: SEGMENT_HEADER_BYTES };
    const isKept = this.#quarantined.has(nameOf(id, range));
    const what =
      header === null
        ? 'the checksum of its header does not match'
        : `its header says that it is segment ${hex(header.segmentId)}`;
    const detail = { offset: 0, length: SEGMENT_HEADER_BYTES };
    this.#say(isKept ? 'segment_header_kept' : 'segment_header_damaged', name, what, detail);
  }

  async #scan(
    segment: SurveyedSegment,
    bounds: SegmentBounds,
    handle: SalvageHandle,
    isWritten: boolean,
  ): Promise<SegmentScan> {
    const readable: Readable = {
      read: async (target, position) => {
        const byteCount = await handle.read(target, position);
        this.#options.onBytes(byteCount);
        return byteCount;
      },
    };
    const limits = { ...bounds, unreadableTo: () => handle.unreadableTo };
    const readerOf = (): SegmentReader => new SegmentReader(readable, segment.id, segment.seed);
    // What is being written is looked at first for where it ends; up to there it stands still.
    if (isWritten) limits.limit = (await scanSegment(readerOf(), limits)).endOffset;
    const unpackable: FrameAt[] = [];
    const scan = await scanSegment(readerOf(), limits, (frame) => {
      this.#noteFrame(segment, frame);
      if (decodeFrame(frame.header, frame.bytes) === null)
        unpackable.push({ ...frame, bytes: new Uint8Array(0) });
    });
    this.#noteScan(segment, bounds, scan);
    for (const frame of unpackable) this.#notUnpackable(segment, frame);
    return scan;
  }

  #noteFrame(segment: SurveyedSegment, frame: FrameAt): void {
    const { header, meta, offset } = frame;
    const { numbers, leaves } = this.#options;
    this.frameCount++;
    this.eventCount += header.eventCount;
    const { tenant, stream, dispositions } = meta;
    const { epoch, seqFirst, eventCount } = header;
    const id = { tenant, stream, epoch };
    const detail = { offset, length: header.totalBytes };
    const again = numbers.add({ ...id, seqFirst, eventCount, dispositions });
    if (again !== null) {
      const twice = { ...id, ranges: [again], eventCount: again[1] - again[0] + 1 };
      const what = `frame ${header.frameNo} has numbers that an earlier frame has too`;
      this.#say('numbers_twice', segment.name, what, { ...detail, numbers: [twice] });
    }
    const wrong = leaves?.problemOf(segment.id, frame) ?? null;
    if (wrong !== null) {
      const numbers = [numbersOf(frame)];
      this.#say('leaf_wrong', segment.name, wrong, { ...detail, numbers });
    }
  }

  #noteScan(segment: SurveyedSegment, bounds: SegmentBounds, scan: SegmentScan): void {
    const { survey, numbers } = this.#options;
    const { epochs } = survey;
    const footer = bounds.ending?.footer ?? null;
    const lost = lostNumbers(
      scan,
      footer?.streams ?? null,
      epochs,
      footer !== null || !survey.isEpochsDamaged,
    );
    // As recovery does: damage further on is judged by what stands before it.
    for (const span of footer?.streams ?? [])
      if (!epochs.isForeign(span.stream)) epochs.note(span, span.seqFirst, span.seqLast);
    for (const { id, ranges } of scan.good.values())
      for (const [first, last] of ranges) epochs.note(id, first, last);
    for (const { id, ranges } of scan.declared.values()) epochs.noteDeclared(id, ranges.ranges);
    const open = scan.damage.filter((range) => !this.#isDeclared(segment, range));
    if (open.length > 0) numbers.explain(lost);
    this.#sayDamage(segment, bounds, scan.damage, lost);
    if (footer === null || scan.damage.length > 0) return;
    const contradiction = contradictionOf(footer, scan);
    if (contradiction !== null) this.#say('footer_wrong', segment.name, contradiction);
  }

  #sayDamage(
    segment: SurveyedSegment,
    bounds: SegmentBounds,
    damage: readonly DamageRange[],
    lost: readonly LostNumbers[],
  ): void {
    const open: DamageRange[] = [];
    for (const range of damage) {
      const { from, to, frameFrom, frameTo } = range;
      const kind = this.#kindOf(segment, bounds, range);
      const isFirst = open.length === 0;
      if (kind === 'frames_damaged' || kind === 'frames_damaged_sealed') open.push(range);
      const frames = frameTo === frameFrom + 1 ? `frame ${frameFrom}` : framesText(range);
      // They are known for the segment as a whole.
      const elsewhere = isFirst || open.length === 0 ? '' : '; numbers: see the place before';
      const numbers = isFirst && open.length > 0 ? lost : [];
      const detail = { offset: from, length: to - from, numbers };
      this.#say(kind, segment.name, `${frames} cannot be read${elsewhere}`, detail);
    }
    if (open.length > 0) this.undeclared.push({ segmentId: segment.id, ranges: open, lost });
  }

  #notUnpackable(segment: SurveyedSegment, frame: FrameAt): void {
    const { header, offset } = frame;
    const { frameNo, totalBytes } = header;
    const range = {
      from: offset,
      to: offset + totalBytes,
      frameFrom: frameNo,
      frameTo: frameNo + 1,
    };
    const lost = [numbersOf(frame)];
    const kind = this.#kindOf(segment, { isSealed: true }, range);
    const what = `frame ${frameNo} has right checksums and does not unpack to its stated size`;
    this.#say(kind, segment.name, what, { offset, length: totalBytes, numbers: lost });
    if (kind === 'frames_damaged_sealed')
      this.undeclared.push({ segmentId: segment.id, ranges: [range], lost });
  }

  #kindOf(
    segment: SurveyedSegment,
    { isSealed }: Pick<SegmentBounds, 'isSealed'>,
    range: DamageRange,
  ): FindingKind {
    if (this.#isDeclared(segment, range)) return 'frames_declared';
    const last = { segmentId: segment.id, frameNo: range.frameTo - 1 };
    const isNeeded = this.#frontiers.some((frontier) => isBehind(frontier, last));
    if (this.#frontiers.length > 0 && !isNeeded) return 'frames_settled';
    return isSealed ? 'frames_damaged_sealed' : 'frames_damaged';
  }

  #isDeclared({ id }: SurveyedSegment, range: DamageRange): boolean {
    return this.#quarantined.has(nameOf(id, range));
  }

  async #checkTail(
    segment: SurveyedSegment,
    bounds: SegmentBounds,
    handle: SalvageHandle,
    { tornBytes, endOffset, tornFrameCount }: SegmentScan,
  ): Promise<void> {
    if (tornBytes === 0 || bounds.isSealed) return;
    // Space that was taken in advance is zeros; a footer is looked at elsewhere.
    const nonZeroTo = await endOfData(handle, endOffset, bounds.sizeBytes);
    if (nonZeroTo === 0) return;
    const frames = tornFrameCount === 0 ? '' : `, with ${tornFrameCount} readable frame headers`;
    const what = `${nonZeroTo - endOffset} bytes behind the last whole frame${frames}`;
    const detail = { offset: endOffset, length: nonZeroTo - endOffset };
    this.#say('torn_tail', segment.name, what, detail);
  }

  /** A segment without footer that was cut looks as if a crash had, but for what was signed. */
  #checkSigned({ id, name }: SurveyedSegment, { damage, tally }: SegmentScan): void {
    const signed = this.#options.leaves?.frameEnds.get(id) ?? 0;
    if (damage.length > 0 || signed <= tally.frameCount || this.#options.isLive) return;
    const what = `it ends behind ${tally.frameCount} frames, and ${signed} of it are in the signed tree`;
    this.#say('frames_cut', name, what);
  }

  /** Each header names the segment before it, and the signed tree all that had frames. */
  async #checkChain(): Promise<void> {
    const { files, survey, prefix, leaves } = this.#options;
    const { segments, deleteIntent, checkpoint, undeletedFrom } = survey;
    if (checkpoint.slot === null || this.#options.isLive) return;
    const ids = new Set(segments.map(({ id }) => id));
    const known = await knownInManifest(files, survey.directory);
    const say = (missing: number, what: string, kind: FindingKind | null = null): void => {
      const file = `${prefix}${segmentName(missing)}`;
      const isKnown = known.has(`segment_missing ${file}`);
      const other = isKnown ? 'segment_gone' : 'segment_missing';
      this.#options.onFinding(findingOf(kind ?? other, file, what));
    };
    for (const { header, id } of segments) {
      const before = header?.previousId ?? 0;
      if (before <= deleteIntent || ids.has(before)) continue;
      // When ckpt was made anew it has forgotten what was deleted.
      const isOldest = id === segments[0]?.id && before < survey.undeletedFrom;
      const what = `segment ${hex(id)} was written behind it, and it is not there`;
      say(before, what, isOldest ? 'oldest_gone' : null);
      ids.add(before);
    }
    for (const [id, frameEnd] of leaves?.frameEnds ?? [])
      if (id >= undeletedFrom && !ids.has(id))
        say(id, `its frames up to ${frameEnd - 1} are in the signed tree, and it is not there`);
  }

  #say(kind: FindingKind, name: string, what: string, detail: FindingDetail = {}): void {
    this.#options.onFinding(findingOf(kind, this.#options.prefix + name, what, detail));
  }
}

const framesText = ({ frameFrom, frameTo }: DamageRange): string =>
  frameTo > frameFrom + 1 ? `frames ${frameFrom} to ${frameTo - 1}` : `bytes at frame ${frameFrom}`;

function numbersOf({ header, meta }: FrameAt): LostNumbers {
  const { tenant, stream } = meta;
  const { epoch, seqFirst, eventCount } = header;
  const ranges = eventCount === 0 ? [] : [[seqFirst, seqFirst + eventCount - 1] as const];
  return { tenant, stream, epoch, ranges, eventCount };
}

/** Offset behind the last byte in [from, to) that is not zero; 0 if all are. */
async function endOfData(handle: Readable, from: number, to: number): Promise<number> {
  const window = new Uint8Array(Math.min(ZEROS_WINDOW_BYTES, Math.max(0, to - from)));
  let end = 0;
  for (let at = from; at < to; at += window.length) {
    const length = await handle.read(window.subarray(0, Math.min(window.length, to - at)), at);
    const part = window.subarray(0, length);
    const last = part.findLastIndex((byte) => byte !== 0);
    if (last >= 0) end = at + last + 1;
    if (length === 0) break;
  }
  return end;
}
