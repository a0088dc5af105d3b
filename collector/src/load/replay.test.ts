// Scenario: a file of a user's own lines, with CR, empty lines and no last newline, in every
// framing. Guarantees: lines are sent byte for byte, again and again; a stamp makes each one
// findable.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Framing } from './generator.js';
import { openReplay } from './replay.js';

const directory = mkdtempSync(join(tmpdir(), 'weir-replay-'));
t.teardown(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'own.log');
writeFileSync(path, Buffer.from('<13>one\r\n\n\xff two\n<13>three', 'latin1'));

function sent(framing: Framing, stampRunId: string | null, roomBytes = 1000): string {
  const replay = openReplay({ path, stampRunId });
  const target = Buffer.alloc(Math.max(roomBytes, replay.eventBytesMax));
  let text = '';
  for (let seq = 0; seq < 5; ) {
    const { eventCount, endOffset } = replay.fill(target, 0, seq, 5 - seq, framing);
    text += target.toString('latin1', 0, endOffset);
    seq += eventCount;
  }
  return text;
}

t.test('every framing, in one piece and event by event', async (t) => {
  const lines = ['<13>one\r', '\xff two', '<13>three', '<13>one\r', '\xff two'];
  const expected: Readonly<Record<Framing, string>> = {
    none: lines.join(''),
    newline: lines.map((line) => `${line}\n`).join(''),
    nul: lines.map((line) => `${line}\0`).join(''),
    octet: lines.map((line) => `${line.length} ${line}`).join(''),
  };
  for (const [framing, text] of Object.entries(expected)) {
    t.equal(sent(framing as Framing, null), text, framing);
    t.equal(sent(framing as Framing, null, 0), text, `${framing}, no room for two`);
  }
});

t.test('a stamp', async (t) => {
  t.match(sent('newline', 'r'), /^<13>one\r seq=0000000000 run=r\n\xff two seq=0000000001 run=r\n/);
});

t.test('nothing to send', async (t) => {
  writeFileSync(join(directory, 'empty'), '\n\n');
  const open = (name: string) => () =>
    openReplay({ path: join(directory, name), stampRunId: null });
  t.throws(open('empty'), /no line in it/);
  t.throws(open('missing'), /cannot read/);
});
