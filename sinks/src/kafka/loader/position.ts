// The committed position of a partition, with the intent beside it. An intent is read back before
// its first row is sent: only what the coordinator gives out again is durable, and a member that
// was replaced finds another's. An offset alone is not: one that is lost is only read again.
import { WeirError } from '@weir/pipeline';
import type { Intent, IntentStore, StoredIntent } from '../../clickhouse/index.js';
import type { TopicPartition } from '../client/binding.js';
import type { PartitionClient } from '../client/consumer.js';
import { decodeMetadata, encodeMetadata, fitsMetadata } from './position-metadata.js';

/** Of an intent that is too long for the metadata: what it sent is looked for in the tables. */
const LONG_INTENT = { version: 0 } as unknown as Intent;

export interface TakenPosition {
  readonly token: bigint;
  readonly nextOffset: number;
  readonly intent: StoredIntent;
}

export class Position implements IntentStore {
  readonly #consumer: PartitionClient;
  readonly #partition: TopicPartition;
  readonly #onFenced: () => void;
  #token = 0n;
  #nextOffset = 0;
  #intent: StoredIntent = { kind: 'none' };

  constructor(consumer: PartitionClient, partition: TopicPartition, onFenced: () => void) {
    this.#consumer = consumer;
    this.#partition = partition;
    this.#onFenced = onFenced;
  }

  /**
   * Reads where the partition stands and takes it over with a token above `tokenMin` and above that
   * of whoever had it before. Rejects with WEIR_KAFKA_UNREACHABLE, or with WEIR_ABORTED where the
   * partition belongs to another member by now.
   */
  async take(tokenMin: bigint, lowOffset: number): Promise<TakenPosition> {
    const { offset, metadata } = await this.#consumer.committed(this.#partition);
    const hasOffset = offset !== undefined && offset >= 0;
    const known = decodeMetadata(metadata);
    const before = known?.token ?? 0n;
    this.#token = (before > tokenMin ? before : tokenMin) + 1n;
    // Messages below the low offset are gone: the topic's retention has deleted them.
    this.#nextOffset = hasOffset ? Math.max(offset, lowOffset) : lowOffset;
    this.#intent = storedIntentOf(known?.intent ?? null, hasOffset && known === null);
    await this.#writeAndReadBack(known?.intent ?? null);
    return { token: this.#token, nextOffset: this.#nextOffset, intent: this.#intent };
  }

  async load(): Promise<StoredIntent> {
    return this.#intent;
  }

  async store(intent: Intent): Promise<void> {
    const isShort = fitsMetadata({ token: this.#token, intent });
    await this.#writeAndReadBack(isShort ? intent : LONG_INTENT);
    this.#intent = isShort ? { kind: 'intent', intent } : { kind: 'unreadable' };
  }

  async commit(nextOffset: number): Promise<void> {
    this.#nextOffset = nextOffset;
    // Closed by its offset: the numbers are not needed any more, the id goes on.
    const closed = this.#intent.kind === 'intent' ? { ...this.#intent.intent, ranges: [] } : null;
    await this.#write(closed);
  }

  async #writeAndReadBack(intent: Intent | null): Promise<void> {
    const metadata = await this.#write(intent);
    const found = await this.#consumer.committed(this.#partition);
    if (found.offset === this.#nextOffset && found.metadata === metadata) return;
    const token = decodeMetadata(found.metadata)?.token ?? 0n;
    if (token <= this.#token)
      throw new WeirError('WEIR_KAFKA_UNREACHABLE', 'Kafka did not keep the position');
    this.#onFenced();
    throw new WeirError('WEIR_ABORTED', 'another loader has taken the partition over');
  }

  /** Resolves with what stands beside the offset. */
  async #write(intent: Intent | null): Promise<string> {
    const metadata = encodeMetadata({ token: this.#token, intent });
    await this.#consumer.commit({ ...this.#partition, offset: this.#nextOffset, metadata });
    return metadata;
  }
}

/** Without metadata of ours nobody knows what was sent: the tables are asked. */
function storedIntentOf(intent: Intent | null, isDoubtful: boolean): StoredIntent {
  if (isDoubtful) return { kind: 'unreadable' };
  if (intent === null) return { kind: 'none' };
  if (intent.version !== 1) return { kind: 'unreadable' };
  return { kind: 'intent', intent };
}
