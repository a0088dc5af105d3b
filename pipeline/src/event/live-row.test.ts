// Scenario: a component reads and writes the row that was just parsed; any sequence of writes, with
//   and without an undo.
// Guarantees: what was set reads back, in the row and in the finished batch; wrong types throw and
//   change nothing; an undo leaves the row as it was; other rows and later batches are untouched.
//   WEIR_SEED replays, WEIR_LONG=1 runs fifty times as many.
import fc from 'fast-check';
import t from 'tap';
import { STATUS } from '../batch.js';
import { LIMITS } from '../limits.js';
import { EventRow } from '../row-view.js';
import { ColumnWriter } from '../runtime/column-writer.js';
import { FIELD } from '../schema/fields.js';
import { MARK } from '../taxonomy.js';
import { LiveRow } from './live-row.js';
import { batchOf, openRow } from './test-row.js';
import type { Event } from './types.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const numRuns = process.env.WEIR_LONG === '1' ? 25_000 : 500;
t.comment(`WEIR_SEED=${seed}`);

t.test('what a parser wrote can be read', async (t) => {
  const { writer, event } = openRow(batchOf('src=192.0.2.1 k=v'));
  writer.span(0, FIELD.src_endpoint_ip, 4, 13);
  writer.text(0, FIELD.message, 'derived \u00e4\ufeff');
  writer.number(0, FIELD.src_endpoint_port, 0);
  writer.code(0, FIELD.metadata_product_name, 'Product');
  writer.unmapped(0, 14, 15, 16, 17);
  t.equal(event.get('src_endpoint.ip'), '192.0.2.1');
  t.equal(event.get('message'), 'derived \u00e4\ufeff');
  t.equal(event.get('src_endpoint.port'), 0);
  t.equal(event.get('metadata.product.name'), 'Product');
  t.equal(event.get('k'), 'v');
  t.equal(event.unmapped('k'), 'v');
  t.equal(event.get('dst_endpoint.port'), undefined);
  t.equal(event.get('none'), undefined);
  t.ok(event.has('src_endpoint.port'));
  t.ok(event.has('k'));
  t.notOk(event.has('app_name'));
  t.notOk(event.has('__proto__'));
  t.equal(event.source, '192.0.2.10');
  t.equal(event.tenant, 'acme');
  t.equal(event.stream, 'node/edge/0');
  t.equal(event.receivedAtUs, 1_772_366_400_000_000);
  t.equal(event.rawText(), 'src=192.0.2.1 k=v');
  t.strictSame(Buffer.from(event.rawBytes()).toString(), 'src=192.0.2.1 k=v');
  t.equal(event.move(0, 14).text(), 'k=v');
});

t.test('what is set reads back, also from the finished batch', async (t) => {
  const adds = { 'labels.vip': 'boolean', 'risk.score': 'number' } as const;
  const { writer, event: row } = openRow(batchOf('k=v', 'second'), adds);
  const event: Event<typeof adds> = row;
  event.set('src_endpoint.ip', '198.51.100.7');
  event.set('src_endpoint.port', 22);
  event.set('metadata.product.name', 'Mine');
  event.set('labels.vip', true);
  event.set('risk.score', 0.25);
  event.set('labels.site', 'berlin');
  event.set('labels.site', 'm\u00fcnchen');
  event.set('tally', 3);
  t.equal(event.get('labels.vip'), true, 'a declared path comes back in its type');
  t.equal(event.get('risk.score'), 0.25);
  t.equal(event.get('tally'), '3', 'any other is text');
  t.equal(event.get('labels.site'), 'm\u00fcnchen');
  writer.openRow(1);
  row.move(1);
  t.notOk(event.has('labels.vip'), 'the next row has none of it');
  t.notOk(event.has('src_endpoint.port'));
  const finished = new EventRow(writer.finish());
  t.equal(finished.get('src_endpoint.ip'), '198.51.100.7');
  t.equal(finished.get('src_endpoint.port'), 22);
  t.equal(finished.get('metadata.product.name'), 'Mine');
  t.strictSame(
    { ...finished.unmapped() },
    {
      'labels.vip': 'true',
      'risk.score': '0.25',
      'labels.site': 'm\u00fcnchen',
      tally: '3',
    },
  );
});

t.test('wrong types throw and change nothing', async (t) => {
  const { event } = openRow(batchOf('x'), { 'labels.vip': 'boolean' });
  const wrong: [string, unknown, RegExp][] = [
    ['src_endpoint.port', '22', /set\('src_endpoint\.port'\) takes a number; got "22"/],
    ['src_endpoint.port', Number.NaN, /takes a whole number 0 to 65535; got NaN/],
    ['src_endpoint.port', undefined, /takes a number; got undefined/],
    ['src_endpoint.port', 70_000, /takes a whole number 0 to 65535; got 70000/],
    ['severity_id', 1.5, /takes a whole number 0 to 255; got 1\.5/],
    ['traffic.bytes_in', -1, /takes a whole number/],
    ['time', Number.POSITIVE_INFINITY, /takes a finite number/],
    ['src_endpoint.ip', 7, /takes a text; got 7/],
    ['metadata.product.name', null, /takes a text; got null/],
    ['labels.vip', 'true', /takes a boolean; got "true"/],
    ['labels.site', {}, /takes a text, number or boolean/],
    ['labels.site', Number.POSITIVE_INFINITY, /got Infinity/],
  ];
  for (const [path, value, message] of wrong) {
    t.throws(() => event.set(path, value as string), { name: 'TypeError', message }, path);
    t.notOk(event.has(path));
  }
});

