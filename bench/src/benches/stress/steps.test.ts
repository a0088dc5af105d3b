// Guarantees: a step that was too slow, or lost too many datagrams, is no figure of that step.
import t from 'tap';
import { checkStep, type Step } from './steps.js';

const TCP: Step = { protocol: 'tcp', sources: 10, rate: 1_000, seconds: 4 };
const UDP: Step = { ...TCP, protocol: 'udp' };

t.test('a rate', async (t) => {
  checkStep(TCP, { reachedPerSecond: 800, kernelDrops: 0 });
  t.throws(() => checkStep(TCP, { reachedPerSecond: 799, kernelDrops: 0 }), /only 799 events/);
});

t.test('drops of the kernel', async (t) => {
  checkStep(UDP, { reachedPerSecond: 1_000, kernelDrops: 40 });
  t.throws(() => checkStep(UDP, { reachedPerSecond: 1_000, kernelDrops: 41 }), /lost 41 of 4000/);
});
