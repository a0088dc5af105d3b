// One partition from the moment that it is assigned until it is given away: take it over, fence
// whoever had it, then load.
import {
  type Clock,
  messageOf,
  type Random,
  type SettledOutcome,
  type StoreProfile,
  type Timers,
  WeirError,
} from '@weir/pipeline';
import {
  fencedStore,
  Loader,
  type LoaderLimits,
  type LoaderStats,
  readFence,
  type Store,
  serverFence,
  tableNames,
  writeFence,
} from '../../clickhouse/index.js';
import type { ConsumedMessage, TopicPartition } from '../client/binding.js';
import type { PartitionClient } from '../client/consumer.js';
import type { Producer } from '../client/producer.js';
import { lostBatchOf, sendToDeadLetter } from './dead-letter.js';
import { type EnvelopeProcessor, putEnvelopeAside } from './envelope-batch.js';
import { KnownNumbers } from './known-numbers.js';
import { PartitionConsumer } from './partition-consumer.js';
import { Position } from './position.js';

export interface PartitionLoaderOptions {
  readonly partition: TopicPartition;
  readonly group: string;
  /** Of this process, for people. */
  readonly owner: string;
  readonly consumer: PartitionClient;
  readonly deadLetters: Pick<Producer, 'send'>;
  /** For all partitions of a process. */
  readonly processor: EnvelopeProcessor;
  readonly store: Store;
  readonly eventsTable?: string;
  readonly profile: StoreProfile;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Bytes of unsettled messages in memory; asked again and again. */
  readonly bytesMax: () => number;
  readonly limits?: Partial<LoaderLimits>;
  readonly onSettled?: (outcomes: Iterable<SettledOutcome>) => void;
  /**
   * Messages may have been read before: fetching, which is paused, begins again where the partition
   * stands.
   */
  readonly isAgain?: boolean;
  readonly onDeadLetter: (message: ConsumedMessage, reason: string) => void;
  readonly log: (line: string) => void;
  /**
   * Plants a fault for proofs: a batch is settled without being stored, nobody is fenced, or what
   * the ledger knows is ignored.
   */
  readonly sabotage?: LoaderSabotage;
}

export type LoaderSabotage = 'drop_batch' | 'no_fence' | 'forget_ledger';

const RETRY_DELAY_MS_MAX = 5_000;
/** A broker that was away needs its time. What does not come is looked for in the tables. */
const REPLAY_READ_MS = 30_000;
/** How long a partition that is given away may still finish what it has begun. */
const FINISH_WAIT_MS = 3_000;

export class PartitionLoader {
  readonly #options: PartitionLoaderOptions;
  /** Ends everything at once. */
  readonly #stop = new AbortController();
  #consumer: PartitionConsumer | null = null;
  /** Messages that came before the partition was taken over. */
  #early: ConsumedMessage[] = [];
  #earlyBytes = 0;
  #loader: Loader | null = null;
  #isFenced = false;
  #isClosing = false;
  #done: Promise<void> = Promise.resolve();

  constructor(options: PartitionLoaderOptions) {
    this.#options = options;
  }

  get partition(): TopicPartition {
    return this.#options.partition;
  }
  /** Another loader has the partition: nothing that comes here is stored. */
  get isFenced(): boolean {
    return this.#isFenced;
  }
  /** Messages that are there and not settled. */
  get lag(): number {
    return this.#consumer?.pendingFrameCount ?? 0;
  }

  stats(): LoaderStats | null {
    return this.#loader?.stats() ?? null;
  }

