// Scenario: the spool on simulated files, with evidence on and small segments: own and another
// node's streams, restarts, settled segments that go, receipts, folds; exported as the product
// does. Guarantees: both verifiers agree that each bundle holds and closes with the right figures,
// and
// that none holds any more after one bit of it changed.
import { allocateBytes, createSequencer, type RawBatch } from '@weir/pipeline';
import { SimClock, SimFiles, SimRandom } from '@weir/pipeline/testing';
import {
  bundleLines,
  FrameFinder,
  openReceiptLog,
  openSigner,
  openSpool,
  proveEvent,
  type ReceiptOutcome,
  readReceipts,
  readTree,
  type Signer,
  type Spool,
  signNote,
} from '@weir/spool';
import t from 'tap';
import { verifyProof } from '../weir-verify.mjs';
import { bothVerify } from './compare.js';
import { Dice } from './sim-node.js';

const seed = Number(process.env.WEIR_SEED ?? 7);
const count = process.env.WEIR_LONG === '1' ? 60 : 8;
const DIRECTORY = '/data/spool';
const KEYS = '/data/keys';

class World {
  readonly files = new SimFiles();
  readonly clock = new SimClock();
  readonly random: SimRandom;
  readonly dice: Dice;
  spool: Spool | null = null;
  readonly issued = new Map<string, number>();
  intent = 0;

  constructor(seed: number) {
    this.random = new SimRandom(seed);
    this.dice = new Dice(seed);
  }

  async open(): Promise<Spool> {
    const { files, clock, random } = this;
    this.spool = await openSpool({
      ...{ files, clock, timers: clock, random, directory: DIRECTORY, consumers: ['loader'] },
      ...{ segmentBytes: 4096, commitIntervalMs: 0, evidence: { keysDirectory: KEYS } },
    });
    return this.spool;
  }

  batch(stream: string): RawBatch {
    const eventCount = 1 + this.dice.below(30);
    const bytes = allocateBytes(eventCount * 8);
    for (let i = 0; i < bytes.length; i++) bytes[i] = 97 + this.dice.below(26);
    const refused = this.dice.chance(20);
    return {
      ...{ tenant: 'default', stream, retentionClass: 'default', format: 'syslog' },
      ...{ receivedAtNs: 1_767_225_600_000_000_000n, eventCount, bytes },
      offsets: Uint32Array.from({ length: eventCount + 1 }, (_, i) => i * 8),
      marks: new Uint32Array(0),
      runs: [{ eventCount, source: '192.0.2.1', sourceSeqFirst: 0, context: '' }],
      requestParts: [],
      dispositions: refused
        ? [{ kind: 'refused', cause: 'spool_full', seqRanges: [], eventCount: 7 }]
        : [],
    };
  }

  async fill(spool: Spool, frames: number): Promise<void> {
    const sequencer = createSequencer({ epoch: spool.epoch });
    for (let i = 0; i < frames; i++) {
      const foreign = this.dice.chance(20);
      if (foreign) {
        const stream = '0123456789ab/http/0';
        const seqFirst = (this.issued.get(stream) ?? 0) + this.dice.below(3);
        const batch = { ...this.batch(stream), epoch: 5n, seqFirst };
        this.issued.set(stream, seqFirst + batch.eventCount);
        await spool.append(batch);
      } else await spool.append(sequencer.assign(this.batch(`${spool.nodeId}/test/0`)));
      if (this.dice.chance(15)) await spool.checkpointNow();
    }
    await spool.checkpointNow();
  }

  /** Takes frames, receipts them, settles them. */
  async take(spool: Spool, signer: Signer, frames: number): Promise<void> {
    const { files, random, dice } = this;
    const log = await openReceiptLog({
      ...{ files, random, directory: '/data/receipts/clickhouse', sink: 'clickhouse' },
      signer: { name: signer.verifierKey.name, sign: (text) => signNote(text, signer) },
      fileBytesMax: 2048,
    });
    const consumer = spool.consumer('loader');
    for (let i = 0; i < frames && consumer.pendingFrameCount > 0; i++) {
      const found = await consumer.read(new AbortController().signal);
      if (found === null) break;
      const { tenant, stream, epoch, seqFirst, eventCount } = found.batch;
      const last = seqFirst + eventCount - 1;
      const kind = dice.pick(['stored', 'stored', 'quarantined', 'filtered'] as const);
      const outcome: ReceiptOutcome = { tenant, stream, epoch, kind, seqs: [seqFirst, last] };
      await log.append(++this.intent, [outcome]);
      await consumer.settle(found.position);
    }
    await log.close();
  }
}

