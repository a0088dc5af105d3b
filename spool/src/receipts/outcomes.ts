// What receipts together say became of each number: sets of numbers by stream and kind, and the
// document that a receipt signs. EVIDENCE.md "Receipts".
import { assert } from '@weir/pipeline';
import { type StreamEpoch, streamKey } from '../layout.js';
import { type NumberRange, RangeSet } from '../range-set.js';

/** Strongest first: a number counts as the first of these that names it. */
export const RECEIPT_KINDS = ['stored', 'quarantined', 'filtered', 'lost'] as const;
export type ReceiptKind = (typeof RECEIPT_KINDS)[number];

/** `before`: issued when the sink was not configured. */
export interface ReceiptOutcome extends StreamEpoch {
  readonly kind: ReceiptKind | 'before';
  /** first, last pairs; ascending, or overlapping in any way. */
  readonly seqs: readonly number[];
}

/** Stored, quarantined, filtered: how many of the settled numbers are of which kind. */
export type SettledCounts = readonly [stored: number, quarantined: number, filtered: number];

export interface ReceiptStream {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: string;
  readonly stored: readonly NumberRange[];
  readonly quarantined: readonly NumberRange[];
  readonly filtered: readonly NumberRange[];
  readonly lost: readonly NumberRange[];
  /** Numbers with one outcome each that are not told apart any more. */
  readonly settled?: readonly NumberRange[];
  readonly counts?: SettledCounts;
  readonly before?: readonly NumberRange[];
}

export interface ReceiptDocument {
  readonly sink: string;
  readonly intent: number;
  readonly fold: boolean;
  readonly fresh?: true;
  readonly streams: readonly ReceiptStream[];
}

interface Numbers {
  readonly id: StreamEpoch;
  readonly stored: RangeSet;
  readonly quarantined: RangeSet;
  readonly filtered: RangeSet;
  readonly lost: RangeSet;
  readonly before: RangeSet;
  settled: RangeSet;
  counts: [number, number, number];
}

/** Newest numbers of a stream that a fold keeps by kind for as long as it can. */
const EXACT_COUNT = 2 ** 20;

export class ReceiptOutcomes {
  readonly #streams = new Map<string, Numbers>();

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  /** Numbers that are settled stay what they were counted as. */
  add(outcome: ReceiptOutcome): void {
    const numbers = this.#numbersOf(outcome);
    const { settled } = numbers;
    const set = numbers[outcome.kind];
    for (let i = 0; i < outcome.seqs.length; i += 2) {
      const [first, last] = [outcome.seqs[i] as number, outcome.seqs[i + 1] as number];
      if (!settled.touches(first, last)) set.add(first, last);
      else for (const [low, high] of holesOf(settled, first, last)) set.add(low, high);
    }
  }

  /** Those of a sink whose ledger tells no kinds apart: once a stream, before any other. */
  addSettled(id: StreamEpoch, settled: Iterable<NumberRange>, counts: SettledCounts): void {
    const numbers = this.#numbersOf(id);
    assert(numbers.settled.isEmpty, 'settled numbers of a stream come once');
    numbers.settled = new RangeSet(settled);
    numbers.counts = [...counts];
    const [stored, quarantined, filtered] = counts;
    assert(numbers.settled.size === stored + quarantined + filtered, 'settled numbers add up');
  }

  addDocument(document: ReceiptDocument): void {
    for (const stream of document.streams) {
      const id = { ...stream, epoch: BigInt(stream.epoch) };
      if (stream.settled !== undefined && stream.counts !== undefined)
        this.addSettled(id, stream.settled, stream.counts);
      for (const kind of RECEIPT_KINDS) this.#addRanges(id, kind, stream[kind]);
      if (stream.before !== undefined) this.#addRanges(id, 'before', stream.before);
    }
  }

