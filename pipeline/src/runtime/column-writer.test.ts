// Scenario: a parser writes rows into a ColumnWriter that is used again and again.
// Guarantees: what was written reads back; absent stays absent; nothing of an earlier batch or of a
//   row that was rolled back shows; limits hold; misuse ends on an assert.
import t from 'tap';
import { allocateBytes, type RawBatch } from '../batch.js';
import { LIMITS } from '../limits.js';
import { EventRow } from '../row-view.js';
import { FIELD } from '../schema/fields.js';
import { MARK } from '../taxonomy.js';
import { ColumnWriter } from './column-writer.js';

function batchOf(...events: string[]): RawBatch {
  const text = new TextEncoder().encode(events.join(''));
  const bytes = allocateBytes(text.length);
  bytes.set(text);
  const offsets = new Uint32Array(events.length + 1);
  events.forEach((event, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + new TextEncoder().encode(event).length;
  });
  return {
    tenant: 'default',
    stream: 's',
    retentionClass: '',
    format: 'syslog',
    receivedAtNs: 0n,
    eventCount: events.length,
    bytes,
    offsets,
    marks: new Uint32Array(0),
    runs: [{ eventCount: events.length, source: '', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
  };
}

t.test('what was written reads back', (t) => {
  const writer = new ColumnWriter();
  writer.begin(batchOf('src=192.0.2.1 k=v', 'second'), [{ name: 'p', version: '7' }]);
  writer.span(0, FIELD.src_endpoint_ip, 4, 13);
  writer.text(0, FIELD.message, 'derived \u00e4');
  writer.number(0, FIELD.src_endpoint_port, 0);
  writer.number(0, FIELD.time, 1_772_366_400_000_001);
  writer.code(0, FIELD.metadata_product_name, 'Product');
  writer.code(1, FIELD.metadata_product_name, 'Other');
  writer.unmapped(0, 14, 15, 16, 17);
  const text = writer.scratchText('escaped');
  writer.unmapped(1, 17, 20, text.start, text.end);
  writer.mark(1, MARK.value_invalid, 3);
  writer.mark(1, MARK.value_invalid, 4);
  writer.reject(1, MARK.json_invalid, 5);
  writer.reject(1, MARK.parse_error, 0);
  const batch = writer.finish();
  const row = new EventRow(batch);
  t.equal(row.get('src_endpoint.ip'), '192.0.2.1');
  t.equal(row.get('message'), 'derived \u00e4');
  t.equal(row.get('src_endpoint.port'), 0, '0 is a value');
  t.equal(row.get('dst_endpoint.port'), undefined);
  t.equal(row.get('no.such.path'), undefined);
  t.equal(row.get('metadata.product.name'), 'Product');
  t.strictSame({ ...row.unmapped() }, { k: 'v' });
  t.strictSame(row.marks(), []);
  t.equal(row.rejection(), null);
  const ocsf = JSON.parse(JSON.stringify(row.toOcsf()));
  t.match(ocsf, {
    time: '2026-03-01T12:00:00.000001Z',
    src_endpoint: { ip: '192.0.2.1', port: 0 },
    metadata: { version: '1.8.0', product: { name: 'Product' } },
    parser: 'p',
    parser_version: '7',
    raw_data: 'src=192.0.2.1 k=v',
  });
  row.move(1);
  t.equal(row.get('metadata.product.name'), 'Other');
  t.equal(row.get('message'), undefined, 'absent stays absent');
  t.strictSame({ ...row.unmapped() }, { sec: 'escaped' });
  t.strictSame(row.marks(), ['value_invalid', 'json_invalid', 'parse_error'], 'each once');
  t.strictSame(row.rejection(), { reason: 'json_invalid', offset: 5 }, 'the first call wins');
  t.equal(batch.columns.length, 5, 'only columns with a value');
  t.end();
});

t.test('a used writer leaves no trace', (t) => {
  const writer = new ColumnWriter();
  writer.begin(batchOf('aaaa', 'bbbb', 'cccc'));
  for (const row of [0, 1, 2]) {
    writer.span(row, FIELD.message, 4 * row, 4 * row + 4);
    writer.number(row, FIELD.duration, row);
    writer.code(row, FIELD.metadata_product_name, `P${row}`);
    writer.unmapped(row, 0, 1, 1, 2);
    writer.reject(row, MARK.parse_error, 0);
    writer.setStatus(row, 2);
    writer.setParser(row, 1);
  }
  writer.finish();
  writer.begin(batchOf('dddd', 'eeee', 'ffff'));
  writer.code(2, FIELD.metadata_product_name, 'New');
  const batch = writer.finish();
  t.equal(batch.columns.length, 1);
  t.strictSame(batch.columns[0], {
    kind: 'code',
    field: FIELD.metadata_product_name,
    codes: Uint16Array.of(0, 0, 1),
    dictionary: ['', 'New'],
  });
  for (const array of [batch.unmapped, batch.marks, batch.scratch]) t.equal(array.length, 0);
  for (const array of [batch.status, batch.quarantine, batch.parserIndex])
    t.strictSame([...array], [0, 0, 0]);
  writer.begin(batchOf('gggg'));
  writer.number(0, FIELD.time, 5);
  t.equal(new EventRow(writer.finish()).get('duration'), undefined);
  t.end();
});

t.test('a row that is rolled back keeps only the marks from before', (t) => {
  const writer = new ColumnWriter();
  writer.begin(batchOf('aaaa', 'bbbb'));
  writer.unmapped(0, 0, 1, 1, 2);
  writer.openRow(1);
  writer.mark(1, MARK.nul_bytes, 1);
  writer.keepMarks(1);
  writer.span(1, FIELD.message, 4, 8);
  writer.number(1, FIELD.time, 1);
  writer.code(1, FIELD.metadata_product_name, 'P');
  writer.unmapped(1, 4, 5, 5, 6);
  writer.reject(1, MARK.parse_error, 2);
  writer.rollbackRow(1);
  writer.mark(1, MARK.parse_error, 3);
  const batch = writer.finish();
  t.equal(batch.columns.length, 0);
  t.strictSame([...batch.unmapped], [0, 0, 1, 1, 2]);
  t.strictSame([...batch.marks], [1, MARK.nul_bytes, 1, 1, MARK.parse_error, 3]);
  t.strictSame([...batch.quarantine], [0, 0]);
  t.end();
});

t.test('limits and growth', (t) => {
  const writer = new ColumnWriter();
  writer.begin(batchOf(...Array.from({ length: 40 }, () => 'kv')));
  for (let row = 0; row < 40; row++) {
    for (let i = 0; i < LIMITS.unmappedPairsPerEventMax + 5; i++)
      writer.unmapped(row, 2 * row, 2 * row + 1, 2 * row + 1, 2 * row + 2);
    writer.text(row, FIELD.message, 'x'.repeat(3_000));
  }
  const batch = writer.finish();
  t.equal(batch.unmapped.length, 40 * 5 * LIMITS.unmappedPairsPerEventMax);
  t.equal(batch.marks.length, 3 * 40, 'value_invalid once a row');
  const row = new EventRow(batch, 39);
  t.equal(String(row.get('message')).length, 3_000);
  t.end();
});

t.test('misuse ends on an assert', (t) => {
  const writer = new ColumnWriter();
  t.throws(() => writer.finish(), /a batch was begun/);
  t.throws(() => writer.number(0, FIELD.time, 1), /a batch was begun/);
  writer.begin(batchOf('aaaa', 'bbbb'));
  t.throws(() => writer.number(0, FIELD.message, 1), /written as its kind/);
  writer.mark(1, MARK.nul_bytes, 0);
  t.throws(() => writer.mark(0, MARK.nul_bytes, 0), /ascending order/);
  t.end();
});

t.test('keys and bytes that would hurt a plain object', (t) => {
  const writer = new ColumnWriter();
  const batch = batchOf('__proto__=1', 'x');
  batch.bytes[11] = 0xff;
  writer.begin(batch);
  writer.unmapped(0, 0, 9, 10, 11);
  writer.openRow(1);
  const row = new EventRow(writer.finish());
  t.equal(JSON.stringify(row.toOcsf().unmapped), '{"__proto__":"1"}');
  t.equal(({} as Record<string, unknown>)['1'], undefined);
  t.match(row.move(1).toOcsf(), { raw_data: '\ufffd', raw_data_base64: '/w==' });
  t.end();
});
