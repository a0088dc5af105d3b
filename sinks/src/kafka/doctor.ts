// Looks at a cluster from where Weir runs: whether it can be used as it stands, and what to do
// where it cannot. Makes topics when it is asked to.
import { messageOf, type Timers } from '@weir/pipeline';
import {
  type AdminHandle,
  type Binding,
  type ClientError,
  type ClusterMetadata,
  KAFKA_ERROR,
  type ProducerHandle,
  type TopicMetadata,
} from './client/binding.js';
import { Consumer } from './client/consumer.js';
import { clientConfig, type KafkaConnection } from './client/options.js';
import { deadLetterTopic } from './loader/dead-letter.js';
import { decodeMetadata } from './loader/position-metadata.js';

export interface DoctorOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly group: string;
  readonly messageBytesMax: number;
  /** Null: nothing is made. */
  readonly create: { readonly partitions: number; readonly replication: number | null } | null;
  readonly timers: Timers;
  readonly binding: Binding;
}

export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warning' | 'problem';
  /** What was found, and what to do. */
  readonly text: string;
}

const TIMEOUT_MS = 10_000;
/** More would hold up a cluster of one broker, fewer lose events with it. */
const REPLICATION_MAX = 3;

/** In the order in which they were looked at; it ends early where nothing more can be seen. */
export async function examine(options: DoctorOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  const cluster = new Cluster(options);
  try {
    const metadata = await cluster.metadata();
    const brokers = metadata.brokers.map(({ id, host, port }) => `${id} at ${host}:${port}`);
    findings.push(ok('brokers', `${brokers.length}: ${brokers.join(', ')}`));
    for (const topic of [options.topic, deadLetterTopic(options.topic)])
      findings.push(...(await cluster.topic(topic, metadata.brokers.length)));
    findings.push(...(await cluster.group()));
  } catch (error) {
    findings.push(problem('brokers', cluster.said(error)));
  } finally {
    await cluster.close();
  }
  return findings;
}

const ok = (what: string, text: string): Finding => ({ what, state: 'ok', text });
const warning = (what: string, text: string): Finding => ({ what, state: 'warning', text });
const problem = (what: string, text: string): Finding => ({ what, state: 'problem', text });

class Cluster {
  readonly #options: DoctorOptions;
  readonly #producer: ProducerHandle;
  #lastError: ClientError | null = null;
  #admin: AdminHandle | null = null;

