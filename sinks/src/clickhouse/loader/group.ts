// Batches on their way to the store together: one INSERT a table and partition.
import type {
  Disposition,
  EncodedBatch,
  FramePosition,
  SequencedBatch,
  SpooledBatch,
} from '@weir/pipeline';
import type { Intent, StreamRange } from './intent.js';
import { Landed } from './landed.js';

/** What the loader keeps of a batch after its bytes went to a worker. */
export interface BatchHead {
  readonly position: FramePosition;
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
  readonly eventCount: number;
  readonly byteCount: number;
  readonly ingestUs: number;
  readonly partition: string;
  readonly dispositions: readonly Disposition[];
}

const US_PER_DAY = 86_400_000_000n;

/** As the tables' PARTITION BY: day of ingest_time (UTC) and retention class. */
const partitionOf = (batch: SequencedBatch): string =>
  `${batch.receivedAtNs / 1000n / US_PER_DAY}/${batch.retentionClass}`;

export function headOf({ position, batch }: SpooledBatch): BatchHead {
  return {
    position,
    tenant: batch.tenant,
    stream: batch.stream,
    epoch: batch.epoch,
    seqFirst: batch.seqFirst,
    eventCount: batch.eventCount,
    byteCount: batch.bytes.length,
    ingestUs: Number(batch.receivedAtNs / 1000n),
    partition: partitionOf(batch),
    dispositions: batch.dispositions,
  };
}

export interface GroupEntry {
  readonly head: BatchHead;
  readonly encoded: EncodedBatch;
}

export class Group {
  readonly entries: GroupEntry[] = [];
  readonly openedAtMs: number;
  rowCount = 0;
  eventCount = 0;
  byteCount = 0;
  /** What was found of its batches in the tables; null when none of them needed a look. */
  landed: Landed | null = null;

  constructor(openedAtMs: number) {
    this.openedAtMs = openedAtMs;
  }

  add(entry: GroupEntry, landed: Landed | null = null): void {
    if (landed !== null) {
      this.landed ??= new Landed();
      this.landed.addAll(landed);
    }
    this.entries.push(entry);
    this.eventCount += entry.head.eventCount;
    const { events, quarantine } = entry.encoded;
    this.rowCount += (events?.rowCount ?? 0) + (quarantine?.rowCount ?? 0);
    this.byteCount += (events?.bytes.length ?? 0) + (quarantine?.bytes.length ?? 0);
  }
}

/** Blocks for one partition of the tables. */
export interface PartitionBlocks {
  readonly events: Uint8Array[];
  readonly quarantine: Uint8Array[];
}

/** Blocks by partition, in the order of the first batch of each. */
export function blocksOf(entries: readonly GroupEntry[]): PartitionBlocks[] {
  const byPartition = new Map<string, PartitionBlocks>();
  for (const { head, encoded } of entries) {
    let blocks = byPartition.get(head.partition);
    if (blocks === undefined) {
      blocks = { events: [], quarantine: [] };
      byPartition.set(head.partition, blocks);
    }
    if (encoded.events !== null) blocks.events.push(encoded.events.bytes);
    if (encoded.quarantine !== null) blocks.quarantine.push(encoded.quarantine.bytes);
  }
  return [...byPartition.values()];
}

export const EMPTY_ENCODED: EncodedBatch = {
  events: null,
  quarantine: null,
  quarantinedSeqs: new Float64Array(0),
  quarantinedByReason: {},
  filtered: [],
};

export function intentOf(group: Group, id: number, attempt: number): Intent {
  const heads = group.entries.map((entry) => entry.head);
  const first = heads[0] as BatchHead;
  const last = heads[heads.length - 1] as BatchHead;
  const ranges = new Map<string, { -readonly [K in keyof StreamRange]: StreamRange[K] }>();
  for (const head of heads) {
    if (head.eventCount === 0) continue;
    const key = JSON.stringify([head.tenant, head.stream, String(head.epoch)]);
    const seqLast = head.seqFirst + head.eventCount - 1;
    const range = ranges.get(key);
    if (range === undefined)
      ranges.set(key, {
        tenant: head.tenant,
        stream: head.stream,
        epoch: String(head.epoch),
        seqFirst: head.seqFirst,
        seqLast,
      });
    else {
      range.seqFirst = Math.min(range.seqFirst, head.seqFirst);
      range.seqLast = Math.max(range.seqLast, seqLast);
    }
  }
  return {
    version: 1,
    id,
    attempt,
    from: first.position,
    to: last.position,
    ranges: [...ranges.values()],
    ingestUsFirst: Math.min(...heads.map((head) => head.ingestUs)),
    ingestUsLast: Math.max(...heads.map((head) => head.ingestUs)),
    ...(group.landed === null ? {} : { isChecked: true }),
  };
}
