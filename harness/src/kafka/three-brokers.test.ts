// Scenario: three brokers, replication factor 3, min.insync.replicas 2; one is killed while
// messages are sent, and comes back.
// Guarantees: every acknowledged message is there once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createTopic, KafkaCluster, readMessages, sendMessages } from './index.js';

const PARTITIONS = 3;
const MESSAGES_A_ROUND = 500;
// Three Java processes on two cores, beside other tests.
t.setTimeout(240_000);

t.test('one of three brokers is killed', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-kafka-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const cluster = await KafkaCluster.start({ directory, brokerCount: 3 });
  t.teardown(() => cluster.kill());
  t.equal(cluster.brokers.split(',').length, 3);
  await createTopic(cluster.brokers, { topic: 'replicated', partitions: PARTITIONS });

  const wanted: string[] = [];
  const send = (round: string): Promise<void> => {
    const messages = Array.from({ length: MESSAGES_A_ROUND }, (_, index) => ({
      value: `${round} ${index}`,
      partition: index % PARTITIONS,
    }));
    wanted.push(...messages.map(({ value }) => value));
    return sendMessages(cluster.brokers, 'replicated', messages);
  };
  await send('before');
  const meanwhile = send('meanwhile');
  await cluster.broker(2).kill();
  await meanwhile;
  await send('without it');
  t.equal(cluster.pids.length, 2);
  await cluster.broker(2).start();
  t.equal(cluster.pids.length, 3);
  await send('with it');

  const read = await readMessages(cluster.brokers, 'replicated', wanted.length);
  t.strictSame(read.map(({ value }) => String(value)).sort(), wanted.sort());
});
