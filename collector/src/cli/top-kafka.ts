// The lag of the loaders in each partition, beside what the instance says: it is between the topic
// and the store, and the instance knows nothing of it.
import { messageOf } from '@weir/pipeline';
import { nodeTimers } from '@weir/pipeline/node';
import { clientConfig, GroupLag, loadBinding, type PartitionLag } from '@weir/sinks/kafka';
import { loadConfig } from '../config/load.js';
import { kafkaConnectionOf } from '../run/sinks/kafka-writer.js';

export interface KafkaLagView {
  readonly topic: string;
  readonly group: string;
  /** Messages that no loader has stored; null before the first answer. */
  readonly lag: number | null;
  readonly partitions: readonly PartitionLag[];
  /** Why there is no answer, or none any more. */
  readonly error: string | null;
}

const READ_INTERVAL_MS = 2_000;

/** Asks again and again, and keeps the newest answer. */
export class KafkaLag {
  readonly #group: GroupLag;
  readonly #stop = new AbortController();
  #view: KafkaLagView;
  readonly #running: Promise<void>;
  #first: () => void = () => undefined;
  /** Resolves with the first answer, or the first failure. */
  readonly ready = new Promise<void>((resolve) => {
    this.#first = resolve;
  });

  private constructor(group: GroupLag, view: KafkaLagView) {
    this.#group = group;
    this.#view = view;
    this.#running = this.#run();
  }

  /** Null where nothing says which brokers. Throws where the Kafka client is not installed. */
  static open(config: string | undefined): KafkaLag | null {
    const { config: loaded } = loadConfig({ config }, process.env);
    const { brokers, topic, group_id: group } = loaded.kafka;
    if (brokers === '') return null;
    const options = {
      ...{ topic, group, binding: loadBinding(), timers: nodeTimers },
      config: clientConfig(kafkaConnectionOf(loaded), 'weir-top'),
    };
    const view = { topic, group, lag: null, partitions: [], error: null };
    return new KafkaLag(new GroupLag(options), view);
  }

  get view(): KafkaLagView {
    return this.#view;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#group.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let isConnected = false;
    while (!signal.aborted) {
      try {
        if (!isConnected) await this.#group.connect();
        isConnected = true;
        const partitions = await this.#group.read();
        const lag = partitions.reduce((sum, one) => sum + one.lag, 0);
        const error = partitions.length === 0 ? 'the topic is not there' : null;
        this.#view = { ...this.#view, lag, partitions, error };
      } catch (error) {
        this.#view = { ...this.#view, error: messageOf(error) };
      }
      this.#first();
      await nodeTimers.sleep(READ_INTERVAL_MS, signal).catch(() => undefined);
    }
  }
}
