// A real Kafka cluster of one or three brokers on 127.0.0.1 that a test starts, damages and ends.
// Layout of its directory: N/server.properties, N/data, N/log for node N, and tls/.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { seeded } from '../clock.js';
import { freePort } from '../ports.js';
import { ServiceProcess } from '../service-process.js';
import {
  BROKER_LOG_CONFIG,
  brokerProperties,
  type KafkaUser,
  type ListenerName,
  type NodePorts,
  scramArguments,
} from './broker-config.js';
import { type KafkaCertificates, makeKafkaCertificates } from './certificates.js';
import { kafkaJars, whatBrokerLacks } from './jars.js';

export interface KafkaClusterOptions {
  /** Empty or not there; everything lies in it. It is not removed. */
  readonly directory: string;
  /** Default 1. With 3: replication factor 3, min.insync.replicas 2. */
  readonly brokerCount?: 1 | 3;
  /** Also listen on SASL_PLAINTEXT (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512) for `user`. */
  readonly sasl?: boolean;
  /** Also listen on SSL; clients must show `certificates.client...` (mTLS). */
  readonly tls?: boolean;
  /** Port of the first broker's PLAINTEXT listener. Default: a free one. */
  readonly port?: number;
  /** Further lines of server.properties for each broker; they win. */
  readonly properties?: Readonly<Record<string, string | number>>;
  /** Lives on when this process ends, see `pids`. Default false. */
  readonly outlivesStarter?: boolean;
}

const run = promisify(execFile);
const START_TIMEOUT_MS = 90_000;
const FORMAT_TIMEOUT_MS = 60_000;
/** Short-lived and small: without the second compiler a broker is ready in half the CPU time. */
const JAVA_FLAGS = [
  ...['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'],
  ...['-Djava.awt.headless=true', '-Djava.net.preferIPv4Stack=true'],
];
const READY_LINE = 'Kafka Server started';

/** Whom SASL_PLAINTEXT lets in. */
const TEST_USER: KafkaUser = { name: 'weir', password: 'correct-horse' };

/** Of this process. */
let startCount = 0;

export class KafkaCluster {
  readonly user = TEST_USER;
  /** Null unless `tls` was asked for. */
  readonly certificates: KafkaCertificates | null;
  readonly #nodes: readonly NodePorts[];
  readonly #brokers: readonly ServiceProcess[];

  private constructor(
    nodes: readonly NodePorts[],
    brokers: readonly ServiceProcess[],
    certificates: KafkaCertificates | null,
  ) {
    this.#nodes = nodes;
    this.#brokers = brokers;
    this.certificates = certificates;
  }

  /** Resolves when every broker is ready. Throws a sentence when Java, mvn or a jar is missing. */
  static async start(options: KafkaClusterOptions): Promise<KafkaCluster> {
    const lack = whatBrokerLacks();
    if (lack !== null) throw new Error(lack);
    const jars = await kafkaJars();
    const { directory } = options;
    mkdirSync(directory, { recursive: true });
    const certificates =
      options.tls === true ? await makeKafkaCertificates(join(directory, 'tls')) : null;
    const nodes = await choosePorts(options);
    const clusterId = newClusterId();
    const launch = { options, nodes, certificates, jars, clusterId };
    const brokers = await Promise.all(nodes.map((_, index) => prepareBroker(launch, index + 1)));
    const cluster = new KafkaCluster(nodes, brokers, certificates);
    try {
      await Promise.all(brokers.map((broker) => broker.start()));
    } catch (error) {
      await cluster.kill();
      throw error;
    }
    return cluster;
  }

  /** `host:port,host:port` of a listener, as bootstrap.servers and KAFKA_BROKERS take it. */
  bootstrap(listener: ListenerName = 'PLAINTEXT'): string {
    return this.#nodes
      .map((ports) => {
        const port = ports[listener];
        if (port === undefined) throw new Error(`the cluster was started without ${listener}`);
        return `127.0.0.1:${port}`;
      })
      .join(',');
  }

