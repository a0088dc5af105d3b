// Scenario: a message that no loader can read, in a real topic (KAFKA_BROKERS); `weir dlq` lists,
// shows and replays it, while it still cannot be read and then in a form that can, twice.
// Guarantees: its numbers are lost until they are stored, and stored once; nothing leaves the dead
// letter topic; places that are none are told by exit code 1, wrong usage by 2.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loaderProcess, WeirProcess, waitFor } from '@weir/harness';
import { createTopic, readMessages } from '@weir/harness/kafka';
import { nodeTimers } from '@weir/pipeline/node';
import { createStore, startEmbeddedStore } from '@weir/sinks/clickhouse';
import { clientConfig, loadBinding, type OutgoingMessage, Producer } from '@weir/sinks/kafka';
import t from 'tap';

const WEIR = fileURLToPath(new URL('../../bin/weir.js', import.meta.url));
const brokers = process.env.KAFKA_BROKERS ?? '';
const topic = `dlq.${process.pid}.${Math.floor(performance.timeOrigin)}`;
const kafka = { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic, KAFKA_GROUP_ID: topic };
const EVENTS = 20;
const WAIT_MS = 60_000;

interface Listed {
  readonly letters: readonly Record<string, unknown>[];
  readonly more: number;
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly stderr: string;
}

/** A command line as a user runs it. */
function weir(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...kafka, NODE_OPTIONS: '' };
    const child = execFile(process.execPath, [WEIR, ...args], { env }, (_, out, stderr) =>
      resolve({ code: child.exitCode, out, stderr }),
    );
  });
}

t.setTimeout(240_000);
if (brokers === '') t.fail('KAFKA_BROKERS is not set: npm test starts a broker and sets it');
else
  t.test('dead letters', async (t) => {
    const directory = t.testdir({ edge: {}, loaders: {} });
    for (const name of [topic, `${topic}.dlq`, `${topic}.source`])
      await createTopic(brokers, { topic: name, partitions: 2 });
    const store = await startEmbeddedStore({ directory: join(directory, 'store'), log: () => {} });
    t.teardown(() => store.stop());
    const loader = loaderProcess({
      ...{ directory: join(directory, 'loaders'), name: 'one' },
      environment: { ...kafka, CLICKHOUSE_URL: store.url },
    });
    t.teardown(() => loader.kill());
    const client = createStore({ url: store.url });
    t.teardown(() => client.close());
    const ledger = async () => {
      const rows = await client
        .query<Record<string, string>>(
          'SELECT (SELECT count() FROM dev.events) AS rows, sum(stored) AS stored, ' +
            'sum(lost) AS lost FROM dev.ledger_by_stream',
        )
        .catch(() => []);
      return rows.map(({ rows: count, stored, lost }) => [count, stored, lost].map(Number))[0];
    };
    const isLedger = (...wanted: number[]): Promise<boolean> =>
      waitFor(async () => String(await ledger()) === String(wanted), WAIT_MS, 100);
    const [, message] = await Promise.all([
      loader.start(),
      batchOfCollector(join(directory, 'edge')),
    ]);
    const producer = new Producer(loadBinding(), clientConfig({ brokers }, 'test'), {
      ...{ timers: nodeTimers, log: () => undefined },
    });
    await producer.connect();
    t.teardown(() => producer.close());
    const send = (one: OutgoingMessage) => producer.send([one], new AbortController().signal);
    const list = async (...args: string[]): Promise<Listed> => {
      const { code, out, stderr } = await weir('dlq', 'list', '--json', ...args);
      t.equal(code, 0, stderr);
      return JSON.parse(out) as Listed;
    };
    const isListed = (count: number): Promise<boolean> =>
      waitFor(async () => (await list()).letters.length === count, WAIT_MS, 500);

    const broken = Buffer.from(message.value);
    broken.fill(0xff, 5, 40);
    t.equal(await send({ ...message, value: broken }), null);
    t.ok(await isLedger(0, 0, EVENTS), 'declared lost');
    t.ok(await isListed(1));
    const [letter] = (await list()).letters;
    t.match(letter, {
      letter: /^[01]\/0$/,
      reason: /^the message is no batch of events/,
      origin: { topic, partition: 0, offset: 0 },
      ...{ bytes: broken.length, key: message.key, numbers: { seqFirst: 0, seqLast: EVENTS - 1 } },
    });
    const place = String(letter?.letter);
    t.match((await weir('dlq', 'list')).out, `${topic}/0/0`);
    const shown = await weir('dlq', 'show', place);
    t.match(shown.out, /^header weir-reason the message is no batch/m);
    t.match(shown.out, /^\\x00\\x00\\x00\\x00\\x00\\xff/m, 'bytes are escaped');
    const raw = JSON.parse((await weir('dlq', 'show', place, '--json')).out) as { value: string };
    t.equal(raw.value, broken.toString('base64'));

    t.equal((await weir('dlq', 'replay', place)).code, 0);
    t.ok(await isListed(2), 'what cannot be read comes back, and the first letter stays');
    t.match(await list('--limit', '1'), { more: 1 });
    t.same(await ledger(), [0, 0, EVENTS]);

    // As if the loaders had learned to read it.
    const headers = [
      ...message.headers,
      { 'weir-reason': 'older loader' },
      { 'weir-topic': topic },
    ];
    const readable = { ...message, topic: `${topic}.dlq`, partition: 1, headers };
    t.equal(await send(readable), null);
    const all = (await list()).letters;
    const good = String(all.find(({ reason }) => reason === 'older loader')?.letter);
    for (const round of ['once', 'twice']) {
      const replayed = await weir('dlq', 'replay', good, '--json');
      t.match(JSON.parse(replayed.out), { topic, sent: [good], missing: [] });
      t.ok(await isLedger(EVENTS, EVENTS, 0), `stored once, replayed ${round}`);
    }
    const [replayed] = (await readMessages(brokers, topic, 4)).filter(
      ({ value }) => value?.equals(message.value) === true,
    );
    const names = (replayed?.headers ?? []).flatMap((header) => Object.keys(header));
    t.same(
      names,
      message.headers.flatMap((header) => Object.keys(header)),
    );
    t.ok(await waitFor(async () => (await lagOf()) === 0, WAIT_MS, 500), 'all is loaded');
    t.same(await ledger(), [EVENTS, EVENTS, 0]);
    t.equal((await list()).letters.length, 3);

    t.match(await weir('dlq', 'show', '0/999'), { code: 1, stderr: /no dead letter 0\/999/ });
    t.match(await weir('dlq', 'replay', '7/0'), { code: 1, stderr: /no dead letter 7\/0/ });
    t.match(await weir('dlq', 'replay'), { code: 2, stderr: /or give --all/ });
    t.match(await weir('dlq', 'show', 'x'), { code: 2, stderr: /PARTITION\/OFFSET/ });
    await loader.stop();
  });

