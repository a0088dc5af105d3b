// What a broker of the test cluster is told: server.properties of Apache Kafka 4.3
// (https://kafka.apache.org/documentation/#brokerconfigs), in KRaft mode, each node broker and
// controller at once.
import type { KafkaCertificates } from './certificates.js';

export type ListenerName = 'PLAINTEXT' | 'SASL_PLAINTEXT' | 'SSL';

/** Ports of one node on 127.0.0.1; a listener without one is not opened. */
export interface NodePorts {
  readonly CONTROLLER: number;
  readonly PLAINTEXT: number;
  readonly SASL_PLAINTEXT?: number;
  readonly SSL?: number;
}

export interface KafkaUser {
  readonly name: string;
  readonly password: string;
}

export interface NodeConfig {
  /** From 1. */
  readonly nodeId: number;
  readonly nodes: readonly NodePorts[];
  readonly dataDirectory: string;
  /** Of SASL_PLAINTEXT: PLAIN from here, SCRAM from the storage that was formatted with it. */
  readonly user: KafkaUser;
  readonly certificates: KafkaCertificates | null;
  /** Further properties; they win. */
  readonly properties: Readonly<Record<string, string | number>>;
}

const LISTENERS: readonly ListenerName[] = ['PLAINTEXT', 'SASL_PLAINTEXT', 'SSL'];
const PROTOCOLS = ['CONTROLLER:PLAINTEXT', ...LISTENERS.map((name) => `${name}:${name}`)];

/** The text of server.properties. */
export function brokerProperties(config: NodeConfig): string {
  const all = {
    ...nodeProperties(config),
    ...replicationProperties(config.nodes.length),
    ...quickness,
    ...saslProperties(config.user),
    ...tlsProperties(config.certificates),
    ...config.properties,
  };
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

function nodeProperties({ nodeId, nodes, dataDirectory }: NodeConfig): Record<string, string> {
  const ports = nodes[nodeId - 1] as NodePorts;
  const open = LISTENERS.filter((name) => ports[name] !== undefined);
  const advertised = open.map((name) => `${name}://127.0.0.1:${ports[name]}`).join(',');
  const voters = nodes.map((node, index) => `${index + 1}@127.0.0.1:${node.CONTROLLER}`);
  return {
    'process.roles': 'broker,controller',
    'node.id': String(nodeId),
    'controller.quorum.voters': voters.join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': PROTOCOLS.join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: `${advertised},CONTROLLER://127.0.0.1:${ports.CONTROLLER}`,
    'advertised.listeners': advertised,
    'log.dirs': dataDirectory,
    'auto.create.topics.enable': 'false',
  };
}

/** Three nodes bear the loss of one, as production would. */
function replicationProperties(nodeCount: number): Record<string, number> {
  const replicas = nodeCount < 3 ? 1 : 3;
  const inSyncMin = nodeCount < 3 ? 1 : 2;
  return {
    'num.partitions': 3,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSyncMin,
    'offsets.topic.num.partitions': 3,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': 3,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSyncMin,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSyncMin,
  };
}

/** A killed broker or member is missed within seconds; small buffers, few threads. */
const quickness: Readonly<Record<string, number>> = {
  'group.initial.rebalance.delay.ms': 0,
  'broker.session.timeout.ms': 2_000,
  'broker.heartbeat.interval.ms': 300,
  'group.min.session.timeout.ms': 1_000,
  'group.consumer.min.session.timeout.ms': 1_000,
  'group.consumer.min.heartbeat.interval.ms': 200,
  'log.segment.bytes': 67_108_864,
  'log.cleaner.dedupe.buffer.size': 8_388_608,
  'num.network.threads': 2,
  'num.io.threads': 4,
};

function saslProperties({ name, password }: KafkaUser): Record<string, string> {
  const modules = 'org.apache.kafka.common.security';
  const prefix = 'listener.name.sasl_plaintext';
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    [`${prefix}.plain.sasl.jaas.config`]: `${modules}.plain.PlainLoginModule required user_${name}="${password}";`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: `${modules}.scram.ScramLoginModule required;`,
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: `${modules}.scram.ScramLoginModule required;`,
  };
}

function tlsProperties(certificates: KafkaCertificates | null): Record<string, string> {
  if (certificates === null) return {};
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': certificates.serverKeyAndCertFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certificates.caFile,
    'ssl.client.auth': 'required',
  };
}

/** Arguments of kafka.tools.StorageTool that make the user known to both SCRAM mechanisms. */
export function scramArguments({ name, password }: KafkaUser): readonly string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${name},password=${password}]`,
  ]);
}

/** log4j2.properties: everything to standard output, as the readiness line is looked for there. */
export const BROKER_LOG_CONFIG = `status=error
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c{1})%n
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=OUT
`;
