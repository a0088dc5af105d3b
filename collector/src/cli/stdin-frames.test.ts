// Scenario: standard input in pieces of any size, both framings, good and broken.
// Guarantees: the same events whatever the pieces; memory bounded by the limits; a broken octet
//   count is named by its byte offset after everything before it was given.
import { LIMITS, MARK, type RawBatch } from '@weir/pipeline';
import t from 'tap';
import { StdinFrames, type StdinFramesOptions } from './stdin-frames.js';

interface Seen {
  readonly format: string;
  readonly text: string;
  readonly marks: number[];
}

function eventsOf(batch: RawBatch): Seen[] {
  return Array.from({ length: batch.eventCount }, (_, index) => {
    const part = batch.bytes.subarray(batch.offsets[index], batch.offsets[index + 1]);
    const marks: number[] = [];
    for (let i = 0; i < batch.marks.length; i += 3)
      if (batch.marks[i] === index) marks.push(batch.marks[i + 1] ?? 0, batch.marks[i + 2] ?? 0);
    return { format: batch.format, text: Buffer.from(part).toString('latin1'), marks };
  });
}

function read(
  input: string,
  pieceBytes: number,
  options: Partial<StdinFramesOptions> = {},
): { events: Seen[]; error: string; batches: RawBatch[] } {
  const frames = new StdinFrames({
    framing: 'newline',
    inputFormat: 'auto',
    nowNs: () => 1n,
    ...options,
  });
  const bytes = Buffer.from(input, 'latin1');
  const batches: RawBatch[] = [];
  let error = '';
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes)
      for (const batch of frames.push(bytes.subarray(at, at + pieceBytes))) batches.push(batch);
    for (const batch of frames.end()) batches.push(batch);
  } catch (caught) {
    error = (caught as Error).message;
  }
  return { events: batches.flatMap(eventsOf), error, batches };
}

t.test('lines', (t) => {
  const input = '<13>one\n\n {"two":2}\n<13>three\r\nlast without an end';
  const expected = [
    { format: 'syslog', text: '<13>one', marks: [] },
    { format: 'json', text: ' {"two":2}', marks: [] },
    { format: 'syslog', text: '<13>three\r', marks: [] },
    { format: 'syslog', text: 'last without an end', marks: [] },
  ];
  for (const pieceBytes of [1, 2, 7, 1_000])
    t.strictSame(read(input, pieceBytes).events, expected, `pieces of ${pieceBytes}`);
  const json = read(`${input}\n`, 1_000, { inputFormat: 'json' });
  t.equal(json.batches.length, 1, 'one format, one batch');
  t.strictSame(read('', 1).events, []);
  t.end();
});

t.test('octet counting', (t) => {
  const input = '7 <13>one9 two\nlines1 x';
  const texts = ['<13>one', 'two\nlines', 'x'];
  for (const pieceBytes of [1, 3, 1_000]) {
    const { events, error } = read(input, pieceBytes, { framing: 'octet' });
    t.strictSame(
      events.map((event) => event.text),
      texts,
    );
    t.equal(error, '');
  }
  t.end();
});

t.test('broken octet counts', (t) => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['1 x-5 hello', 1, /byte offset 3: not an octet count/],
    ['1 x05 hello', 1, /byte offset 3/],
    ['1 x0 ', 1, /byte offset 3/],
    ['1 x12345678 hello', 1, /byte offset 3/],
    ['1 x9999999 hello', 1, /byte offset 3/],
    ['<13>no count', 0, /byte offset 0/],
    ['1 x 1 y', 1, /byte offset 3/],
    ['1 x12', 1, /byte offset 3: the input ends inside an octet count/],
    ['1 x12 short', 2, /byte offset 3: the input ends inside the message/],
  ];
  for (const [input, eventCount, expected] of cases) {
    for (const pieceBytes of [1, 1_000]) {
      const { events, error } = read(input, pieceBytes, { framing: 'octet' });
      t.equal(events.length, eventCount, input);
      t.match(error, expected, input);
    }
  }
  const { events } = read('1 x12 short', 100, { framing: 'octet' });
  t.strictSame(events[1], { format: 'syslog', text: 'short', marks: [MARK.framing_incomplete, 5] });
  t.end();
});

t.test('oversize is cut, marked and counted, per format', (t) => {
  const over = LIMITS.syslogMessageBytesMax + 1;
  const { events } = read(`${'x'.repeat(over)}\n{${'y'.repeat(over)}\n`, 60_000);
  t.equal(events[0]?.text.length, LIMITS.syslogMessageBytesMax);
  t.strictSame(events[0]?.marks, [MARK.oversize, over]);
  t.equal(events[1]?.text.length, over + 1, 'JSON may be longer');
  const huge = LIMITS.httpItemBytesMax * 2 + 5;
  const second = read(`{${'y'.repeat(huge - 1)}\nshort\n`, 60_000).events;
  t.equal(second[0]?.text.length, LIMITS.httpItemBytesMax);
  t.strictSame(second[0]?.marks, [MARK.oversize, huge]);
  t.equal(second[1]?.text, 'short');
  t.end();
});

t.test('batches stay within their limits', (t) => {
  const { batches, events } = read('x\n'.repeat(2_000), 100_000);
  t.equal(events.length, 2_000);
  for (const batch of batches) t.ok(batch.eventCount <= LIMITS.batchEventCountMax);
  const large = read(`${'z'.repeat(50_000)}\n`.repeat(10), 1_000_000).batches;
  for (const batch of large) t.ok(batch.bytes.length <= LIMITS.batchBytesTarget);
  t.end();
});

t.test('header lines are no events', (t) => {
  const input = 'a\n#fields\tx\n#types\tcount\n1\n2\n{"j":1}\n#fields\ty\n3\n';
  for (const pieceBytes of [1, 7, 1000]) {
    const { events, batches } = read(input, pieceBytes);
    t.same(
      events.map(({ text }) => text),
      ['a', '1', '2', '{"j":1}', '3'],
    );
    const contexts = batches.flatMap(({ eventCount, runs }) =>
      Array.from({ length: eventCount }, () => runs[0]?.context),
    );
    const first = '#fields\tx\n#types\tcount';
    t.same(contexts, ['', first, first, first, '#fields\ty']);
  }
  t.same(
    read('10 #fields\txx1 a', 3, { framing: 'octet' }).events.map(({ text }) => text),
    ['a'],
  );
  t.end();
});