/** Messages that the group has not settled, as the doctor sees it. */
async function lagOf(): Promise<number> {
  const { out } = await weir('kafka', 'doctor', '--json');
  const findings = JSON.parse(out) as { partitions?: { lag: number }[] }[];
  const partitions = findings.flatMap((finding) => finding.partitions ?? []);
  return partitions.reduce((sum, { lag }) => sum + lag, 0);
}

/** The one message that a collector makes of some events, for partition 0 of the topic. */
async function batchOfCollector(directory: string): Promise<OutgoingMessage> {
  const config = join(directory, 'weir.toml');
  writeFileSync(
    config,
    `[sources.http]\ntype = "http"\nlisten = "127.0.0.1:0"\n` +
      `[sources.syslog]\ntype = "syslog"\nlisten = "127.0.0.1:0"\n` +
      `[sinks.topic]\ntype = "kafka"\ntopic = "${topic}.source"\n`,
  );
  const collector = new WeirProcess(join(directory, 'data'), kafka, ['--config', config]);
  mkdirSync(collector.directory);
  await collector.start();
  const lines = Array.from({ length: EVENTS }, (_, i) => `{"number":${i}}`);
  const reply = await fetch(`${collector.httpUrl}/ingest`, {
    method: 'POST',
    body: lines.join('\n'),
  });
  t.equal(reply.status, 200);
  const [message] = await readMessages(brokers, `${topic}.source`, 1);
  await collector.stop();
  return {
    ...{ topic, partition: 0, key: message?.key?.toString() ?? '' },
    ...{ value: message?.value ?? Buffer.alloc(0) },
    headers: (message?.headers ?? []) as unknown as OutgoingMessage['headers'],
  };
}
