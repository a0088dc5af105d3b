// How to reach a Kafka cluster, and the client's configuration made from it.
import { WeirError } from '@weir/pipeline';
import type { ClientConfig } from './binding.js';

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

export interface KafkaConnection {
  /** HOST:PORT, separated by commas. */
  readonly brokers: string;
  /** PEM files. `ca` absent: the certificates of the system. */
  readonly tls?: {
    readonly caFile?: string;
    readonly certificateFile?: string;
    readonly keyFile?: string;
    readonly keyPassword?: string;
  };
  readonly sasl?: {
    readonly mechanism: SaslMechanism;
    readonly username: string;
    readonly password: string;
  };
  /** Settings of librdkafka by its own names; they win over everything of Weir's. */
  readonly clientOptions?: Readonly<Record<string, string | number | boolean>>;
}

export const TOPIC_DEFAULT = 'siem.events.v1';
export const GROUP_ID_DEFAULT = 'siem-v2';

/** Throws WEIR_CONFIG_INVALID for brokers that are none. */
export function clientConfig(connection: KafkaConnection, clientId: string): ClientConfig {
  const { tls, sasl } = connection;
  return {
    'bootstrap.servers': checkedBrokers(connection.brokers),
    'client.id': clientId,
    'security.protocol': securityProtocol(connection),
    // A broker that comes back is used within seconds, not minutes.
    'reconnect.backoff.ms': 100,
    'reconnect.backoff.max.ms': 2_000,
    'socket.keepalive.enable': true,
    // Logs reach our own log by the event; librdkafka prints nothing itself.
    'log.connection.close': false,
    log_level: 4,
    ...(tls?.caFile === undefined ? {} : { 'ssl.ca.location': tls.caFile }),
    ...(tls?.certificateFile === undefined
      ? {}
      : { 'ssl.certificate.location': tls.certificateFile }),
    ...(tls?.keyFile === undefined ? {} : { 'ssl.key.location': tls.keyFile }),
    ...(tls?.keyPassword === undefined ? {} : { 'ssl.key.password': tls.keyPassword }),
    ...(sasl === undefined
      ? {}
      : {
          'sasl.mechanisms': sasl.mechanism,
          'sasl.username': sasl.username,
          'sasl.password': sasl.password,
        }),
    ...connection.clientOptions,
  };
}

function securityProtocol({ tls, sasl }: KafkaConnection): string {
  if (sasl !== undefined) return tls === undefined ? 'sasl_plaintext' : 'sasl_ssl';
  return tls === undefined ? 'plaintext' : 'ssl';
}

function checkedBrokers(brokers: string): string {
  const list = brokers
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  const wrong = list.find((broker) => !/^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):\d{1,5}$/.test(broker));
  if (list.length === 0 || wrong !== undefined)
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `KAFKA_BROKERS must be HOST:PORT, several separated by commas; got "${wrong ?? brokers}"`,
      { value: brokers },
    );
  return list.join(',');
}
