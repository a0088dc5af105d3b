// Scenario: the generator is called with every profile, envelope and framing, in one piece and in
// many. Guarantees: same options, same bytes; framings only differ in framing; shares are those of
// the profile.
import { createHash } from 'node:crypto';
import t from 'tap';
import { compress } from 'zstd-napi';
import type { Envelope } from './envelope.js';
import { createGenerator, type Framing, type GeneratorOptions, SEQUENCE_MAX } from './generator.js';
import { PROFILE_NAMES, PROFILES } from './profiles.js';

const START_MS = Date.UTC(2026, 0, 9, 7, 5, 3, 42);
const ENVELOPES: readonly Envelope[] = ['3164', '5424', 'json'];

function make(
  options: Partial<GeneratorOptions>,
  eventCount: number,
  framing: Framing = 'newline',
  seqFirst = 0,
): Buffer {
  const base = {
    profile: 'mixed',
    seed: 7,
    rfc: '3164',
    startMs: START_MS,
    runId: 'test',
  } as const;
  const generator = createGenerator({ ...base, ...options });
  const buffer = Buffer.alloc(generator.eventBytesMax * eventCount);
  const filled = generator.fill(buffer, 0, seqFirst, eventCount, framing);
  return buffer.subarray(0, filled.endOffset);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const linesOf = (bytes: Buffer): string[] => bytes.toString('latin1').split('\n').slice(0, -1);

// A changed fingerprint changes what every recorded measurement was made with: say so in
// CHANGELOG.md.
const FINGERPRINTS: Readonly<Record<Envelope, string>> = {
  '3164': 'fc5326261e16279102af1c1a4ea2cb6f61c28c7ee80423c6d46b91a644fadbe6',
  '5424': '7b1c1734d11cb603b270df79eb7f3b6d0d07838b70c65a9c2df11b13b1b1d2c5',
  json: 'f0a107cf288fecf54abd4e4ec6f335505900d2a1a51f6d1ec5d4d3c408bec5b7',
};

t.test('the bytes of a seed are fixed', async (t) => {
  for (const rfc of ENVELOPES) t.equal(sha256(make({ rfc }, 20_000)), FINGERPRINTS[rfc], rfc);
  t.not(sha256(make({ seed: 8 }, 1_000)), sha256(make({}, 1_000)));
});

t.test('event n does not depend on what was made before it', async (t) => {
  const generator = createGenerator({
    profile: 'mixed',
    seed: 7,
    rfc: '5424',
    startMs: START_MS,
    runId: 'test',
  });
  const whole = make({ rfc: '5424' }, 500);
  const ends = new Uint32Array(500);
  const buffer = Buffer.alloc(generator.eventBytesMax * 500);
  generator.fill(buffer, 0, 0, 500, 'newline', ends);
  const pieces: Buffer[] = [];
  for (const [first, count] of [
    [300, 200],
    [0, 1],
    [1, 299],
  ] as const) {
    const start = first === 0 ? 0 : (ends[first - 1] as number);
    const filled = generator.fill(buffer, 0, first, count, 'newline');
    t.equal(filled.eventCount, count);
    pieces.push(Buffer.from(buffer.subarray(0, filled.endOffset)));
    t.equal(
      Buffer.compare(pieces.at(-1) as Buffer, whole.subarray(start, start + filled.endOffset)),
      0,
    );
  }
});

t.test('a full buffer stops before an event, never inside one', async (t) => {
  const generator = createGenerator({
    profile: 'mixed',
    seed: 7,
    rfc: '3164',
    startMs: START_MS,
    runId: 'test',
  });
  const whole = make({}, 100);
  const buffer = Buffer.alloc(2_000, 0xee);
  let next = 0;
  const parts: Buffer[] = [];
  while (next < 100) {
    const filled = generator.fill(buffer, 10, next, 100 - next, 'newline');
    t.ok(filled.eventCount > 0);
    parts.push(Buffer.from(buffer.subarray(10, filled.endOffset)));
    next += filled.eventCount;
  }
  t.equal(Buffer.compare(Buffer.concat(parts), whole), 0);
  const small = Buffer.alloc(20, 0xee);
  t.equal(generator.fill(small, 0, 0, 5, 'newline').eventCount, 0);
  t.ok(small.every((byte) => byte === 0xee));
});

t.test('framings carry the same events', async (t) => {
  for (const rfc of ENVELOPES) {
    const lines = linesOf(make({ rfc }, 300));
    t.equal(lines.length, 300);
    t.equal(make({ rfc }, 300, 'none').toString('latin1'), lines.join(''));
    const octets = make({ rfc }, 300, 'octet').toString('latin1');
    let at = 0;
    const read: string[] = [];
    while (at < octets.length) {
      const space = octets.indexOf(' ', at);
      const length = Number(octets.slice(at, space));
      read.push(octets.slice(space + 1, space + 1 + length));
      at = space + 1 + length;
    }
    t.strictSame(read, lines);
  }
});

t.test('every event carries its number and the run, and is printable ASCII', async (t) => {
  for (const profile of PROFILE_NAMES) {
    for (const rfc of ENVELOPES) {
      const lines = linesOf(make({ profile, rfc }, 400, 'newline', 5_000_000_000));
      const isMarked = (line: string, index: number): boolean =>
        line.includes(`seq=${String(5_000_000_000 + index).padStart(10, '0')} run=test`);
      t.ok(lines.every(isMarked), `${profile} ${rfc}`);
      t.ok(
        lines.every((line) => /^[ -~\t]+$/.test(line)),
        `${profile} ${rfc} ASCII`,
      );
    }
  }
  t.match(make({}, 1, 'newline', SEQUENCE_MAX).toString(), 'seq=9999999999 run=test');
});

t.test('JSON items are JSON and times are as asked', async (t) => {
  for (const line of linesOf(make({ rfc: 'json', eventRate: 10 }, 300))) {
    const item = JSON.parse(line) as { time: string };
    const seq = Number(/seq=(\d{10})/.exec(line)?.[1]);
    const expectedMs = START_MS + seq * 100;
    t.equal(item.time, `${new Date(expectedMs).toISOString().slice(0, 23)}000Z`);
  }
  const [first] = linesOf(make({ profile: 'linux' }, 1));
  t.match(first, /^<\d+>Jan {2}9 07:05:03 /, 'RFC 3164 pads the day with a space');
  const fortigate = linesOf(make({ profile: 'fortigate' }, 1))[0] as string;
  t.match(fortigate, 'date=2026-01-09 time=07:05:03');
  t.match(fortigate, `eventtime=${START_MS}000`);
});

t.test('addresses and ports are real ones', async (t) => {
  const text = make({}, 20_000).toString('latin1');
  const addresses = text.match(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g) ?? [];
  t.ok(addresses.length > 10_000);
  t.ok(addresses.every((address) => address.split('.').every((octet) => Number(octet) <= 255)));
  t.ok(new Set(addresses).size > 10_000, 'many different addresses');
  const ports = [...text.matchAll(/ port (\d+) ssh2/g)].map((match) => Number(match[1]));
  t.ok(ports.length > 1_000 && ports.every((port) => port >= 10_000 && port < 60_000));
});

t.test('the mix has the shares, sizes and compressibility it claims', async (t) => {
  const bytes = make({}, 50_000);
  const lines = linesOf(bytes);
  const kinds: Readonly<Record<string, RegExp>> = {
    fortigate: /^<\d+>date=/,
    sshd: / sshd\[/,
    cisco_asa: /%ASA-/,
    panos: /,(TRAFFIC|THREAT),/,
    sudo: / sudo: /,
    cron: / CRON\[/,
    app: /\{"time":/,
  };
  for (const { kind, share } of PROFILES.mixed) {
    const pattern = kinds[kind.name] as RegExp;
    const found = lines.filter((line) => pattern.test(line)).length;
    t.ok(Math.abs(found / 50 - share) < 12, `${kind.name}: ${found / 50} of ${share} per thousand`);
  }
  for (const name of PROFILE_NAMES) {
    const sum = PROFILES[name].reduce((total, part) => total + part.share, 0);
    t.equal(sum, 1000, name);
  }
  const average = bytes.length / lines.length;
  t.ok(average > 250 && average < 350, `${average.toFixed(0)} bytes an event`);
  const ratio = bytes.length / compress(bytes, { compressionLevel: 1 }).length;
  t.ok(ratio > 3 && ratio < 6, `zstd level 1 makes it ${ratio.toFixed(2)} times smaller`);
  const bodies = lines.map((line) => line.replace(/seq=\d+/, ''));
  t.equal(new Set(bodies).size > 49_000, true, 'hardly two events are alike');
});
