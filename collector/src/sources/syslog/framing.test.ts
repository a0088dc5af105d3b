// Scenario: streams of good and bad syslog, newline and octet counted, cut into chunks anywhere.
// Guarantees: the chunking changes nothing; a message longer than the limit costs no more memory
// than the limit; every malformed count ends the connection with one event that shows what was
// wrong.
import { MARK } from '@weir/pipeline';
import { SimRandom, testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import { type FrameSink, SyslogFramer, trimTrailer } from './framing.js';

type Message = readonly [text: string, mark: number, originalBytes: number];
const EMPTY: Message = ['', -1, 0];

class Collected implements FrameSink {
  readonly messages: Message[] = [];
  message(bytes: Buffer, start: number, end: number, mark: number, originalBytes: number): void {
    this.messages.push([bytes.toString('latin1', start, end), mark, originalBytes]);
  }
  emptyLine(): void {
    this.messages.push(EMPTY);
  }
}

interface Framed {
  readonly messages: readonly Message[];
  readonly isAlive: boolean;
}

function frame(chunks: readonly Buffer[], limit = 64, isCut = false): Framed {
  const sink = new Collected();
  const framer = new SyslogFramer(sink, limit);
  let isAlive = true;
  for (const chunk of chunks) {
    // The chunk is only valid during the call.
    const lent = Buffer.from(chunk);
    isAlive = framer.feed(lent) && isAlive;
    lent.fill(0xee);
    if (framer.partialBytes > 2 * Math.max(limit + 2, 256)) throw new Error('holds too much');
  }
  framer.end(isCut);
  return { messages: sink.messages, isAlive };
}
const frameText = (text: string, limit?: number, isCut?: boolean): Framed =>
  frame([Buffer.from(text, 'latin1')], limit, isCut);

t.test('newline framing', (t) => {
  const good = (text: string): Message => [text, 0, text.length];
  const nulFramed = [good('<34>a'), good('<34>b\nc'), EMPTY, good('<34>d')];
  const nulInText = [good('<34>a'), good('<34>b\0<34>c')];
  const cases: [string, string, Message[]][] = [
    ['LF', '<34>a\n<34>b\n', [good('<34>a'), good('<34>b')]],
    ['CR LF', '<34>a\r\n<34>b\r\n', [good('<34>a'), good('<34>b')]],
    ['NUL before the newline is a trailer', '<34>a\0\n', [good('<34>a')]],
    ['NUL inside is part of the message', '<34>a\0b\n', [good('<34>a\0b')]],
    ['NUL ends messages', '<34>a\0<34>b\nc\0\0<34>d\0', nulFramed],
    ['CR NUL ends messages', '<34>a\r\0<34>b\r\0', [good('<34>a'), good('<34>b')]],
    ['LF, then NUL and the end', '<34>a\n\0', [good('<34>a'), EMPTY]],
    ['one message that NUL ends', '<34>a\0', [good('<34>a')]],
    ['a NUL behind the first LF is text', '<34>a\n<34>b\0<34>c\n', nulInText],
    ['a NUL in a first line without PRI is text', 'a\0<34>b\n', [good('a\0<34>b')]],
    ['two NULs in the first message are text', '<34>a\0\0<34>b\n', [good('<34>a\0\0<34>b')]],
    ['empty lines', '\n\r\n<34>a\n\n', [EMPTY, EMPTY, good('<34>a'), EMPTY]],
    ['the last line needs no newline', '<34>a\n<34>b', [good('<34>a'), good('<34>b')]],
    ['invalid UTF-8 is not looked at', '<34>\xff\xfe\n', [good('<34>\xff\xfe')]],
    ['no PRI', 'hello\n', [good('hello')]],
    ['a digit later on is only text', 'x\n12 ab\n', [good('x'), good('12 ab')]],
    ['a sign that begins a text', '- text\n-- text\n', [good('- text'), good('-- text')]],
    ['a zero that begins a text', '01/02/2026 x\n', [good('01/02/2026 x')]],
    [
      'an ISO date that begins the connection',
      '2026-01-02T03:04:05Z host app: text\n12 ab\n',
      [good('2026-01-02T03:04:05Z host app: text'), good('12 ab')],
    ],
    ['a date with slashes', '1/2/2026 x\n', [good('1/2/2026 x')]],
    ['a time', '12:34:56 x\n', [good('12:34:56 x')]],
    ['an address', '192.0.2.1 x\n', [good('192.0.2.1 x')]],
    ['seven digits and a date', '1234567-x\n', [good('1234567-x')]],
    ['a basic ISO time', '2026T03\n', [good('2026T03')]],
    ['a date that ends the connection', '2026-', [good('2026-')]],
    ['a zero alone', '0\n', [good('0')]],
    ['a zero alone, and the end', '0', [good('0')]],
    ['a sign and digits, and the end', '-12', [good('-12')]],
    ['as long as the limit', `${'x'.repeat(64)}\r\n`, [good('x'.repeat(64))]],
    ['one longer', `${'x'.repeat(65)}\ny\n`, [['x'.repeat(64), MARK.oversize, 65], good('y')]],
    ['far longer', `${'x'.repeat(999)}\ny\n`, [['x'.repeat(64), MARK.oversize, 999], good('y')]],
    ['oversize without an end', 'x'.repeat(999), [['x'.repeat(64), MARK.oversize, 999]]],
    ['nothing at all', '', []],
  ];
  for (const [name, text, messages] of cases)
    t.same(frameText(text), { messages, isAlive: true }, name);
  t.same(
    frameText('<34>a\n<34>hal', 64, true).messages,
    [good('<34>a'), ['<34>hal', MARK.framing_incomplete, 7]],
    'cut from this side: half a line is said to be half',
  );
  t.end();
});

t.test('octet counting', (t) => {
  const good = (text: string): Message => [text, 0, text.length];
  const cases: [string, string, Message[]][] = [
    ['two', '5 <34>a6 <34>bc', [good('<34>a'), good('<34>bc')]],
    ['newlines inside', '7 <34>a\nb', [good('<34>a\nb')]],
    ['a trailer inside the count', '6 <34>a\n', [good('<34>a')]],
    ['only a trailer', '1 \n5 <34>a', [EMPTY, good('<34>a')]],
    ['over the limit', `99 ${'x'.repeat(99)}1 y`, [['x'.repeat(64), MARK.oversize, 99], good('y')]],
    ['ends in the body', '9 <34>a', [['<34>a', MARK.framing_incomplete, 9]]],
    ['ends behind the count', '9 ', [['', MARK.framing_incomplete, 9]]],
    ['ends in the count', '1 a12', [good('a'), ['12', MARK.framing_incomplete, 2]]],
    [
      'ends in an oversize body',
      `999 ${'x'.repeat(500)}`,
      [['x'.repeat(64), MARK.framing_incomplete, 999]],
    ],
  ];
  for (const [name, text, messages] of cases)
    t.same(frameText(text), { messages, isAlive: true }, name);
  t.end();
});

t.test('counts that are wrong', (t) => {
  const cases: [string, string][] = [
    ['negative', '-5 <34>a'],
    ['a plus sign', '+5 <34>a'],
    ['leading zero', '05 <34>a'],
    ['zero', '0 '],
    ['eight digits', '10000000 x'],
    ['a million digits', '9'.repeat(1_000_000)],
    ['a million zeros', '0'.repeat(1_000_000)],
    ['2^31', '2147483648 x'],
    ['2^53', '9007199254740992 x'],
    ['no space', '5<34>a'],
    ['a letter', '5x'],
    ['a small t', '5t'],
    ['a newline', '5\n'],
    ['a comma', '5,<34>a'],
    ['eight digits and a date', '20260102-x'],
    ['eight digits and a T', '20260102T030405Z x'],
  ];
  for (const [name, text] of cases) {
    const { messages, isAlive } = frameText(text);
    const kept = text.slice(0, Math.min(256, 66));
    t.equal(isAlive, false, `${name}: the connection ends`);
    t.equal(messages.length, 1, `${name}: one event`);
    t.equal(messages[0]?.[1], MARK.framing_invalid, name);
    t.ok(kept.startsWith(messages[0]?.[0] ?? '?') && messages[0]?.[0] !== '', `${name}: shown`);
  }
  const late = frameText('5 <34>aletters5 <34>b', 300);
  t.same(late, {
    messages: [
      ['<34>a', 0, 5],
      ['letters5 <34>b', MARK.framing_invalid, 14],
    ],
    isAlive: false,
  });
  for (const text of ['5 <34>a5-x', '5 <34>a2026-01-02T03:04:05Z x', '5 <34>a1.5 x'])
    t.same(
      [frameText(text).isAlive, frameText(text).messages[1]?.[1]],
      [false, MARK.framing_invalid],
      'a date where a later count belongs',
    );
  t.same(
    frameText('5 <34>a05 x').messages[1],
    ['05 x', MARK.framing_invalid, 4],
    'a leading zero later on',
  );
  t.equal(
    frameText(`5 <34>a-${'x'.repeat(999)}`, 1_000).messages[1]?.[2],
    256,
    'shown up to a bound',
  );
  t.same(
    frameText('9999999 x').messages,
    [['x', MARK.framing_incomplete, 9_999_999]],
    'seven digits',
  );
  t.end();
});

t.test('an oversize body is skipped by counting, in bounded memory', (t) => {
  const sink = new Collected();
  const framer = new SyslogFramer(sink, 64);
  framer.feed(Buffer.from('9999999 '));
  const block = Buffer.alloc(65_536, 'x');
  let left = 9_999_999;
  for (; left > block.length; left -= block.length) framer.feed(block);
  t.ok(framer.partialBytes <= 256);
  framer.feed(Buffer.concat([block.subarray(0, left), Buffer.from('2 ok')]));
  t.same(sink.messages, [
    ['x'.repeat(64), MARK.oversize, 9_999_999],
    ['ok', 0, 2],
  ]);
  t.end();
});

t.test('a byte at a time holds one message and no more', (t) => {
  const framer = new SyslogFramer(new Collected(), 64 * 1024);
  const byte = Buffer.from('x');
  for (let i = 0; i < 100_000; i++) framer.feed(byte);
  t.ok(framer.hasPartial);
  t.ok(framer.partialBytes <= 64 * 1024 + 2);
  framer.feed(Buffer.from('\n'));
  t.notOk(framer.hasPartial);
  t.equal(framer.partialBytes, 0, 'work space goes with a large message');
  t.end();
});

const DATE_BYTES = ['-', '/', ':', '.', 'T', 'x', ' '];

/** A stream with whatever can stand in one. */
function randomStream(random: SimRandom): Buffer {
  const text = (): string => {
    let made = random.chance(0.8) ? '<34>' : '';
    const length = random.chance(0.1) ? 20 + random.below(80) : random.below(12);
    for (let i = 0; i < length; i++)
      made += random.pick(['a', '7', ' ', '-', '\0', '\r', '\xff', '<']);
    return made;
  };
  let stream = '';
  const count = 1 + random.below(8);
  if (random.chance(0.5)) {
    for (let i = 0; i < count; i++)
      stream += text() + random.pick(['\n', '\r\n', '\0\n', '\n\n', '\0']);
    if (random.chance(0.3)) stream += text();
  } else {
    for (let i = 0; i < count; i++) {
      const body = random.pick(['', '\n']) + text() + random.pick(['', '\n', '\r\n', '\0']);
      stream += random.chance(0.9) ? `${body.length} ${body}` : `${body.length}x${body}`;
    }
    if (random.chance(0.3))
      stream = random.pick(['-', '0', '+', '7-', '20.', '1234567:', '12345678']) + stream;
    if (random.chance(0.1))
      stream = `${1 + random.below(9_999)}${random.pick(DATE_BYTES)}${stream}`;
    if (random.chance(0.3)) stream = stream.slice(0, random.below(stream.length + 1));
  }
  return Buffer.from(stream, 'latin1');
}

function randomChunks(random: SimRandom, stream: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  const mean = random.pick([1, 2, 5, 30]);
  for (let at = 0; at < stream.length; ) {
    const length = 1 + random.below(mean * 2);
    chunks.push(stream.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

/**
 * The bytes shown of a broken stream are those that had arrived: a prefix, whatever the chunking.
 */
function isSame(one: Framed, other: Framed): boolean {
  const same = (a: Message, b: Message | undefined): boolean => {
    if (b === undefined || a[1] !== b[1]) return false;
    if (a[1] === MARK.framing_invalid) return a[0].startsWith(b[0]) || b[0].startsWith(a[0]);
    return a[0] === b[0] && a[2] === b[2];
  };
  return (
    one.isAlive === other.isAlive &&
    one.messages.length === other.messages.length &&
    one.messages.every((message, i) => same(message, other.messages[i]))
  );
}

t.test('split invariance', (t) => {
  const seed = testSeed(6_587);
  t.comment(`WEIR_SEED=${seed}`);
  const random = new SimRandom(seed);
  const chunkingCount = process.env.WEIR_LONG === '1' ? 2_000_000 : 100_000;
  let marked = 0;
  for (let i = 0; i < chunkingCount; ) {
    const stream = randomStream(random);
    const isCut = random.chance(0.2);
    const whole = frame([stream], 32, isCut);
    marked += whole.messages.filter((message) => message[1] > 0).length;
    for (let k = 0; k < 10; k++, i++) {
      const chunks = randomChunks(random, stream);
      const framed = frame(chunks, 32, isCut);
      if (!isSame(whole, framed)) {
        t.same(framed, whole, `${JSON.stringify(chunks.map((chunk) => chunk.toString('latin1')))}`);
        return t.end();
      }
    }
  }
  t.ok(marked > chunkingCount / 100, `bad messages were among them: ${marked}`);
  t.end();
});

t.test('newline framing agrees with a reference that splits text', (t) => {
  const seed = testSeed(3_164);
  t.comment(`WEIR_SEED=${seed}`);
  const random = new SimRandom(seed);
  for (let i = 0; i < 20_000; i++) {
    const stream = Buffer.from(`<34>${randomStream(random).toString('latin1')}`, 'latin1');
    // The first LF, or a first NUL with the next message behind it.
    const isNul = /^[^\n\0]*\0</.test(stream.toString('latin1'));
    const lines = stream.toString('latin1').split(isNul ? '\0' : '\n');
    if (lines.at(-1) === '') lines.pop();
    const expected = lines.map((line): Message => {
      const text = line.replace(/\0?$/, '').replace(/\n$/, '').replace(/\r$/, '');
      if (line.length > 34) return [line.slice(0, 32), MARK.oversize, line.length];
      if (text.length > 32) return [text.slice(0, 32), MARK.oversize, text.length];
      return text === '' ? EMPTY : [text, 0, text.length];
    });
    const framed = frame(randomChunks(random, stream), 32);
    if (JSON.stringify(framed.messages) !== JSON.stringify(expected)) {
      t.same(framed.messages, expected, JSON.stringify(stream.toString('latin1')));
      break;
    }
  }
  t.pass('20000 streams');
  t.end();
});

t.test('trailers', (t) => {
  const trimmed = (text: string): string =>
    text.slice(0, trimTrailer(Buffer.from(text, 'latin1'), 0, text.length));
  t.same(['a\n', 'a\r\n', 'a\0', 'a\n\0', 'a\r\n\0', 'a\n\n', 'a ', '\n', ''].map(trimmed), [
    'a',
    'a',
    'a',
    'a',
    'a',
    'a\n',
    'a ',
    '',
    '',
  ]);
  t.end();
});
