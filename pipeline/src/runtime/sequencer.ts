// Numbers batches. It stands on its own: it needs neither a buffer nor a socket, only batches in
// the order in which they were admitted.
import type { RawBatch, SequencedBatch, SourceRun } from '../batch.js';
import type { Sequencer } from '../component.js';
import { assert } from '../errors.js';
import { LIMITS } from '../limits.js';

/** Sources beyond the limit of a stream share this name and one sequence. */
export const OTHER_SOURCE = 'other';

export interface SequencerOptions {
  /** Of this process start; a new one each time, so that numbers may begin at 0 again. */
  readonly epoch: bigint;
  /** Sources counted apart per stream. */
  readonly sourcesPerStreamMax?: number;
}

/** Key of a stream in `issued()`. A tenant has no slash, so the first one ends it. */
export function streamKey(tenant: string, stream: string): string {
  assert(!tenant.includes('/'), 'a tenant has no slash');
  return `${tenant}/${stream}`;
}

/**
 * A sequencer for one epoch.
 *
 * `assign` gives a batch the numbers `seqFirst` to `seqFirst + eventCount - 1`, dense from 0 per
 * (tenant, stream), and each of its runs a `sourceSeqFirst`, dense from 0 per (stream, source).
 * Empty batches get the next number as `seqFirst` and use none up. Runs of sources that are no
 * longer counted apart come out under the name `other`. The bytes are not looked at.
 */
export function createSequencer(options: SequencerOptions): Sequencer {
  return new StreamSequencer(
    options.epoch,
    options.sourcesPerStreamMax ?? LIMITS.sourcesPerStreamMax,
  );
}

class StreamNumbers {
  seqNext = 0;
  otherSeqNext = 0;
  readonly sourceSeqNext = new Map<string, number>();
}

class StreamSequencer implements Sequencer {
  readonly epoch: bigint;
  readonly #sourcesMax: number;
  readonly #streams = new Map<string, StreamNumbers>();

  constructor(epoch: bigint, sourcesMax: number) {
    this.epoch = epoch;
    this.#sourcesMax = sourcesMax;
  }

  assign(batch: RawBatch): SequencedBatch {
    const numbers = this.#numbersOf(streamKey(batch.tenant, batch.stream));
    const seqFirst = numbers.seqNext;
    numbers.seqNext += batch.eventCount;
    assert(Number.isSafeInteger(numbers.seqNext), 'a sequence number stays below 2^53');
    return { ...batch, epoch: this.epoch, seqFirst, runs: this.#numberRuns(numbers, batch.runs) };
  }

  /** By `streamKey`; -1 for a stream that had only empty batches. */
  issued(): ReadonlyMap<string, number> {
    const highest = new Map<string, number>();
    for (const [key, numbers] of this.#streams) highest.set(key, numbers.seqNext - 1);
    return highest;
  }

  #numbersOf(key: string): StreamNumbers {
    let numbers = this.#streams.get(key);
    if (numbers === undefined) {
      numbers = new StreamNumbers();
      this.#streams.set(key, numbers);
    }
    return numbers;
  }

  #numberRuns(numbers: StreamNumbers, runs: readonly SourceRun[]): SourceRun[] {
    const numbered: SourceRun[] = [];
    for (const run of runs) {
      const next = this.#numberRun(numbers, run);
      const last = numbered[numbered.length - 1];
      // Neighbours that both became `other` are one run again.
      if (last !== undefined && last.source === next.source && last.context === next.context) {
        numbered[numbered.length - 1] = { ...last, eventCount: last.eventCount + next.eventCount };
      } else {
        numbered.push(next);
      }
    }
    return numbered;
  }

  #numberRun(numbers: StreamNumbers, run: SourceRun): SourceRun {
    const known = numbers.sourceSeqNext.get(run.source);
    const apart =
      run.source !== OTHER_SOURCE &&
      (known !== undefined || numbers.sourceSeqNext.size < this.#sourcesMax);
    if (!apart) {
      const sourceSeqFirst = numbers.otherSeqNext;
      numbers.otherSeqNext += run.eventCount;
      return { ...run, source: OTHER_SOURCE, sourceSeqFirst };
    }
    const sourceSeqFirst = known ?? 0;
    numbers.sourceSeqNext.set(run.source, sourceSeqFirst + run.eventCount);
    return { ...run, sourceSeqFirst };
  }
}
