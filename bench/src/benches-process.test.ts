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
  t.match(facts, { everyEventAccountedFor: true, floorReader: /^(C|Node)$/ });
  for (const name of ['sources', 'rate', 'udpSources'])
    for (const flatness of ['Flatness', 'FloorFlatness'])
      t.ok((measures[name + flatness]?.median ?? 0) >= 1, name + flatness);
  for (const name of ['sources4', 'rate2000', 'udpSources40', 'paced']) {
    t.ok((measures[`${name}FloorCpuSecondsPerMillion`]?.median ?? 0) > 0, `${name} has a floor`);
    t.equal(measures[`${name}CpuSecondsPerMillion`]?.kind, 'cpu');
  }
  for (const name of ['pacedDurable', 'pacedHttpDurable']) {
    const p50 = measures[`${name}P50Ms`]?.median ?? 0;
    t.ok(p50 > 0 && p50 <= (measures[`${name}P99Ms`]?.median ?? 0), name);
  }
});