t.test('an empty text and delete clear a value', async (t) => {
  const { writer, event } = openRow(batchOf('k=v k=w'));
  writer.span(0, FIELD.message, 0, 3);
  writer.number(0, FIELD.duration, 7);
  writer.unmapped(0, 0, 1, 2, 3);
  writer.unmapped(0, 4, 5, 6, 7);
  t.equal(event.get('k'), 'w', 'the last of two counts');
  event.set('message', '');
  t.notOk(event.has('message'));
  t.ok(event.delete('duration'));
  t.notOk(event.delete('duration'));
  t.ok(event.delete('k'));
  t.notOk(event.has('k'), 'both are gone');
  t.notOk(event.delete('k'));
  const finished = writer.finish();
  t.equal(finished.columns.length, 0, 'an empty column is no column');
  t.equal(finished.unmapped.length, 0);
});

t.test('reject sends the row to quarantine', async (t) => {
  const { writer, event } = openRow(batchOf('x'));
  event.reject('schema_invalid');
  event.reject();
  t.equal(writer.rejectedAs(0), MARK.schema_invalid, 'the first reason counts');
});

const paths = [
  'src_endpoint.ip',
  'message',
  'src_endpoint.port',
  'metadata.product.name',
  'k',
  'labels.a',
  'labels.b',
];
const isNumber = (path: string) => path === 'src_endpoint.port';
const step = fc.record({
  path: fc.constantFrom(...paths),
  kind: fc.constantFrom('set', 'delete'),
  text: fc.constantFrom('', 'a', 'longer text', '\u00e4'),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function apply(event: LiveRow, { path, kind, text }: Step): void {
  if (kind === 'delete') event.delete(path);
  else event.set(path, isNumber(path) ? text.length : text);
}

t.test('undo leaves the row as it was; a reused writer leaves no trace', async (t) => {
  const used = new ColumnWriter();
  const usedEvent = new LiveRow(used);
  const property = fc.property(fc.array(step), fc.array(step), (before, undone) => {
    const run = (writer: ColumnWriter, event: LiveRow, isUndone: boolean): string => {
      const batch = batchOf('first', 'k=v x=y', 'last');
      writer.begin(batch, []);
      event.begin(batch);
      const rows: string[] = [];
      for (let row = 0; row < 3; row++) {
        writer.openRow(row);
        event.move(row);
        if (row === 1) {
          writer.unmapped(row, 5, 6, 7, 8);
          writer.unmapped(row, 9, 10, 11, 12);
        }
        for (const each of before) apply(event, each);
        if (isUndone) {
          event.record();
          for (const each of undone) apply(event, each);
          event.undo();
        }
        writer.setStatus(row, STATUS.parsed);
        rows.push(JSON.stringify(event.toOcsf()));
      }
      const view = new EventRow(writer.finish());
      const finished = [0, 1, 2].map((row) => JSON.stringify(view.move(row).toOcsf()));
      if (!isUndone && JSON.stringify(finished) !== JSON.stringify(rows))
        throw new Error('the live row and the finished row differ');
      return finished.join('\n');
    };
    const fresh = new ColumnWriter();
    return run(fresh, new LiveRow(fresh), false) === run(used, usedEvent, true);
  });
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns }));
});

t.test('what was received cannot be changed', async (t) => {
  const { event } = openRow(batchOf('k=v', 'second'));
  event.rawBytes().fill(65);
  t.equal(event.rawText(), 'k=v');
});

t.test('a reason that nobody knows rejects nothing', async (t) => {
  const { writer, event } = openRow(batchOf('k=v'));
  for (const reason of ['nonsense', 'constructor', '__proto__'])
    t.throws(() => event.reject(reason as never), /takes a reason that is known; got "/);
  t.equal(writer.rejectedAs(0), 0);
});

t.test('text that is set in one event has a limit', async (t) => {
  const { event } = openRow(batchOf('k=v', 'second'));
  // Made flat, this text would end the process: it may only be asked for its length.
  const huge = 'x'.repeat(500_000_000);
  t.throws(() => event.set('labels.huge', huge), /adds 500000000 characters to the event/);
  t.throws(() => event.set('message', huge), /components add at most 4194304/);
  t.notOk(event.has('labels.huge'));
  const half = 'y'.repeat(LIMITS.derivedTextPerEventMax / 2);
  event.set('labels.a', half);
  t.throws(() => event.set('labels.b', half), /components add at most/);
  event.set('labels.c', 'short');
  t.equal(event.get('labels.c'), 'short');
});
