// Scenario: timestamps without a zone, from sources whose zone somebody configured.
// Guarantees: they are read in that zone, summer time included, and not marked; without a setting
//   they are UTC and marked; a zone that the event names goes before any setting.
import { ColumnWriter, EventRow } from '@weir/pipeline';
import t from 'tap';
import { parseBatch } from '../parse-batch.js';
import { batchOf, utf8 } from '../testing.js';
import { zoneNamed } from './assumed-zone.js';

const US_PER_MINUTE = 60_000_000;
const us = (iso: string): number => Date.parse(iso) * 1000;

t.test('offsets of zones', async (t) => {
  t.equal(zoneNamed('+05:30').minutesAt(0), 330);
  t.equal(zoneNamed('-0800').minutesAt(0), -480);
  t.equal(zoneNamed('UTC').minutesAt(us('2026-07-01T00:00:00Z')), 0);
  const berlin = zoneNamed('Europe/Berlin');
  t.equal(berlin.minutesAt(us('2026-01-15T12:00:00Z')), 60);
  t.equal(berlin.minutesAt(us('2026-07-15T12:00:00Z')), 120);
  // 2026-03-29 02:00 becomes 03:00, 2026-10-25 03:00 becomes 02:00.
  t.equal(berlin.minutesAt(us('2026-03-29T01:59:59Z')), 60);
  t.equal(berlin.minutesAt(us('2026-03-29T03:00:00Z')), 120);
  t.equal(berlin.minutesAt(us('2026-10-25T01:59:00Z')), 120);
  t.equal(berlin.minutesAt(us('2026-10-25T03:00:00Z')), 60);
  for (const local of ['2026-02-01T00:00:00Z', '2026-06-01T00:00:00Z'].map(us)) {
    const minutes = berlin.minutesAt(local);
    t.equal(berlin.minutesAt(local - 100 * US_PER_MINUTE), minutes, 'also behind another one');
  }
  t.throws(() => zoneNamed('Europe/Atlantis'), { code: 'WEIR_CONFIG_INVALID' });
});

t.test('events by source', async (t) => {
  const raw = batchOf(
    [
      '<13>Feb 28 22:14:15 gate app: one',
      '<13>2026-02-28T22:14:15 gate app: two',
      '<13>1 2026-02-28T22:14:15Z gate app - - - three',
      '<13>Feb 28 22:14:15 gate app: four',
    ].map(utf8),
  );
  const run = raw.runs[0];
  if (run === undefined) throw new Error('there is a run');
  const batch = {
    ...raw,
    runs: [
      { ...run, eventCount: 3 },
      { ...run, eventCount: 1, source: '192.0.2.99' },
    ],
  };
  const berlin = zoneNamed('Europe/Berlin');
  const zoneOf = (source: string) => (source === '192.0.2.10' ? berlin : null);
  const row = new EventRow(parseBatch(batch, new ColumnWriter(), { zoneOf }));
  const times = [0, 1, 2, 3].map((index) => row.move(index).get('time'));
  const local = us('2026-02-28T22:14:15Z');
  t.same(times, [local - 60 * US_PER_MINUTE, local - 60 * US_PER_MINUTE, local, local]);
  const assumed = [0, 1, 2, 3].map((index) =>
    row.move(index).marks().includes('timestamp_zone_assumed'),
  );
  t.same(assumed, [false, false, false, true]);
  const plain = new EventRow(parseBatch(batch, new ColumnWriter()));
  t.equal(plain.get('time'), local, 'the setting does not outlive its batch');
});
