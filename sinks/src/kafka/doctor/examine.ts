// Looks at a cluster from where Weir runs: whether it can be used as it stands, and what to do
// where it cannot. Makes topics when it is asked to.
import { messageOf, type Timers } from '@weir/pipeline';
import {
  type Binding,
  type ClientConfig,
  type ClusterMetadata,
  KAFKA_ERROR,
  type TopicMetadata,
} from '../client/binding.js';
import { clientConfig, type KafkaConnection } from '../client/options.js';
import { deadLetterBytesMax, deadLetterTopic } from '../loader/dead-letter.js';
import { Admin, type TopicRights } from './admin.js';
import { Connection, hintOf } from './connection.js';
import { type Finding, ok, problem, unchecked, warning } from './finding.js';
import { examineGroup } from './group.js';

export interface DoctorOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly group: string;
  readonly messageBytesMax: number;
  /** Null: nothing is made. */
  readonly create: { readonly partitions: number; readonly replication: number | null } | null;
  readonly timers: Timers;
  readonly binding: Binding;
  /** How long brokers may take to answer. Default 10 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** Of one broker, when another has answered already. */
const BROKER_TIMEOUT_MS = 4_000;
const BROKERS_ASKED_MAX = 16;
/** More would hold up a cluster of one broker, fewer lose events with it. */
const REPLICATION_MAX = 3;
const NEW_TOPIC_LOOKS_MAX = 20;
const NEW_TOPIC_LOOK_MS = 250;
/** AclOperation of Kafka's protocol. */
const OPERATIONS = { READ: 3, WRITE: 4, DESCRIBE: 8 } as const;
type Operation = keyof typeof OPERATIONS;

/** In the order in which they were looked at; it ends early where nothing more can be seen. */
export async function examine(options: DoctorOptions): Promise<Finding[]> {
  const cluster = new Cluster(options);
  try {
    return await cluster.examine();
  } finally {
    await cluster.close();
  }
}

class Cluster {
  readonly #options: DoctorOptions;
  readonly #config: ClientConfig;
  readonly #connection: Connection;
  #admin: Admin | null = null;

  constructor(options: DoctorOptions) {
    const { binding, connection, timers, timeoutMs = TIMEOUT_MS } = options;
    this.#options = options;
    this.#config = clientConfig(connection, 'weir-doctor');
    this.#connection = new Connection(binding, this.#config, timers, timeoutMs);
  }

