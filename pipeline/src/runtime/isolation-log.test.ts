import t from 'tap';
import type { Clock } from '../ports.js';
import type { IsolationReport } from './isolation.js';
import { type IsolationLine, IsolationLog } from './isolation-log.js';

const failure = {
  kind: 'hung',
  message: 'a pipeline worker failed: no end within 5000 ms',
  row: 3,
  component: 'mask',
  ranMs: 5_000,
} as const;
const report: IsolationReport = {
  tenant: 'default',
  stream: 'node/syslog/0',
  epoch: 1n,
  seqFirst: 100,
  eventCount: 512,
  failure,
  rows: [{ seq: 103, kind: 'hung', component: 'mask', message: failure.message }],
  untriedCount: 0,
  runCount: 3,
  durationMs: 6_001.5,
  isStorm: false,
};

t.test('each isolation is a line; of a storm one in ten seconds, and none is left out', (t) => {
  let ms = 0;
  const clock: Clock = { nowNs: () => 0n, monotonicMs: () => ms };
  const lines: IsolationLine[] = [];
  const log = new IsolationLog(clock, (line) => lines.push(line));
  log.note(report);
  log.note({ ...report, rows: [] });
  t.same(
    lines.map((line) => line.level),
    ['warn', 'warn'],
  );
  t.match(lines[0]?.message, /^1 of the 512 events .* no end within 5000 ms$/);
  t.match(lines[0]?.fields, { failed_component: 'mask', first_seq: 100, isolated_seqs: [103] });
  t.match(lines[1]?.message, /passed when it was tried again/);
  for (; ms < 20_000; ms += 100) log.note({ ...report, isStorm: true, untriedCount: 2 });
  t.equal(lines.length, 4);
  t.match(lines[2], { level: 'error', message: /again and again/ });
  t.equal(lines[2]?.fields.more_batches, undefined);
  t.match(lines[3]?.fields, { more_batches: 99, more_isolated_count: 297 });
  log.note(report);
  t.match(lines[4], { level: 'warn', fields: { more_batches: 99 } });
  t.end();
});
