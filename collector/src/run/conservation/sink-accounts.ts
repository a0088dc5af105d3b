// What became of the numbers that one sink was given: every number of a frame that it has settled
// must have come to an end, and none may be skipped on the way. The verdict over everything is
// `weir verify`; this one costs a comparison a batch.
import type { Consumer, FramePosition, SettledOutcome, SpooledBatch } from '@weir/pipeline';
import { type NumberRange, RangeSet } from '@weir/spool';

export const OUTCOMES = ['stored', 'quarantined', 'filtered', 'lost'] as const;
export type OutcomeKind = (typeof OUTCOMES)[number];

/** Of one stream, all epochs that were delivered since the start. */
export interface SinkAccount {
  readonly stream: string;
  /** Numbers by what became of them; each counts once. */
  readonly outcomes: Readonly<Record<OutcomeKind, number>>;
  /** Of rows in frames that are settled, of the epoch that is running now. */
  readonly settled: number;
  /** Skipped on the way to the sink and not declared, or settled without an outcome. */
  readonly missing: number;
}

class Account {
  /** Read as rows or as declared. */
  readonly seen = new RangeSet();
  readonly settled = new RangeSet();
  readonly ended = new RangeSet();
  readonly outcomes: Record<OutcomeKind, number> = {
    stored: 0,
    quarantined: 0,
    filtered: 0,
    lost: 0,
  };
  settledRows = 0;
  /** Reads of the sink from which on a gap counts: before, its declaration may still come. */
  gapsCountFrom = 0;

  constructor(
    readonly stream: string,
    readonly epoch: bigint,
    /** Of an earlier epoch the first numbers may have been settled before the start. */
    readonly isWhole: boolean,
  ) {}

  missingAfter(readCount: number): number {
    const gaps = readCount < this.gapsCountFrom ? [] : this.seen.gaps();
    if (!this.isWhole && gaps[0]?.[0] === 0) gaps.shift();
    let missing = sizeOf(gaps);
    for (const [first, last] of this.settled.ranges)
      if (!this.ended.has(first, last))
        missing += last - first + 1 - sizeOf(this.ended.within(first, last));
    return missing;
  }
}

interface Unsettled {
  readonly position: FramePosition;
  readonly account: Account;
  readonly eventCount: number;
  readonly ranges: readonly NumberRange[];
}

export class SinkAccounts implements Consumer {
  readonly #consumer: Consumer;
  readonly #ownPrefix: string;
  readonly #epoch: bigint;
  readonly #accounts = new Map<string, Account>();
  /** Read and not settled: as many as the sink has in flight. */
  #unsettled: Unsettled[] = [];
  /** Batches that were read, again ones included. */
  #readCount = 0;

  /**
   * `epoch` is the running one. Streams of other nodes are not watched: only part of them may have
   * been sent here.
   */
  constructor(consumer: Consumer, node: { readonly nodeId: string; readonly epoch: bigint }) {
    this.#consumer = consumer;
    this.#ownPrefix = `${node.nodeId}/`;
    this.#epoch = node.epoch;
  }

  get name(): string {
    return this.#consumer.name;
  }
  get frontier(): FramePosition | null {
    return this.#consumer.frontier;
  }
  get pendingFrameCount(): number {
    return this.#consumer.pendingFrameCount;
  }
  get pendingEventCount(): number {
    return this.#consumer.pendingEventCount;
  }

  /** Numbers skipped or without an outcome, since this process started. */
  get missingEvents(): number {
    let missing = 0;
    for (const account of this.#accounts.values()) missing += account.missingAfter(this.#readCount);
    return missing;
  }

  /** By stream. */
  accounts(): SinkAccount[] {
    const byStream = new Map<string, SinkAccount>();
    for (const account of this.#accounts.values()) {
      const { stream, epoch, outcomes, settledRows } = account;
      const missing = account.missingAfter(this.#readCount);
      const known = byStream.get(stream);
      const sum = { ...outcomes };
      if (known !== undefined) for (const kind of OUTCOMES) sum[kind] += known.outcomes[kind];
      byStream.set(stream, {
        stream,
        outcomes: sum,
        settled: (known?.settled ?? 0) + (epoch === this.#epoch ? settledRows : 0),
        missing: (known?.missing ?? 0) + missing,
      });
    }
    return [...byStream.values()];
  }

  async read(signal: AbortSignal): Promise<SpooledBatch | null> {
    const spooled = await this.#consumer.read(signal);
    if (spooled !== null) this.#readCount++;
    if (spooled?.batch.stream.startsWith(this.#ownPrefix)) this.#look(spooled);
    return spooled;
  }

  rewind(): void {
    this.#unsettled = [];
    this.#consumer.rewind();
  }

  async settle(position: FramePosition): Promise<void> {
    await this.#consumer.settle(position);
    let count = 0;
    for (const { position: at, account, eventCount, ranges } of this.#unsettled) {
      if (isBehind(at, position)) break;
      for (const [first, last] of ranges) account.settled.add(first, last);
      account.settledRows += eventCount;
      count++;
    }
    this.#unsettled.splice(0, count);
  }

  /** Right after the settle that covers them. */
  note(outcomes: Iterable<SettledOutcome>): void {
    for (const { tenant, stream, epoch, kind, seqs } of outcomes) {
      if (!stream.startsWith(this.#ownPrefix)) continue;
      const account = this.#accountOf(tenant, stream, epoch);
      for (let i = 0; i < seqs.length; i += 2) {
        const [first, last] = [seqs[i] as number, seqs[i + 1] as number];
        const known = sizeOf(account.ended.within(first, last));
        if (kind !== 'known') account.outcomes[kind] += last - first + 1 - known;
        account.ended.add(first, last);
      }
    }
  }

  #look({ batch, position }: SpooledBatch): void {
    const { tenant, stream, epoch, seqFirst, eventCount, dispositions } = batch;
    const account = this.#accountOf(tenant, stream, epoch);
    const ranges: NumberRange[] = [];
    for (const { kind, seqRanges } of dispositions)
      if (kind !== 'refused') ranges.push(...seqRanges);
    if (eventCount > 0) ranges.push([seqFirst, seqFirst + eventCount - 1]);
    for (const [first, last] of ranges) {
      // What damage took is declared at the end of the log, behind all that waits now.
      if (first > account.seen.last + 1)
        account.gapsCountFrom = this.#readCount + this.pendingFrameCount;
      account.seen.add(first, last);
    }
    this.#unsettled.push({ position, account, eventCount, ranges });
  }

  #accountOf(tenant: string, stream: string, epoch: bigint): Account {
    const key = `${tenant}/${stream}/${epoch}`;
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = new Account(stream, epoch, epoch === this.#epoch);
      this.#accounts.set(key, account);
    }
    return account;
  }
}

const isBehind = (a: FramePosition, b: FramePosition): boolean =>
  a.segmentId > b.segmentId || (a.segmentId === b.segmentId && a.frameNo > b.frameNo);

const sizeOf = (ranges: readonly NumberRange[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
