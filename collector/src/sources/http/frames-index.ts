// Which numbers of other nodes' streams were taken, so that a frame that comes again is not stored
// twice. One for all listeners: an edge may come back by another one. Durable knowledge is the
// spool's; this is its copy, with what is on its way besides.
import { LIMITS, type SequencedBatch } from '@weir/pipeline';
import { type ForeignStream, RangeSet } from '@weir/spool';

export interface ForwardedLimits {
  readonly forwardedStreamsMax: number;
  readonly forwardedHolesPerStreamMax: number;
  readonly forwardedRetentionClassesMax: number;
}

export interface ForwardedRefusal {
  readonly reason: 'overlap' | 'conflict' | 'holes' | 'classes' | 'streams';
  readonly message: string;
}

export type Claim =
  | { readonly kind: 'claimed'; readonly fresh: readonly Fresh[]; readonly duplicateEvents: number }
  /** Some of the numbers are on their way in another request. */
  | { readonly kind: 'wait'; readonly until: Promise<void> }
  | { readonly kind: 'refused'; readonly refusal: ForwardedRefusal };

/** A frame to append. `settle` must be called once its append ended, in whatever way. */
export interface Fresh {
  readonly batch: SequencedBatch;
  settle(isDurable: boolean): void;
}

interface Pending {
  readonly first: number;
  readonly last: number;
  readonly done: Promise<void>;
}

interface Numbers {
  readonly received: RangeSet;
  readonly pending: Set<Pending>;
}

/** Frames that are remembered with more than their numbers, over all streams. */
const RECENT_MAX = 65_536;

export class ForwardedIndex {
  readonly #limits: ForwardedLimits;
  readonly #streams = new Map<string, Numbers>();
  readonly #classes = new Set<string>();
  /** By stream and first number: the stamp of the frame, which no other frame shares. */
  readonly #recent = new Map<string, bigint>();

