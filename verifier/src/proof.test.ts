// Scenario: proofs of events in trees of 1 to 70 leaves, stored and compressed; then each byte of
// one is changed.
// Guarantees: each proof holds and gives the event's bytes; no change passes, except one that names
// another event of the same frame, whose proof is as true and gives that event.
import t from 'tap';
import zstd from 'zstd-napi';
import { verifyProof } from '../weir-verify.mjs';
import { makeHead } from './sim-frame.js';
import { SimKey, sha, sha64 } from './sim-node.js';

const node = 'aabbccddeeff';
const key = new SimKey(`weir/node/${node}`, 'proof');
const keys = [key.verifierKey];
const decompress = (bytes: Uint8Array): Uint8Array => zstd.decompress(Buffer.from(bytes));
const join = (left: Buffer, right: Buffer): Buffer => sha(Buffer.of(1), left, right);

/** RFC 6962 sections 2.1 and 2.1.1, as they stand there. */
function root(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0] as Buffer;
  const half = halfOf(leaves.length);
  return join(root(leaves.slice(0, half)), root(leaves.slice(half)));
}
function path(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  const half = halfOf(leaves.length);
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  if (index < half) return [...path(index, left), root(right)];
  return [...path(index - half, right), root(left)];
}
function halfOf(count: number): number {
  let half = 1;
  while (half * 2 < count) half *= 2;
  return half;
}

const eventOf = (frame: number, row: number): string =>
  `event ${row} of frame ${frame}, ${'x'.repeat(40)}`;

/** A proof of an event in leaf `index` of `size`; each frame has three. */
function proofOf(index: number, size: number, codec: 0 | 1): Record<string, unknown> {
  const frames = Array.from({ length: size }, (_, i) => {
    const events = [0, 1, 2].map((row) => Buffer.from(eventOf(i, row)));
    const lengths = Buffer.alloc(12);
    for (const [row, event] of events.entries()) lengths.writeUInt32LE(event.length, row * 4);
    const raw = Buffer.concat([lengths, ...events]);
    const stored = codec === 0 ? raw : zstd.compress(raw);
    const id = { tenant: 'default', stream: `${node}/http/0`, epoch: 9n };
    const storedBytes = stored.length;
    const head = makeHead({ ...id, first: i * 3, rows: 3, storedBytes, dispositions: [] });
    head.writeUInt8(codec, 10);
    head.writeUInt32LE(raw.length, 60);
    return { head, stored, hash: sha(Buffer.of(0), head, sha(stored)) };
  });
  const hashes = frames.map(({ hash }) => hash);
  const { head, stored } = frames[index] as (typeof frames)[number];
  const state = JSON.stringify({ epoch: '9', whole: true, streams: [] });
  const root64 = root(hashes).toString('base64');
  const note = key.sign(`weir/node/${node}/1\n${size}\n${root64}\nstate ${sha64(state)}\n`);
  return {
    ...{ type: 'weir-proof', version: 1, tenant: 'default', stream: `${node}/http/0`, epoch: '9' },
    ...{ seq: index * 3 + 1, frame: Buffer.concat([head, stored]).toString('base64'), index },
    ...{ path: path(index, hashes).map((hash) => hash.toString('base64')), note, state },
  };
}

t.test('each leaf of each tree', async (t) => {
  let count = 0;
  for (const size of [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 64, 70])
    for (let index = 0; index < size; index++) {
      const proof = proofOf(index, size, (index % 2) as 0 | 1);
      const report = verifyProof(`${JSON.stringify(proof)}\n`, { keys, decompress });
      const event = report.event?.toString();
      count++;
      if (!report.holds || event !== eventOf(index, 1))
        t.match(report, { holds: true, problems: [] }, `leaf ${index} of ${size}: ${event}`);
    }
  t.ok(count > 200, `${count} proofs hold`);
});

t.test('without zstd the proof holds, and there is no event', async (t) => {
  const none = (): Uint8Array => undefined as unknown as Uint8Array;
  const report = verifyProof(JSON.stringify(proofOf(1, 3, 1)), { keys, decompress: none });
  t.match(report, { holds: true, event: null, seq: 4, index: 1, size: 3 });
});

t.test('each byte changed once', async (t) => {
  const text = JSON.stringify(proofOf(5, 11, 0));
  let found = 0;
  let others = 0;
  for (let at = 0; at < text.length; at++) {
    const bytes = Buffer.from(text);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 7));
    const report = verifyProof(bytes.toString('utf8'), { keys, decompress });
    if (!report.holds) found++;
    else if (report.event?.toString() === eventOf(5, (report.seq ?? 0) - 15) && report.seq !== 16)
      others++;
    else t.fail(`byte ${at} was changed and the proof still holds`);
  }
  t.ok(found >= text.length - 2, `${found} found, ${others} prove another event of the frame`);
});

t.test('other keys, and what is no proof', async (t) => {
  const proof = JSON.stringify(proofOf(2, 3, 0));
  const stranger = new SimKey(`weir/node/${node}`, 'stranger');
  const loader = new SimKey(`weir/loader/${node}`, 'loader');
  for (const { verifierKey } of [stranger, loader])
    t.match(verifyProof(proof, { keys: [verifierKey] }), { holds: false, event: null });
  for (const text of ['', 'null', '[]', '{}', '{"type":"weir-proof"}', `${proof}x`, 'x'.repeat(99)])
    t.equal(verifyProof(text, { keys }).holds, false, text.slice(0, 20));
});
