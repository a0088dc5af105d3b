// The native client as tests and scripts use it: settings are librdkafka's
// (https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md).
import { createRequire } from 'node:module';

export type RdKafka = typeof import('@confluentinc/kafka-javascript');
export type KafkaSettings = Readonly<Record<string, string | number | boolean>>;

export interface TopicOptions {
  readonly topic: string;
  readonly partitions: number;
  /** Default: the broker's. */
  readonly replicationFactor?: number;
  /** Topic configuration, such as `cleanup.policy`. */
  readonly config?: Readonly<Record<string, string>>;
}

const ADMIN_TIMEOUT_MS = 20_000;
/** RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS */
const TOPIC_EXISTS = 36;

/** The optional package. Throws a sentence that says how to get it when it does not load. */
export function loadRdKafka(): RdKafka {
  try {
    return createRequire(import.meta.url)('@confluentinc/kafka-javascript') as RdKafka;
  } catch (error) {
    const cause = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(`the Kafka client does not load (${cause}): run npm run setup`);
  }
}

/** Settings of a client that must show itself with the certificates of a cluster (SSL listener). */
export function tlsSettings(certificates: {
  readonly caFile: string;
  readonly clientKeyFile: string;
  readonly clientCertFile: string;
}): KafkaSettings {
  return {
    'security.protocol': 'ssl',
    'ssl.ca.location': certificates.caFile,
    'ssl.key.location': certificates.clientKeyFile,
    'ssl.certificate.location': certificates.clientCertFile,
  };
}

/** False when the topic was there already, whatever its partitions. */
export async function createTopic(
  brokers: string,
  options: TopicOptions,
  settings: KafkaSettings = {},
): Promise<boolean> {
  const { topic, partitions, replicationFactor = -1, config = {} } = options;
  const admin = loadRdKafka().AdminClient.create({ 'bootstrap.servers': brokers, ...settings });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const wanted = {
        topic,
        num_partitions: partitions,
        replication_factor: replicationFactor,
        config: { ...config },
      };
      admin.createTopic(wanted, ADMIN_TIMEOUT_MS, (error) => {
        if (!error) resolve(true);
        else if (error.code === TOPIC_EXISTS) resolve(false);
        else reject(new Error(`topic ${topic}: ${error.message}`));
      });
    });
  } finally {
    admin.disconnect();
  }
}
