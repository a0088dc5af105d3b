// Scenario: the command `npm run proof` with right and wrong arguments. The proofs themselves have
//   a test each in their folders.
// Guarantees: wrong usage ends with 2, and what only looks runs nothing.
import t from 'tap';
import { ledger } from './proofs/ledger/index.js';
import { runProof } from './testing.js';

t.test('wrong usage', async (t) => {
  t.equal((await runProof('none')).code, 2);
  t.equal((await runProof('ledger', '--sabotage', 'none')).code, 2);
  t.equal((await runProof('ledger', '--seed', 'x')).code, 2);
  t.equal((await runProof('ledger', '--long')).code, 2);
  const list = await runProof('ledger', '--sabotage', 'list');
  t.same(list.output.trim().split('\n'), ledger.sabotages);
});

t.test('list, preflight, sabotages and diff', async (t) => {
  t.match((await runProof('list')).output, /^ *ledger /m);
  t.match((await runProof('--sabotage', 'list')).output, /^ledger ack_before_fdatasync$/m);
  const looked = await runProof('ledger', '--preflight');
  t.match(looked.lastLine, /^ledger:( can run here|SKIP needs )/);
  t.equal(looked.code, looked.lastLine.startsWith('ledger:SKIP') ? 1 : 0);
  t.equal((await runProof('diff', 'one.json')).code, 2);
  t.equal((await runProof('diff', 'one.json', 'two.json')).code, 2);
});