  #addRanges(id: StreamEpoch, kind: ReceiptOutcome['kind'], ranges: readonly NumberRange[]): void {
    if (ranges.length > 0) this.add({ ...streamOf(id), kind, seqs: ranges.flat() });
  }

  /** The range's numbers that no receipt names in any way, as first, last pairs. */
  unknown(id: StreamEpoch, pairs: readonly number[]): number[] {
    const numbers = this.#streams.get(streamKey(id));
    const found: number[] = [];
    const known = numbers && knownOf(numbers);
    for (let i = 0; i < pairs.length; i += 2) {
      const [first, last] = [pairs[i] as number, pairs[i + 1] as number];
      if (known === undefined) found.push(first, last);
      else found.push(...holesOf(known, first, last).flat());
    }
    return found;
  }

  /**
   * Tells the oldest numbers of each stream apart no more, until there are at most this many ranges
   * or only those that holes and losses make. Which numbers are lost stays known: they may still be
   * stored.
   */
  settle(rangesMax: number): void {
    let exact = EXACT_COUNT;
    if (this.#rangeCount(Number.POSITIVE_INFINITY) <= rangesMax) return;
    while (exact > 0 && this.#rangeCount(exact) > rangesMax) exact = Math.floor(exact / 4);
    for (const numbers of this.#streams.values()) settleBelow(numbers, exact);
  }

  /** Of kinds that can be settled, within the last `exact` numbers of each stream. */
  #rangeCount(exact: number): number {
    let pairs = 0;
    for (const numbers of this.#streams.values()) {
      const from = Math.max(0, endOf(numbers, exact) + 1);
      for (const kind of SETTLED_KINDS) {
        const set = numbers[kind];
        const isWhole = from === 0;
        pairs += (isWhole ? set.pairs : set.pairsWithin(from, Number.MAX_SAFE_INTEGER)).length;
      }
    }
    return pairs / 2;
  }

  /** Streams ordered by tenant, stream and epoch. */
  streams(): ReceiptStream[] {
    return [...this.#streams.values()]
      .sort((a, b) => compareIds(a.id, b.id))
      .map(({ id, stored, quarantined, filtered, lost, settled, counts, before }) => ({
        tenant: id.tenant,
        stream: id.stream,
        epoch: String(id.epoch),
        stored: stored.ranges,
        quarantined: quarantined.ranges,
        filtered: filtered.ranges,
        lost: lost.ranges,
        ...(settled.isEmpty ? {} : { settled: settled.ranges, counts }),
        ...(before.isEmpty ? {} : { before: before.ranges }),
      }));
  }

  #numbersOf(id: StreamEpoch): Numbers {
    const key = streamKey(id);
    let numbers = this.#streams.get(key);
    if (numbers === undefined) {
      numbers = {
        id: streamOf(id),
        stored: new RangeSet(),
        quarantined: new RangeSet(),
        filtered: new RangeSet(),
        lost: new RangeSet(),
        before: new RangeSet(),
        settled: new RangeSet(),
        counts: [0, 0, 0],
      };
      this.#streams.set(key, numbers);
    }
    return numbers;
  }
}

/** In the order of `counts`. */
const SETTLED_KINDS = ['stored', 'quarantined', 'filtered'] as const;

const endOf = ({ stored, quarantined, filtered }: Numbers, exact: number): number =>
  Math.max(stored.last, quarantined.last, filtered.last) - exact;

/** Everything below the stream's last `exact` numbers. Linear: there may be a million ranges. */
function settleBelow(numbers: Numbers, exact: number): void {
  const { lost, counts } = numbers;
  const end = endOf(numbers, exact);
  if (end < 0) return;
  // No set has a number that is settled already, so the difference of unions is what is new.
  let settled = numbers.settled;
  for (const [kind, name] of SETTLED_KINDS.entries()) {
    const set = numbers[name];
    const sizeBefore = settled.size;
    settled = unionOf([settled.pairs, set.pairsWithin(0, end)]);
    counts[kind] = (counts[kind] ?? 0) + settled.size - sizeBefore;
    set.remove(0, end);
  }
  const stillLost = lost.ranges.flatMap(([first, last]) => holesOf(settled, first, last));
  lost.remove(0, Number.MAX_SAFE_INTEGER);
  for (const [first, last] of stillLost) lost.add(first, last);
  numbers.settled = settled;
}

function knownOf({ stored, quarantined, filtered, lost, settled, before }: Numbers): RangeSet {
  return unionOf([settled, stored, quarantined, filtered, lost, before].map((set) => set.pairs));
}

/** Of lists of pairs, each ascending. No object a range: there may be a million. */
function unionOf(lists: readonly (readonly number[])[]): RangeSet {
  let union = new RangeSet();
  for (const list of lists) {
    const merged = new RangeSet();
    const { pairs } = union;
    let [i, k] = [0, 0];
    while (i < pairs.length || k < list.length) {
      const isOurs = k >= list.length || (pairs[i] ?? Number.POSITIVE_INFINITY) <= (list[k] ?? 0);
      if (isOurs) merged.add(pairs[i++] as number, pairs[i++] as number);
      else merged.add(list[k++] as number, list[k++] as number);
    }
    union = merged;
  }
  return union;
}

/** What of the range the set does not hold. */
function holesOf(set: RangeSet, first: number, last: number): NumberRange[] {
  const holes: NumberRange[] = [];
  let next = first;
  for (const [low, high] of set.within(first, last)) {
    if (low > next) holes.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= last) holes.push([next, last]);
  return holes;
}

const streamOf = ({ tenant, stream, epoch }: StreamEpoch): StreamEpoch => ({
  tenant,
  stream,
  epoch,
});

function compareIds(a: StreamEpoch, b: StreamEpoch): number {
  return (
    compareTexts(a.tenant, b.tenant) ||
    compareTexts(a.stream, b.stream) ||
    (a.epoch < b.epoch ? -1 : a.epoch > b.epoch ? 1 : 0)
  );
}
const compareTexts = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));
