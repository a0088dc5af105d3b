// Scenario: random batches travel as messages, whole and in pieces, and are put together for the
// table as the loader does it, with and without rows that are stored already.
// Guarantees: what arrives in the table is what a direct insert would have put there; pieces add up
// to the batch; damaged messages give a typed error and nothing else.
import { type EventBatch, markName, type SequencedBatch, WeirError } from '@weir/pipeline';
import fc from 'fast-check';
import t from 'tap';
import { insertBlocks } from '../../clickhouse/loader/statements.js';
import { encodeBatch } from '../../clickhouse/native/index.js';
import { tableNames } from '../../clickhouse/store/index.js';
import { PROFILES, QUARANTINE_COLUMNS } from '../../clickhouse/store/profiles.js';
import { storeFixture } from '../../clickhouse/testing/fixture.js';
import { build, expected, row, SELECT } from '../../clickhouse/testing/random-batches.js';
import { sampleBatch, sampleEvents } from '../../clickhouse/testing/sample-batches.js';
import { batchOf, encodeEnvelopeBatch } from '../loader/envelope-batch.js';
import { encodeMessages } from '../messages/encode-messages.js';
import { messagesOf } from '../messages/message-block.js';
import { decodeEnvelope, type Envelope } from './envelope.js';

const fixture = await storeFixture();
t.teardown(() => fixture.end());
const tables = tableNames();
const seed = Number(process.env.WEIR_SEED ?? Math.floor(performance.timeOrigin) % 1_000_000_000);
t.comment(`WEIR_SEED=${seed}`);

const envelopesOf = (block: Uint8Array): Envelope[] =>
  messagesOf(block).map(({ value }) => decodeEnvelope(value));

function reasonsOf(
  { quarantine }: EventBatch,
  { seqFirst }: SequencedBatch,
  seqs: readonly number[],
): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const seq of seqs) {
    const reason = markName(quarantine[seq - seqFirst] as number);
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return reasons;
}

t.test('rows come through the topic as they went in', async (t) => {
  let epoch = 900n;
  const property = fc.asyncProperty(
    fc.array(row, { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 200, max: 20_000 }),
    async (rows, bytesMax) => {
      epoch++;
      const { batch, events } = build(rows, epoch);
      const skip = rows.flatMap((input, i) => (input.skip ? [batch.seqFirst + i] : []));
      const direct = encodeBatch(events, batch, Float64Array.from(skip), 'full');
      const encoded = encodeMessages(events, batch, 'full', bytesMax);
      const envelopes = envelopesOf(encoded.events?.bytes ?? new Uint8Array(0));
      const [eventBlocks, quarantineBlocks]: [Uint8Array[], Uint8Array[]] = [[], []];
      const quarantined: number[] = [];
      const reasons: Record<string, number> = {};
      let next = batch.seqFirst;
      for (const envelope of envelopes) {
        const { seqFirst, eventCount } = envelope;
        t.equal(seqFirst, next);
        next += eventCount;
        const own = batchOf(envelope, seqFirst, seqFirst + eventCount - 1);
        const piece = encodeEnvelopeBatch(own, Float64Array.from(skip));
        if (piece.events !== null) eventBlocks.push(piece.events.bytes);
        if (piece.quarantine !== null) quarantineBlocks.push(piece.quarantine.bytes);
        quarantined.push(...piece.quarantinedSeqs);
        t.same(envelope.quarantinedByReason, reasonsOf(events, batch, envelope.quarantinedSeqs));
        for (const [reason, count] of Object.entries(piece.quarantinedByReason))
          reasons[reason] = (reasons[reason] ?? 0) + count;
      }
      t.equal(next, batch.seqFirst + batch.eventCount, 'pieces add up');
      t.strictSame(quarantined, [...direct.quarantinedSeqs]);
      t.strictSame(reasons, { ...direct.quarantinedByReason });
      const { columns } = PROFILES.full;
      await insertBlocks(fixture.store, tables.events, columns, eventBlocks, `e${epoch}`);
      const quarantineId = `q${epoch}`;
      await insertBlocks(
        fixture.store,
        tables.quarantine,
        QUARANTINE_COLUMNS,
        quarantineBlocks,
        quarantineId,
      );
      const found = await fixture.store.query(SELECT, { epoch: String(epoch) });
      t.strictSame(found, expected(rows, events, batch));
      const [count] = await fixture.store.query<{ count: string }>(
        `SELECT count() AS count FROM ${tables.quarantine} WHERE epoch = ${epoch}`,
      );
      t.equal(Number(count?.count), direct.quarantine?.rowCount ?? 0);
    },
  );
  await fc.assert(property, { seed, numRuns: process.env.WEIR_LONG === '1' ? 200 : 15 });
});

t.test('filtered numbers and declarations travel, also without any row', async (t) => {
  const dispositions = [
    { kind: 'lost', cause: 'spool_corruption', seqRanges: [[5, 9]], eventCount: 5 },
    { kind: 'refused', cause: 'queue_full', seqRanges: [], eventCount: 4 },
  ] as const;
  const batch = sampleBatch({
    texts: ['drop a', 'event b', 'bad c', 'drop d'],
    seqFirst: 100,
    dispositions,
  });
  const encoded = encodeMessages(sampleEvents(batch), batch, 'full', 1);
  t.equal(encoded.events?.rowCount, 2);
  const envelopes = envelopesOf(encoded.events?.bytes ?? new Uint8Array(0));
  t.same(
    envelopes.flatMap(({ filtered }) => filtered.flatMap(({ seqRanges }) => seqRanges)),
    [
      [100, 100],
      [103, 103],
    ],
  );
  t.same(
    envelopes.flatMap((envelope) => envelope.dispositions),
    dispositions,
    'what is said of other numbers is said once',
  );
  const empty = { ...sampleBatch({ texts: [], seqFirst: 104, dispositions }), runs: [] };
  const [only, ...more] = envelopesOf(
    encodeMessages(sampleEvents(empty), empty, 'full').events?.bytes ?? new Uint8Array(0),
  );
  t.same(more, []);
  t.match(only, { eventCount: 0, dispositions, events: null, quarantine: null });
});

t.test('damaged messages give WEIR_EVENT_INVALID', (t) => {
  const batch = sampleBatch({ texts: ['event 1', 'bad 2', 'event 3'], seqFirst: 7 });
  const block = encodeMessages(sampleEvents(batch), batch, 'full').events?.bytes;
  const [message] = messagesOf(block ?? new Uint8Array(0));
  const whole = message?.value ?? Buffer.alloc(0);
  t.equal(decodeEnvelope(whole).eventCount, 3);
  const damaged = fc.oneof(
    fc.integer({ min: 0, max: whole.length - 1 }).map((length) => whole.subarray(0, length)),
    fc
      .tuple(fc.integer({ min: 0, max: whole.length - 1 }), fc.integer({ min: 0, max: 255 }))
      .map(([at, byte]) => {
        const copy = Buffer.from(whole);
        copy[at] = byte;
        return copy;
      }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );
  let refusedCount = 0;
  fc.assert(
    fc.property(damaged, (bytes) => {
      try {
        decodeEnvelope(bytes);
      } catch (error) {
        refusedCount++;
        return error instanceof WeirError && error.code === 'WEIR_EVENT_INVALID';
      }
      return true;
    }),
    { seed, numRuns: 3_000 },
  );
  t.ok(refusedCount > 1_000, `${refusedCount} were refused`);
  t.end();
});
