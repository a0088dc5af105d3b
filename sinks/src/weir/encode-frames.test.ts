// Scenario: batches on their way to another Weir, with and without filters before it.
// Guarantees: numbers, sources and order stay; filtered rows carry no bytes and are named; what is
// not filtered is unchanged, also where a parser failed.
import {
  allocateBytes,
  type Disposition,
  type EventBatch,
  type FilterCause,
  MARK,
  type SequencedBatch,
  STATUS,
} from '@weir/pipeline';
import { decodeWireFrames, encodeWireHeader } from '@weir/spool';
import t from 'tap';
import { encodeFrames, framesNeedParsing } from './encode-frames.js';

function batchOf(texts: readonly string[], dispositions: readonly Disposition[] = []) {
  const bytes = allocateBytes(texts.join('').length);
  bytes.set(Buffer.from(texts.join('')));
  const offsets = new Uint32Array(texts.length + 1);
  for (const [i, text] of texts.entries()) offsets[i + 1] = (offsets[i] ?? 0) + text.length;
  const batch: SequencedBatch = {
    tenant: 'default',
    stream: '0123456789ab/syslog_udp/1',
    retentionClass: 'audit',
    format: 'syslog',
    receivedAtNs: 1_767_225_600_000_000_000n,
    eventCount: texts.length,
    bytes,
    offsets,
    marks: Uint32Array.of(1, MARK.oversize, 99, 2, MARK.nul_bytes, 0),
    runs: [
      { eventCount: 1, source: '192.0.2.1', sourceSeqFirst: 8, context: '' },
      { eventCount: texts.length - 1, source: '192.0.2.2', sourceSeqFirst: 0, context: '#a' },
    ],
    requestParts: [],
    dispositions,
    epoch: 3n,
    seqFirst: 100,
  };
  return batch;
}

/** As a worker has it: rows by the index of their cause, -1 for rows that go on. */
function parsed(
  raw: SequencedBatch,
  causes: readonly FilterCause[],
  causeOf: readonly number[],
  quarantined: readonly number[] = [],
): EventBatch {
  const status = new Uint8Array(raw.eventCount);
  const causeIndex = new Uint16Array(raw.eventCount);
  const quarantine = new Uint8Array(raw.eventCount);
  for (const [row, cause] of causeOf.entries()) {
    if (cause < 0) continue;
    status[row] = STATUS.filtered;
    causeIndex[row] = cause;
  }
  for (const row of quarantined) quarantine[row] = MARK.parse_error;
  return {
    raw,
    scratch: allocateBytes(0),
    status,
    columns: [],
    unmapped: new Uint32Array(0),
    marks: raw.marks,
    quarantine,
    parserIndex: new Uint8Array(raw.eventCount),
    parsers: [],
    filteredBy: { causeIndex, causes },
  };
}

async function sent(encoded: ReturnType<typeof encodeFrames>) {
  const frame = encoded.events?.bytes ?? new Uint8Array(0);
  const found = await decodeWireFrames(Buffer.concat([encodeWireHeader(), frame]));
  if ('error' in found) throw new Error(found.error.message);
  const [batch] = found.batches;
  if (batch === undefined || found.batches.length !== 1) throw new Error('one frame is expected');
  const texts = Array.from({ length: batch.eventCount }, (_, i) =>
    Buffer.from(batch.bytes.subarray(batch.offsets[i], batch.offsets[i + 1])).toString(),
  );
  return { batch, texts };
}

const noise: FilterCause = { kind: 'filtered', cause: 'filter:noise' };
const other: FilterCause = { kind: 'filtered', cause: 'filter:other' };

t.test('without a parse the batch goes as it is', async (t) => {
  const refused: Disposition = {
    kind: 'refused',
    cause: 'queue_full',
    seqRanges: [],
    eventCount: 4,
  };
  const lost: Disposition = {
    kind: 'lost',
    cause: 'spool_corruption',
    seqRanges: [[3, 7]],
    eventCount: 5,
  };
  const batch = batchOf(['a', 'bb', 'ccc'], [refused, lost]);
  const encoded = encodeFrames(null, batch);
  t.match(encoded, { quarantine: null, filtered: [], events: { rowCount: 3 } });
  const { batch: found, texts } = await sent(encoded);
  t.same(texts, ['a', 'bb', 'ccc']);
  for (const name of ['tenant', 'stream', 'epoch', 'seqFirst', 'retentionClass'] as const)
    t.equal(found[name], batch[name], name);
  t.same(found.runs, batch.runs);
  t.same([...found.marks], [...batch.marks]);
  t.same(found.dispositions, [refused, lost]);
});

