// Scenario: the configuration names sinks or does not, and the environment says this or that.
// Guarantees: KAFKA_BROKERS > SIEM_BASE_URL > CLICKHOUSE_URL > store.url > embedded, unless there
// are sinks; the reason is said, without secrets.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkGraph } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { chooseDestination } from './destination.js';
import { graphOf } from './graph.js';
import { loadConfig } from './load.js';

function chosen(t: Test, text: string, environment: Readonly<Record<string, string>> = {}) {
  const path = join(t.testdir({}), 'a.toml');
  writeFileSync(path, text);
  const { config } = loadConfig({ config: path }, { WEIR_SYSTEM_DIR: '', ...environment });
  const destination = chooseDestination(config, environment);
  checkGraph(graphOf(config, destination.sinks));
  return destination;
}

const CLICKHOUSE = {
  clickhouse: { type: 'clickhouse', inputs: ['*'], required: true, max_lag_bytes: 268_435_456 },
};
const SERVER = { CLICKHOUSE_URL: 'http://me:topsecret@server:8123' };
const SIEM = { SIEM_BASE_URL: 'http://me:topsecret@central:8514' };
const KAFKA = { KAFKA_BROKERS: 'a:9092' };
const FILE_SINK = '[sinks.out]\ntype = "file"\npath = "x"\n';

t.test('without anything it is the embedded store', async (t) => {
  const { sinks, why } = chosen(t, '');
  t.same(sinks, CLICKHOUSE);
  t.match(why, /^the embedded store: neither/);
});

t.test('a server', async (t) => {
  t.same(chosen(t, '', SERVER).sinks, CLICKHOUSE);
  t.equal(chosen(t, '', SERVER).why, 'the ClickHouse server of CLICKHOUSE_URL');
  t.equal(chosen(t, '[store]\nurl = "http://a:1"\n').why, 'the ClickHouse server of store.url');
});

t.test('another Weir goes over a server', async (t) => {
  const { sinks, why } = chosen(t, '', { ...SERVER, ...SIEM });
  t.same(Object.keys(sinks), ['upstream']);
  t.match(sinks.upstream, {
    type: 'weir',
    url: SIEM.SIEM_BASE_URL,
    required: true,
    headers: {},
    timeout_ms: 30_000,
  });
  t.equal(why, 'the Weir of SIEM_BASE_URL; CLICKHOUSE_URL is not used');
  t.throws(() => chosen(t, '', { SIEM_BASE_URL: 'central' }), { code: 'WEIR_CONFIG_INVALID' });
});

t.test('Kafka goes over everything else', async (t) => {
  const { sinks, why } = chosen(t, '', { ...SERVER, ...SIEM, ...KAFKA });
  t.match(sinks, { kafka: { type: 'kafka', envelope: 'batch', inputs: ['*'] } });
  t.equal(
    why,
    'the topic siem.events.v1 of KAFKA_BROKERS; SIEM_BASE_URL and CLICKHOUSE_URL are not used',
  );
  const named = chosen(t, '[kafka]\nbrokers = "a:9092"\ntopic = "mine"\n', {});
  t.equal(named.why, 'the topic mine of kafka.brokers');
  t.throws(() => chosen(t, '[sinks.k]\ntype = "kafka"\n', {}), {
    code: 'WEIR_CONFIG_INVALID',
    message: /\/sinks\/k needs \/kafka\/brokers, or KAFKA_BROKERS/,
  });
});

t.test('sinks of the configuration stand, and what is not used is said', async (t) => {
  t.same(Object.keys(chosen(t, FILE_SINK, { ...SIEM, ...KAFKA }).sinks), ['out']);
  t.equal(
    chosen(t, FILE_SINK, { ...SIEM, ...KAFKA, ...SERVER }).why,
    'the sinks of the configuration: out (file); KAFKA_BROKERS and SIEM_BASE_URL and ' +
      'CLICKHOUSE_URL add none',
  );
  t.equal(
    chosen(t, '[sinks.db]\ntype = "clickhouse"\n', SERVER).why,
    'the sinks of the configuration: db (clickhouse)',
    'a clickhouse sink does use the server',
  );
});

t.test('a chosen sink takes what comes out of the transforms', async (t) => {
  const { sinks } = chosen(
    t,
    '[transforms.loud]\ntype = "filter"\ninputs = ["syslog"]\ncondition = "severity_id > 2"\n',
  );
  t.same([...(sinks.clickhouse?.inputs ?? [])].sort(), ['forwarded', 'http', 'loud']);
});

t.test('no reason shows a secret', async (t) => {
  for (const environment of [SERVER, SIEM, { ...SERVER, ...SIEM }]) {
    t.notMatch(chosen(t, '', environment).why, /topsecret/);
    t.notMatch(chosen(t, FILE_SINK, environment).why, /topsecret/);
  }
});