  /** `streams`: what the spool knows at its start. */
  constructor(streams: readonly ForeignStream[], limits: Partial<ForwardedLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
    for (const stream of streams)
      this.#streams.set(keyOf(stream), {
        received: new RangeSet(stream.received),
        pending: new Set(),
      });
  }

  /** All frames of a body or none. What is claimed is on its way until it is settled. */
  claim(batches: readonly SequencedBatch[]): Claim {
    const fresh: SequencedBatch[] = [];
    const here = new Map<string, RangeSet>();
    const classes = new Set<string>();
    let duplicateEvents = 0;
    for (const batch of batches) {
      const found = this.#look(batch, here);
      if (found instanceof Promise) return { kind: 'wait', until: found };
      if (typeof found === 'object') return { kind: 'refused', refusal: found };
      if (found === 'duplicate') {
        duplicateEvents += batch.eventCount;
        continue;
      }
      classes.add(batch.retentionClass);
      fresh.push(batch);
      const key = keyOf(batch);
      const claimed = here.get(key) ?? new RangeSet();
      claimed.add(batch.seqFirst, lastOf(batch));
      here.set(key, claimed);
    }
    const refusal = this.#exceeded(here, classes);
    if (refusal !== null) return { kind: 'refused', refusal };
    for (const name of classes) this.#classes.add(name);
    return { kind: 'claimed', fresh: fresh.map((batch) => this.#take(batch)), duplicateEvents };
  }

  #look(
    batch: SequencedBatch,
    here: ReadonlyMap<string, RangeSet>,
  ): 'fresh' | 'duplicate' | Promise<void> | ForwardedRefusal {
    const key = keyOf(batch);
    const stamp = this.#recent.get(recentKey(key, batch));
    if (batch.eventCount === 0) return stamp === batch.receivedAtNs ? 'duplicate' : 'fresh';
    const [first, last] = [batch.seqFirst, lastOf(batch)];
    const known = this.#streams.get(key);
    for (const sets of [known?.received, here.get(key)]) {
      if (sets === undefined || !sets.touches(first, last)) continue;
      if (!sets.has(first, last)) return overlap(batch);
      const isOther = stamp !== undefined && stamp !== batch.receivedAtNs;
      return isOther ? conflict(batch) : 'duplicate';
    }
    for (const pending of known?.pending ?? [])
      if (pending.first <= last && pending.last >= first) return pending.done;
    return 'fresh';
  }

  /** What would be too much to remember. */
  #exceeded(
    here: ReadonlyMap<string, RangeSet>,
    classes: ReadonlySet<string>,
  ): ForwardedRefusal | null {
    const { forwardedStreamsMax, forwardedHolesPerStreamMax, forwardedRetentionClassesMax } =
      this.#limits;
    const newStreams = [...here.keys()].filter((key) => !this.#streams.has(key)).length;
    if (newStreams > 0 && this.#streams.size + newStreams > forwardedStreamsMax)
      return {
        reason: 'streams',
        message: `numbers of more than ${forwardedStreamsMax} streams and epochs of other nodes cannot be kept`,
      };
    for (const [key, claimed] of here) {
      const all = new RangeSet(this.#streams.get(key)?.received.ranges);
      for (const { first, last } of this.#streams.get(key)?.pending ?? []) all.add(first, last);
      const before = all.ranges.length;
      for (const [first, last] of claimed.ranges) all.add(first, last);
      if (all.ranges.length > before && all.ranges.length > forwardedHolesPerStreamMax)
        return {
          reason: 'holes',
          message: `the numbers of a stream have more than ${forwardedHolesPerStreamMax} holes`,
        };
    }
    const newClasses = [...classes].filter((name) => !this.#classes.has(name)).length;
    if (newClasses > 0 && this.#classes.size + newClasses > forwardedRetentionClassesMax)
      return {
        reason: 'classes',
        message: `forwarded frames name more than ${forwardedRetentionClassesMax} retention classes`,
      };
    return null;
  }

  #take(batch: SequencedBatch): Fresh {
    const key = keyOf(batch);
    const recent = recentKey(key, batch);
    const { eventCount, receivedAtNs, seqFirst: first } = batch;
    const last = lastOf(batch);
    if (eventCount === 0)
      return { batch, settle: (isDurable) => isDurable && this.#remember(recent, receivedAtNs) };
    const numbers = this.#streams.get(key) ?? { received: new RangeSet(), pending: new Set() };
    this.#streams.set(key, numbers);
    let end: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      end = resolve;
    });
    const pending: Pending = { first, last, done };
    numbers.pending.add(pending);
    const settle = (isDurable: boolean): void => {
      numbers.pending.delete(pending);
      if (isDurable) {
        numbers.received.add(first, last);
        this.#remember(recent, receivedAtNs);
      }
      end();
    };
    return { batch, settle };
  }

  #remember(recent: string, receivedAtNs: bigint): void {
    this.#recent.set(recent, receivedAtNs);
    if (this.#recent.size <= RECENT_MAX) return;
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
  }
}

function overlap(batch: SequencedBatch): ForwardedRefusal {
  return {
    reason: 'overlap',
    message: `${nameOf(batch)}: some of these numbers were taken in another frame, some were not: two nodes may use one id`,
  };
}

function conflict(batch: SequencedBatch): ForwardedRefusal {
  return {
    reason: 'conflict',
    message: `${nameOf(batch)}: these numbers were taken with other contents: two nodes use one id`,
  };
}

const lastOf = (batch: SequencedBatch): number => batch.seqFirst + batch.eventCount - 1;
const nameOf = (batch: SequencedBatch): string =>
  `${batch.stream} epoch ${batch.epoch}, numbers ${batch.seqFirst} to ${lastOf(batch)}`;
const keyOf = (id: { tenant: string; stream: string; epoch: bigint }): string =>
  `${id.tenant}/${id.epoch}/${id.stream}`;
/** Frames without events have no number of their own: several may stand at one place. */
const recentKey = (key: string, batch: SequencedBatch): string =>
  batch.eventCount === 0
    ? `${key}/${batch.seqFirst}/${batch.receivedAtNs}`
    : `${key}/${batch.seqFirst}`;
