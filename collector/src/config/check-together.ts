// What a JSON Schema cannot say: settings that are right each, and wrong together.
import { resolve } from 'node:path';
import { compileRegex, PACK_NAMES } from '@weir/parsers';
import { checkGraph, ENRICHERS, messageOf, WeirError } from '@weir/pipeline';
import type { ConfigProblem } from '@weir/pipeline/config';
import { AddressSet } from '../address-set.js';
import { goesToStore } from './destination.js';
import { graphOf } from './graph.js';
import { splitHostPort } from './host-port.js';
import type { Config } from './schema.js';
import { sourceZones } from './source-zones.js';

export interface CheckedTogether {
  /** The path is of the second of two settings that do not go together. */
  readonly problems: readonly ConfigProblem[];
  /** Sentences about what works and is hardly meant. */
  readonly warnings: readonly string[];
}

export function checkTogether(
  config: Config,
  environment: Readonly<NodeJS.ProcessEnv>,
): CheckedTogether {
  const graph = checkedGraph(config);
  return {
    problems: [
      ...urlProblems(config),
      ...listenerProblems(config),
      ...sinkProblems(config),
      ...graph.problems,
      ...zoneProblems(config),
      ...regexProblems(config),
      ...networkProblems(config),
      ...kafkaProblems(config),
      ...syslogSinkProblems(config),
    ],
    warnings: [
      ...graph.warnings,
      ...slimWarnings(config, environment),
      ...parserWarnings(config),
      ...(config.kafka.tls || config.kafka.tls_ca_file === ''
        ? []
        : ['/kafka/tls_ca_file is of no effect while /kafka/tls is false']),
    ],
  };
}

function kafkaProblems({ kafka, sinks }: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const problem = (path: string, sentence: string): void =>
    void problems.push({ path, message: `${path} ${sentence}` });
  for (const [id, { type }] of Object.entries(sinks))
    if (type === 'kafka' && kafka.brokers === '')
      problem(`/sinks/${id}`, 'needs /kafka/brokers, or KAFKA_BROKERS in the environment');
  if (kafka.sasl_mechanism !== 'none' && kafka.username === '')
    problem('/kafka/username', `is empty, and /kafka/sasl_mechanism is ${kafka.sasl_mechanism}`);
  if ((kafka.tls_certificate_file === '') !== (kafka.tls_key_file === ''))
    problem('/kafka/tls_certificate_file', 'and /kafka/tls_key_file go together');
  return problems;
}

function syslogSinkProblems({ sinks }: Config): ConfigProblem[] {
  return Object.entries(sinks).flatMap(([id, sink]) => {
    if (sink.type !== 'syslog') return [];
    const path = `/sinks/${id}`;
    const problems: string[] = [];
    const port = Number(sink.address.slice(sink.address.lastIndexOf(':') + 1));
    if (port < 1 || port > 65_535) problems.push(`${path}/address has no port of 1 to 65535`);
    if ((sink.tls_certificate_file === undefined) !== (sink.tls_key_file === undefined))
      problems.push(`${path}/tls_certificate_file and ${path}/tls_key_file go together`);
    const hasFiles = sink.tls_ca_file !== undefined || sink.tls_certificate_file !== undefined;
    if (hasFiles && !sink.tls) problems.push(`${path}/tls is false, and files for TLS are set`);
    return problems.map((message) => ({ path, message }));
  });
}

/** The slim table has no column for most of what a transform can set. */
function slimWarnings(
  { store, sinks, transforms }: Config,
  environment: Readonly<NodeJS.ProcessEnv>,
): string[] {
  const types = Object.values(sinks).map(({ type }) => type);
  const isStored = types.length > 0 ? types.includes('clickhouse') : goesToStore(environment);
  if (store.profile !== 'slim' || !isStored) return [];
  const setters = Object.entries(transforms)
    .filter(([, { type }]) => type === 'set' || ENRICHERS.has(type))
    .map(([id]) => id);
  if (setters.length === 0) return [];
  return [
    `/store/profile slim keeps time, class_uid and severity_id only: whatever else ` +
      `${setters.join(', ')} set${setters.length === 1 ? 's' : ''} is not stored in ClickHouse`,
  ];
}

/** A name that no pack has would never be met; a parser of one's own has a name of its own. */
function parserWarnings({ sinks, transforms }: Config): string[] {
  const hasOwn = Object.values(transforms).some(
    (transform) => transform.type === 'parse' && transform.module !== undefined,
  );
  if (hasOwn) return [];
  return Object.entries(sinks).flatMap(([id, sink]) =>
    sink.type !== 'splunk_hec'
      ? []
      : Object.keys(sink.by_parser)
          .filter((name) => !PACK_NAMES.includes(name))
          .map((name) => `/sinks/${id}/by_parser/${name}: there is no pack of this name`),
  );
}

