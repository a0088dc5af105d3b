// A group of batches on its way to a sink: its rows, and what becomes of every number in it.
import type { EncodedBatch, EncodedBlock, LossCause, SettledOutcome } from '@weir/pipeline';
import { assert } from '@weir/pipeline';
import type { LedgerKind, StreamOutcome, StreamRefusal } from '@weir/spool';
import type { BatchHead } from './batch-head.js';
import type { BatchLook, GatherGroup } from './gatherer.js';

export interface GroupEntry {
  readonly head: BatchHead;
  readonly encoded: EncodedBatch;
  /** What becomes of each row of the batch; null when every one has a row in the block. */
  readonly fates: Uint8Array | null;
}

/** By row of a batch. */
const FATE = { row: 0, quarantined: 1, known: 2, named: 3 } as const;

export class DeliveryGroup implements GatherGroup {
  readonly entries: GroupEntry[] = [];
  eventCount = 0;
  byteCount = 0;

  constructor(readonly openedAtMs: number) {}

  get ingestUsFirst(): number | null {
    return this.entries[0]?.head.ingestUs ?? null;
  }

  add(head: BatchHead, encoded: EncodedBatch, look: BatchLook): void {
    this.entries.push({ head, encoded, fates: fatesOf(head, encoded, look) });
    this.eventCount += head.eventCount;
    this.byteCount += byteCountOf(encoded.events) + byteCountOf(encoded.quarantine);
  }
}

const byteCountOf = (block: EncodedBlock | null): number => block?.bytes.length ?? 0;

/** Numbers of the rows in the batch's block, in its order. */
export function rowSeqs(entry: GroupEntry): number[] {
  const { head, fates } = entry;
  const seqs: number[] = [];
  for (let row = 0; row < head.eventCount; row++)
    if (fates === null || fates[row] === FATE.row) seqs.push(head.seqFirst + row);
  return seqs;
}

export function rowCountOf({ head, fates }: GroupEntry): number {
  if (fates === null) return head.eventCount;
  let count = 0;
  for (const fate of fates) if (fate === FATE.row) count++;
  return count;
}

/** Null when every number of the batch has a row. */
function fatesOf(head: BatchHead, encoded: EncodedBatch, look: BatchLook): Uint8Array | null {
  const { quarantinedSeqs, filtered } = encoded;
  if (look.isDone) return new Uint8Array(head.eventCount).fill(FATE.known);
  if (quarantinedSeqs.length === 0 && filtered.length === 0 && look.skipSeqs === null) return null;
  const fates = new Uint8Array(head.eventCount);
  const { seqFirst, eventCount } = head;
  for (const { seqRanges } of filtered)
    for (const [first, last] of seqRanges)
      fates.fill(
        FATE.named,
        Math.max(0, first - seqFirst),
        Math.min(eventCount, last - seqFirst + 1),
      );
  for (const seq of quarantinedSeqs) fates[seq - seqFirst] = FATE.quarantined;
  for (const seq of look.skipSeqs ?? []) fates[seq - seqFirst] = FATE.known;
  return fates;
}

export interface OutcomeCounts {
  stored: number;
  quarantined: number;
  filtered: number;
  lost: number;
}

/** Collects ranges by stream, kind and cause; neighbours grow together. */
export class GroupOutcome {
  readonly #ranges = new Map<string, StreamOutcome & { readonly seqs: number[] }>();
  readonly #refusals = new Map<string, StreamRefusal>();
  readonly counts: OutcomeCounts = { stored: 0, quarantined: 0, filtered: 0, lost: 0 };
  #newest: (StreamOutcome & { readonly seqs: number[] }) | null = null;
  /** Numbers that the ledger had before. */
  readonly #known: (SettledOutcome & { readonly seqs: number[] })[] = [];

