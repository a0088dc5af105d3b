// Where events go when the configuration does not say it: the environment decides, and the start
// prints what it decided and why.
import { EVERY_SOURCE, openEnds, WeirError } from '@weir/pipeline';
import { graphOf } from './graph.js';
import { defaultsOf } from './schema/nodes.js';
import { ClickhouseSink, KafkaSink, type SinkConfig, WeirSink } from './schema/sinks.js';
import type { Config } from './schema.js';

/** Consumer of the spool, and so name of a frontier, in every data directory there is. */
const CLICKHOUSE_ID = 'clickhouse';
const UPSTREAM_ID = 'upstream';
const KAFKA_ID = 'kafka';

export interface ChosenDestination {
  /** By id; never empty. */
  readonly sinks: Readonly<Record<string, SinkConfig>>;
  /** One sentence for people, without secrets. */
  readonly why: string;
}

/**
 * Sinks of the configuration; without any KAFKA_BROKERS or kafka.brokers > SIEM_BASE_URL >
 * CLICKHOUSE_URL or store.url > the embedded store. Throws WEIR_CONFIG_INVALID.
 */
export function chooseDestination(
  config: Config,
  environment: Readonly<NodeJS.ProcessEnv>,
): ChosenDestination {
  const given = Object.entries(config.sinks);
  if (given.length > 0) return { sinks: config.sinks, why: whyGiven(given, environment) };
  // It takes what comes out of the transforms, where there are any.
  const hasTransforms = Object.keys(config.transforms).length > 0;
  const inputs = hasTransforms ? openEnds(graphOf(config)) : [EVERY_SOURCE];
  if (config.kafka.brokers !== '') return kafka(config, inputs, environment);
  if (isSet(environment.SIEM_BASE_URL)) {
    return upstream(environment.SIEM_BASE_URL, inputs, environment);
  }
  const clickhouse = { ...defaultsOf(ClickhouseSink), type: 'clickhouse', inputs } as SinkConfig;
  const why =
    config.store.url === ''
      ? 'the embedded store: neither [sinks], SIEM_BASE_URL, CLICKHOUSE_URL nor store.url is set'
      : `the ClickHouse server of ${isSet(environment.CLICKHOUSE_URL) ? 'CLICKHOUSE_URL' : 'store.url'}`;
  return { sinks: { [CLICKHOUSE_ID]: clickhouse }, why };
}

function kafka(
  config: Config,
  inputs: readonly string[],
  environment: Readonly<NodeJS.ProcessEnv>,
): ChosenDestination {
  const sink = { ...defaultsOf(KafkaSink), type: 'kafka', inputs } as SinkConfig;
  const from = isSet(environment.KAFKA_BROKERS) ? 'KAFKA_BROKERS' : 'kafka.brokers';
  const unused = ['SIEM_BASE_URL', 'CLICKHOUSE_URL'].filter((name) => isSet(environment[name]));
  const rest = unused.length === 0 ? '' : `; ${unused.join(' and ')} ${verbOf(unused)} not used`;
  return {
    sinks: { [KAFKA_ID]: sink },
    why: `the topic ${config.kafka.topic} of ${from}${rest}`,
  };
}

const verbOf = (names: readonly string[]): string => (names.length === 1 ? 'is' : 'are');

function upstream(
  url: string,
  inputs: readonly string[],
  environment: Readonly<NodeJS.ProcessEnv>,
): ChosenDestination {
  if (!/^https?:\/\/.+/.test(url) || !URL.canParse(url)) {
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      'SIEM_BASE_URL must be a URL that begins with http:// or https://',
    );
  }
  const sink = { ...defaultsOf(WeirSink), type: 'weir', url, inputs } as SinkConfig;
  const unused = isSet(environment.CLICKHOUSE_URL) ? '; CLICKHOUSE_URL is not used' : '';
  return { sinks: { [UPSTREAM_ID]: sink }, why: `the Weir of SIEM_BASE_URL${unused}` };
}

function whyGiven(
  sinks: readonly (readonly [string, SinkConfig])[],
  environment: Readonly<NodeJS.ProcessEnv>,
): string {
  const hasStore = sinks.some(([, { type }]) => type === 'clickhouse');
  const hasKafka = sinks.some(([, { type }]) => type === 'kafka');
  // CLICKHOUSE_URL goes over store.url, so a clickhouse sink does use it; so with KAFKA_BROKERS.
  const unused = [
    ...(hasKafka ? [] : ['KAFKA_BROKERS']),
    'SIEM_BASE_URL',
    ...(hasStore ? [] : ['CLICKHOUSE_URL']),
  ].filter((name) => isSet(environment[name]));
  const ids = sinks.map(([id, { type }]) => `${id} (${type})`).join(', ');
  if (unused.length === 0) return `the sinks of the configuration: ${ids}`;
  const verb = unused.length === 1 ? 'adds' : 'add';
  return `the sinks of the configuration: ${ids}; ${unused.join(' and ')} ${verb} none`;
}

/** Whether the destination is a `clickhouse` sink where the configuration has no sinks. */
export const goesToStore = (environment: Readonly<NodeJS.ProcessEnv>): boolean =>
  !isSet(environment.KAFKA_BROKERS) && !isSet(environment.SIEM_BASE_URL);

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';