/** Modules are not loaded here: their functions are checked when workers start, and by validate. */
function checkedGraph(config: Config): CheckedTogether {
  try {
    return { problems: [], warnings: checkGraph(graphOf(config), { packs: PACK_NAMES }).warnings };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    const path = /^\/[^\s:;]*/.exec(error.message)?.[0] ?? '';
    return { problems: [{ path, message: error.message }], warnings: [] };
  }
}

function zoneProblems({ transforms }: Config): ConfigProblem[] {
  return Object.entries(transforms).flatMap(([id, transform]) => {
    if (transform.type !== 'parse') return [];
    try {
      sourceZones(transform);
      return [];
    } catch (error) {
      const path = `/transforms/${id}`;
      return [{ path, message: `${path}: ${messageOf(error)}` }];
    }
  });
}

function regexProblems({ transforms }: Config): ConfigProblem[] {
  return Object.entries(transforms).flatMap(([id, transform]) => {
    if (transform.type !== 'parse' || transform.regex === undefined) return [];
    const { regex, fields = {} } = transform;
    return compileRegex({ regex, fields }).problems.map(({ path, message }) =>
      problem(`/transforms/${id}${path}`, message),
    );
  });
}

function networkProblems({ sources }: Config): ConfigProblem[] {
  return Object.entries(sources).flatMap(([id, source]) => {
    if (source.type !== 'syslog') return [];
    return (['proxy_protocol_from', 'trusted_relays'] as const).flatMap((name) => {
      try {
        new AddressSet(source[name]);
        return [];
      } catch (error) {
        const path = `/sources/${id}/${name}`;
        return [{ path, message: `${path}: ${messageOf(error)}` }];
      }
    });
  });
}

const problem = (path: string, rest: string): ConfigProblem => ({
  path,
  message: `${path} ${rest}`,
});

function urlProblems(config: Config): ConfigProblem[] {
  const urls: [string, string][] = [['/store/url', config.store.url]];
  for (const [id, sink] of Object.entries(config.sinks)) {
    if ('url' in sink) urls.push([`/sinks/${id}/url`, sink.url]);
  }
  return urls
    .filter(([, url]) => url !== '' && !URL.canParse(url))
    .map(([path]) => problem(path, 'is not a URL'));
}

function listenerProblems(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const addresses = new Map<string, string>();
  const names = new Map<string, string>();
  for (const [id, source] of Object.entries(config.sources)) {
    const path = `/sources/${id}`;
    let address: ReturnType<typeof splitHostPort>;
    try {
      address = splitHostPort(source.listen, `${path}/listen`);
    } catch (error) {
      problems.push({ path: `${path}/listen`, message: messageOf(error) });
      continue;
    }
    for (const protocol of source.type === 'http' ? ['tcp'] : source.protocols) {
      const listener = source.type === 'http' ? id : `${id}_${protocol}`;
      const otherName = names.get(listener);
      if (otherName !== undefined) {
        const rest = `would be called ${listener}, as ${otherName} is already; rename one`;
        problems.push(problem(path, rest));
      }
      names.set(listener, path);
      const key = `${protocol} ${address.host} ${address.port}`;
      const other = addresses.get(key);
      if (other !== undefined && address.port !== 0) {
        const rest = `is the address of ${other} already; got ${source.listen}`;
        problems.push(problem(`${path}/listen`, rest));
      }
      addresses.set(key, path);
    }
  }
  return problems;
}

function sinkProblems(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const files = new Map<string, string>();
  let clickhouse: string | null = null;
  for (const [id, sink] of Object.entries(config.sinks)) {
    const path = `/sinks/${id}`;
    if (sink.type === 'clickhouse') {
      if (clickhouse !== null) {
        problems.push(problem(path, `is a second sink of type clickhouse beside ${clickhouse}`));
      }
      clickhouse ??= path;
      if (!sink.required) {
        const rest =
          'must be true: a clickhouse sink is always required; other types may be optional';
        problems.push(problem(`${path}/required`, rest));
      }
    }
    if (sink.type !== 'file') continue;
    const file = resolve(sink.path);
    const other = files.get(file);
    if (other !== undefined) problems.push(problem(`${path}/path`, `is the file of ${other} too`));
    files.set(file, path);
  }
  return problems;
}