  push(message: ConsumedMessage): void {
    if (this.#consumer !== null) {
      this.#consumer.push(message);
      return;
    }
    this.#early.push(message);
    const before = this.#earlyBytes;
    this.#earlyBytes += message.value?.length ?? 0;
    const { consumer, partition } = this.#options;
    const bytesMax = this.#options.bytesMax();
    if (before <= bytesMax && this.#earlyBytes > bytesMax) consumer.pause(partition);
  }

  /** Where fetching has to begin again, between two polls; null as a rule. */
  get gapOffset(): number | null {
    return this.#consumer?.gapOffset ?? null;
  }

  noteGapSought(): void {
    this.#consumer?.noteGapSought();
  }

  noteEnd(endOffset: number): void {
    this.#consumer?.noteEnd(endOffset);
  }

  /** Takes the partition over and loads it, until it is told to stop; failures are tried again. */
  start(): void {
    this.#done = this.#run();
    this.#done.catch(() => undefined);
  }

  /** Resolves when nothing of it runs any more; rejects with what ended it. */
  get done(): Promise<void> {
    return this.#done;
  }

  /**
   * Gives the partition away. Unless it is lost already, groups that are under way are finished.
   */
  async close(isLost: boolean): Promise<void> {
    this.#isClosing = true;
    this.#consumer?.close();
    if (!isLost && this.#consumer !== null) {
      const finished = new AbortController();
      const late = this.#options.timers.sleep(FINISH_WAIT_MS, finished.signal);
      await Promise.race([this.#done.catch(() => undefined), late]);
      finished.abort();
    }
    this.#stop.abort();
    await this.#done.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let delayMs = 100;
    while (!signal.aborted && !this.#isClosing) {
      try {
        await this.#takeOver();
        break;
      } catch (error) {
        if (this.#isFenced || !(error instanceof WeirError)) throw error;
        this.#options.log(`${this.#name}: ${messageOf(error)}; next try in ${delayMs} ms`);
        await this.#options.timers.sleep(delayMs, signal).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, RETRY_DELAY_MS_MAX);
      }
    }
    if (this.#isClosing) this.#consumer?.close();
    await this.#loader?.run(signal);
  }

  async #takeOver(): Promise<void> {
    const { partition, group, owner, consumer, store, timers, clock, random } = this.#options;
    const { processor } = this.#options;
    const tables = tableNames(this.#options.eventsTable);
    const onFenced = (): void => {
      this.#isFenced = true;
      this.#options.log(`${this.#name}: another loader has it, this one stops`);
      this.#stop.abort();
    };
    const fenceKey = { group, ...partition };
    const tokenMin = await readFence(store, tables, fenceKey);
    const { low, high } = await consumer.offsets(partition);
    const position = new Position(consumer, partition, onFenced);
    const taken = await position.take(tokenMin, low);
    const token = { ...fenceKey, token: taken.token, owner };
    const endEarlier = serverFence(store);
    // The fence first: a statement that begins later is refused, one that began is ended.
    const isFenceless = this.#options.sabotage === 'no_fence';
    const fence = async (queryIdPrefix: string): Promise<void> => {
      if (isFenceless) return;
      await writeFence(store, tables, token);
      await endEarlier(queryIdPrefix);
    };
    const partitionConsumer = new PartitionConsumer({
      name: this.#name,
      known: new KnownNumbers(store, tables, this.#options.sabotage === 'forget_ledger'),
      setAside: (message, reason) => this.#setAside(message, reason),
      nextOffset: taken.nextOffset,
      endOffset: high,
      bytesMax: this.#options.bytesMax,
      commit: (nextOffset) => position.commit(nextOffset),
      setPaused: (isPaused) => (isPaused ? consumer.pause(partition) : consumer.resume(partition)),
      onHole: (first, last) =>
        this.#options.log(`${this.#name}: offsets ${first} to ${last} are gone from the topic`),
    });
    const loader = new Loader({
      ...{ consumer: partitionConsumer, processor, putAside: putEnvelopeAside },
      ...{ store: isFenceless ? store : fencedStore(store, tables, token, onFenced) },
      ...{ fence, intents: position },
      ...(this.#options.sabotage === 'drop_batch' ? { sabotage: 'drop_batch' } : {}),
      ...{ clock, timers, random, loaderName: this.#queryIdName },
      ...(this.#options.eventsTable === undefined
        ? {}
        : { eventsTable: this.#options.eventsTable }),
      profile: this.#options.profile,
      ...(this.#options.onSettled === undefined ? {} : { onSettled: this.#options.onSettled }),
      comesInPieces: true,
      limits: {
        replayReadMs: REPLAY_READ_MS,
        ...this.#options.limits,
        bytesMax: Math.floor(this.#options.bytesMax() / 2),
      },
      log: (line) => this.#options.log(`${this.#name}: ${line}`),
    });
    await fence(loader.queryIdPrefix);
    if (this.#options.isAgain === true) {
      await consumer.seek(partition, taken.nextOffset);
      consumer.resume(partition);
    }
    this.#consumer = partitionConsumer;
    this.#loader = loader;
    for (const message of this.#early) partitionConsumer.push(message);
    if (this.#earlyBytes > this.#options.bytesMax() && !partitionConsumer.isPaused)
      consumer.resume(partition);
    this.#early = [];
  }

  async #setAside(message: ConsumedMessage, reason: string) {
    await sendToDeadLetter(this.#options.deadLetters, message, reason, this.#stop.signal);
    this.#options.onDeadLetter(message, reason);
    return lostBatchOf(message);
  }

  get #name(): string {
    const { topic, partition } = this.#options.partition;
    return `${topic}/${partition}`;
  }

  /** The same for all owners of the partition: a fence ends the statements of all of them. */
  get #queryIdName(): string {
    const { topic, partition } = this.#options.partition;
    return `kafka_${this.#options.group}_${topic}_${partition}`;
  }
}
