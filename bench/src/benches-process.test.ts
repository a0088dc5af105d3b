// Scenario: the benches that drive a real collector, in their small size.
// Guarantees: they run, every event came where it had to, their figures are there.
import t from 'tap';
import { smallBench } from './test-bench.js';

t.test('http_out', async (t) => {
  const { facts, measures, hash } = await smallBench('http_out');
  t.match(facts, { events: 10_000, everyNumberCame: true });
  t.ok(measures.peersReceiverCpuSecondsPerMillion, 'CPU of the receiver stands apart');
  t.match(hash, /^[0-9a-f]{64}$/);
});

t.test('end_to_end', async (t) => {
  const { facts, measures } = await smallBench('end_to_end');
  t.match(facts, { events: 15_000, ledgerCloses: true });
  t.equal(measures.loneEventMs?.values.length, 2);
});

t.test('stress', async (t) => {
  const { facts, measures } = await smallBench('stress');
  t.match(facts, { allReceivedAreDurable: true });
  t.ok((measures.sourcesFlatness?.median ?? 0) >= 1);
  t.ok((measures.pacedDurableP99Ms?.median ?? 0) > 0);
});
