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
  t.match(facts, { floorReader: /^(C|Node)$/ });
  const steps = ['sources4', 'sources40', 'rate8000', 'rate12000', 'udpSources4', 'udpSources40'];
  const ofStep = ['CpuSecondsPerMillion', 'FloorCpuSecondsPerMillion', 'ReachedPerSecond'];
  const names = [
    ...[...steps, 'paced'].flatMap((step) => ofStep.map((figure) => step + figure)),
    ...['pacedDurableP50Ms', 'pacedDurableP99Ms', 'pacedHttpDurableP50Ms'],
    ...['sourcesFlatness', 'rateFloorFlatness', 'udpSourcesFlatness'],
  ];
  for (const name of names) {
    const value = measures[name]?.median ?? 0;
    t.ok(value > 0 && Number.isFinite(value), `${name} ${value}`);
  }
  for (const step of steps) t.equal(measures[`${step}CpuSecondsPerMillion`]?.kind, 'cpu');
});
