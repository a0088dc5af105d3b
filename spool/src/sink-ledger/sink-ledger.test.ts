// Scenario: random outcomes, repeated and overlapping, with restarts in between, against a model
// that keeps one kind a number.
// Guarantees: totals, known numbers, missing numbers and lost ranges are the model's; a record that
// comes again counts once and the stronger kind stays; memory and file do not grow with events;
// a torn tail and a file that is damaged are survived; another version is refused untouched.
import { SimFiles, SimRandom, testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import {
  LEDGER_KINDS,
  type LedgerKind,
  openSinkLedger,
  readSinkLedger,
  type SinkLedger,
  type SinkLedgerOptions,
  type StreamOutcome,
} from './index.js';
import { CHUNK_NUMBERS } from './tally.js';

const DIRECTORY = '/data/ledger/http';
const id = (stream: string) => ({ tenant: 'default', stream, epoch: 7n });
const seed = testSeed(20_260_301);

const stored = (stream: string, ...seqs: number[]): StreamOutcome => ({
  ...id(stream),
  kind: 'stored',
  cause: '',
  seqs,
});

interface World {
  readonly files: SimFiles;
  readonly random: SimRandom;
}

async function world(): Promise<World> {
  const files = new SimFiles();
  await files.makeDir('/data/ledger');
  return { files, random: new SimRandom(seed) };
}

const open = (w: World, more: Partial<SinkLedgerOptions> = {}): Promise<SinkLedger> =>
  openSinkLedger({ ...w, directory: DIRECTORY, ...more });

/** One kind a number. */
class Model {
  readonly #fates = new Map<string, Map<number, { kind: LedgerKind; cause: string }>>();

  add({ stream, kind, cause, seqs }: StreamOutcome): void {
    const fates = this.#fates.get(stream) ?? new Map();
    this.#fates.set(stream, fates);
    for (let i = 0; i < seqs.length; i += 2)
      for (let seq = seqs[i] as number; seq <= (seqs[i + 1] as number); seq++) {
        const present = fates.get(seq);
        const isStronger =
          present === undefined || LEDGER_KINDS.indexOf(kind) > LEDGER_KINDS.indexOf(present.kind);
        if (isStronger) fates.set(seq, { kind, cause });
      }
  }

  /** As readSinkLedger tells it. */
  expected() {
    return [...this.#fates]
      .map(([stream, fates]) => {
        const totals = { stored: 0, quarantined: 0, filtered: 0, lost: 0, before: 0 };
        for (const { kind } of fates.values()) totals[kind]++;
        const seqMax = Math.max(...fates.keys());
        const missing = rangesWhere(seqMax, (seq) => !fates.has(seq));
        const causes = new Set([...fates.values()].map(({ cause }) => cause));
        const lostRanges = [...causes]
          .map((cause) => ({
            cause,
            ranges: rangesWhere(seqMax, (seq) => {
              const fate = fates.get(seq);
              return fate?.kind === 'lost' && fate.cause === cause;
            }),
          }))
          .filter(({ ranges }) => ranges.length > 0)
          .sort((a, b) => (a.cause < b.cause ? -1 : 1));
        return { stream, ...totals, seqMax, missing, lostRanges };
      })
      .sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }
}

function rangesWhere(seqMax: number, holds: (seq: number) => boolean): [number, number][] {
  const ranges: [number, number][] = [];
  for (let seq = 0; seq <= seqMax; seq++) {
    if (!holds(seq)) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === seq - 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}

async function found(files: SimFiles) {
  const reading = await readSinkLedger(files, DIRECTORY);
  return (reading?.streams ?? [])
    .map(
      ({ stream, stored, quarantined, filtered, lost, before, seqMax, missing, lostRanges }) => ({
        stream,
        ...{ stored, quarantined, filtered, lost, before },
        seqMax,
        missing,
        lostRanges: lostRanges.toSorted((a, b) => (a.cause < b.cause ? -1 : 1)),
      }),
    )
    .sort((a, b) => (a.stream < b.stream ? -1 : 1));
}

function randomOutcome(random: SimRandom, seqBound: number): StreamOutcome {
  const kind = random.pick(LEDGER_KINDS);
  const cause =
    kind === 'filtered'
      ? `filter:f${random.below(3)}`
      : kind === 'lost'
        ? random.pick(['sink_overrun', 'spool_corruption'])
        : '';
  const seqs: number[] = [];
  let at = random.below(seqBound);
  const stride = random.chance(0.3) ? 2 : random.below(50) + 1;
  for (let left = random.below(random.chance(0.2) ? 400 : 6) + 1; left > 0; left--) {
    const length = stride === 2 ? 1 : random.below(random.chance(0.1) ? 3_000 : 60) + 1;
    seqs.push(at, at + length - 1);
    at += length + (stride === 2 ? 1 : random.below(stride) + 1);
  }
  return { ...id(`s${random.below(3)}`), kind, cause, seqs };
}

t.test(`against a model, seed ${seed}`, async (t) => {
  const runCount = process.env.WEIR_LONG === '1' ? 200 : 12;
  for (let run = 0; run < runCount; run++) {
    const random = new SimRandom(seed + run);
    const w = { ...(await world()), random };
    const model = new Model();
    // Files are rewritten often; chunks cover all numbers that this run can reach.
    const options = { fileBytesMin: 2_000, chunkCountMax: 64 };
    let ledger = await open(w, options);
    for (let step = 0; step < 60; step++) {
      const outcomes = Array.from({ length: random.below(4) + 1 }, () =>
        randomOutcome(random, 20_000),
      );
      await ledger.record({ outcomes });
      if (random.chance(0.3)) await ledger.record({ outcomes });
      for (const outcome of outcomes) model.add(outcome);
      if (random.chance(0.1)) {
        await ledger.close();
        ledger = await open(w, options);
      }
    }
    const expected = model.expected();
    t.same(await found(w.files), expected, `run ${run}`);
    await ledger.close();
    ledger = await open(w, options);
    for (const { stream, missing, seqMax } of expected) {
      const known = ledger.known(id(stream), 0, seqMax);
      const pairs = Array.from({ length: known.length / 2 }, (_, i) => [
        known[2 * i],
        known[2 * i + 1],
      ]);
      const gaps = new Set(missing.flatMap(([a, b]) => numbers(a, b)));
      t.same(
        pairs,
        rangesWhere(seqMax, (seq) => !gaps.has(seq)),
        'known numbers',
      );
    }
    await ledger.close();
  }
});

const numbers = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

t.test('memory and file stay small when every second event is filtered', async (t) => {
  const w = await world();
  const ledger = await open(w, { chunkCountMax: 4 });
  const groupSize = CHUNK_NUMBERS;
  for (let group = 0; group < 40; group++) {
    const [odd, even]: [number[], number[]] = [[], []];
    for (let seq = group * groupSize; seq < (group + 1) * groupSize; seq += 2) {
      even.push(seq, seq);
      odd.push(seq + 1, seq + 1);
    }
    const filtered = { ...id('s'), kind: 'filtered', cause: 'filter:even', seqs: even } as const;
    await ledger.record({ outcomes: [stored('s', ...odd), filtered] });
  }
  t.same(ledger.totals(), {
    stored: 20 * groupSize,
    quarantined: 0,
    filtered: 20 * groupSize,
    lost: 0,
    before: 0,
  });
  t.same(ledger.known(id('s'), 0, 40 * groupSize), [0, 40 * groupSize - 1], 'one range');
  t.equal(ledger.chunkCount, 4, 'exact kinds of the newest chunks only');
  t.ok(w.files.usedBytes < 40 * groupSize * 0.27, `${w.files.usedBytes} bytes: a bit a number`);
  await ledger.close();
});

t.test('a fully delivered run is a few bytes', async (t) => {
  const w = await world();
  const ledger = await open(w);
  await ledger.record({ outcomes: [stored('node/syslog/0', 0, 511)] });
  const before = w.files.usedBytes;
  for (let i = 1; i <= 1_000; i++)
    await ledger.record({ outcomes: [stored('node/syslog/0', i * 512, i * 512 + 511)] });
  const perRecord = (w.files.usedBytes - before) / 1_000;
  t.ok(perRecord <= 24, `${perRecord} bytes a record, 8 of them length and CRC`);
  await ledger.close();
});

t.test('files are rewritten and old ones go; a state outlives it', async (t) => {
  const w = await world();
  const ledger = await open(w, { fileBytesMin: 500, historyFileCount: 2 });
  for (let i = 0; i < 400; i++) {
    const state = i === 3 ? { state: Uint8Array.of(1, 2, 3) } : {};
    await ledger.record({ outcomes: [stored('s', i, i)], ...state });
  }
  t.ok(w.files.paths.length <= 3, `${w.files.paths.length} files`);
  t.ok(w.files.usedBytes < 3_000, `${w.files.usedBytes} bytes`);
  await ledger.close();
  const again = await open(w);
  t.same(again.totals().stored, 400);
  t.same([...(again.state ?? [])], [1, 2, 3]);
  await again.close();
});

t.test('files that were refused cost none of those that are kept', async (t) => {
  for (const kind of ['write', 'sync', 'rename', 'syncDir'] as const) {
    const w = await world();
    const ledger = await open(w, { fileBytesMin: 200 });
    for (let i = 0; i < 60; i++) await ledger.record({ outcomes: [stored('s', i, i)] });
    const kept = w.files.paths.slice(-4);
    let refused = 'write';
    w.files.onOperation = (operation) => (operation.kind === refused ? { code: 'ENOSPC' } : null);
    await t.rejects(ledger.record({ outcomes: [stored('s', 60, 60)] }), 'the file is left');
    refused = kind;
    for (let i = 0; i < 8; i++)
      await t.rejects(ledger.record({ outcomes: [stored('s', 60, 60)] }), kind);
    refused = '';
    await ledger.record({ outcomes: [stored('s', 60, 60)] });
    // A file whose name alone could not be made durable is there, and whole.
    const isLeft = kind === 'syncDir';
    if (!isLeft) t.same(w.files.paths.slice(0, 4), kept, `${kind}: the four before it are kept`);
    t.equal(w.files.paths.length, 5, `${kind}: and no more`);
    await ledger.close();
    t.equal((await open(w)).totals().stored, 61, `${kind}: all is known`);
  }
});

t.test(
  'a folded number that was lost can still be stored; refusals are running totals',
  async (t) => {
    const w = await world();
    let ledger = await open(w, { chunkCountMax: 1 });
    const lost = { ...id('s'), kind: 'lost', cause: 'sink_overrun', seqs: [10, 19] } as const;
    const refused = { ...id('s'), cause: 'spool_full' };
    await ledger.record({ outcomes: [lost], refusals: [{ ...refused, eventCount: 5 }] });
    await ledger.record({ outcomes: [stored('s', 20, 100_000)] });
    await ledger.close();
    ledger = await open(w, { chunkCountMax: 1 });
    await ledger.record({
      outcomes: [stored('s', 12, 13), { ...lost, seqs: [12, 25] }],
      refusals: [{ ...refused, eventCount: 3 }],
    });
    const [stream] = (await readSinkLedger(w.files, DIRECTORY))?.streams ?? [];
    t.match(stream, {
      lost: 8,
      stored: 99_983,
      missing: [[0, 9]],
      lostRanges: [
        {
          cause: 'sink_overrun',
          ranges: [
            [10, 11],
            [14, 19],
          ],
        },
      ],
      refused: { spool_full: 5 },
    });
    await ledger.close();
  },
);

t.test('numbers in any order, and twice in one record', async (t) => {
  const w = await world();
  const ledger = await open(w);
  const lost = { ...id('s'), kind: 'lost', cause: 'spool_corruption', seqs: [30, 39] } as const;
  await ledger.record({ outcomes: [stored('s', 20, 29, 0, 9, 25, 34, 12, 12), lost] });
  await ledger.close();
  const [stream] = (await readSinkLedger(w.files, DIRECTORY))?.streams ?? [];
  const missing = [
    [10, 11],
    [13, 19],
  ];
  t.match(stream, { stored: 26, lost: 5, seqMax: 39, missing });
});

t.test('a range of a thousand million numbers costs no memory', async (t) => {
  const w = await world();
  const ledger = await open(w);
  const before = { ...id('s'), kind: 'before', cause: '', seqs: [0, 999_999_999] } as const;
  await ledger.record({ outcomes: [before, stored('s', 1_000_000_000, 1_000_000_009)] });
  t.match(ledger.totals(), { before: 1_000_000_000, stored: 10 });
  t.ok(ledger.chunkCount <= 4);
  await ledger.close();
});

t.test('a torn tail is cut, a damaged file is passed over, nothing is written over', async (t) => {
  const w = await world();
  let ledger = await open(w);
  await ledger.record({ outcomes: [stored('s', 0, 9)] });
  await ledger.close();
  const [path] = w.files.paths as [string];
  const size = (await w.files.sizeBytes(path)) ?? 0;
  const handle = await w.files.open(path, 'write');
  await handle.write([Uint8Array.of(9, 0, 0, 0, 1, 2)], size);
  await handle.close();
  ledger = await open(w);
  t.equal(ledger.opening.tornBytes, 6);
  await ledger.record({ outcomes: [stored('s', 10, 19)] });
  await ledger.close();
  t.equal(w.files.paths.length, 2, 'a new file; the torn one stays');
  w.files.flipBit(w.files.paths[1] as string, 40, 3);
  ledger = await open(w);
  t.match(ledger.opening, { damagedFileCount: 1, isNew: false });
  t.equal(ledger.totals().stored, 10, 'what the older file knows');
  await ledger.close();
});

t.test('a failed write or sync is told, and the same record can be tried again', async (t) => {
  for (const kind of ['write', 'datasync', 'create', 'sync', 'rename', 'syncDir'] as const) {
    const w = await world();
    const ledger = await open(w);
    await ledger.record({ outcomes: [stored('s', 0, 9)] });
    const outcomes = [stored('s', 10, 19)];
    const isLater = kind !== 'write' && kind !== 'datasync';
    const fail = (failing: string): void => {
      w.files.onOperation = (operation) =>
        operation.kind === failing ? { code: 'ENOSPC', partialBytes: 5 } : null;
    };
    fail(isLater ? 'write' : kind);
    await t.rejects(ledger.record({ outcomes }), { code: 'WEIR_SINK_IO' });
    if (isLater) {
      fail(kind);
      await t.rejects(ledger.record({ outcomes }), { code: 'WEIR_SINK_IO' }, kind);
    }
    t.same(ledger.known(id('s'), 0, 99), [0, 9], 'not recorded');
    w.files.onOperation = null;
    await ledger.record({ outcomes });
    const after = w.files.crash('lose_unsynced', w.random);
    t.same((await readSinkLedger(after, DIRECTORY))?.streams[0]?.stored, 20, `after ${kind}`);
    await ledger.close();
  }
});

t.test('another version is refused and left alone', async (t) => {
  const w = await world();
  const ledger = await open(w);
  await ledger.close();
  const [path] = w.files.paths as [string];
  const bytes = w.files.contentOf(path) as Uint8Array;
  const { crc32c } = await import('@node-rs/crc32');
  bytes[8] = 9;
  new DataView(bytes.buffer).setUint32(60, crc32c(bytes.subarray(0, 60)), true);
  const handle = await w.files.open(path, 'write');
  await handle.write([bytes], 0);
  await handle.close();
  const print = w.files.contentOf(path);
  await t.rejects(open(w), { code: 'WEIR_SPOOL_VERSION' });
  await t.rejects(readSinkLedger(w.files, DIRECTORY), { code: 'WEIR_SPOOL_VERSION' });
  t.same(w.files.contentOf(path), print);
});

t.test('no ledger', async (t) => {
  const { files } = await world();
  t.equal(await readSinkLedger(files, DIRECTORY), null);
});