t.test('filtered rows go hollow', async (t) => {
  const batch = batchOf(['a', 'bb', 'ccc', 'd', 'e']);
  // Row 4 failed to parse: it is forwarded raw, whatever a filter said before.
  const encoded = encodeFrames(parsed(batch, [noise, other], [-1, 0, 0, 1, 1], [4]), batch);
  const filtered: Disposition[] = [
    { kind: 'filtered', cause: 'filter:noise', seqRanges: [[101, 102]], eventCount: 2 },
    { kind: 'filtered', cause: 'filter:other', seqRanges: [[103, 103]], eventCount: 1 },
  ];
  t.same(encoded.filtered, filtered);
  t.equal(encoded.events?.rowCount, 2);
  const { batch: found, texts } = await sent(encoded);
  t.same(texts, ['a', '', '', '', 'e']);
  t.same(found.runs, batch.runs, 'sources keep their numbers');
  t.same([...found.marks], [], 'marks of rows without bytes are gone');
  t.same(found.dispositions, filtered);
});

t.test('a relay: rows that came hollow stay so, with their own cause', async (t) => {
  const before: Disposition[] = [
    { kind: 'filtered', cause: 'filter:edge', seqRanges: [[101, 101]], eventCount: 1 },
    { kind: 'lost', cause: 'spool_corruption', seqRanges: [[1, 9]], eventCount: 9 },
  ];
  const batch = { ...batchOf(['a', '', 'ccc'], before), marks: new Uint32Array(0) };
  t.match(encodeFrames(null, batch), { filtered: [before[0]], events: { rowCount: 2 } });
  const edge: FilterCause = { kind: 'filtered', cause: 'filter:edge' };
  const again = encodeFrames(parsed(batch, [noise, edge], [0, 1, -1]), batch);
  const { batch: found, texts } = await sent(again);
  t.same(texts, ['', '', 'ccc']);
  const causes = found.dispositions.map(({ cause, seqRanges }) => [cause, seqRanges]);
  t.same(causes, [
    ['spool_corruption', [[1, 9]]],
    ['filter:noise', [[100, 100]]],
    ['filter:edge', [[101, 101]]],
  ]);
  // A worker that says nothing of the hollow row does not bring it back.
  const silent = encodeFrames(parsed(batch, [noise], [0, -1, -1]), batch);
  t.equal(silent.events?.rowCount, 1);
  const named = (await sent(silent)).batch.dispositions.flatMap(({ seqRanges }) => seqRanges);
  t.same(named, [
    [1, 9],
    [101, 101],
    [100, 100],
  ]);
});

t.test('all rows filtered, and no rows at all: the frame still goes', async (t) => {
  const batch = batchOf(['a', 'bb', 'c']);
  const encoded = encodeFrames(parsed(batch, [noise], [0, 0, 0]), batch);
  t.equal(encoded.events?.rowCount, 0);
  t.same((await sent(encoded)).texts, ['', '', '']);
  const empty = { ...batchOf(['a', 'b', 'c']), ...nothing() };
  t.equal((await sent(encodeFrames(null, empty))).batch.eventCount, 0);
});

const nothing = () => ({
  eventCount: 0,
  bytes: allocateBytes(0),
  offsets: new Uint32Array(1),
  marks: new Uint32Array(0),
  runs: [],
});

t.test('a batch whose source does not lead here stays', async (t) => {
  const batch = batchOf(['a', 'bb', 'c']);
  const untaken: FilterCause = { kind: 'filtered', cause: 'filter:inputs' };
  t.match(encodeFrames(parsed(batch, [untaken], [0, 0, 0]), batch), {
    events: null,
    filtered: [{ cause: 'filter:inputs', eventCount: 3 }],
  });
});

t.test('which ways must be parsed', async (t) => {
  t.notOk(framesNeedParsing([]));
  t.notOk(framesNeedParsing([{ type: 'set' }, { type: 'enrich' }, { type: 'parse' }]));
  t.ok(framesNeedParsing([{ type: 'set' }, { type: 'filter' }]));
  t.ok(framesNeedParsing([{ type: 'route' }]));
  t.ok(framesNeedParsing([{ type: 'sample' }]));
  // What they hide is masked in the bytes that travel.
  t.ok(framesNeedParsing([{ type: 'redact' }]));
  t.ok(framesNeedParsing([{ type: 'hash' }]));
});
