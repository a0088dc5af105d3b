// A line for proofs: collector, real broker, loaders, and a server whose parts are never merged, so
// that a row that is there twice stays so.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loaderProcess, type ServiceProcess, WeirProcess, waitFor } from '@weir/harness';
import {
  createTopic,
  type GroupOptions,
  type GroupPosition,
  groupPositions,
  KafkaCluster,
} from '@weir/harness/kafka';
import { RestartableServer } from './restartable-server.js';

const TOPIC = 'siem.events.v1';
const GROUP = 'siem-v2';
const PARTITIONS = 6;
const WAIT_MS = 120_000;

export interface LinePlan {
  readonly directory: string;
  readonly seed: number;
  readonly loaderCount: number;
  /** Of all loaders. */
  readonly sabotage: string | null;
}

export class KafkaLine {
  readonly cluster: KafkaCluster;
  readonly server: RestartableServer;
  readonly loaders: readonly ServiceProcess[];
  readonly environment: Readonly<Record<string, string>>;
  readonly #collectors: WeirProcess[] = [];

  private constructor(plan: LinePlan, cluster: KafkaCluster, server: RestartableServer) {
    this.cluster = cluster;
    this.server = server;
    this.environment = { KAFKA_BROKERS: cluster.brokers, KAFKA_TOPIC: TOPIC };
    const directory = join(plan.directory, 'loaders');
    mkdirSync(directory);
    this.loaders = Array.from({ length: plan.loaderCount }, (_, i) =>
      loaderProcess({
        directory,
        name: String(i + 1),
        environment: {
          ...this.environment,
          CLICKHOUSE_URL: server.urlThrough(server.port),
          ...(plan.sabotage === null ? {} : { WEIR_SABOTAGE: plan.sabotage }),
        },
      }),
    );
  }

  static async start(plan: LinePlan): Promise<KafkaLine> {
    const cluster = await KafkaCluster.start({ directory: join(plan.directory, 'kafka') });
    for (const topic of [TOPIC, `${TOPIC}.dlq`])
      await createTopic(cluster.brokers, { topic, partitions: PARTITIONS });
    const server = await RestartableServer.start(join(plan.directory, 'server'), plan.seed);
    return new KafkaLine(plan, cluster, server);
  }

  get group(): GroupOptions {
    const { brokers } = this.cluster;
    return { brokers, topic: TOPIC, group: GROUP, partitionCount: PARTITIONS };
  }

  /** `brokers`: others than those of the line. */
  collector(directory: string, brokers?: string): WeirProcess {
    const changed = brokers === undefined ? {} : { KAFKA_BROKERS: brokers };
    const collector = new WeirProcess(directory, { ...this.environment, ...changed });
    this.#collectors.push(collector);
    return collector;
  }

  /** Resolves when every partition has been taken by a loader, once at least. */
  async startLoaders(): Promise<void> {
    await Promise.all(this.loaders.map((loader) => loader.start()));
    const isDone = await waitFor(() => this.#keepParts(), WAIT_MS);
    if (!isDone) throw new Error('merges cannot be stopped');
    const isTaken = async (): Promise<boolean> =>
      (await this.#positions())?.every(({ committed }) => committed !== null) === true;
    if (!(await waitFor(isTaken, WAIT_MS, 500))) throw new Error('not all partitions are loaded');
  }

  /** False while the loaders have not made the tables. */
  async #keepParts(): Promise<boolean> {
    try {
      for (const table of ['events', 'quarantine'])
        await this.server.query(
          `ALTER TABLE dev.${table} MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, ` +
            'max_bytes_to_merge_at_min_space_in_pool = 1',
        );
      return true;
    } catch {
      return false;
    }
  }

  /** Exit codes. */
  stopLoaders(): Promise<(number | null)[]> {
    return Promise.all(this.loaders.map((loader) => loader.stop()));
  }

  /** Whether every position is at its partition's end, with at least so many messages in all. */
  async isAllConsumed(messagesMin = 1): Promise<boolean> {
    return waitFor(
      async () => {
        const positions = await this.#positions();
        if (positions === null) return false;
        const messages = positions.reduce((sum, { end }) => sum + end, 0);
        const isBehind = positions.some(({ committed, end }) => (committed ?? 0) < end);
        return messages >= messagesMin && !isBehind;
      },
      WAIT_MS,
      500,
    );
  }

  /** Null while the group's coordinator is not there: its first member makes it come. */
  #positions(): Promise<GroupPosition[] | null> {
    return groupPositions(this.group).catch(() => null);
  }

  /** Messages that were ever written. */
  async messageCount(): Promise<number> {
    return (await groupPositions(this.group)).reduce((sum, { end }) => sum + end, 0);
  }

  async end(): Promise<void> {
    await Promise.all(this.#collectors.map((collector) => collector.killTree()));
    await Promise.all(this.loaders.map((loader) => loader.kill()));
    await this.server.stop();
    await this.cluster.kill();
  }
}
