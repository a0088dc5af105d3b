// Random batches with everything that a column can hold, and what a table should have of them.
import {
  type Column,
  type EventBatch,
  FIELD,
  isoMicroseconds,
  MARK,
  markName,
  type SequencedBatch,
  STATUS,
} from '@weir/pipeline';
import fc from 'fast-check';
import { SAMPLE_TIME_NS } from './sample-batches.js';

export interface RowInput {
  readonly raw: Uint8Array;
  readonly message: Uint8Array | null;
  readonly inScratch: boolean;
  readonly port: number | null;
  readonly bytesIn: number | null;
  readonly severity: number | null;
  readonly timeUs: number | null;
  readonly vendor: number;
  readonly pairs: readonly (readonly [Uint8Array, Uint8Array])[];
  readonly marks: readonly number[];
  readonly quarantine: number;
  readonly skip: boolean;
  readonly partial: boolean;
}

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ maxLength }),
    fc.string({ maxLength }).map((text) => new TextEncoder().encode(text)),
    fc.constant(new Uint8Array([0x0a, 0x0a, 0x00, 0xff, 0xc3, 0x28])),
  );
const markCode = fc.constantFrom(...Object.values(MARK));
export const row: fc.Arbitrary<RowInput> = fc.record({
  raw: bytes(300),
  message: fc.option(bytes(80)),
  inScratch: fc.boolean(),
  port: fc.option(fc.nat(65_535)),
  bytesIn: fc.option(
    fc.oneof(fc.nat(), fc.constantFrom(2 ** 53, 2 ** 53 - 1, 2 ** 32, 2 ** 32 - 1)),
  ),
  severity: fc.option(fc.nat(6)),
  timeUs: fc.option(fc.integer({ min: -2_000_000_000_000_000, max: 4_000_000_000_000_000 })),
  vendor: fc.nat(2),
  pairs: fc.array(fc.tuple(bytes(20), bytes(60)), { maxLength: 5 }),
  marks: fc.array(markCode, { maxLength: 3 }),
  quarantine: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, markCode),
  skip: fc.boolean(),
  partial: fc.boolean(),
});

/** Puts the rows together as a worker would: one byte array, spans into it and into scratch. */
export function build(
  rows: readonly RowInput[],
  epoch: bigint,
): { batch: SequencedBatch; events: EventBatch } {
  const main = new Pieces();
  const offsets = [0];
  const messageAt: [number, number][] = [];
  const pairsAt: [number, number, number, number][][] = [];
  for (const input of rows) {
    const start = main.add(input.raw);
    messageAt.push(
      input.message !== null && !input.inScratch
        ? [main.add(input.message), main.length]
        : [start, start],
    );
    pairsAt.push(
      input.pairs.map(([key, value]) => {
        const keyStart = main.add(key);
        const valueStart = main.add(value);
        return [keyStart, keyStart + key.length, valueStart, valueStart + value.length];
      }),
    );
    offsets.push(main.length);
  }
  const scratch = new Pieces();
  const spans = new Uint32Array(rows.length * 2);
  rows.forEach((input, i) => {
    if (input.message === null) return;
    if (!input.inScratch) spans.set(messageAt[i] as [number, number], i * 2);
    else {
      const start = main.length + scratch.add(input.message);
      spans.set([start, start + input.message.length], i * 2);
    }
  });
  const batch: SequencedBatch = {
    tenant: 'acme',
    stream: "node/sys'log/0",
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: SAMPLE_TIME_NS + 1_234_567_000n,
    eventCount: rows.length,
    bytes: main.bytes(),
    offsets: Uint32Array.from(offsets),
    marks: new Uint32Array(0),
    runs: [
      { eventCount: 1, source: '2001:db8::1', sourceSeqFirst: 5, context: '' },
      { eventCount: rows.length - 1, source: '192.0.2.9', sourceSeqFirst: 70, context: '' },
    ],
    requestParts: [],
    dispositions: [],
    epoch,
    seqFirst: 2 ** 52 + 1,
  };
  const events: EventBatch = {
    raw: batch,
    scratch: scratch.bytes(),
    status: Uint8Array.from(rows, (input) => (input.partial ? STATUS.partial : STATUS.parsed)),
    columns: columnsOf(rows, spans),
    unmapped: Uint32Array.from(pairsAt.flatMap((list, i) => list.flatMap((pair) => [i, ...pair]))),
    marks: Uint32Array.from(
      rows.flatMap((input, i) => input.marks.flatMap((mark) => [i, mark, 0])),
    ),
    quarantine: Uint8Array.from(rows, (input) => input.quarantine),
    parserIndex: Uint8Array.from(rows, (input) => (input.partial ? 1 : 0)),
    parsers: ['a', 'b'].map((name) => ({ name, version: '1' })),
  };
  return { batch, events };
}

