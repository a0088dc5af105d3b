// Scenario: the broker that `npm test` starts for all tests that read KAFKA_BROKERS.
// Guarantees: such a test finds it, and messages pass through it.
import t from 'tap';
import { createTopic, readMessages, sendMessages } from './index.js';

const brokers = process.env.KAFKA_BROKERS;
const skip = brokers === undefined ? 'no Kafka broker: run by npm test, which says why' : false;
t.setTimeout(60_000);

t.test('the shared broker takes messages', { skip }, async (t) => {
  if (brokers === undefined) return;
  const topic = `shared-${process.pid}`;
  t.equal(
    await createTopic(brokers, { topic, partitions: 2, config: { 'retention.ms': '60000' } }),
    true,
  );
  await sendMessages(brokers, topic, [{ value: 'a' }, { value: 'b' }]);
  const read = await readMessages(brokers, topic, 2);
  t.strictSame(read.map(({ value }) => String(value)).sort(), ['a', 'b']);
});
