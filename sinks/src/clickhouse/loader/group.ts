// Batches on their way to the store together: one INSERT a table and partition.
import type { EncodedBatch } from '@weir/pipeline';
import type { BatchHead } from '../../delivery/batch-head.js';
import type { GatherGroup } from '../../delivery/gatherer.js';
import type { Intent, StreamRange } from './intent.js';
import { Landed } from './landed.js';

export interface GroupEntry {
  readonly head: BatchHead;
  readonly encoded: EncodedBatch;
}

export class Group implements GatherGroup {
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

  get ingestUsFirst(): number | null {
    return this.entries[0]?.head.ingestUs ?? null;
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

const US_PER_DAY = 86_400_000_000;

/** As the tables' PARTITION BY: day of ingest_time (UTC) and retention class. */
const partitionOf = (head: BatchHead): string =>
  `${Math.floor(head.ingestUs / US_PER_DAY)}/${head.retentionClass}`;

/** Blocks by partition, in the order of the first batch of each. */
export function blocksOf(entries: readonly GroupEntry[]): PartitionBlocks[] {
  const byPartition = new Map<string, PartitionBlocks>();
  for (const { head, encoded } of entries) {
    const partition = partitionOf(head);
    let blocks = byPartition.get(partition);
    if (blocks === undefined) {
      blocks = { events: [], quarantine: [] };
      byPartition.set(partition, blocks);
    }
    if (encoded.events !== null) blocks.events.push(encoded.events.bytes);
    if (encoded.quarantine !== null) blocks.quarantine.push(encoded.quarantine.bytes);
  }
  return [...byPartition.values()];
}

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
