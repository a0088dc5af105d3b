// The loader process: a member of the consumer group, with a partition loader for each partition
// that it is given. Kafka distributes the partitions; the store has the last word on who inserts.
import {
  type Clock,
  InvariantError,
  messageOf,
  type Random,
  type SettledOutcome,
  type StoreProfile,
  type Timers,
  WeirError,
} from '@weir/pipeline';
import type { LoaderLimits, LoaderStats, Store } from '../../clickhouse/index.js';
import { type Binding, loadBinding, type TopicPartition } from '../client/binding.js';
import { Consumer } from '../client/consumer.js';
import { clientConfig, type KafkaConnection } from '../client/options.js';
import { Producer } from '../client/producer.js';
import { EnvelopeProcessor } from './envelope-batch.js';
import { type LoaderSabotage, PartitionLoader } from './partition-loader.js';
import { LoaderTotals, type Totals } from './totals.js';

export type GroupProtocol = 'classic' | 'consumer';

export interface KafkaLoaderOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly group: string;
  /** Of this process: shown by brokers and in the fences. */
  readonly clientId: string;
  /** `consumer` is KIP-848 (Kafka 4.0 and later). */
  readonly groupProtocol: GroupProtocol;
  /** A member that the coordinator does not hear of for so long loses its partitions. */
  readonly sessionTimeoutMs: number;
  /** Of unsettled messages in memory, over all partitions. */
  readonly memoryBytesMax: number;
  readonly store: Store;
  readonly eventsTable?: string;
  readonly profile: StoreProfile;
  readonly limits?: Partial<LoaderLimits>;
  readonly onSettled?: (outcomes: Iterable<SettledOutcome>) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: (line: string) => void;
  /** For tests; default: the installed client. */
  readonly binding?: Binding;
  /** Plants a fault for proofs. */
  readonly sabotage?: LoaderSabotage;
}

export interface PartitionStats {
  readonly partition: number;
  /** Messages that are there and not settled. */
  readonly lag: number;
  readonly loader: LoaderStats | null;
}

export interface KafkaLoaderStats {
  readonly partitions: readonly PartitionStats[];
  /** Since the start, also of partitions that are given away. */
  readonly totals: Totals;
  readonly deadLetterMessages: number;
  readonly rebalanceCount: number;
  readonly fencedCount: number;
  readonly lastError: string | null;
}

const POLL_RETRY_MS = 500;
const LAG_INTERVAL_MS = 2_000;
const PARTITION_BYTES_MAX = 32 * 1024 * 1024;
/** The client's own queue of fetched messages, of each partition. */
const FETCH_QUEUE_KIB = 4_096;

export class KafkaLoader {
  readonly #options: KafkaLoaderOptions;
  readonly #consumer: Consumer;
  readonly #deadLetters: Producer;
  readonly #partitions = new Map<number, PartitionLoader>();
  /** Of partitions that are given away and still finish. */
  readonly #leaving = new Set<Promise<void>>();
  #deadLetterMessages = 0;
  #rebalanceCount = 0;
  #fencedCount = 0;
  #lastError: string | null = null;
  #failure: { readonly error: unknown } | null = null;
  #isLookingAtEnds = false;
  readonly #totals = new LoaderTotals();
  readonly #processor = new EnvelopeProcessor();