function columnsOf(rows: readonly RowInput[], spans: Uint32Array<ArrayBuffer>): Column[] {
  const number = (field: number, value: (input: RowInput) => number | null): Column => ({
    kind: 'number',
    field,
    values: Float64Array.from(rows, (input) => value(input) ?? Number.NaN),
  });
  return [
    { kind: 'span', field: FIELD.message, spans },
    number(FIELD.src_endpoint_port, (input) => input.port),
    number(FIELD.traffic_bytes_in, (input) => input.bytesIn),
    number(FIELD.severity_id, (input) => input.severity),
    number(FIELD.time, (input) => input.timeUs),
    // Fields without a column of their own, as text, number and time.
    { kind: 'span', field: FIELD.process_cmd_line, spans },
    number(FIELD.http_response_code, (input) => input.port),
    number(FIELD.start_time, (input) => input.timeUs),
    {
      kind: 'code',
      field: FIELD.metadata_product_vendor_name,
      codes: Uint16Array.from(rows, (input) => input.vendor),
      dictionary: ['', 'Fortinet', 'Zeek'],
    },
  ];
}

class Pieces {
  readonly #list: Uint8Array[] = [];
  length = 0;
  /** Returns where it starts. */
  add(piece: Uint8Array): number {
    this.#list.push(piece);
    this.length += piece.length;
    return this.length - piece.length;
  }
  bytes(): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.#list) {
      joined.set(piece, at);
      at += piece.length;
    }
    return joined;
  }
}

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex').toUpperCase();

export function expected(rows: readonly RowInput[], events: EventBatch, batch: SequencedBatch) {
  const { offsets } = batch;
  return rows.flatMap((input, i) => {
    if (input.quarantine !== 0 || input.skip) return [];
    return [
      {
        seq: String(batch.seqFirst + i),
        source: i === 0 ? '2001:db8::1' : '192.0.2.9',
        source_seq: String(i === 0 ? 5 : 70 + i - 1),
        status: input.partial ? 'partial' : 'parsed',
        parser: input.partial ? 'b' : 'a',
        raw: hex(events.raw.bytes.subarray(offsets[i], offsets[i + 1])),
        message: input.message === null ? '' : hex(input.message),
        port: input.port,
        bytes_in: input.bytesIn === null ? null : String(input.bytesIn),
        severity: input.severity ?? 0,
        time_us: String(input.timeUs ?? Number(batch.receivedAtNs / 1000n)),
        vendor: ['', 'Fortinet', 'Zeek'][input.vendor],
        // By key, as mapSort has them.
        attributes: {
          ...(input.port === null ? {} : { 'http_response.code': String(input.port) }),
          ...(input.message === null || input.message.length === 0
            ? {}
            : { 'process.cmd_line': hex(input.message) }),
          ...(input.timeUs === null ? {} : { start_time: isoMicroseconds(input.timeUs) }),
        },
        keys: input.pairs.map(([key]) => hex(key)),
        values: input.pairs.map(([, value]) => hex(value)),
        marks: input.marks.map((mark) => markName(mark)),
      },
    ];
  });
}

/** Of the events that `expected` tells; {epoch:UInt64}. */
export const SELECT =
  'SELECT seq, source, source_seq, status, parser, hex(raw_data) AS raw, ' +
  'hex(message) AS message, ' +
  'src_endpoint_port AS port, traffic_bytes_in AS bytes_in, severity_id AS severity, ' +
  'toUnixTimestamp64Micro(time) AS time_us, metadata_product_vendor_name AS vendor, ' +
  "mapSort(mapApply((k, v) -> (k, if(k = 'process.cmd_line', hex(v), v)), attributes)) " +
  'AS attributes, arrayMap(key -> hex(key), mapKeys(unmapped)) AS keys, ' +
  'arrayMap(value -> hex(value), mapValues(unmapped)) AS values, marks FROM dev.events ' +
  "WHERE epoch = {epoch:UInt64} AND stream = 'node/sys\\'log/0' ORDER BY seq";
