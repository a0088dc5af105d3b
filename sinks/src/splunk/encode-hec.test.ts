// Scenario: random batches become events for Splunk, in each form.
// Guarantees: one line of JSON a row, whatever bytes it has; the event is that of the row, all
//   fields are strings, the time is a plain decimal; source type and index follow the parser; raw
//   bytes can be had again; what is quarantined, filtered or known makes no line.
import { deepStrictEqual, match, ok } from 'node:assert/strict';
import { EventRow, ecsOf, FIELD, isoMicroseconds } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { encodeNdjson } from '../ndjson/index.js';
import { anyBytes, build, rowOf } from '../ndjson/testing/random-batches.js';
import { encodeHec, type HecRowOptions } from './encode-hec.js';
import type { HecEvent } from './testing/hec-server.js';

const seed = Number(process.env.WEIR_SEED ?? Math.floor(performance.timeOrigin) % 1_000_000_000);
t.comment(`WEIR_SEED=${seed}`);
const INGEST_US = 1_772_366_400_123_456;
const OPTIONS: Omit<HecRowOptions, 'event'> = {
  sourcetype: 'weir:event',
  byParser: { a: { sourcetype: 'cisco:asa', index: 'net"fw' }, other: { index: 'x' } },
};

const linesOf = (bytes: Uint8Array): string[] => {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  return text.split('\n').slice(0, -1);
};
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

for (const event of ['ocsf', 'ecs', 'raw'] as const)
  t.test(event, async (t) => {
    const property = fc.property(
      fc.array(rowOf(anyBytes), { minLength: 1, maxLength: 12 }),
      (rows) => {
        const { raw, events } = build(rows, 77n, 1_000);
        const skip = Float64Array.from(rows.flatMap((r, i) => (r.isSkipped ? [1_000 + i] : [])));
        const plain = encodeNdjson(events, raw, skip);
        const encoded = encodeHec(events, raw, skip, { ...OPTIONS, event });
        deepStrictEqual({ ...encoded, events: null }, { ...plain, events: null });
        const lines = encoded.events === null ? [] : linesOf(encoded.events.bytes);
        const wanted = plain.events === null ? [] : linesOf(plain.events.bytes);
        deepStrictEqual(lines.length, wanted.length);
        lines.forEach((line, i) => {
          const found = JSON.parse(line) as HecEvent;
          const seq = (JSON.parse(wanted[i] as string) as { seq: number }).seq;
          const view = new EventRow(events, seq - 1_000);
          deepStrictEqual(found.fields.weir_seq, String(seq));
          deepStrictEqual(found.fields.weir_epoch, '77');
          deepStrictEqual(found.fields.weir_tenant, raw.tenant);
          ok(Object.values(found.fields).every((value) => typeof value === 'string'));
          const time = view.get('time') as number | undefined;
          const isPlain = time !== undefined && time >= 0;
          match(line, /^\{"time":\d+\.\d{6},"host":/);
          const [, digits = ''] = /^\{"time":([\d.]+),/.exec(line) ?? [];
          deepStrictEqual(Number(digits.replace('.', '')), Math.floor(isPlain ? time : INGEST_US));
          const isOfA = events.parserIndex[seq - 1_000] === 0;
          deepStrictEqual(found.sourcetype, isOfA ? 'cisco:asa' : 'weir:event');
          deepStrictEqual(found.index, isOfA ? 'net"fw' : undefined);
          deepStrictEqual(found.source, raw.stream);
          const source = seq === 1_000 ? '2001:db8::1' : '192.0.2.9';
          deepStrictEqual(found.host, view.valueOf(FIELD.device_hostname) ?? source);
          if (event === 'ocsf') deepStrictEqual(found.event, JSON.parse(wanted[i] as string));
          if (event === 'ecs') deepStrictEqual(found.event, json(ecsWanted(view, seq, source)));
          if (event === 'raw') {
            const base64 = found.fields.weir_raw_base64;
            const bytes = Buffer.from(view.rawBytes());
            if (base64 === undefined) deepStrictEqual(found.event, bytes.toString());
            else deepStrictEqual(Buffer.from(base64, 'base64'), bytes);
          }
        });
      },
    );
    fc.assert(property, { seed, numRuns: 40 });
    t.pass('every line');
  });

function ecsWanted(view: EventRow, seq: number, source: string): unknown {
  const ecs = ecsOf(view.parts());
  const ingested = isoMicroseconds(INGEST_US);
  return {
    ...ecs,
    '@timestamp': ecs['@timestamp'] ?? ingested,
    event: { ...(ecs.event as object), ingested },
    weir: {
      ...(ecs.weir as object),
      tenant_id: 'ac"me',
      stream: 'node/sys\u00e9log/0',
      epoch: '77',
      seq,
      source,
      source_seq: seq === 1_000 ? 5 : 69 + seq - 1_000,
    },
  };
}
