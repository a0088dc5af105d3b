// Scenario: the oracle sends events of one device, and tables say what became of them.
// Guarantees: rows in another order than that of the sending are found; what came of a message that
// was cut by its connection may stand later, and no earlier.
import t from 'tap';
import { type Row, type RowTable, Tables } from '../store/tables.js';
import { Oracle } from './oracle.js';

const STREAM = { tenant: 'default', stream: 'node/tcp/0', epoch: '7' };

/** One device sends three events; `rows` says at which numbers they stand, and cut behind what. */
function problemsOf(rows: readonly { order: number; seq: number; cutBehind?: string }[]): string[] {
  const oracle = new Oracle();
  oracle.begin(STREAM.epoch, 'node');
  const details = { isFiltered: false, isKeyed: false };
  const sent = [0, 1, 2].map(() => oracle.mint('tcp', 't1', details, (id) => `${id} some text`));
  const tables = new Tables();
  for (const { order, seq, cutBehind } of rows) {
    const text = sent[order]?.text ?? '';
    if (cutBehind === undefined) oracle.took('tcp', '192.0.2.1', Buffer.from(`${text}\n`));
    const row: Row = {
      ...STREAM,
      ...{ seq, source: '192.0.2.1', sourceSeq: seq, ingestUs: 0, retentionClass: 'default' },
      raw: cutBehind === undefined ? text : text.slice(0, text.indexOf(cutBehind)),
      reason: cutBehind === undefined ? '' : 'framing_incomplete',
    };
    const table: RowTable = cutBehind === undefined ? 'events' : 'quarantine';
    tables.addPart(table, { partition: '0/default', rows: [row] });
  }
  return oracle.check(tables).filter((problem) => problem.includes('stands before'));
}

t.test('whole events', (t) => {
  t.same(problemsOf([0, 1, 2].map((seq) => ({ order: seq, seq }))), []);
  t.same(
    problemsOf([
      { order: 0, seq: 1 },
      { order: 1, seq: 0 },
    ]),
    ['t1: t1-1 stands before the one sent before it'],
  );
  t.end();
});

t.test('a message whose connection vanished within it', (t) => {
  // The process gives the connection up long after the device has begun another one.
  const late = [
    { order: 0, seq: 0 },
    { order: 1, seq: 2, cutBehind: 'text' },
    { order: 2, seq: 1 },
  ];
  t.same(problemsOf(late), []);
  const early = [
    { order: 0, seq: 1 },
    { order: 1, seq: 0, cutBehind: 'text' },
    { order: 2, seq: 2 },
  ];
  t.same(problemsOf(early), ['t1: t1-1 stands before the one sent before it']);
  const around = [
    { order: 0, seq: 2 },
    { order: 1, seq: 3, cutBehind: 'text' },
    { order: 2, seq: 1 },
  ];
  t.same(problemsOf(around), ['t1: t1-2 stands before the one sent before it']);
  t.end();
});
