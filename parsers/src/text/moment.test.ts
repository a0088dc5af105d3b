// Scenario: times inside CEF and PAN-OS events, with and without a zone that is configured.
// Guarantees: a zone that the event names goes before a configured one; without either it is UTC,
//   and marked.
import { ColumnWriter, EventRow } from '@weir/pipeline';
import t from 'tap';
import { parseBatch } from '../parse-batch.js';
import { batchOf, utf8 } from '../testing.js';
import { zoneNamed } from './assumed-zone.js';

const us = (iso: string): number => Date.parse(iso) * 1000;
const cef = (extension: string): string => `<13>CEF:0|Example|Gate|1|1|name|5|${extension}`;
const panos = (high: string): string =>
  '<14>1,2026/02/28 22:14:16,0132,SYSTEM,general,2561,2026/02/28 22:14:15,,general,,0,0,general,' +
  `informational,text,7,0x0,0,0,0,0,,fw-edge,0,0,${high}`;

t.test('zones of events and zones of sources', async (t) => {
  const events = [
    cef('rt=Feb 28 2026 22:14:15 UTC'),
    cef('rt=Feb 28 2026 22:14:15'),
    cef('rt=Feb 28 22:14:15'),
    cef('dtz=UTC rt=Feb 28 2026 22:14:15'),
    cef('rt=1772316855000'),
    panos(''),
    panos('2026-02-28T22:14:15.000-08:00'),
  ];
  const batch = batchOf(events.map(utf8));
  const zone = zoneNamed('+02:00');
  const timesOf = (zoneOf?: () => typeof zone) => {
    const options = zoneOf === undefined ? {} : { zoneOf };
    const row = new EventRow(parseBatch(batch, new ColumnWriter(), options));
    return events.map((_, index) => row.move(index).get('time'));
  };
  const utc = us('2026-02-28T22:14:15Z');
  const east = us('2026-02-28T20:14:15Z');
  const west = us('2026-03-01T06:14:15Z');
  t.same(timesOf(), [utc, utc, utc, utc, utc, utc, west]);
  t.same(
    timesOf(() => zone),
    [utc, east, east, utc, utc, east, west],
  );
  t.same(timesOf(), [utc, utc, utc, utc, utc, utc, west], 'nothing of the setting remains');
});