async function exported(world: World, signer: Signer, nodeKey: string): Promise<string[]> {
  const { files } = world;
  const { receipts } = await readReceipts(files, '/data/receipts/clickhouse');
  const tree = await readTree(files, DIRECTORY);
  const finder = new FrameFinder(files, DIRECTORY);
  const lines: string[] = [];
  const content = bundleLines({
    nodeId: signer.verifierKey.name.slice(-12),
    keys: [nodeKey, signer.verifierKey.text],
    ...{ tree, anchors: [], sealer: signer },
    contentOf: ({ segmentId, frameNo }) => finder.read(segmentId, frameNo),
    sinks: [{ id: 'clickhouse', type: 'clickhouse', isRequired: true, isSigned: true, receipts }],
  });
  for await (const line of content) lines.push(line);
  await finder.close();
  return lines;
}

// The long size takes some minutes.
t.setTimeout(900_000);

t.test(`${count} spools from seed ${seed}`, async (t) => {
  const seen = { history: 0, closes: 0, inFlight: 0, hash: 0, flips: 0, proofs: 0 };
  for (let i = 0; i < count; i++) {
    const world = new World(seed * 100 + i);
    let nodeKey = '';
    let signer: Signer | null = null;
    for (let run = 0; run < 4; run++) {
      const spool = await world.open();
      nodeKey = spool.nodeVerifierKey ?? '';
      const { files, random } = world;
      const nodeId = spool.nodeId;
      const opened = await openSigner({
        ...{ files, random, directory: KEYS, role: 'loader', nodeId },
      });
      if ('problem' in opened) throw new Error(opened.message);
      signer = opened.signer;
      await files.makeDir('/data/receipts');
      await world.fill(spool, 20);
      await world.take(spool, signer, 10 + world.dice.below(40));
      await spool.close();
    }
    if (signer === null) throw new Error('no signer');
    const lines = await exported(world, signer, nodeKey);
    const keys = [nodeKey, signer.verifierKey.text];
    const report = await bothVerify(lines, keys);
    t.same(report.problems, [], `spool ${seed * 100 + i}: ${report.size} leaves`);
    const streams = report.sinks.flatMap((sink) => sink.streams);
    const pending = streams.reduce((sum, stream) => sum + stream.inFlight, 0);
    seen.inFlight += Number(pending > 0);
    seen.closes += Number(report.closes);
    seen.history += Number(lines.some((line) => line.startsWith('{"type":"history"')));
    seen.hash += Number(lines.some((line) => line.startsWith('{"type":"leaf","hash"')));
    for (let flip = 0; flip < 10; flip++) {
      const at = world.dice.below(lines.length);
      const bytes = Buffer.from(lines[at] ?? '');
      const place = world.dice.below(bytes.length);
      bytes[place] = (bytes[place] ?? 0) ^ (1 << world.dice.below(7));
      const changed = lines.map((line, k) => (k === at ? bytes.toString('utf8') : line));
      if ((await bothVerify(changed, keys)).holds) t.fail(`line ${at} byte ${place} was changed`);
      seen.flips++;
    }
    const last = streams.find((stream) => !stream.stream.startsWith('0123') && stream.inFlight > 0);
    if (last === undefined) continue;
    const id = { tenant: last.tenant, stream: last.stream, epoch: BigInt(last.epoch) };
    const proof = await proveEvent(world.files, DIRECTORY, { ...id, seq: last.issued - 1 });
    if ('problem' in proof) t.fail(`no proof: ${proof.problem}`);
    else t.match(verifyProof(proof.text, { keys }), { holds: true, seq: last.issued - 1 });
    seen.proofs++;
  }
  for (const [name, times] of Object.entries(seen)) t.ok(times > 0, `${name}: ${times}`);
});
