// What follows when the other side has taken a group: dead letter, ledger, frontier, in this order
// and in log order, each tried until it works.
import type { FramePosition, QuarantineReason } from '@weir/pipeline';
import { assert, messageOf, WeirError } from '@weir/pipeline';
import { Backoff } from './backoff.js';
import type { DeadLetterMark } from './dead-letter.js';
import { type DeliveryGroup, GroupOutcome, type OutcomeCounts } from './delivered.js';
import type { Health } from './health.js';
import { type DeliveryLimits, type DeliveryOptions, isStateful } from './options.js';
import { deadLetterLine } from './payload.js';
import { encodeState, type Restored } from './position-state.js';
import type { Refused } from './writer.js';

export const REFUSED_REASON: QuarantineReason = 'schema_invalid';
/** For people; the other side may say much. */
const ERROR_TEXT_MAX = 1_000;

export interface DeliveredGroup {
  readonly group: DeliveryGroup;
  readonly refused: readonly Refused[];
  /** What a stateful sink said after the write; undefined for any other. */
  readonly sinkState: unknown;
}

export class Recorder {
  readonly #options: DeliveryOptions;
  readonly #limits: DeliveryLimits;
  readonly #health: Health;
  /** True when an optional sink must not wait for room in the dead letter. */
  readonly #mustNotWait: () => boolean;
  readonly counts: OutcomeCounts = { stored: 0, quarantined: 0, filtered: 0, lost: 0 };
  readonly quarantinedByReason: Record<string, number> = {};
  settleCount = 0;
  #mark: DeadLetterMark | null;
  /** Kept for records that bring none: a sink that wrote nothing has not moved. */
  #sinkState: unknown;

  constructor(
    options: DeliveryOptions,
    limits: DeliveryLimits,
    health: Health,
    restored: Restored,
    mustNotWait: () => boolean,
  ) {
    this.#options = options;
    this.#limits = limits;
    this.#health = health;
    this.#mark = restored.mark;
    this.#sinkState = restored.sinkState;
    this.#mustNotWait = mustNotWait;
  }

  /** Before anything is written: from here on it can be undone. */
  async begin(sinkState: unknown, signal: AbortSignal): Promise<void> {
    const { ledger, deadLetter, consumer } = this.#options;
    await this.#untilDone(signal, async () => {
      this.#mark = await deadLetter.begin();
      const state = encodeState({
        to: consumer.frontier,
        deadLetter: this.#mark,
        sink: sinkState,
      });
      await ledger.record({ outcomes: [], state });
    });
    this.#sinkState = sinkState;
  }

  /** Rejects with WEIR_ABORTED, or when the frontier cannot be moved. */
  async record(delivered: DeliveredGroup, signal: AbortSignal): Promise<void> {
    const { group, refused } = delivered;
    const isAside = await this.#putAside(delivered, signal);
    const outcome = new GroupOutcome();
    const refusedSeqs = new Map<object, Set<number>>();
    for (const { row } of refused) {
      const seqs = refusedSeqs.get(row.entry);
      if (seqs === undefined) refusedSeqs.set(row.entry, new Set([row.seq]));
      else seqs.add(row.seq);
    }
    const quarantined = isAside ? 'quarantined' : 'sink_overrun';
    for (const entry of group.entries)
      outcome.addBatch(entry, refusedSeqs.get(entry) ?? NONE, quarantined);
    if (delivered.sinkState !== undefined) this.#sinkState = delivered.sinkState;
    const to = group.entries.at(-1)?.head.position;
    assert(to !== undefined, 'a group has a batch');
    await this.settle(to, outcome, signal);
    if (isAside) this.#countReasons(delivered);
    const { sink } = this.#options;
    if (isStateful(sink) && delivered.sinkState !== undefined) sink.recorded(delivered.sinkState);
  }

  /** Outcome into the ledger, then the frontier. */
  async settle(to: FramePosition, outcome: GroupOutcome, signal: AbortSignal): Promise<void> {
    const { ledger, consumer } = this.#options;
    const state = encodeState({ to, deadLetter: this.#mark, sink: this.#sinkState });
    const { outcomes, refusals } = outcome;
    await this.#untilDone(signal, () => ledger.record({ outcomes, refusals, state }));
    await consumer.settle(to);
    this.#options.onSettled?.(outcome.settled);
    this.settleCount++;
    for (const kind of ['stored', 'quarantined', 'filtered', 'lost'] as const)
      this.counts[kind] += outcome.counts[kind];
  }

  /** False if the dead letter is full and nobody may wait for it. */
  async #putAside({ group, refused }: DeliveredGroup, signal: AbortSignal): Promise<boolean> {
    const { deadLetter, encoding, id } = this.#options;
    const lines: Uint8Array[] = [];
    for (const { encoded } of group.entries)
      if (encoded.quarantine !== null) lines.push(encoded.quarantine.bytes);
    for (const { row, failure } of refused) {
      const error = failure.message.slice(0, ERROR_TEXT_MAX);
      if (row.bytes.length > 0)
        lines.push(deadLetterLine(row, encoding, { reason: REFUSED_REASON, error, sink: id }));
    }
    if (lines.length === 0) return true;
    let isFull = false;
    await this.#untilDone(signal, async () => {
      isFull = !(await deadLetter.append(lines));
      if (isFull && !this.#mustNotWait()) throw new DeadLetterFull();
    });
    if (!isFull) this.#mark = deadLetter.mark;
    return !isFull;
  }

  async #untilDone(signal: AbortSignal, step: () => Promise<void>): Promise<void> {
    const { random, timers } = this.#options;
    const backoff = new Backoff(this.#limits, random, timers);
    for (;;) {
      let isFull = false;
      try {
        await step();
        this.#health.worked('recording');
        return;
      } catch (error) {
        isFull = error instanceof DeadLetterFull;
        const isIo = error instanceof WeirError && error.code === 'WEIR_SINK_IO';
        if (!isFull && !isIo) throw error;
        this.#health.failed('recording', isFull ? 'blocked' : 'retrying', messageOf(error));
      }
      try {
        await backoff.wait(null, signal);
      } catch (error) {
        // Aborted. Where that is because of an overrun the dead letter is not waited for.
        if (!isFull || !this.#mustNotWait()) throw error;
      }
    }
  }

  #countReasons({ group, refused }: DeliveredGroup): void {
    const add = (reason: string, count: number): void => {
      this.quarantinedByReason[reason] = (this.quarantinedByReason[reason] ?? 0) + count;
    };
    for (const { encoded } of group.entries)
      for (const [reason, count] of Object.entries(encoded.quarantinedByReason)) add(reason, count);
    if (refused.length > 0) add(REFUSED_REASON, refused.length);
  }
}

const NONE: ReadonlySet<number> = new Set();

class DeadLetterFull extends Error {
  constructor() {
    super('the quarantine of this sink is full: move its files away to go on');
  }
}
