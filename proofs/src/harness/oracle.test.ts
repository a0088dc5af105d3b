// Scenario: rows that are right, lost, doubled, invented or not acknowledged.
// Guarantees: the oracle counts each kind, so that a proof can fail.
import t from 'tap';
import { Oracle } from './oracle.js';

function oracleOf(sent: number, acknowledged: number): Oracle {
  const oracle = new Oracle();
  oracle.register('p', sent);
  oracle.acknowledge('p', 0, acknowledged);
  return oracle;
}
const rows = (...numbers: number[]): [string, number][] => numbers.map((number) => ['p', number]);

t.test('all there, once', async (t) => {
  t.match(oracleOf(3, 3).judge(rows(2, 0, 1)), {
    expected: 3,
    found: 3,
    missing: 0,
    twice: 0,
    invented: 0,
  });
});

t.test('lost, doubled and invented rows are told apart', async (t) => {
  const verdict = oracleOf(3, 3).judge([...rows(0, 0, 7), ['q', 0]]);
  t.match(verdict, { missing: 2, twice: 1, invented: 2, firstMissing: ['p/1', 'p/2'] });
});

t.test('what was not acknowledged may be there or not, but only once', async (t) => {
  t.match(oracleOf(3, 1).judge(rows(0)), { missing: 0, twice: 0 });
  t.match(oracleOf(3, 1).judge(rows(0, 2)), { missing: 0, twice: 0, invented: 0 });
  t.match(oracleOf(3, 1).judge(rows(0, 2, 2)), { twice: 1 });
});