  async examine(): Promise<Finding[]> {
    const { topic, connection } = this.#options;
    let metadata: ClusterMetadata;
    try {
      await this.#connection.connect();
      metadata = await this.#connection.metadata();
    } catch (error) {
      const said = messageOf(error);
      return [problem('brokers', `${connection.brokers} cannot be used: ${said}; ${hintOf(said)}`)];
    }
    const { brokers } = metadata;
    const findings: Finding[] = [ok('brokers', `${brokers.length} of ${connection.brokers}`)];
    for (const broker of brokers.slice(0, BROKERS_ASKED_MAX))
      findings.push(await this.#broker(broker));
    this.#admin = new Admin(this.#options.binding, this.#config);
    const dead = deadLetterTopic(topic);
    findings.push(
      await this.#topic(topic, brokers.length),
      await this.#topic(dead, brokers.length),
    );
    findings.push(this.#settings());
    const mayOf = { [topic]: ['READ', 'WRITE', 'DESCRIBE'], [dead]: ['READ', 'WRITE'] } as const;
    for (const [name, wanted] of Object.entries(mayOf)) {
      if ((await this.#find(name)) === null) continue;
      const may = await this.#admin.mayDoWithTopic(name);
      findings.push(permission(`permissions of ${name}`, may, wanted));
    }
    findings.push(...(await this.#group()));
    return findings;
  }

  /** Clients talk to each broker under the address that it advertises itself. */
  async #broker({ id, host, port }: ClusterMetadata['brokers'][number]): Promise<Finding> {
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const config = { ...this.#config, 'bootstrap.servers': address };
    const { binding, timers } = this.#options;
    const connection = new Connection(binding, config, timers, BROKER_TIMEOUT_MS);
    const what = `broker ${id}`;
    try {
      await connection.connect();
      return ok(what, `answers at ${address}`);
    } catch (error) {
      return problem(
        what,
        `does not answer at ${address}, the address that it advertises: ${messageOf(error)}; it is ` +
          'down, or advertised.listeners names an address that this machine cannot reach',
      );
    } finally {
      await connection.close();
    }
  }

  async #topic(name: string, brokerCount: number): Promise<Finding> {
    const what = `topic ${name}`;
    const { create } = this.#options;
    let found = await this.#find(name);
    let made = '';
    if (found === null && create !== null) {
      const replication = create.replication ?? Math.min(REPLICATION_MAX, brokerCount);
      const config = this.#configOf(name, replication);
      const admin = this.#admin as Admin;
      const error = await admin.createTopic(name, create.partitions, replication, config);
      if (error !== null && error.code !== KAFKA_ERROR.topicAlreadyExists)
        return problem(what, `cannot be made: ${error.message}`);
      const set = Object.entries(config).map(([key, value]) => `${key}=${value}`);
      made = `made now with ${set.join(' ')}: `;
      found = await this.#findNew(name);
    }
    return found === null ? await this.#missing(name) : judgeTopic(what, found, made, brokerCount);
  }

  #configOf(name: string, replication: number): Record<string, string> {
    const { topic, messageBytesMax } = this.#options;
    const bytesMax = name === topic ? messageBytesMax : deadLetterBytesMax(messageBytesMax);
    return {
      'max.message.bytes': String(bytesMax),
      'compression.type': 'producer',
      'cleanup.policy': 'delete',
      // With acks=all: an event is not acknowledged before a second broker has it.
      'min.insync.replicas': replication > 2 ? '2' : '1',
    };
  }

  async #missing(name: string): Promise<Finding> {
    const what = `topic ${name}`;
    const answer = await (this.#admin as Admin).mayDoWithTopic(name);
    if ('code' in answer && answer.code === KAFKA_ERROR.topicAuthorizationFailed)
      return problem(what, 'this user may not see it: it needs DESCRIBE, READ and WRITE');
    return problem(what, 'is not there; weir kafka doctor --create makes it');
  }

  async #findNew(name: string): Promise<TopicMetadata | null> {
    for (let look = 0; look < NEW_TOPIC_LOOKS_MAX; look++) {
      const found = await this.#find(name);
      if (found?.partitions.every(({ leader }) => leader >= 0) === true) return found;
      await this.#options.timers.sleep(NEW_TOPIC_LOOK_MS);
    }
    return this.#find(name);
  }

  async #find(name: string): Promise<TopicMetadata | null> {
    const { topics } = await this.#connection.metadata();
    const found = topics.find((topic) => topic.name === name);
    return found === undefined || found.partitions.length === 0 ? null : found;
  }

  /** The client has no DescribeConfigs. */
  #settings(): Finding {
    const { topic, messageBytesMax } = this.#options;
    return unchecked(
      'topic settings',
      `this client cannot read them; look by hand: kafka-configs.sh --describe --all --entity-type ` +
        `topics --entity-name ${topic}. Needed: max.message.bytes >= ${messageBytesMax} ` +
        `(kafka.message_max_bytes; ${deadLetterBytesMax(messageBytesMax)} of the dead letter ` +
        'topic), cleanup.policy=delete, min.insync.replicas=2 with three replicas, and ' +
        'retention longer than the longest time for which ClickHouse may be away',
    );
  }

  async #group(): Promise<Finding[]> {
    const { topic, group, binding, timers } = this.#options;
    const found = await this.#find(topic);
    if (found === null) return [];
    try {
      const options = { topic, group, binding, timers, config: this.#config };
      return [await examineGroup(options)];
    } catch (error) {
      return [
        problem(
          `group ${group}`,
          `cannot be read: ${messageOf(error)}; its coordinator is away, or this user has no READ on it`,
        ),
      ];
    }
  }

  async close(): Promise<void> {
    this.#admin?.close();
    await this.#connection.close();
  }
}

function judgeTopic(
  what: string,
  { partitions }: TopicMetadata,
  made: string,
  brokerCount: number,
): Finding {
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
  const behind = partitions.filter(({ isrs, replicas: all }) => isrs.length < all.length);
  const leaderless = partitions.filter(({ leader }) => leader < 0);
  const text = `${made}${partitions.length} partitions, ${replicas} replicas`;
  const numbers = (list: typeof partitions): string => list.map(({ id }) => id).join(', ');
  if (leaderless.length > 0) return problem(what, `${text}; no leader for ${numbers(leaderless)}`);
  if (behind.length > 0)
    return warning(what, `${text}; replicas are behind for ${numbers(behind)}`);
  if (replicas < 2 && brokerCount > 1)
    return warning(what, `${text}: the loss of one broker loses events`);
  return ok(what, text);
}

function permission(what: string, answer: TopicRights, wanted: readonly Operation[]): Finding {
  if ('code' in answer) {
    if (answer.code !== KAFKA_ERROR.topicAuthorizationFailed)
      return unchecked(what, `the brokers do not tell them: ${answer.message}`);
    return problem(what, `${answer.message}: give this user ${wanted.join(', ')}`);
  }
  const { operations } = answer;
  if (operations.length === 0) return unchecked(what, 'the brokers do not tell them');
  const missing = wanted.filter((name) => !operations.includes(OPERATIONS[name]));
  return missing.length === 0
    ? ok(what, wanted.join(', '))
    : problem(what, `this user may not ${missing.join(', ')}: give it these ACLs`);
}
