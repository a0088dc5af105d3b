// Scenario: a real broker (KAFKA_BROKERS) without topics, with topics, with offsets that another
// tool has set, and an address where nobody is.
// Guarantees: each is told, with what to do; topics are made only where that is asked for.
import { nodeTimers } from '@weir/pipeline/node';
import t from 'tap';
import { loadBinding } from './client/binding.js';
import { Consumer } from './client/consumer.js';
import { type DoctorOptions, examine } from './doctor.js';

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
      brokers: /^ok 1: \d+ at /,
      'topic T': /^problem is not there; weir kafka doctor --create makes it/,
      'topic T.dlq': /^problem/,
    });
    t.match(await states({ create: { partitions: 3, replication: null } }), {
      'topic T': /^ok made now: 3 partitions, 1 replicas/,
      'topic T.dlq': /^ok made now: 3 partitions/,
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
    t.match(await states({ connection: { brokers: '127.0.0.1:9' } }), {
      brokers: /^problem 127\.0\.0\.1:9 cannot be used: .*; look at KAFKA_BROKERS/,
    });
  });
