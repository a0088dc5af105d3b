// What to do about damaged frames: say which numbers are lost, keep the bytes for an expert, go on.
import type { FramePosition, SequencedBatch } from '@weir/pipeline';
import { allocateBytes, isPlanted } from '@weir/pipeline';
import type { SegmentInfo } from './catalog.js';
import { QUARANTINE_NAME, SEGMENT_HEADER_BYTES } from './layout.js';
import { SegmentReader } from './reader.js';
import { openSalvage, SalvageHandle } from './salvage.js';
import type { DamageRange, LostNumbers } from './scan.js';
import { lostNumbers, scanSegment } from './scan.js';
import type { StreamSpan } from './segment.js';
import { replaceFile } from './small-files.js';
import type { Store } from './store.js';

/** A damaged range as the report and the statistics name it. */
export interface DamageReport extends DamageRange {
  readonly segmentId: number;
}

/** Of the copy in quarantine/; that it is there says that the range was declared. */
export const nameOf = (segmentId: number, { from, to }: Pick<DamageRange, 'from' | 'to'>): string =>
  `seg-${segmentId.toString(16).padStart(16, '0')}-${from}-${to}.bin`;

const quarantinePieceBytes = 1024 * 1024;

/** Where reading goes on behind damage; null if nothing good follows in the segment. */
export interface Resume {
  readonly frameNo: number;
  readonly offset: number;
  /** Events in good frames before it. */
  readonly eventCount: number;
}

export class DamageDesk {
  readonly #store: Store;
  readonly #append: (batch: SequencedBatch) => Promise<FramePosition>;
  readonly #pending = new Set<Promise<void>>();
  /** Found since the spool was opened. */
  readonly found: DamageReport[] = [];
  lostEventCount = 0;

  constructor(store: Store, append: (batch: SequencedBatch) => Promise<FramePosition>) {
    this.#store = store;
    this.#append = append;
  }

  /** Resolves once all losses found so far are durably declared; rejects if one could not be. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** True while no loss is known that is not durably declared. */
  get isSettled(): boolean {
    return this.#pending.size === 0;
  }

  /** Reads a segment as a whole, declares what is missing, and tells where a reader goes on. */
  async audit(
    info: SegmentInfo,
    expected: readonly StreamSpan[],
    frameNo: number,
  ): Promise<Resume | null> {
    let resume: Resume | null = null;
    let eventCount = 0;
    const handle = await this.#open(info);
    try {
      const reader = new SegmentReader(handle, info.id, info.seed);
      const bounds = { limit: info.endOffset, frameCountMax: info.frameCount, isSealed: true };
      const scan = await scanSegment(reader, bounds, ({ header, offset }) => {
        if (resume === null && header.frameNo >= frameNo)
          resume = { frameNo: header.frameNo, offset, eventCount };
        eventCount += header.eventCount;
      });
      const lost = lostNumbers(scan, expected, this.#store.epochs, true);
      this.declare(info, scan.damage, lost);
    } finally {
      await handle.close();
    }
    return resume;
  }

  /**
   * Starts to declare: the loss first, durably, then the copy in quarantine/, whose existence says
   * later that the range was declared. The segment is kept until both are done.
   */
  declare(info: SegmentInfo, damage: readonly DamageRange[], lost: readonly LostNumbers[]): void {
    if (isPlanted('damage_swallowed')) return;
    if (damage.every((range) => info.declared.has(nameOf(info.id, range)))) return;
    for (const range of damage) info.declared.add(nameOf(info.id, range));
    info.undeclaredCount++;
    const done = this.#declare(info, damage, lost);
    this.#pending.add(done);
    const forget = (): void => {
      this.#pending.delete(done);
    };
    // A failed declaration stays pending: what it belongs to must not be settled.
    done.then(forget, () => undefined);
  }

  /** For numbers that no segment can tell of any more. Durable when it resolves. */
  async declareLost(lost: readonly LostNumbers[]): Promise<void> {
    for (const { eventCount } of lost) this.lostEventCount += eventCount;
    await this.#appendLost(lost);
  }

  async #appendLost(lost: readonly LostNumbers[]): Promise<void> {
    const nowNs = this.#store.settings.clock.nowNs();
    const lastSeqOf = (id: LostNumbers): number => this.#store.epochs.get(id)?.lastSeq ?? -1;
    await Promise.all(
      lost.map((numbers) => this.#append(lossBatch(numbers, lastSeqOf(numbers), nowNs))),
    );
  }

  async #declare(
    info: SegmentInfo,
    damage: readonly DamageRange[],
    lost: readonly LostNumbers[],
  ): Promise<void> {
    const names = new Set(await this.#quarantined());
    if (!damage.every((range) => names.has(nameOf(info.id, range)))) {
      for (const range of damage) this.found.push({ segmentId: info.id, ...range });
      for (const { eventCount } of lost) this.lostEventCount += eventCount;
      await this.#appendLost(lost);
      // The copy is for an expert; without space or with an unreadable file the declaration stands
      // alone.
      await this.#quarantine(info, damage).catch(() => undefined);
    }
    if (info.needsEndRecord) await this.#store.record(info).catch(() => undefined);
    info.undeclaredCount--;
  }

  async #quarantined(): Promise<string[]> {
    const { files } = this.#store.settings;
    return files.readDir(this.#store.pathOf(QUARANTINE_NAME)).catch(() => []);
  }

  async #quarantine(info: SegmentInfo, damage: readonly DamageRange[]): Promise<void> {
    const { files } = this.#store.settings;
    const directory = this.#store.pathOf(QUARANTINE_NAME);
    const handle = await this.#open(info);
    try {
      for (const range of damage) {
        await replaceFile(files, directory, nameOf(info.id, range), piecesOf(handle, range));
      }
    } finally {
      await handle.close();
    }
  }

  /** A segment that somebody deleted reads as empty: then all of it is lost. */
  async #open(info: SegmentInfo): Promise<SalvageHandle> {
    const handle = await openSalvage(this.#store.settings.files, info.path);
    return handle ?? new SalvageHandle(null);
  }
}

/** A damaged range can be as large as a segment. */
async function* piecesOf(
  handle: SalvageHandle,
  { from, to }: DamageRange,
): AsyncGenerator<Uint8Array, void> {
  for (let at = from; at < to; ) {
    const piece = new Uint8Array(Math.min(quarantinePieceBytes, to - at));
    const length = await handle.read(piece, at);
    if (length === 0) return;
    yield piece.subarray(0, length);
    at += length;
  }
}

/** An empty batch of the epoch that lost the numbers; it takes no number itself. */
function lossBatch(lost: LostNumbers, lastSeq: number, receivedAtNs: bigint): SequencedBatch {
  const { tenant, stream, epoch, ranges, eventCount } = lost;
  const last = Math.max(lastSeq, ranges.at(-1)?.[1] ?? -1);
  return {
    tenant,
    stream,
    epoch,
    seqFirst: last + 1,
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs,
    eventCount: 0,
    bytes: allocateBytes(0),
    offsets: new Uint32Array(1),
    marks: new Uint32Array(0),
    runs: [],
    requestParts: [],
    dispositions: [{ kind: 'lost', cause: 'spool_corruption', seqRanges: ranges, eventCount }],
  };
}

/** Damage that takes one whole frame which cannot be decoded although its CRCs are right. */
export function frameDamage(frameNo: number, from: number, to: number): DamageRange {
  return {
    from: Math.max(SEGMENT_HEADER_BYTES, from),
    to,
    frameFrom: frameNo,
    frameTo: frameNo + 1,
  };
}