  constructor(options: KafkaLoaderOptions) {
    this.#options = options;
    const binding = options.binding ?? loadBinding();
    const { connection, clientId, timers, log } = options;
    const common = clientConfig(connection, clientId);
    this.#consumer = new Consumer(
      binding,
      { ...common, ...groupConfig(options), ...connection.clientOptions },
      {
        onAssigned: (partitions) => this.#onAssigned(partitions),
        onRevoked: (partitions, isLost) => this.#onRevoked(partitions, isLost),
      },
      { timers, log },
    );
    this.#deadLetters = new Producer(binding, common, { timers, log });
  }

  stats(): KafkaLoaderStats {
    const partitions = [...this.#partitions.values()].map((loader) => ({
      partition: loader.partition.partition,
      lag: loader.lag,
      loader: loader.stats(),
    }));
    return {
      partitions,
      totals: this.#totals.with(partitions.map(({ loader }) => loader)),
      deadLetterMessages: this.#deadLetterMessages,
      rebalanceCount: this.#rebalanceCount,
      fencedCount: this.#fencedCount,
      lastError: this.#lastError,
    };
  }

  /**
   * Resolves after the signal has aborted and every partition was given away. Rejects only when an
   * invariant is broken or a position was written by a version that this one cannot read.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { topic } = this.#options;
    try {
      await this.#connect(signal);
      if (signal.aborted) return;
      this.#consumer.subscribe(topic);
      let lagAtMs = 0;
      while (!signal.aborted && this.#failure === null) {
        await this.#poll(signal);
        const nowMs = this.#options.clock.monotonicMs();
        if (nowMs - lagAtMs >= LAG_INTERVAL_MS) {
          lagAtMs = nowMs;
          void this.#noteEnds();
        }
        await this.#retakeFenced();
        await this.#closeGaps();
      }
    } finally {
      await this.#close();
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #connect(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#consumer.connect();
        await this.#deadLetters.connect();
        this.#lastError = null;
        return;
      } catch (error) {
        this.#note(error);
        await this.#options.timers.sleep(POLL_RETRY_MS, signal).catch(() => undefined);
      }
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    try {
      const messages = await this.#consumer.poll();
      for (const message of messages) this.#partitions.get(message.partition)?.push(message);
    } catch (error) {
      this.#note(error);
      await this.#options.timers.sleep(POLL_RETRY_MS, signal).catch(() => undefined);
    }
  }

  #onAssigned(partitions: readonly TopicPartition[]): void {
    this.#rebalanceCount++;
    this.#options.log(`assigned: partitions ${listOf(partitions)}`);
    // The group waits for this answer. Fetching begins at the committed offset, which taking the
    // partition over does not move; what comes before that is done waits in the loader.
    this.#consumer.assign(partitions);
    for (const partition of partitions) {
      // It may have been given away while it was paused.
      this.#consumer.resume(partition);
      const loader = this.#createLoader(partition, false);
      this.#partitions.set(partition.partition, loader);
      this.#start(loader);
    }
  }

  /** The group waits for the answer, so the polling must not. */
  #onRevoked(partitions: readonly TopicPartition[], isLost: boolean): void {
    this.#rebalanceCount++;
    this.#options.log(`${isLost ? 'lost' : 'revoked'}: partitions ${listOf(partitions)}`);
    const leave = async (): Promise<void> => {
      await Promise.all(
        partitions.map(async ({ partition }) => {
          const loader = this.#partitions.get(partition);
          await loader?.close(isLost);
          if (loader !== undefined && this.#partitions.get(partition) === loader) {
            this.#totals.keep(loader.stats());
            this.#partitions.delete(partition);
          }
        }),
      );
      try {
        this.#consumer.unassign(partitions);
      } catch (error) {
        this.#note(error);
      }
    };
    const leaving = leave();
    this.#leaving.add(leaving);
    void leaving.finally(() => this.#leaving.delete(leaving));
  }

  /**
   * Of a partition that another one took, as a rule while this process was stalled: then the group
   * takes it away in a moment. Where it does not, the partition is ours, and is taken again: the
   * coordinator lets nobody but its member do that.
   */
  async #retakeFenced(): Promise<void> {
    for (const [number, loader] of this.#partitions) {
      if (!loader.isFenced) continue;
      this.#fencedCount++;
      // What is fetched already stands behind what the fenced one read and did not store.
      this.#consumer.pause(loader.partition);
      await loader.close(true);
      if (this.#partitions.get(number) !== loader) continue;
      this.#totals.keep(loader.stats());
      const again = this.#createLoader(loader.partition, true);
      this.#partitions.set(number, again);
      this.#start(again);
    }
  }

  /** Between polls, so that nothing fetched before comes afterwards. */
  async #closeGaps(): Promise<void> {
    for (const loader of this.#partitions.values()) {
      const { gapOffset, partition } = loader;
      if (gapOffset === null) continue;
      try {
        await this.#consumer.seek(partition, gapOffset);
        loader.noteGapSought();
      } catch (error) {
        this.#note(error);
      }
    }
  }

  #start(loader: PartitionLoader): void {
    loader.start();
    loader.done.catch((error: unknown) => {
      if (this.#isForPeople(error)) this.#failure ??= { error };
    });
  }

  /** Of the memory, for each partition: less as more of them come. */
  #bytesMax(): number {
    const share = Math.floor(this.#options.memoryBytesMax / Math.max(1, this.#partitions.size));
    return Math.min(PARTITION_BYTES_MAX, share);
  }

  #createLoader(partition: TopicPartition, isAgain: boolean): PartitionLoader {
    const { group, clientId, store, profile, clock, timers, random, log } = this.#options;
    const { eventsTable, limits, onSettled } = this.#options;
    return new PartitionLoader({
      ...{ partition, group, store, profile, clock, timers, random, log, isAgain },
      owner: clientId,
      consumer: this.#consumer,
      deadLetters: this.#deadLetters,
      processor: this.#processor,
      bytesMax: () => this.#bytesMax(),
      ...(eventsTable === undefined ? {} : { eventsTable }),
      ...(limits === undefined ? {} : { limits }),
      ...(onSettled === undefined ? {} : { onSettled }),
      ...(this.#options.sabotage === undefined ? {} : { sabotage: this.#options.sabotage }),
      onDeadLetter: ({ topic, partition: number, offset }, reason) => {
        this.#deadLetterMessages++;
        log(`${topic}/${number} offset ${offset} goes to the dead letter topic: ${reason}`);
      },
    });
  }

  /** Also shows whether the brokers answer while nothing comes. */
  async #noteEnds(): Promise<void> {
    if (this.#isLookingAtEnds) return;
    this.#isLookingAtEnds = true;
    try {
      for (const loader of [...this.#partitions.values()])
        loader.noteEnd((await this.#consumer.offsets(loader.partition)).high);
      this.#lastError = null;
    } catch (error) {
      this.#note(error);
    } finally {
      this.#isLookingAtEnds = false;
    }
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#partitions.values()].map((loader) => loader.close(false)));
    await Promise.all(this.#leaving);
    await this.#consumer.close();
    await this.#deadLetters.close();
    for (const loader of this.#partitions.values()) this.#totals.keep(loader.stats());
    this.#partitions.clear();
  }

  #isForPeople(error: unknown): boolean {
    return (
      error instanceof InvariantError ||
      !(error instanceof WeirError) ||
      error.code === 'WEIR_SPOOL_VERSION'
    );
  }

  #note(error: unknown): void {
    const text = messageOf(error);
    if (text !== this.#lastError) this.#options.log(text);
    this.#lastError = text;
  }
}

const listOf = (partitions: readonly TopicPartition[]): string =>
  partitions.map(({ partition }) => partition).join(', ') || 'none';

function groupConfig({ group, groupProtocol, sessionTimeoutMs }: KafkaLoaderOptions) {
  return {
    'group.id': group,
    'group.protocol': groupProtocol,
    // With KIP-848 the broker chooses both.
    ...(groupProtocol === 'classic'
      ? {
          'partition.assignment.strategy': 'cooperative-sticky',
          'session.timeout.ms': sessionTimeoutMs,
          'heartbeat.interval.ms': Math.max(500, Math.floor(sessionTimeoutMs / 10)),
        }
      : {}),
    'auto.offset.reset': 'earliest',
    'queued.max.messages.kbytes': FETCH_QUEUE_KIB,
    'fetch.message.max.bytes': 2 * 1024 * 1024,
    'fetch.wait.max.ms': 100,
    // How long a partition whose queue was full waits. The client's own value is a second, and a
    // second is more than the queue holds: with it a loader came to a third of its rate.
    'fetch.queue.backoff.ms': 5,
  };
}
