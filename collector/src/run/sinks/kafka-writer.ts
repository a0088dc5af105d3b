// The Kafka sink as it is configured: connection of [kafka], schema by its id or from the registry.
import type { Sink, Timers } from '@weir/pipeline';
import {
  BATCH_SCHEMA,
  createKafkaSink,
  EVENT_SCHEMA,
  type KafkaConnection,
  registerSchema,
  type SaslMechanism,
} from '@weir/sinks/kafka';
import type { Logger } from 'pino';
import type { Config, KafkaSinkConfig } from '../../config/schema.js';

export function kafkaConnectionOf({ kafka }: Config): KafkaConnection {
  const { tls_ca_file, tls_certificate_file, tls_key_file, sasl_mechanism } = kafka;
  return {
    brokers: kafka.brokers,
    ...(kafka.tls
      ? {
          tls: {
            ...(tls_ca_file === '' ? {} : { caFile: tls_ca_file }),
            ...(tls_certificate_file === '' ? {} : { certificateFile: tls_certificate_file }),
            ...(tls_key_file === '' ? {} : { keyFile: tls_key_file }),
          },
        }
      : {}),
    ...(sasl_mechanism === 'none'
      ? {}
      : {
          sasl: {
            mechanism: sasl_mechanism as SaslMechanism,
            username: kafka.username,
            password: kafka.password,
          },
        }),
    clientOptions: kafka.client_options,
  };
}

export const kafkaTarget = (config: Config, sink: KafkaSinkConfig): string =>
  `${sink.topic ?? config.kafka.topic} at ${config.kafka.brokers}`;

export function createKafkaWriter(
  config: Config,
  sink: KafkaSinkConfig,
  deps: { readonly timers: Timers; readonly log: Logger; readonly nodeId: string },
): Sink {
  const { kafka } = config;
  const topic = sink.topic ?? kafka.topic;
  const schema = sink.envelope === 'event' ? EVENT_SCHEMA : BATCH_SCHEMA;
  return createKafkaSink(
    {
      connection: kafkaConnectionOf(config),
      topic,
      clientId: `weir-${deps.nodeId}`,
      messageTimeoutMs: kafka.message_timeout_ms,
      messageBytesMax: kafka.message_max_bytes,
      schemaId: async () =>
        kafka.schema_registry_url === ''
          ? kafka.schema_id
          : registerSchema(kafka.schema_registry_url, `${topic}-value`, schema),
    },
    { timers: deps.timers, log: (message) => deps.log.debug({ topic }, message) },
  );
}