  constructor(options: DoctorOptions) {
    this.#options = options;
    this.#producer = new options.binding.Producer(this.#config);
    this.#producer.on('event.error', (error) => {
      this.#lastError = error;
    });
  }

  get #config() {
    return clientConfig(this.#options.connection, 'weir-doctor');
  }

  /** What a broker said last tells more than a time-out. */
  said(error: unknown): string {
    const text = this.#lastError?.message ?? messageOf(error);
    const isRefused = /authenticat|sasl|ssl|certificate/i.test(text);
    const hint = isRefused
      ? 'look at tls, sasl_mechanism, username and password of [kafka]'
      : 'look at KAFKA_BROKERS, and whether this machine reaches them';
    return `${this.#options.connection.brokers} cannot be used: ${text}; ${hint}`;
  }

  async metadata(topic?: string): Promise<ClusterMetadata> {
    if (!this.#producer.isConnected())
      await new Promise<void>((resolve, reject) =>
        this.#producer.connect({ timeout: TIMEOUT_MS }, (error) =>
          error === null || error === undefined ? resolve() : reject(error),
        ),
      );
    return new Promise((resolve, reject) =>
      this.#producer.getMetadata(
        { timeout: TIMEOUT_MS, ...(topic === undefined ? {} : { topic }) },
        (error, found) => (found === undefined ? reject(error) : resolve(found)),
      ),
    );
  }

  async topic(name: string, brokerCount: number): Promise<Finding[]> {
    const what = `topic ${name}`;
    const { create } = this.#options;
    let found = await this.#find(name);
    let made = '';
    if (found === null && create !== null) {
      const replication = create.replication ?? Math.min(REPLICATION_MAX, brokerCount);
      const error = await this.#create(name, create.partitions, replication);
      if (error !== null && error.code !== KAFKA_ERROR.topicAlreadyExists)
        return [problem(what, `cannot be made: ${error.message}`)];
      made = 'made now: ';
      for (let look = 0; found === null && look < 20; look++) {
        await this.#options.timers.sleep(250);
        found = await this.#find(name);
      }
    }
    if (found === null) return [problem(what, 'is not there; weir kafka doctor --create makes it')];
    const replicas = Math.min(...found.partitions.map((partition) => partition.replicas.length));
    const behind = found.partitions.filter(({ isrs, replicas: all }) => isrs.length < all.length);
    const leaderless = found.partitions.filter(({ leader }) => leader < 0);
    const text = `${made}${found.partitions.length} partitions, ${replicas} replicas`;
    const numbers = (list: typeof found.partitions): string => list.map(({ id }) => id).join(', ');
    if (leaderless.length > 0)
      return [problem(what, `${text}; no leader for ${numbers(leaderless)}`)];
    if (behind.length > 0)
      return [warning(what, `${text}; replicas are behind for ${numbers(behind)}`)];
    if (replicas < 2 && brokerCount > 1)
      return [warning(what, `${text}: the loss of one broker loses events`)];
    return [ok(what, text)];
  }

  async #find(name: string): Promise<TopicMetadata | null> {
    // Asked for all topics: to ask for one may make it, where the brokers allow that.
    const { topics } = await this.metadata();
    const found = topics.find((topic) => topic.name === name);
    return found === undefined || found.partitions.length === 0 ? null : found;
  }

  #create(topic: string, partitions: number, replication: number): Promise<ClientError | null> {
    this.#admin ??= this.#options.binding.AdminClient.create(this.#config);
    const admin = this.#admin;
    return new Promise((resolve) =>
      admin.createTopic(
        {
          topic,
          num_partitions: partitions,
          replication_factor: replication,
          config: { 'max.message.bytes': String(this.#options.messageBytesMax) },
        },
        TIMEOUT_MS,
        (error) => resolve(error ?? null),
      ),
    );
  }

  /** Where the group stands in each partition. */
  async group(): Promise<Finding[]> {
    const { topic, group, binding, timers } = this.#options;
    const what = `group ${group}`;
    const found = await this.#find(topic);
    if (found === null) return [];
    const config = { ...this.#config, 'group.id': group };
    const consumer = new Consumer(binding, config, null, { timers, log: () => undefined });
    try {
      await consumer.connect();
      let lag = 0;
      const foreign: number[] = [];
      const fresh: number[] = [];
      for (const { id: partition } of found.partitions) {
        const { low, high } = await consumer.offsets({ topic, partition });
        const { offset, metadata } = await consumer.committed({ topic, partition });
        const isCommitted = offset !== undefined && offset >= 0;
        lag += high - (isCommitted ? Math.max(low, offset) : low);
        if (!isCommitted) fresh.push(partition);
        else if (decodeMetadata(metadata) === null) foreign.push(partition);
      }
      const text = `${lag} messages are not loaded`;
      if (foreign.length > 0)
        return [
          warning(
            what,
            `${text}; positions of ${foreign.join(', ')} were set by another tool: the next loader ` +
              'compares what it reads with the tables first',
          ),
        ];
      const isNew = fresh.length === found.partitions.length;
      return [ok(what, isNew ? `${text}; no loader has been there yet` : text)];
    } finally {
      await consumer.close();
    }
  }

  async close(): Promise<void> {
    this.#admin?.disconnect();
    if (!this.#producer.isConnected()) return;
    const disconnected = new Promise<void>((resolve) => this.#producer.disconnect(() => resolve()));
    await Promise.race([disconnected, this.#options.timers.sleep(TIMEOUT_MS)]);
  }
}
