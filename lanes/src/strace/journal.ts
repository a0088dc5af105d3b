// What the driver did, line by line in a file outside of the spool, written before and after each
// step. It outlives a SIGKILL, since the kernel has taken each line when the call returns.
import { openSync, readFileSync, writeSync } from 'node:fs';
import type { SequencedBatch } from '@weir/pipeline';

/**
 * `issue` before an append, `ack` behind it, `reject` when it was refused; `ask` before a batch is
 * settled, `settled` behind it. `read` names what a consumer was given.
 */
export type BatchStep = 'issue' | 'ack' | 'reject' | 'read' | 'ask' | 'settled';
/** `open`, `opened`, `refused` (by openSpool), `failed` (the spool), `io` (another call), `end`. */
export type ProcessStep = 'open' | 'opened' | 'refused' | 'failed' | 'io' | 'wrong' | 'end';

export class Journal {
  readonly #fd: number;
  constructor(path: string) {
    this.#fd = openSync(path, 'a');
  }
  batch(step: BatchStep, { stream, epoch, seqFirst, eventCount }: SequencedBatch): void {
    writeSync(this.#fd, `${step} ${stream} ${epoch} ${seqFirst} ${eventCount}\n`);
  }
  process(step: ProcessStep, text = ''): void {
    writeSync(this.#fd, `${step} ${text.replaceAll('\n', ' ')}\n`);
  }
}

export interface NamedBatch {
  readonly stream: string;
  readonly epoch: bigint;
  readonly seqFirst: number;
  readonly eventCount: number;
}
export interface Account {
  readonly issued: readonly NamedBatch[];
  readonly acked: readonly NamedBatch[];
  readonly asked: readonly NamedBatch[];
  readonly settled: readonly NamedBatch[];
  readonly rejectedCount: number;
  /** `refused`, `failed`, `io` and `wrong` lines, whole. */
  readonly troubles: readonly string[];
  readonly openedCount: number;
  readonly isEnded: boolean;
}

export function readJournal(path: string): Account {
  const account = {
    issued: [] as NamedBatch[],
    acked: [] as NamedBatch[],
    asked: [] as NamedBatch[],
    settled: [] as NamedBatch[],
    rejectedCount: 0,
    troubles: [] as string[],
    openedCount: 0,
    isEnded: false,
  };
  const lists: Readonly<Record<string, NamedBatch[]>> = {
    issue: account.issued,
    ack: account.acked,
    ask: account.asked,
    settled: account.settled,
  };
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [step = '', stream = '', epoch = '0', first = '', count = ''] = line.split(' ');
    const list = lists[step];
    if (list !== undefined) {
      const seqFirst = Number(first);
      list.push({ stream, epoch: BigInt(epoch), seqFirst, eventCount: Number(count) });
    } else if (step === 'reject') account.rejectedCount++;
    else if (step === 'opened') account.openedCount++;
    else if (step === 'end') account.isEnded = true;
    else if (['refused', 'failed', 'io', 'wrong'].includes(step)) account.troubles.push(line);
  }
  return account;
}
