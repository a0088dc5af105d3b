// Scenario: headers of the PROXY protocol, both versions, whole and byte by byte, sound and broken.
// Guarantees: the address is that of the header, nothing behind it is lost or read as header; what
//   is no header is invalid at the byte where that shows, within a bounded number of bytes.
import t from 'tap';
import { ProxyHeaderReader, type ProxyVerdict } from './proxy-protocol.js';

const v2 = (command: number, family: number, body: readonly number[], length = body.length) =>
  Buffer.from([
    ...Buffer.from('0d0a0d0a000d0a515549540a', 'hex'),
    ...[0x20 | command, family, length >> 8, length & 0xff],
    ...body,
  ]);
const TCP4 = [192, 0, 2, 7, 198, 51, 100, 9, 0x04, 0xd2, 0x15, 0x8a];
const TCP6 = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  ...[0x04, 0xd2, 0x15, 0x8a],
];

function readInPieces(bytes: Buffer, pieceBytes: number): ProxyVerdict {
  const reader = new ProxyHeaderReader();
  let verdict: ProxyVerdict = { kind: 'more' };
  let at = 0;
  while (at < bytes.length && verdict.kind === 'more') {
    verdict = reader.feed(bytes.subarray(at, at + pieceBytes));
    at += pieceBytes;
  }
  if (verdict.kind !== 'done') return verdict;
  return { ...verdict, rest: Buffer.concat([verdict.rest, bytes.subarray(at)]) };
}

t.test('sound headers', async (t) => {
  const cases: [Buffer, string | null][] = [
    [Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.9 1234 5514\r\n'), '192.0.2.7'],
    [Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::9 1234 5514\r\n'), '2001:db8::7'],
    [Buffer.from('PROXY UNKNOWN\r\n'), null],
    [Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), null],
    [v2(1, 0x11, TCP4), '192.0.2.7'],
    [v2(1, 0x21, TCP6), '2001:db8::1'],
    // Extensions (TLV) stand behind the addresses.
    [v2(1, 0x11, [...TCP4, 0x04, 0, 1, 0]), '192.0.2.7'],
    [v2(0, 0x00, []), null],
    [
      v2(
        1,
        0x31,
        Array.from({ length: 216 }, () => 0),
      ),
      null,
    ],
  ];
  const message = Buffer.from('<13>first\n<13>second\n');
  for (const [header, source] of cases)
    for (const pieceBytes of [1, 7, 4096]) {
      const verdict = readInPieces(Buffer.concat([header, message]), pieceBytes);
      t.match(verdict, { kind: 'done', source }, `${source} in pieces of ${pieceBytes}`);
      if (verdict.kind === 'done') t.equal(verdict.rest.toString(), message.toString());
    }
});

t.test('broken headers', async (t) => {
  for (const bytes of [
    Buffer.from('<13>no header\n'),
    Buffer.from('PROXY TCP4 192.0.2.300 198.51.100.9 1234 5514\r\n'),
    Buffer.from('PROXY TCP4 2001:db8::7 2001:db8::9 1234 5514\r\n'),
    Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.9 1234 99999\r\n'),
    Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.9 1234\r\n'),
    Buffer.from(`PROXY ${'x'.repeat(200)}`),
    v2(2, 0x11, TCP4),
    v2(1, 0x11, TCP4.slice(0, 8)),
    v2(1, 0x11, [], 0xffff),
  ])
    t.equal(readInPieces(bytes, 1).kind, 'invalid', JSON.stringify(bytes.toString('latin1')));
  t.equal(new ProxyHeaderReader().feed(Buffer.from('PROXY TCP4 ')).kind, 'more');
});
