export type { KafkaUser, ListenerName } from './broker-config.js';
export type { KafkaCertificates } from './certificates.js';
export * from './client.js';
export * from './cluster.js';
export { type GroupOptions, type GroupPosition, groupPositions, setGroupOffsets } from './group.js';
export { KAFKA_VERSION, kafkaJars, whatBrokerLacks } from './jars.js';
export * from './messages.js';
