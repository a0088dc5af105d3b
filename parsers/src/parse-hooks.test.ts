// Scenario: parseBatch with a parser of someone else, with hollow rows, and a look at each row.
// Guarantees: rows are shown once, in order, after their status is set; what is written then stays;
//   hollow rows are not parsed; `no` of the own parser leaves the event to the packs, untouched.
import { ColumnWriter, EventRow, FIELD, MARK, type Parser, STATUS } from '@weir/pipeline';
import t from 'tap';
import { parseBatch } from './index.js';
import { batchOf, utf8 } from './testing.js';

const own: Parser = {
  name: 'own',
  version: '4',
  parse(batch, row, start, end, out) {
    const text = new TextDecoder().decode(batch.bytes.subarray(start, end));
    out.text(row, FIELD.app_name, 'tried');
    if (!text.startsWith('own ')) return 'no';
    out.text(row, FIELD.message, text.slice(4));
    return 'parsed';
  },
};

const syslog = (text: string) => utf8(`<13>Mar  1 12:00:00 host ${text}`);

t.test('each row is shown once, when it is ready', async (t) => {
  const writer = new ColumnWriter();
  const batch = batchOf([syslog('a=1 b=2'), utf8(''), syslog('text')], {
    marks: [2, MARK.framing_incomplete, 0],
  });
  const seen: [number, number][] = [];
  const events = parseBatch(batch, writer, {
    onRow(row) {
      seen.push([row, writer.rejectedAs(row)]);
      writer.text(row, FIELD.action, `row ${row}`);
      const key = writer.scratchText('added');
      writer.unmapped(row, key.start, key.end, key.start, key.end);
      if (row === 0) writer.setStatus(row, STATUS.filtered);
    },
  });
  t.strictSame(seen, [
    [0, 0],
    [1, MARK.unsupported_type],
    [2, MARK.framing_incomplete],
  ]);
  const view = new EventRow(events);
  t.strictSame(
    [0, 1, 2].map((row) => view.move(row).get('action')),
    ['row 0', 'row 1', 'row 2'],
  );
  t.strictSame({ ...view.move(0).unmapped() }, { a: '1', b: '2', added: 'added' });
  t.equal(events.status[0], STATUS.filtered);
});

t.test('hollow rows are not parsed, and marks stay with their rows', async (t) => {
  const writer = new ColumnWriter();
  const shown: number[] = [];
  const batch = batchOf([utf8(''), syslog('a=1 b=2'), utf8(''), syslog('x')], {
    marks: [1, MARK.encoding_invalid, 0, 3, MARK.oversize, 900],
  });
  const events = parseBatch(batch, writer, {
    hollow: Uint8Array.of(1, 0, 1, 0),
    onRow: (row) => shown.push(row),
  });
  t.strictSame(shown, [1, 3]);
  t.strictSame([...events.quarantine], [0, 0, 0, MARK.oversize]);
  t.strictSame(
    [...events.status.subarray(0, 3)],
    [STATUS.filtered, STATUS.parsed, STATUS.filtered],
  );
  const view = new EventRow(events);
  t.strictSame(view.move(0).marks(), []);
  t.ok(view.move(1).marks().includes('encoding_invalid'));
});

t.test("someone's own parser, and what it leaves", async (t) => {
  const writer = new ColumnWriter();
  for (const format of ['syslog', 'json'] as const) {
    const isJson = format === 'json';
    const batch = batchOf(
      isJson ? [utf8('own one'), utf8('{"k":"v"}')] : [syslog('own one'), syslog('k=v l=w')],
      { format },
    );
    const view = new EventRow(parseBatch(batch, writer, { own }));
    t.match(view.toOcsf(), { parser: 'own', parser_version: '4', message: 'one' });
    t.match(view.move(1).toOcsf(), { parser: isJson ? 'json' : 'key_value', unmapped: { k: 'v' } });
    t.equal(view.get('app_name'), undefined, 'what it wrote before it said no is gone');
    t.match(new EventRow(parseBatch(batch, writer)).toOcsf().parser, /json|3164/);
  }
});
