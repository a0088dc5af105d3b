// Scenario: random batches become syslog messages, in each form, format and framing.
// Guarantees: a message a row, whatever bytes it has; a receiver that takes frames apart finds
//   these and no others; nothing in an event becomes another field; identity can be had again.
import { deepStrictEqual, match, ok } from 'node:assert/strict';
import { EventRow } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { sampleBatch, sampleEvents } from '../clickhouse/testing/sample-batches.js';
import { encodeNdjson } from '../ndjson/index.js';
import { anyBytes, build, rowOf } from '../ndjson/testing/random-batches.js';
import { encodeSyslog, type SyslogFraming, type SyslogRowOptions } from './encode-syslog.js';
import { headText, paramValue, severityOf } from './message-head.js';

const seed = Number(process.env.WEIR_SEED ?? Math.floor(performance.timeOrigin) % 1_000_000_000);
t.comment(`WEIR_SEED=${seed}`);
const HEAD =
  /^<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [\x21-\x7e]+ [\x21-\x7e]+ - - \[(.*?[^\\])\] /s;

interface Ecs {
  readonly weir: { readonly seq: number };
}
const linesOf = (bytes: Uint8Array): string[] =>
  new TextDecoder().decode(bytes).split('\n').slice(0, -1);
const spaced = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.map((byte) => (byte === 10 ? 32 : byte)));

/** A syslog message goes as it is. */
const HAS_PRIORITY = /^<(\d|\d\d|[01]\d\d)>/;
const isPassedOn = (bytes: Buffer): boolean => {
  const [, digits] = HAS_PRIORITY.exec(bytes.toString('latin1')) ?? [];
  return digits !== undefined && Number(digits) <= 191;
};

function unframed(bytes: Uint8Array, framing: SyslogFraming): Buffer[] {
  const messages: Buffer[] = [];
  const all = Buffer.from(bytes);
  for (let at = 0; at < all.length; ) {
    const separator = all.indexOf(framing === 'newline' ? '\n' : ' ', at);
    const end =
      framing === 'newline' ? separator : separator + 1 + Number(all.subarray(at, separator));
    messages.push(all.subarray(framing === 'newline' ? at : separator + 1, end));
    at = framing === 'newline' ? end + 1 : end;
  }
  return messages;
}

for (const event of ['raw', 'ocsf', 'ecs'] as const)
  for (const framing of ['octet_counting', 'newline'] as const)
    t.test(`${event}, ${framing}`, (t) => {
      const options: SyslogRowOptions = {
        ...{ event, framing, format: 'rfc5424', facility: 16, hasIdentity: true },
      };
      const property = fc.property(
        fc.array(rowOf(anyBytes), { minLength: 1, maxLength: 12 }),
        (rows) => {
          const { raw, events } = build(rows, 77n, 1_000);
          const skip = Float64Array.from(rows.flatMap((r, i) => (r.isSkipped ? [1_000 + i] : [])));
          const plain = encodeNdjson(events, raw, skip);
          const encoded = encodeSyslog(events, raw, skip, options);
          deepStrictEqual({ ...encoded, events: null }, { ...plain, events: null });
          const lines = plain.events === null ? [] : linesOf(plain.events.bytes);
          const messages = encoded.events === null ? [] : unframed(encoded.events.bytes, framing);
          deepStrictEqual(messages.length, lines.length);
          messages.forEach((message, i) => {
            const { seq } = JSON.parse(lines[i] as string) as { seq: number };
            const bytes = Buffer.from(new EventRow(events).move(seq - 1_000).rawBytes());
            const asFramed = framing === 'newline' ? spaced(bytes) : bytes;
            if (event === 'raw' && isPassedOn(bytes)) {
              deepStrictEqual(message, asFramed);
              return;
            }
            const text = message.toString('latin1');
            match(text, HEAD);
            const [head = '', priority, element = ''] = HEAD.exec(text) ?? [];
            ok(Number(priority) >= 128 && Number(priority) <= 135);
            match(element, new RegExp(`epoch="77" seq="${seq}"$`));
            const body = message.subarray(head.length);
            if (event === 'raw') deepStrictEqual(body, asFramed);
            else if (event === 'ocsf') deepStrictEqual(body.toString(), lines[i]);
            else deepStrictEqual((JSON.parse(body.toString()) as Ecs).weir.seq, seq);
          });
        },
      );
      fc.assert(property, { seed, numRuns: 40 });
      t.pass('every message');
      t.end();
    });

t.test('heads', (t) => {
  const head = {
    priority: 134,
    time: '2026-03-07T01:02:03.000456Z',
    host: 'fw 1\n]',
    app: 'cisco asa[1]: x',
    structuredData: '',
  };
  t.equal(
    headText('rfc5424', head),
    '<134>1 2026-03-07T01:02:03.000456Z fw_1_] cisco_asa[1]:_x - - - ',
  );
  t.equal(headText('rfc3164', head), '<134>Mar  7 01:02:03 fw_1_] cisco_asa_1___x: ');
  t.match(headText('rfc5424', { ...head, host: '' }), / - cisco/);
  t.equal(paramValue('a"b]c\\d'), 'a\\"b\\]c\\\\d');
  t.same([0, 1, 2, 3, 4, 5, 6, 99].map(severityOf), [6, 6, 5, 4, 3, 2, 1, 6]);
  t.end();
});

t.test('what came as syslog is passed on as it came', (t) => {
  const texts = ['<13>1 - h a - - - x', '<191>x', '<192>x', '<>x', '<13', 'plain'];
  const batch = sampleBatch({ texts, seqFirst: 5, tenant: 'a]"b' });
  const options = { event: 'raw', framing: 'newline', facility: 1, hasIdentity: true } as const;
  for (const format of ['rfc5424', 'rfc3164'] as const) {
    const encoded = encodeSyslog(sampleEvents(batch), batch, null, { ...options, format });
    const messages = unframed(encoded.events?.bytes ?? new Uint8Array(0), 'newline').map(String);
    t.same(messages.slice(0, 2), texts.slice(0, 2));
    for (const [i, message] of messages.entries()) {
      if (i < 2) continue;
      t.match(message, /^<14>/, 'facility 1, informational');
      t.ok(message.endsWith(texts[i] as string));
      if (format === 'rfc5424') t.match(message, 'tenant="a\\]\\"b" stream="node/syslog/0"');
    }
  }
  t.end();
});