  /** What became of every number of the group, also of those that the ledger had before. */
  get settled(): SettledOutcome[] {
    const fresh = this.outcomes.map(({ tenant, stream, epoch, kind, seqs }) => {
      assert(kind !== 'before', 'delivery does not look at what came before');
      return { tenant, stream, epoch, kind, seqs };
    });
    return [...fresh, ...this.#known];
  }
  get outcomes(): StreamOutcome[] {
    return [...this.#ranges.values()];
  }
  get refusals(): StreamRefusal[] {
    return [...this.#refusals.values()];
  }

  /**
   * Everything of the batch that has a row is stored, but for `refused` (ascending). `quarantined`
   * says what the numbers of quarantined rows count as.
   */
  addBatch(
    entry: GroupEntry,
    refused: ReadonlySet<number>,
    quarantined: 'quarantined' | LossCause,
  ): void {
    const { head, encoded, fates } = entry;
    const [kind, cause] =
      quarantined === 'quarantined' ? ['quarantined', ''] : ['lost', quarantined];
    const aside = kind as LedgerKind;
    if (fates === null && refused.size === 0) {
      this.#add(head, 'stored', '', head.seqFirst, head.seqFirst + head.eventCount - 1);
    } else {
      for (let row = 0; row < head.eventCount; row++) {
        const seq = head.seqFirst + row;
        const fate = fates?.[row] ?? FATE.row;
        if (fate === FATE.quarantined || (fate === FATE.row && refused.has(seq)))
          this.#add(head, aside, cause as string, seq, seq);
        else if (fate === FATE.row) this.#add(head, 'stored', '', seq, seq);
        else if (fate === FATE.known) this.#addKnown(head, seq, seq);
      }
      for (const disposition of encoded.filtered) {
        if (disposition.kind === 'refused') continue;
        for (const [first, last] of disposition.seqRanges)
          this.#addNamed(entry, disposition.kind, disposition.cause, first, last);
      }
    }
    this.addDispositions(head);
  }

  /** The whole batch is given up, but for what the ledger has: `pairs` are the rest. */
  addLost(head: BatchHead, cause: LossCause, pairs: readonly number[]): void {
    let next = head.seqFirst;
    for (let i = 0; i < pairs.length; i += 2) {
      const [first, last] = [pairs[i] as number, pairs[i + 1] as number];
      this.#addKnown(head, next, first - 1);
      this.#add(head, 'lost', cause, first, last);
      next = last + 1;
    }
    this.#addKnown(head, next, head.seqFirst + head.eventCount - 1);
    this.addDispositions(head);
  }

  /**
   * What the batch says of other numbers than those of its rows, and of events that got no number.
   * A row that came filtered from another node is among `encoded.filtered` already.
   */
  addDispositions(head: BatchHead): void {
    const { tenant, stream, epoch } = head;
    for (const { kind, cause, seqRanges, eventCount } of head.dispositions) {
      if (kind !== 'refused') {
        for (const [first, last] of seqRanges)
          if (!isOfRows(head, first, last)) this.#add(head, kind, cause, first, last);
        continue;
      }
      const key = JSON.stringify([tenant, stream, String(epoch), cause]);
      const total = Math.max(this.#refusals.get(key)?.eventCount ?? 0, eventCount);
      this.#refusals.set(key, { tenant, stream, epoch, cause, eventCount: total });
    }
  }

  /** Without numbers that are quarantined or recorded already. */
  #addNamed(
    { head, fates }: GroupEntry,
    kind: LedgerKind,
    cause: string,
    first: number,
    last: number,
  ): void {
    for (let seq = first; seq <= last; seq++)
      if (fates === null || fates[seq - head.seqFirst] === FATE.named)
        this.#add(head, kind, cause, seq, seq);
  }

  #addKnown({ tenant, stream, epoch }: BatchHead, first: number, last: number): void {
    if (last < first) return;
    const newest = this.#known.at(-1);
    const isSame = newest?.stream === stream && newest.epoch === epoch && newest.tenant === tenant;
    if (isSame && newest.seqs.at(-1) === first - 1) newest.seqs.splice(-1, 1, last);
    else this.#known.push({ tenant, stream, epoch, kind: 'known', seqs: [first, last] });
  }

  #add(head: BatchHead, kind: LedgerKind, cause: string, first: number, last: number): void {
    if (last < first) return;
    assert(kind !== 'before', 'delivery does not look at what came before');
    this.counts[kind] += last - first + 1;
    // One look-up a number would cost more than the rest: the newest is kept at hand.
    let ranges = this.#newest;
    if (
      ranges === null ||
      ranges.kind !== kind ||
      ranges.cause !== cause ||
      ranges.stream !== head.stream ||
      ranges.epoch !== head.epoch ||
      ranges.tenant !== head.tenant
    ) {
      const { tenant, stream, epoch } = head;
      const key = JSON.stringify([tenant, stream, String(epoch), kind, cause]);
      ranges = this.#ranges.get(key) ?? { tenant, stream, epoch, kind, cause, seqs: [] };
      this.#ranges.set(key, ranges);
      this.#newest = ranges;
    }
    const { seqs } = ranges;
    const end = seqs.length - 1;
    if (end > 0 && seqs[end] === first - 1) seqs[end] = last;
    else seqs.push(first, last);
  }
}

const isOfRows = ({ seqFirst, eventCount }: BatchHead, first: number, last: number): boolean =>
  first >= seqFirst && last < seqFirst + eventCount;
