// Kafka: one section for the cluster, which the sink, the loader and the source share.
import { choice, closed, count, MiB, secret } from './nodes.js';
import Type from './type.js';

/** A file by its name; empty for none. */
const file = (description: string, example: string) =>
  Type.String({ default: '', description, examples: [example] });

export const KafkaSection = Type.Object(
  {
    brokers: Type.String({
      default: '',
      pattern: '^(|[^\\s,]+:\\d{1,5}(\\s*,\\s*[^\\s,]+:\\d{1,5})*)$',
      description: 'HOST:PORT of brokers to begin with, separated by commas (KAFKA_BROKERS).',
      examples: ['kafka1.example:9092,kafka2.example:9092'],
    }),
    topic: Type.String({
      pattern: '^[A-Za-z0-9._-]{1,200}$',
      default: 'siem.events.v1',
      description: 'Topic of the events (KAFKA_TOPIC). The dead letter topic is TOPIC.dlq.',
      examples: ['siem.events.v1'],
    }),
    group_id: Type.String({
      pattern: '^[A-Za-z0-9._-]{1,200}$',
      default: 'siem-v2',
      description: 'Consumer group of the loaders (KAFKA_GROUP_ID).',
      examples: ['siem-v2'],
    }),
    group_protocol: choice(
      ['classic', 'consumer'],
      'classic',
      'How the loaders share partitions: classic (cooperative-sticky), or consumer (KIP-848, ' +
        'brokers of Kafka 4.0 and later).',
    ),
    session_timeout_ms: count(
      [1_000, 600_000],
      10_000,
      'A loader that the brokers do not hear of for so long loses its partitions.',
      45_000,
    ),
    tls: Type.Boolean({ default: false, description: 'Encrypt with TLS.', examples: [true] }),
    tls_ca_file: file(
      'PEM file with the certificates that brokers are checked against; without it those of the ' +
        'system.',
      'ca.pem',
    ),
    tls_certificate_file: file('PEM file with the certificate of this client.', 'client.pem'),
    tls_key_file: file('PEM file with the key of that certificate.', 'client.key'),
    sasl_mechanism: choice(
      ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
      'none',
      'How this client says who it is.',
    ),
    username: Type.String({
      default: '',
      description: 'User of SASL.',
      examples: ['weir'],
    }),
    password: secret('Password of SASL.', { default: '', examples: ['file:secrets/kafka'] }),
    schema_id: count(
      [0, 2_147_483_647],
      0,
      'Id of the schema that stands in each message, where there is no registry.',
      17,
    ),
    schema_registry_url: Type.String({
      default: '',
      pattern: '^(|https?://.+)$',
      description:
        'Schema Registry; the schema is registered there as TOPIC-value, compatibility BACKWARD.',
      examples: ['http://registry.example:8081'],
    }),
    message_timeout_ms: count(
      [1_000, 900_000],
      30_000,
      'Longest time for a message to be on all replicas; then it is sent again.',
    ),
    message_max_bytes: count(
      [1_536 * 1024, 64 * MiB],
      4 * MiB,
      'Largest message before compression; max.message.bytes of the topic must allow it.',
    ),
    memory_max_bytes: count(
      [8 * MiB, 4_096 * MiB],
      96 * MiB,
      'Of messages that a loader has read and not stored; beyond it partitions are paused.',
    ),
    client_options: Type.Record(
      Type.String({ pattern: '^[a-z][a-z0-9._]{1,63}$' }),
      Type.String(),
      {
        default: {},
        description: 'Settings of librdkafka by its own names; they win over those above.',
        examples: [{ 'broker.address.family': 'v4' }],
      },
    ),
  },
  { ...closed, default: {}, description: 'The Kafka cluster of sink, loader and source.' },
);
