// Scenario: one broker with every kind of listener; messages in and out, passwords and
// certificates right and wrong, the broker killed, frozen and started again.
// Guarantees: what tests of Kafka stand on works against the real thing, and what is wrong is told.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  connectionError,
  createTopic,
  KafkaCluster,
  type KafkaSettings,
  readMessages,
  sendMessages,
  tlsSettings,
} from './index.js';

t.setTimeout(240_000);
const directory = mkdtempSync(join(tmpdir(), 'weir-kafka-'));
const cluster = await KafkaCluster.start({ directory, sasl: true, tls: true });
t.teardown(async () => {
  await cluster.kill();
  rmSync(directory, { recursive: true, force: true });
});

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];

const sasl = (mechanism: string, password = cluster.user.password): KafkaSettings => ({
  ...{ 'security.protocol': 'sasl_plaintext', 'sasl.mechanism': mechanism },
  ...{ 'sasl.username': cluster.user.name, 'sasl.password': password },
});
const textOf = (messages: readonly { value: Buffer | null }[]): string[] =>
  messages.map(({ value }) => String(value));

t.test('a topic is made once, and what is sent is read in order', async (t) => {
  t.equal(await createTopic(cluster.brokers, { topic: 'plain', partitions: 3 }), true);
  t.equal(await createTopic(cluster.brokers, { topic: 'plain', partitions: 3 }), false);
  const values = Array.from({ length: 100 }, (_, index) => `event ${index}`);
  const messages = values.map((value) => ({ value, partition: 1 }));
  await sendMessages(cluster.brokers, 'plain', messages, { 'compression.codec': 'zstd' });
  const read = await readMessages(cluster.brokers, 'plain', values.length);
  t.strictSame(textOf(read), values);
  t.strictSame([...new Set(read.map(({ partition }) => partition))], [1]);
});

t.test('passwords: PLAIN and both SCRAM mechanisms', async (t) => {
  const brokers = cluster.bootstrap('SASL_PLAINTEXT');
  await createTopic(cluster.brokers, { topic: 'sasl', partitions: 1 });
  for (const mechanism of MECHANISMS)
    await sendMessages(brokers, 'sasl', [{ value: mechanism }], sasl(mechanism));
  const read = await readMessages(brokers, 'sasl', MECHANISMS.length, sasl('SCRAM-SHA-512'));
  t.strictSame(textOf(read), MECHANISMS);
  t.equal(await connectionError(brokers, sasl('PLAIN')), null);
  const refusals = MECHANISMS.map((mechanism) =>
    connectionError(brokers, sasl(mechanism, 'wrong')),
  );
  const refused = 'authentication failure';
  t.strictSame(await Promise.all(refusals), [refused, refused, refused]);
});

t.test('certificates: mTLS with the right one, refused without', async (t) => {
  const brokers = cluster.bootstrap('SSL');
  const { certificates } = cluster;
  if (certificates === null) throw new Error('the cluster was started with tls');
  const settings = tlsSettings(certificates);
  await createTopic(cluster.brokers, { topic: 'tls', partitions: 1 });
  await sendMessages(brokers, 'tls', [{ value: 'sealed', key: 'k' }], settings);
  const [message] = await readMessages(brokers, 'tls', 1, settings);
  t.match([String(message?.value), String(message?.key)], ['sealed', 'k']);

  const authority = { 'security.protocol': 'ssl', 'ssl.ca.location': certificates.caFile };
  const [stranger, unbelieved] = await Promise.all([
    connectionError(brokers, authority),
    connectionError(brokers, { 'security.protocol': 'ssl' }),
  ]);
  t.match(stranger, /^(ssl error|broker transport failure)$/, 'a client without a certificate');
  t.equal(unbelieved, 'ssl error', 'a client that does not know the authority');
});

t.test('frozen, it acknowledges nothing; after SIGKILL all that it did is there', async (t) => {
  await createTopic(cluster.brokers, { topic: 'faults', partitions: 1 });
  await sendMessages(cluster.brokers, 'faults', [{ value: 'before' }]);
  cluster.broker(1).pause();
  // Nothing answers: the connection itself is only as good as the kernel's backlog.
  const silent = sendMessages(cluster.brokers, 'faults', [{ value: 'meanwhile' }]);
  const first = await Promise.race([silent.then(() => 'sent'), oneSecond().then(() => 'waiting')]);
  t.equal(first, 'waiting');
  cluster.broker(1).resume();
  await silent;

  await cluster.broker(1).kill();
  t.strictSame(cluster.pids, []);
  await cluster.broker(1).start();
  await sendMessages(cluster.brokers, 'faults', [{ value: 'after' }]);
  const read = await readMessages(cluster.brokers, 'faults', 3);
  t.strictSame(textOf(read), ['before', 'meanwhile', 'after']);
});

const oneSecond = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_000));

t.test('what cannot be asked for is said', async (t) => {
  t.throws(() => cluster.broker(2), /no broker 2 of 1/);
  const plain = { directory: join(directory, 'bad'), properties: { 'log.segment.bytes': 'many' } };
  await t.rejects(KafkaCluster.start(plain), /could not be formatted.*log\.segment\.bytes/);
});
