// Scenario: the proof, honest and with each of its planted faults; then a report beside itself.
import t from 'tap';
import { reportPath, runProof, testProof } from '../../testing.js';
import { ledger } from './index.js';

testProof(ledger);

t.test('diff of a report with itself', async (t) => {
  const same = await runProof('diff', reportPath('ledger'), reportPath('ledger'));
  t.equal(same.code, 0);
  t.match(same.output, /^expected +\d+ +\d+ +1\.00$/m);
});
