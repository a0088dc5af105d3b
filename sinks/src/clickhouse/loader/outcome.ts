// What became of the numbers of a group, as ranges by kind, for the ledger.
import type { Disposition } from '@weir/pipeline';
import type { BatchHead } from '../../delivery/batch-head.js';
import type { GroupEntry } from './group.js';
import type { Landed } from './landed.js';

export type LedgerKind = 'stored' | 'quarantined' | 'filtered' | 'lost';

/** Neighbouring ranges of one stream and kind grow together. */
export interface OutcomeRanges {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: bigint;
  readonly kind: LedgerKind;
  /** first, last pairs. */
  readonly seqs: number[];
}

export class Outcome {
  readonly #ranges = new Map<string, OutcomeRanges>();

  get ranges(): Iterable<OutcomeRanges> {
    return this.#ranges.values();
  }

  /**
   * Everything of the batch that is neither quarantined nor filtered is stored. Rows that an
   * earlier attempt landed stay in the table they are in, whatever today's parser makes of them.
   */
  addBatch(entry: GroupEntry, landed: Landed | null): void {
    const { head, encoded } = entry;
    const landedEvents = landed?.eventsOf(head);
    const landedQuarantine = landed?.quarantineOf(head);
    const filtered = new Set<number>();
    for (const disposition of encoded.filtered)
      for (const [first, last] of disposition.seqRanges)
        for (let seq = first; seq <= last; seq++) filtered.add(seq);
    const quarantined = new Set(encoded.quarantinedSeqs);
    const hollow = hollowSeqs(head);
    for (let seq = head.seqFirst; seq < head.seqFirst + head.eventCount; seq++) {
      let kind: LedgerKind = 'stored';
      if (landedEvents?.has(seq)) kind = 'stored';
      else if (landedQuarantine?.has(seq)) kind = 'quarantined';
      // Its disposition stands in the frame and is added below.
      else if (hollow?.has(seq)) continue;
      else if (quarantined.has(seq)) kind = 'quarantined';
      else if (filtered.has(seq)) kind = 'filtered';
      this.#add(head, kind, seq, seq);
    }
    for (const disposition of head.dispositions) this.#addDisposition(entry, disposition);
  }

  /**
   * Rows that are in the tables and whose frame cannot be read any more (it rotted since): they are
   * stored, whatever the spool declares about them.
   */
  addLanded(landed: Landed, entries: readonly GroupEntry[]): void {
    for (const found of landed.streams()) {
      const covered = new Set<number>();
      for (const { head } of entries)
        if (
          head.stream === found.stream &&
          head.epoch === found.epoch &&
          head.tenant === found.tenant
        )
          for (let i = 0; i < head.eventCount; i++) covered.add(head.seqFirst + i);
      const seqs = [...new Set([...found.events, ...found.quarantine])].sort((a, b) => a - b);
      for (const seq of seqs)
        if (!covered.has(seq))
          this.#add(found, found.events.has(seq) ? 'stored' : 'quarantined', seq, seq);
    }
  }

  #addDisposition(entry: GroupEntry, disposition: Disposition): void {
    if (disposition.kind === 'refused') return;
    for (const [first, last] of disposition.seqRanges)
      this.#add(entry.head, disposition.kind, first, last);
  }

  #add(
    head: { readonly tenant: string; readonly stream: string; readonly epoch: bigint },
    kind: LedgerKind,
    first: number,
    last: number,
  ): void {
    // One look-up a number would cost more than the rest of the loader: the newest is kept at hand.
    let ranges = this.#newest;
    if (
      ranges === null ||
      ranges.kind !== kind ||
      ranges.stream !== head.stream ||
      ranges.epoch !== head.epoch ||
      ranges.tenant !== head.tenant
    ) {
      const key = JSON.stringify([head.tenant, head.stream, String(head.epoch), kind]);
      ranges = this.#ranges.get(key) ?? null;
      if (ranges === null) {
        const { tenant, stream, epoch } = head;
        ranges = { tenant, stream, epoch, kind, seqs: [] };
        this.#ranges.set(key, ranges);
      }
      this.#newest = ranges;
    }
    const { seqs } = ranges;
    const end = seqs.length - 1;
    if (end > 0 && seqs[end] === first - 1) seqs[end] = last;
    else seqs.push(first, last);
  }

  #newest: OutcomeRanges | null = null;
}

/**
 * Everything that is declared about a batch, each number once: what its frame says, and what the
 * pipeline filtered. The encoder names hollow rows as well, since other sinks know no frame.
 */
export function dispositionsOf({ head, encoded }: GroupEntry): Disposition[] {
  const hollow = hollowSeqs(head);
  if (hollow === null) return [...head.dispositions, ...encoded.filtered];
  const added: Disposition[] = [];
  for (const disposition of encoded.filtered) {
    const seqRanges: [number, number][] = [];
    let eventCount = 0;
    for (const [first, last] of disposition.seqRanges)
      for (let seq = first; seq <= last; seq++) {
        if (hollow.has(seq)) continue;
        const range = seqRanges.at(-1);
        if (range !== undefined && range[1] === seq - 1) range[1] = seq;
        else seqRanges.push([seq, seq]);
        eventCount++;
      }
    if (eventCount > 0) added.push({ ...disposition, seqRanges, eventCount });
  }
  return [...head.dispositions, ...added];
}

/**
 * Numbers of the batch that its own dispositions name: another node filtered these rows, or
 * declared them lost, before it forwarded the frame. Null when there is none.
 */
export function hollowSeqs(
  head: Pick<BatchHead, 'dispositions' | 'seqFirst' | 'eventCount'>,
): Set<number> | null {
  let found: Set<number> | null = null;
  const end = head.seqFirst + head.eventCount;
  for (const { kind, seqRanges } of head.dispositions) {
    if (kind === 'refused') continue;
    for (const [first, last] of seqRanges)
      for (let seq = Math.max(first, head.seqFirst); seq <= last && seq < end; seq++) {
        found ??= new Set();
        found.add(seq);
      }
  }
  return found;
}
