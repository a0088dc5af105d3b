// Scenario: random batches become JSON lines, from the columns and through the row view.
// Guarantees: each line is JSON and equals EventRow.toOcsf() with the identity of its row, whatever
// bytes the event has: escapes, control characters, cut and broken UTF-8, U+2028, keys such as
// __proto__, keys that come twice, long values, numbers that are no integers.
import { deepStrictEqual } from 'node:assert/strict';
import {
  type EventBatch,
  EventRow,
  isoMicroseconds,
  MARK,
  type SequencedBatch,
} from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { encodeNdjson, quarantineRows, stringifyEvent } from './index.js';
import {
  anyBytes,
  build,
  type RowInput,
  rowOf,
  utf8,
  wholeText,
} from './testing/random-batches.js';

const seed = Number(process.env.WEIR_SEED ?? Math.floor(performance.timeOrigin) % 1_000_000_000);
const numRuns = process.env.WEIR_LONG === '1' ? 1_000 : 300;
t.comment(`WEIR_SEED=${seed}`);
const QUARANTINE_MEMBERS = [
  ...['error', 'offset', 'tenant_id', 'stream', 'epoch', 'ingest_time', 'source', 'source_seq'],
  ...['seq', 'raw_data', 'raw_data_base64'],
];

/** What a line has to be, by way of the row view. */
function expected(events: EventBatch, raw: SequencedBatch, row: number): unknown {
  const event = new EventRow(events, row).toOcsf();
  return JSON.parse(
    JSON.stringify({
      tenant_id: raw.tenant,
      stream: raw.stream,
      epoch: String(raw.epoch),
      ingest_time: isoMicroseconds(Number(raw.receivedAtNs / 1000n)),
      source: row === 0 ? '2001:db8::1' : '192.0.2.9',
      source_seq: row === 0 ? 5 : 69 + row,
      seq: raw.seqFirst + row,
      ...event,
    }),
  );
}

function linesOf(block: { bytes: Uint8Array; rowCount: number } | null): unknown[] {
  if (block === null) return [];
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(block.bytes);
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('a block ends with a line feed');
  if (lines.length !== block.rowCount) throw new Error('one line a row');
  return lines.map((line) => JSON.parse(line) as unknown);
}

function check(rows: readonly RowInput[], epoch: bigint, seqFirst: number): void {
  const { raw, events } = build(rows, epoch, seqFirst);
  const skip = rows.flatMap((input, row) => (input.isSkipped ? [seqFirst + row] : []));
  const encoded = encodeNdjson(events, raw, Float64Array.from(skip));
  const wanted: unknown[] = [];
  const quarantined: unknown[] = [];
  rows.forEach((input, row) => {
    if (input.isSkipped) return;
    const all = expected(events, raw, row) as Record<string, unknown>;
    if (input.quarantine === 0) {
      if (!input.isFiltered) wanted.push(all);
      return;
    }
    quarantined.push(
      Object.fromEntries(
        QUARANTINE_MEMBERS.flatMap((name) => (name in all ? [[name, all[name]]] : [])),
      ),
    );
  });
  deepStrictEqual(linesOf(encoded.events), wanted);
  deepStrictEqual(linesOf(encoded.quarantine), quarantined);
  const seqs = rows.flatMap((input, row) => (input.quarantine === 0 ? [] : [seqFirst + row]));
  deepStrictEqual([...encoded.quarantinedSeqs], seqs);
}

for (const [name, text] of [
  ['any bytes', anyBytes],
  ['text', wholeText],
] as const) {
  t.test(`lines equal the row view: ${name}`, (t) => {
    const epochs = fc.constantFrom(1n, 2n ** 64n - 1n);
    const rows = fc.array(rowOf(text), { minLength: 1, maxLength: 12 });
    const seqs = fc.constantFrom(0, 99_999_990, 2 ** 32 - 3, 2 ** 52 + 1);
    fc.assert(fc.property(rows, epochs, seqs, check), { seed, numRuns });
    t.pass(`${numRuns} batches`);
    t.end();
  });
}

t.test('the compiled printer says what JSON.stringify says', (t) => {
  const rows = fc.array(rowOf(anyBytes), { minLength: 1, maxLength: 4 });
  const property = fc.property(rows, (inputs) => {
    const { events } = build(inputs, 1n, 0);
    inputs.forEach((_, row) => {
      const event = new EventRow(events, row).toOcsf();
      deepStrictEqual(
        JSON.parse(stringifyEvent(event)),
        JSON.parse(JSON.stringify(event)) as unknown,
      );
    });
  });
  fc.assert(property, { seed, numRuns });
  const event = { labels: { vip: true }, metadata: { odd: [1] }, unmapped: {} };
  t.same(JSON.parse(stringifyEvent(event)), event, 'members that the schema does not name');
  t.end();
});

t.test('the rows of a batch as quarantine lines', (t) => {
  const input = { values: [], inScratch: false, pairs: [], marks: [], quarantine: 0, parser: 0 };
  const flags = { isSkipped: false, isFiltered: false };
  const { raw } = build(
    [
      { ...input, ...flags, raw: utf8('first') },
      { ...input, ...flags, raw: new Uint8Array([0xff]) },
    ],
    7n,
    40,
  );
  const encoded = quarantineRows(raw, MARK.component_failed, Float64Array.of(40));
  t.equal(encoded.events, null);
  t.same([...encoded.quarantinedSeqs], [40, 41], 'also those that are stored already');
  t.same(encoded.quarantinedByReason, { component_failed: 2 });
  const [line] = linesOf(encoded.quarantine) as Record<string, unknown>[];
  t.match(line, { error: 'component_failed', offset: 0, seq: 41, epoch: '7', source_seq: 70 });
  t.match(line, { raw_data: '\ufffd', raw_data_base64: '/w==' });
  t.end();
});

t.test('what framing cut says so, also where a component failed on it', (t) => {
  const input = { values: [], inScratch: false, pairs: [], marks: [], quarantine: 0, parser: 0 };
  const flags = { isSkipped: false, isFiltered: false };
  const rows = ['cut', 'whole', 'odd'].map((text) => ({ ...input, ...flags, raw: utf8(text) }));
  const { raw } = build(rows, 7n, 0);
  const marks = Uint32Array.from([
    ...[0, MARK.oversize, 90_000],
    // Such a one is stored, and no reason.
    ...[2, MARK.nul_bytes, 0],
  ]);
  const encoded = quarantineRows({ ...raw, marks }, MARK.component_failed, null);
  t.same(encoded.quarantinedByReason, { oversize: 1, component_failed: 2 });
  t.match(linesOf(encoded.quarantine), [
    { error: 'oversize', offset: 3, raw_data: 'cut' },
    { error: 'component_failed', offset: 0, raw_data: 'whole' },
    { error: 'component_failed', offset: 0, raw_data: 'odd' },
  ]);
  t.end();
});

t.test('a large batch after a small one, and the other way round', (t) => {
  const input = { values: [], inScratch: false, pairs: [], marks: [], quarantine: 0, parser: 0 };
  const flags = { isSkipped: false, isFiltered: false };
  const small = [{ ...input, ...flags, raw: utf8('a"b') }];
  const large = [1, 2].map(() => ({ ...input, ...flags, raw: utf8('\u0001'.repeat(2_000_000)) }));
  for (const rows of [small, large, small]) check(rows, 1n, 0);
  t.pass('three batches');
  t.end();
});