  get brokers(): string {
    return this.bootstrap();
  }

  /** Of the running brokers. */
  get pids(): readonly number[] {
    return this.#brokers.filter((broker) => broker.isAlive).map((broker) => broker.pid);
  }

  /**
   * Node N from 1: `kill()` (SIGKILL), `stop()`, `start()` again on the same ports and data,
   * `pause()` (SIGSTOP), `resume()`.
   */
  broker(nodeId: number): ServiceProcess {
    const broker = this.#brokers[nodeId - 1];
    if (broker === undefined) throw new Error(`no broker ${nodeId} of ${this.#brokers.length}`);
    return broker;
  }

  /** Orderly. Several at once: the last controller cannot wait for a quorum, and is killed. */
  async stop(): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker.stop()));
  }

  /** SIGKILL to all; what a test that is over needs. */
  async kill(): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker.kill()));
  }
}

interface Launch {
  readonly options: KafkaClusterOptions;
  readonly nodes: readonly NodePorts[];
  readonly certificates: KafkaCertificates | null;
  readonly jars: string;
  readonly clusterId: string;
}

async function choosePorts(options: KafkaClusterOptions): Promise<NodePorts[]> {
  const random = seeded(process.pid + 104_729 * ++startCount);
  const taken = new Set<number>();
  const next = async (): Promise<number> => {
    const port = await freePort(random);
    if (taken.has(port)) return next();
    taken.add(port);
    return port;
  };
  const nodes: NodePorts[] = [];
  for (let index = 0; index < (options.brokerCount ?? 1); index++) {
    nodes.push({
      CONTROLLER: await next(),
      PLAINTEXT: index === 0 && options.port !== undefined ? options.port : await next(),
      ...(options.sasl === true ? { SASL_PLAINTEXT: await next() } : {}),
      ...(options.tls === true ? { SSL: await next() } : {}),
    });
  }
  return nodes;
}

/** A UUID in base64url. The first bit is 0: a first `-` would be an option to Kafka's tools. */
function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] as number) & 0x7f;
  return bytes.toString('base64url');
}

/** Writes the configuration and formats the storage of one node; starts nothing. */
async function prepareBroker(launch: Launch, nodeId: number): Promise<ServiceProcess> {
  const { options, nodes, certificates, jars, clusterId } = launch;
  const directory = join(options.directory, String(nodeId));
  mkdirSync(directory, { recursive: true });
  const file = (name: string): string => join(directory, name);
  const dataDirectory = file('data');
  const properties = options.properties ?? {};
  const config = {
    ...{ nodeId, nodes, dataDirectory, certificates, properties },
    user: TEST_USER,
  };
  writeFileSync(file('server.properties'), brokerProperties(config));
  writeFileSync(file('log4j2.properties'), BROKER_LOG_CONFIG);
  const java = [
    ...JAVA_FLAGS,
    `-Dlog4j2.configurationFile=${file('log4j2.properties')}`,
    ...['-cp', join(jars, '*')],
  ];
  if (!existsSync(join(dataDirectory, 'meta.properties'))) {
    const users = options.sasl === true ? scramArguments(TEST_USER) : [];
    await formatStorage(java, ['-t', clusterId, '-c', file('server.properties'), ...users]);
  }
  return new ServiceProcess({
    name: `Kafka broker ${nodeId}`,
    command: 'java',
    args: [...java, 'kafka.Kafka', file('server.properties')],
    directory,
    logFile: file('log'),
    isReady: (log) => log.includes(READY_LINE),
    readyTimeoutMs: START_TIMEOUT_MS,
    outlivesStarter: options.outlivesStarter ?? false,
  });
}

async function formatStorage(java: readonly string[], args: readonly string[]): Promise<void> {
  try {
    const all = [...java, 'kafka.tools.StorageTool', 'format', ...args];
    await run('java', all, { timeout: FORMAT_TIMEOUT_MS });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    const cause = stderr?.trim().split('\n')[0] ?? String(error);
    throw new Error(`Kafka's storage could not be formatted: ${cause}`);
  }
}
