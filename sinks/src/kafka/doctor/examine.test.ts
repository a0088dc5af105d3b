// Scenario: a real broker (KAFKA_BROKERS) without topics, with topics, with offsets that another
// tool has set, an address where nobody is; one that wants a password, and a user without rights.
// Guarantees: each is told, with what to do; topics are made only where that is asked for.

import { createTopic, KafkaCluster, sendMessages } from '@weir/harness/kafka';
import { nodeTimers } from '@weir/pipeline/node';
import t from 'tap';
import { loadBinding } from '../client/binding.js';
import { Consumer } from '../client/consumer.js';
import { type DoctorOptions, examine } from './examine.js';

const brokers = process.env.KAFKA_BROKERS ?? '';
const topic = `doctor.${process.pid}.${Math.floor(performance.timeOrigin)}`;
t.setTimeout(120_000);
if (brokers === '') t.fail('KAFKA_BROKERS is not set: npm test starts a broker and sets it');
else
  t.test('what it says', async (t) => {
    const binding = loadBinding();
    const options: DoctorOptions = {
      ...{ connection: { brokers }, topic, group: topic, messageBytesMax: 4 << 20 },
      ...{ create: null, timers: nodeTimers, binding },
    };
    const states = async (more: Partial<DoctorOptions> = {}) =>
      Object.fromEntries(
        (await examine({ ...options, ...more })).map(({ what, state, text }) => [
          what.replace(topic, 'T'),
          `${state} ${text}`,
        ]),
      );
    t.match(await states(), {
      brokers: /^ok 1 of /,
      'broker 1': /^ok answers at 127\.0\.0\.1:\d+/,
      'topic settings': /^unchecked .*max\.message\.bytes >= 4194304/,
      'topic T': /^problem is not there; weir kafka doctor --create makes it/,
      'topic T.dlq': /^problem/,
    });
    t.match(await states({ create: { partitions: 3, replication: null } }), {
      'topic T': /^ok made now with max\.message\.bytes=4194304 .*: 3 partitions, 1 replicas/,
      'topic T.dlq': /^ok made now with max\.message\.bytes=4210688 /,
      'group T': /^ok 0 messages are not loaded; no loader has been there yet/,
    });
    t.match(await states({ create: { partitions: 9, replication: null } }), {
      'topic T': /^ok 3 partitions, 1 replicas/,
    });
    const other = new Consumer(binding, { 'bootstrap.servers': brokers, 'group.id': topic }, null, {
      timers: nodeTimers,
      log: () => undefined,
    });
    await other.connect();
    await other.commit({ topic, partition: 1, offset: 0 });
    await other.close();
    t.match(await states(), {
      'group T': /^warning 0 messages .* positions of 1 were set by another/,
    });
    await sendMessages(brokers, topic, [
      { value: 'a', partition: 1 },
      { value: 'b', partition: 1 },
      { value: 'c', partition: 2 },
    ]);
    const group = (await examine(options)).find(({ what }) => what === `group ${topic}`);
    t.match(group, {
      text: /^3 messages are not loaded \(by partition 1: 2, 2: 1\)/,
      partitions: [
        { partition: 0, committedOffset: null, endOffset: 0, lag: 0 },
        { partition: 1, committedOffset: 0, endOffset: 2, lag: 2, gone: 0, isOurs: false },
        { partition: 2, committedOffset: null, endOffset: 1, lag: 1 },
      ],
    });
    t.match(await states({ connection: { brokers: '127.0.0.1:9' }, timeoutMs: 1_000 }), {
      brokers: /^problem 127\.0\.0\.1:9 cannot be used: .*; nobody answers there/,
    });
  });

t.test('with a password', async (t) => {
  const authorizer = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer';
  const cluster = await KafkaCluster.start({
    directory: t.testdir(),
    sasl: true,
    properties: { 'authorizer.class.name': authorizer, 'super.users': 'User:ANONYMOUS' },
  });
  t.teardown(() => cluster.kill());
  await createTopic(cluster.brokers, { topic, partitions: 2 });
  const told = async (password: string, timeoutMs?: number): Promise<string[]> => {
    const sasl = { mechanism: 'PLAIN' as const, username: cluster.user.name, password };
    const findings = await examine({
      connection: { brokers: cluster.bootstrap('SASL_PLAINTEXT'), sasl },
      ...{ topic, group: topic, messageBytesMax: 4 << 20 },
      ...{ create: null, timers: nodeTimers, binding: loadBinding() },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    return findings.map(({ what, state, text }) => `${state} ${what.replace(topic, 'T')}: ${text}`);
  };
  t.match(await told('wrong', 3_000), [
    /^problem brokers: .*a broker answers and refuses: look at sasl/,
  ]);
  const without = await told(cluster.user.password);
  t.match(without[0], /^ok brokers/);
  t.ok(
    without.some((line) => line.startsWith('problem topic T: this user may not see it')),
    without.join('\n'),
  );
});
