// Scenario: the proof, honest and with each of its planted faults: a retention that is ten times
// what the proof expects, and an event that is dropped.
import t from 'tap';
import { runProof } from '../../testing.js';

t.setTimeout(1_500_000);

t.test('storage', async (t) => {
  const { code, lastLine, output } = await runProof('storage');
  t.equal(lastLine, 'storage:PASS', output);
  t.match(output, /^storage: compression ratio \d/m);
  t.equal(code, 0);
});

t.test('storage, retention_ten_times', async (t) => {
  const { code, lastLine, output } = await runProof('storage', '--sabotage', 'retention_ten_times');
  t.match(lastLine, /^storage:FAIL default: kept are "old\/default\/2 /, output);
  t.equal(code, 1);
});

t.test('storage, drop_event', async (t) => {
  const { code, lastLine, output } = await runProof('storage', '--sabotage', 'drop_event');
  t.match(lastLine, /^storage:FAIL \d+ events lost/, output);
  t.equal(code, 1);
});
