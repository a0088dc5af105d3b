// Scenario: a collector sends to a real topic (KAFKA_BROKERS), loaders of one group put it into a
// ClickHouse server: with nobody to load, with one that is killed, and with two that share.
// A fence of somebody else stops no loader for ever.
// Guarantees: verify says what is in the topic and closes once it is stored; each event is one row;
// events in quarantine and those a filter took are accounted for; `envelope = "event"` gives one
// Avro record an event.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loaderProcess, type ServiceProcess, WeirProcess } from '@weir/harness';
import { createTopic, readMessages } from '@weir/harness/kafka';
import { decodeEvent } from '@weir/sinks/avro';
import { startEmbeddedStore } from '@weir/sinks/clickhouse';
import t from 'tap';

const brokers = process.env.KAFKA_BROKERS ?? '';
const topic = `e2e.${process.pid}.${Math.floor(performance.timeOrigin)}`;
const EVENTS = 4_000;
/** In front of an Avro record: a zero and the id of its schema (Confluent wire format). */
const WIRE_HEAD_BYTES = 5;

interface Report {
  readonly closes: boolean;
  readonly inFlight: number;
  readonly sinks: readonly {
    readonly id: string;
    readonly streams: readonly Record<string, number>[];
  }[];
}

interface TopLag {
  readonly kafka: {
    readonly lag: number;
    readonly partitions: readonly { readonly lag: number }[];
  };
}

t.setTimeout(240_000);
if (brokers === '') t.fail('KAFKA_BROKERS is not set: npm test starts a broker and sets it');
else
  t.test('through the topic into the table', async (t) => {
    const directory = t.testdir({ edge: {}, loaders: {} });
    await createTopic(brokers, { topic, partitions: 4 });
    await createTopic(brokers, { topic: `${topic}.dlq`, partitions: 1 });
    await createTopic(brokers, { topic: `${topic}.plain`, partitions: 2 });
    const store = await startEmbeddedStore({ directory: join(directory, 'store'), log: () => {} });
    t.teardown(() => store.stop());
    writeFileSync(
      join(directory, 'edge', 'weir.toml'),
      `[sources.http]\ntype = "http"\nlisten = "127.0.0.1:0"\n` +
        `[sources.syslog]\ntype = "syslog"\nlisten = "127.0.0.1:0"\n` +
        '[transforms.kept]\ntype = "filter"\ninputs = ["*"]\n' +
        `condition = '!(message.contains("noise"))'\n` +
        '[sinks.topic]\ntype = "kafka"\ninputs = ["kept"]\n' +
        `[sinks.plain]\ntype = "kafka"\nenvelope = "event"\ntopic = "${topic}.plain"\n`,
    );
    const kafka = { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic, KAFKA_GROUP_ID: topic };
    const weir = new WeirProcess(join(directory, 'edge', 'data'), kafka, [
      ...['--config', join(directory, 'edge', 'weir.toml')],
    ]);
    mkdirSync(weir.directory, { recursive: true });
    await weir.start();
    t.teardown(() => weir.killTree());
    const send = async (first: number): Promise<void> => {
      const lines = Array.from({ length: EVENTS }, (_, i) => lineOf(first + i));
      const reply = await fetch(`${weir.httpUrl}/ingest`, {
        method: 'POST',
        body: lines.join('\n'),
      });
      t.equal(reply.status, 200);
    };
    const verify = async (waitSeconds: number): Promise<Report & { readonly code: number }> => {
      const { stdout, code } = await weir.verify(waitSeconds, '--url', store.url);
      return { ...(JSON.parse(stdout) as Report), code };
    };
    const loader = (name: string): ServiceProcess => {
      const environment = { ...kafka, CLICKHOUSE_URL: store.url };
      const made = loaderProcess({ directory: join(directory, 'loaders'), name, environment });
      t.teardown(() => made.kill());
      return made;
    };
    const [one, two] = [loader('one'), loader('two')] as const;
    await one.start();
    await send(0);
    t.match(await verify(60), { closes: true, code: 0 });
    await one.kill();
    await send(EVENTS);
    const without = await verify(1);
    t.match(without, { closes: false, code: 1 });
    t.equal(without.inFlight, EVENTS, 'what nobody has loaded is in the topic');
    const top = await weir.command('top', '--data', weir.directory, '--once', '--json');
    const { kafka: behind } = JSON.parse(top.stdout) as TopLag;
    t.match(behind, { topic, group: topic, error: null });
    t.ok(behind.lag > 0, `${behind.lag} messages wait for a loader`);
    t.equal(
      behind.partitions.reduce((sum, { lag }) => sum + lag, 0),
      behind.lag,
    );
    await Promise.all([one.start(), two.start()]);
    await send(2 * EVENTS);
    t.match(await verify(90), { closes: true, code: 0 });
    // Somebody's token is higher than ours, and the partitions stay with us all the same.
    await sql(
      store.url,
      'INSERT INTO dev.fences SELECT consumer_group, topic, partition, max(token) + 5, ' +
        "'somebody', now64(6) FROM dev.fences GROUP BY consumer_group, topic, partition",
    );
    await send(3 * EVENTS);
    const after = await verify(90);
    t.match(after, { closes: true, code: 0, inFlight: 0 });
    const [stream] = after.sinks.find(({ id }) => id === 'topic to store')?.streams ?? [];
    const share = (4 * EVENTS) / 100;
    t.match(stream, {
      ...{ issued: 4 * EVENTS, filtered: 2 * share, quarantined: share, lost: 0 },
      stored: 4 * EVENTS - 3 * share,
    });
    const rows = await sql(store.url, COUNTS);
    t.equal(rows, `${4 * EVENTS - 3 * share}\t${4 * EVENTS - 3 * share}`);
    const [first] = await readMessages(brokers, `${topic}.plain`, 1);
    const value = first?.value ?? Buffer.alloc(0);
    t.equal(value[0], 0);
    const event = decodeEvent(value.subarray(WIRE_HEAD_BYTES));
    t.match(Buffer.from(event.raw_data).toString(), /"number":\d+/);
    await Promise.all([one.stop(), two.stop()]);
    t.equal(await weir.stop(), 0);
  });

/** One of a hundred is no JSON, two are noise. */
function lineOf(number: number): string {
  if (number % 100 === 99) return `{"number":${number}, "broken`;
  const text = number % 50 === 7 ? 'noise' : 'login failed';
  return `{"number":${number},"message":"${text} ${number}"}`;
}

const COUNTS = 'SELECT count(), uniqExact(tenant_id, stream, epoch, seq) FROM dev.events';

async function sql(url: string, statement: string): Promise<string> {
  const { username, password, origin } = new URL(url);
  const user = Buffer.from(`${username}:${password}`).toString('base64');
  const reply = await fetch(origin, {
    method: 'POST',
    body: statement,
    headers: { authorization: `Basic ${user}` },
  });
  return (await reply.text()).trim();
}
