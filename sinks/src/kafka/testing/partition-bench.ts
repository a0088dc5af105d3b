// The loader of one partition over a store fixture, for tests: messages go in, rows are looked at.
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeClock, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { tableNames } from '../../clickhouse/index.js';
import type { StoreFixture } from '../../clickhouse/testing/fixture.js';
import {
  type SampleBatchOptions,
  sampleBatch,
  sampleEvents,
} from '../../clickhouse/testing/sample-batches.js';
import { EnvelopeProcessor } from '../loader/envelope-batch.js';
import { PartitionLoader, type PartitionLoaderOptions } from '../loader/partition-loader.js';
import { encodeMessages } from '../messages/encode-messages.js';
import { messagesOf } from '../messages/message-block.js';
import { MemoryPartition } from './memory-partition.js';

const tables = tableNames();
const LOOKS_MAX = 1_500;
const LOOK_MS = 20;

/** `epoch` sets its events apart from those of other benches on the same store. */
export class PartitionBench {
  readonly partition = new MemoryPartition();
  readonly log: string[] = [];
  readonly epoch: bigint;
  readonly #fixture: StoreFixture;

  constructor(fixture: StoreFixture, epoch: bigint) {
    this.#fixture = fixture;
    this.epoch = epoch;
  }

  loader(more: Partial<PartitionLoaderOptions> = {}): PartitionLoader {
    const { partition } = this;
    return new PartitionLoader({
      ...{ partition, group: `g${this.epoch}`, owner: 'test', consumer: partition.join() },
      deadLetters: partition.deadLetterProducer as unknown as PartitionLoaderOptions['deadLetters'],
      ...{ store: this.#fixture.store, profile: 'full' },
      ...{ clock: nodeClock, timers: nodeTimers, random: nodeRandom },
      bytesMax: () => 1 << 20,
      processor: new EnvelopeProcessor(),
      limits: { lingerMs: 10 },
      onDeadLetter: () => undefined,
      log: (line) => this.log.push(line),
      ...more,
    });
  }

  /** One batch, in as many messages as it needs. */
  send(seqFirst: number, texts: readonly string[], more: Partial<SampleBatchOptions> = {}): void {
    const batch = sampleBatch({ epoch: this.epoch, seqFirst, texts, ...more });
    const block = encodeMessages(sampleEvents(batch), batch, 'full').events?.bytes;
    for (const { value } of messagesOf(block ?? new Uint8Array(0))) this.partition.append(value);
  }

  /** As the poll loop does: from the committed offset on. */
  feed(loader: PartitionLoader): void {
    const from = this.partition.committed.offset ?? 0;
    for (const message of this.partition.messages.slice(from)) loader.push(message);
  }

  get isSettled(): boolean {
    return this.partition.committed.offset === this.partition.messages.length;
  }

  /** Rejects if it takes longer than 30 s. */
  async settled(): Promise<void> {
    await until('settled', () => this.isSettled);
  }

  /** Ascending, a number that is there twice twice. */
  async seqsOf(table: 'events' | 'quarantine'): Promise<number[]> {
    const rows = await this.#fixture.store.query<{ seq: string }>(
      `SELECT seq FROM ${tables[table]} WHERE epoch = ${this.epoch} ORDER BY seq`,
    );
    return rows.map(({ seq }) => Number(seq));
  }
}

export async function until(what: string, isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    if (await isTrue()) return;
    await sleep(LOOK_MS);
  }
  throw new Error(`never came: ${what}`);
}
