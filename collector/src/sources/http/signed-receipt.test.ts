// Scenario: a sender asks for a signed receipt, with and without a key, compressed, again, and
// while nothing can be signed. Guarantees: the receipt names exactly the numbers of its request and
// the body as it was sent; every 200 has the newest checkpoint, nothing else has.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { ReceiptDraft, wantsReceipt } from './signed-receipt.js';
import { serve } from './test-serve.js';

const sha256 = (bytes: Buffer | string): string =>
  createHash('sha256').update(bytes).digest('base64');

function rig() {
  const state = { checkpoint: null as string | null, canSign: true };
  const evidence = {
    nodeId: '0123456789ab',
    checkpoint: () => state.checkpoint,
    sign: (text: string) => (state.canSign ? `${text}\nsigned` : null),
  };
  return { state, evidence };
}
const PREFER = { prefer: 'receipt=signed' };

t.test('a receipt on request, a checkpoint in every 200', async (t) => {
  const { state, evidence } = rig();
  const { post, call } = await serve(t, { evidence });
  const body = '{"a":1}\n{"a":2}\n{"a":3}\n';
  const first = await post(body, PREFER);
  t.equal(first.status, 200);
  t.equal(first.headers['weir-checkpoint'], undefined, 'there is none yet');
  t.equal(first.headers['preference-applied'], 'receipt=signed');
  const { stream, epoch, seqFirst } = first.body;
  t.equal(
    first.body.receipt,
    `weir/node/0123456789ab\naccepted default ${stream} ${epoch} ${seqFirst} 3\nbody ${sha256(body)}\n\nsigned`,
  );
  state.checkpoint = 'bm90ZQ==';
  const plain = await post(body);
  t.equal(plain.headers['weir-checkpoint'], 'bm90ZQ==');
  t.equal(plain.body.receipt, undefined, 'only who asks gets one');
  const bad = await call('POST', '/ingest', body, { 'idempotency-key': 'x' });
  t.equal(bad.status, 400);
  t.equal(bad.headers['weir-checkpoint'], undefined);
  const packed = gzipSync(body);
  const zipped = await post(packed, { ...PREFER, 'content-encoding': 'gzip' });
  t.match(zipped.body.receipt, `body ${sha256(packed)}\n`, 'the body as sent');
  state.canSign = false;
  const unsigned = await post(body, PREFER);
  t.equal(unsigned.status, 200);
  t.equal(unsigned.body.receipt, undefined);
  t.equal(unsigned.headers['preference-applied'], undefined);
});

t.test('with a key; a repeat stored nothing and gets none', async (t) => {
  const { evidence } = rig();
  const { post } = await serve(t, { evidence });
  const headers = { ...PREFER, 'idempotency-key': 'p/1/0' };
  const first = await post('{"a":1}\n{"a":2}\n', headers);
  t.match(first.body.receipt, / 2\nbody /);
  const again = await post('{"a":1}\n{"a":2}\n', headers);
  t.equal(again.headers['idempotent-replayed'], 'true');
  t.equal(again.body.receipt, undefined);
});

t.test('an empty body has nothing to sign', async (t) => {
  const { post } = await serve(t, { evidence: rig().evidence });
  t.equal((await post('', PREFER)).body.receipt, undefined);
});

t.test('numbers that are not dense get a line each', async (t) => {
  const draft = new ReceiptDraft();
  draft.noteBody(Buffer.from('x'));
  const part = { stream: 'n/http/0', epoch: 7n };
  draft.notePart({ ...part, itemIndexFirst: 5, eventCount: 2, seqFirst: 40 });
  draft.notePart({ ...part, itemIndexFirst: 0, eventCount: 3, seqFirst: 10 });
  draft.notePart({ ...part, itemIndexFirst: 3, eventCount: 2, seqFirst: 13 });
  t.same(draft.text('0123456789ab', 'default', 7)?.split('\n').slice(0, 3), [
    'weir/node/0123456789ab',
    'accepted default n/http/0 7 10 5',
    'accepted default n/http/0 7 40 2',
  ]);
  t.equal(draft.text('0123456789ab', 'default', 8), null, 'a part is missing');
});

t.test('preferences', async (t) => {
  for (const yes of ['receipt=signed', 'respond-async, receipt=signed', 'receipt="signed"; x=1'])
    t.ok(wantsReceipt(yes), yes);
  for (const no of [undefined, '', 'receipt', 'receipt=none', 'x=receipt=signed'])
    t.notOk(wantsReceipt(no), String(no));
});
