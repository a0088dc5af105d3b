// Scenario: transforms on events, with what was received beside them; tables that come late or
// change between batches.
// Guarantees: redaction and hashing leave the value nowhere that they promise, and other values
//   whole; a sample is the same again, in any order, and of the size that was asked for; a table
//   that is not there is an error, and a new one counts from the next batch on.
import { createHmac } from 'node:crypto';
import {
  ColumnWriter,
  type IocDocument,
  LiveRow,
  type RedactDocument,
  type SampleDocument,
  type SequencedBatch,
} from '@weir/pipeline';
import { testEvent } from '@weir/pipeline/testing';
import fc from 'fast-check';
import t from 'tap';
import { buildTable, tableKeyOf } from '../table-spec.js';
import { shapeStep } from './index.js';
import { Tables } from './tables.js';

const seed = Number(process.env.WEIR_SEED ?? 20_260_301);
const numRuns = process.env.WEIR_LONG === '1' ? 20_000 : 500;
t.comment(`WEIR_SEED=${seed}`);

const encoder = new TextEncoder();

/** A row whose fields lie in the bytes, as a pack writes them: `path=value` separated by spaces. */
function received(text: string, over: Partial<SequencedBatch> = {}) {
  const bytes = encoder.encode(text) as Uint8Array<ArrayBuffer>;
  const batch: SequencedBatch = {
    tenant: 'default',
    stream: 'node/edge/0',
    retentionClass: 'default',
    format: 'syslog',
    receivedAtNs: 1_772_366_400_000_000_000n,
    eventCount: 1,
    bytes,
    offsets: Uint32Array.of(0, bytes.length),
    marks: new Uint32Array(0),
    runs: [{ eventCount: 1, source: '192.0.2.1', sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
    epoch: 7n,
    seqFirst: 100,
    ...over,
  };
  const writer = new ColumnWriter();
  writer.begin(batch);
  writer.openRow(0);
  const event = new LiveRow(writer);
  event.begin(batch);
  event.move(0);
  for (const match of text.matchAll(/(\S+?)=(\S+)/g)) {
    const [whole, key = '', value = ''] = match;
    const at = encoder.encode(text.slice(0, match.index)).length;
    const keyLength = encoder.encode(key).length;
    const end = at + encoder.encode(whole).length;
    writer.unmapped(0, at, at + keyLength, at + keyLength + 1, end);
    void value;
  }
  return event;
}

const redact = (over: Partial<RedactDocument>): RedactDocument => ({
  type: 'redact',
  inputs: [],
  fields: ['user'],
  ...over,
});
const run = (document: Parameters<typeof shapeStep>[0], event: LiveRow): boolean =>
  shapeStep(document, new Tables(), {})?.(event) !== false;

t.test('redact', async (t) => {
  const text = 'user=alice other=alice2 msg=for-alice-here x=alice';
  const event = received(text);
  run(redact({}), event);
  t.equal(event.rawText(), 'user=***** other=alice2 msg=for-*****-here x=*****');
  t.equal(event.get('user'), '***');
  t.equal(event.get('other'), 'alice2');
  const kept = received(text);
  run(redact({ raw_data: 'keep', keep_last: 2 }), kept);
  t.equal(kept.rawText(), text);
  t.equal(kept.get('user'), '***ce');
  const removed = received(text);
  run(redact({ mode: 'remove' }), removed);
  t.notOk(removed.has('user'));
  const short = received('user=a b=a action=pass');
  run(redact({ keep_last: 4 }), short);
  t.equal(short.rawText(), 'user=* b=a action=pass', 'a short value only where it was read');
  t.equal(short.get('user'), '***', 'no longer than what would be left');
  const twice = received('user=alice1 user=bobby2');
  run(redact({}), twice);
  t.equal(JSON.stringify(twice.unmappedAll()), '{"user":"***"}');
  const number = testEvent({ raw: 'port 40123 open', fields: { 'src_endpoint.port': 40_123 } });
  run(redact({ fields: ['src_endpoint.port'] }), number.event as unknown as LiveRow);
  t.notOk(number.event.has('src_endpoint.port'));
  t.equal(number.event.rawText(), 'port ***** open');
});

t.test('redact: any value is gone from fields and from what was received', async (t) => {
  const word = fc.stringMatching(/^[a-z0-9_.\u00e4-]{4,12}$/u);
  const property = fc.property(
    word,
    word,
    fc.array(word, { maxLength: 4 }),
    (value, other, more) => {
      const text = `user=${value} other=${other} ${more.join(' ')}`;
      const event = received(text);
      run(redact({}), event);
      const isWord = (byte: string | undefined): boolean => /[\p{L}\p{N}]/u.test(byte ?? '');
      const after = event.rawText();
      for (let at = after.indexOf(value); at >= 0; at = after.indexOf(value, at + 1))
        if (!isWord(after[at - 1]) && !isWord(after[at + value.length])) return false;
      return event.get('user') === '***' && after.length === text.length + starsOf(text, after);
    },
  );
  t.doesNotThrow(() => fc.assert(property, { seed, numRuns }));
});
/** A character of several bytes becomes as many stars. */
const starsOf = (before: string, after: string): number =>
  encoder.encode(before).length - before.length - (encoder.encode(after).length - after.length);

t.test('hash', async (t) => {
  const key = 'a key of sixteen bytes';
  const event = received('user=alice owner=alice');
  run({ type: 'hash', inputs: [], fields: ['user', 'owner'], key, digits: 32 }, event);
  const wanted = createHmac('sha256', key).update('alice').digest('hex').slice(0, 32);
  t.strictSame([event.get('user'), event.get('owner')], [wanted, wanted]);
  t.equal(event.rawText(), 'user=***** owner=*****');
});

t.test('sample', async (t) => {
  const document: SampleDocument = { type: 'sample', inputs: [], keep_one_in: 10 };
  const isKept = (seqFirst: number, epoch = 7n): boolean =>
    run(document, received('x', { seqFirst, epoch }));
  const kept = Array.from({ length: 4_000 }, (_, seq) => isKept(seq));
  const count = kept.filter(Boolean).length;
  t.ok(count > 300 && count < 500, `${count} of 4000`);
  t.strictSame(
    kept.map((_, i) => isKept(kept.length - 1 - i)).reverse(),
    kept,
    'the same again, in any order',
  );
  t.notSame(
    kept.map((_, seq) => isKept(seq, 8n)),
    kept,
    'other events in another epoch',
  );
  const byField: SampleDocument = { ...document, field: 'session' };
  const ofSession = (session: number, seqFirst: number): boolean =>
    run(byField, received(`session=${session}`, { seqFirst }));
  for (let session = 0; session < 50; session++)
    t.equal(ofSession(session, 1), ofSession(session, 999));
  const noisy: SampleDocument = { ...document, condition: 'unmapped["kind"] == "noise"' };
  t.ok(run(noisy, received('kind=alert')));
  const noise = Array.from({ length: 100 }, (_, seqFirst) =>
    run(noisy, received('kind=noise', { seqFirst })),
  );
  t.ok(noise.includes(false));
});

t.test('tables come late, and change between batches', async (t) => {
  const document: IocDocument = {
    type: 'ioc',
    inputs: [],
    path: 'list.txt',
    addresses: ['ip'],
    domains: [],
    urls: [],
    hashes: [],
  };
  const tables = new Tables();
  const step = shapeStep(document, tables, { 'labels.ioc_matches': 'number' });
  const matches = (): boolean => {
    const event = received('ip=203.0.113.7');
    step?.(event);
    return event.has('osint.value');
  };
  t.throws(matches, /its table could not be read yet/);
  const use = (version: number, text: string): void => {
    const { bytes } = buildTable(document, encoder.encode(text));
    tables.use([{ key: tableKeyOf(document), version, bytes }]);
  };
  use(1, 'evil.example');
  t.notOk(matches());
  use(2, '203.0.113.0/24');
  t.ok(matches());
  tables.use([]);
  t.ok(matches(), 'a task without tables changes nothing');
});
