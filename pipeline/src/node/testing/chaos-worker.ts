// A worker entry for chaos tests: the text of an event says what the component does with it. What
// is not `throw`, `hang` and so on becomes a line `<seq> <text>`. The rows of a result say which
// worker made them, so that a test sees the pool recover.
import type { EncodedBatch, EncodedBlock, ProcessTask } from '../../component.js';
import { moveResult, noteProgress, setupOfWorker } from '../workers.js';

export interface ChaosSetup {
  /** Whether the worker says which row it is at. */
  readonly tellsProgress: boolean;
}

const { tellsProgress } = setupOfWorker() as ChaosSetup;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

const misdeeds: Readonly<Record<string, (text: string) => unknown>> = {
  throw: () => {
    throw new Error('a component threw');
  },
  throwNothing: () => {
    throw undefined;
  },
  throwHostile: () => {
    throw {
      toString(): string {
        throw new Error('not even text');
      },
      also: () => {},
    };
  },
  hang: () => {
    for (;;);
  },
  regexp: () => /^(a+)+$/.test(`${'a'.repeat(60)}!`),
  exit: () => process.exit(0),
  memory: () => {
    const kept: number[][] = [];
    for (;;) kept.push(new Array<number>(100_000).fill(kept.length));
  },
  recurse: function recurse(text: string): unknown {
    return [recurse(`${text}.`)];
  },
  reject: () => Promise.reject(new Error('a promise was rejected')),
  never: () => new Promise(() => {}),
  // What happens after the event was done must not cost it.
  forgets: () => {
    void Promise.reject(new Error('nobody waits for this'));
  },
  throwsLater: () => {
    setTimeout(() => {
      throw new Error('thrown when the task was over');
    }, 0);
  },
};

export default function processTask({ batch }: ProcessTask): EncodedBatch | Promise<EncodedBatch> {
  const lines: string[] = [];
  const waits: unknown[] = [];
  for (let row = 0; row < batch.eventCount; row++) {
    if (tellsProgress) noteProgress(row, 0);
    const text = decoder.decode(batch.bytes.subarray(batch.offsets[row], batch.offsets[row + 1]));
    const result = misdeeds[text.split(' ')[0] ?? '']?.(text);
    if (result instanceof Promise) waits.push(result);
    lines.push(`${batch.seqFirst + row} ${text}\n`);
  }
  if (waits.length === 0) return encodedOf(lines);
  return Promise.all(waits).then(() => encodedOf(lines));
}

function encodedOf(lines: readonly string[]): EncodedBatch {
  const events: EncodedBlock = { rowCount: lines.length, bytes: encoder.encode(lines.join('')) };
  const encoded: EncodedBatch = {
    events,
    quarantine: null,
    quarantinedSeqs: new Float64Array(0),
    quarantinedByReason: {},
    filtered: [],
  };
  return moveResult(encoded, [events.bytes.buffer]);
}
