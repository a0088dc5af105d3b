export { EVENT_SCHEMA } from '../avro/index.js';
export { type Binding, loadBinding } from './client/binding.js';
export { Consumer } from './client/consumer.js';
export {
  clientConfig,
  GROUP_ID_DEFAULT,
  type KafkaConnection,
  SASL_MECHANISMS,
  type SaslMechanism,
  TOPIC_DEFAULT,
} from './client/options.js';
export { type OutgoingMessage, Producer } from './client/producer.js';
export { type DeadLetter, type DeadLetterOptions, DeadLetters } from './dead-letters.js';
export { type DoctorOptions, examine } from './doctor/examine.js';
export type { Finding } from './doctor/finding.js';
export { BATCH_SCHEMA } from './envelope/batch-schema.js';
export { GroupLag, type GroupLagOptions, type PartitionLag } from './group-lag.js';
export { createKafkaSink, type KafkaSinkOptions } from './kafka-sink.js';
export { deadLetterTopic } from './loader/dead-letter.js';
export {
  type GroupProtocol,
  KafkaLoader,
  type KafkaLoaderOptions,
  type KafkaLoaderStats,
} from './loader/kafka-loader.js';
export type { LoaderSabotage } from './loader/partition-loader.js';
export type { Totals as LoaderTotals } from './loader/totals.js';
export { registerSchema } from './schema-registry.js';
