// A short life of a spool over simulated files, recorded: batches on several streams, request
// parts, dispositions, reads, settles, rotation, deletion, and several processes one after the
// other, each ended by close, kill or power cut. Every moment before an operation that changes the
// disk is kept, with what was promised by then.
import type { Consumer, SequencedBatch, SpooledBatch } from '@weir/pipeline';
import { CRASH_STRATEGIES, SimClock, SimFiles, SimRandom } from '@weir/pipeline/testing';
import type { SpoolOptions } from '../options.js';
import type { Spool } from '../spool.js';
import { makeBatch, textBatch } from '../test-batches.js';
import { openSim, type SimWorld } from '../test-spool.js';
import { printOf } from './print.js';
import { drainQuickly, settleWithin } from './quick.js';

export interface Issued {
  readonly batch: SequencedBatch;
  readonly print: string;
}

/** What a consumer was given and said, as indexes of issued batches. */
export interface ConsumerPromises {
  readonly name: string;
  readonly delivered: ReadonlySet<number>;
  readonly settleAsked: ReadonlySet<number>;
  /** Settled durably: these never come again. */
  readonly settled: ReadonlySet<number>;
  /** `stream epoch seq` of losses that were delivered and settled. */
  readonly lostSettled: ReadonlySet<string>;
}

/** A moment at which the power may fail, and what was promised by then. */
export interface Moment {
  readonly files: SimFiles;
  readonly operation: string;
  readonly issuedCount: number;
  readonly acked: ReadonlySet<number>;
  readonly consumers: readonly ConsumerPromises[];
  /** Segments that may have neither footer nor end record. */
  readonly scannedMax: number;
}

export interface Trace {
  readonly seed: number;
  readonly issued: readonly Issued[];
  readonly moments: readonly Moment[];
  readonly nodeId: string;
  readonly options: Partial<SpoolOptions>;
}

const STREAMS = ['n/a/0', 'n/a/1', 'n/b/0'];

class ConsumerNotes implements ConsumerPromises {
  delivered = new Set<number>();
  settleAsked = new Set<number>();
  settled = new Set<number>();
  lostSettled = new Set<string>();
  constructor(readonly name: string) {}
  copy(): ConsumerPromises {
    const { name } = this;
    return {
      name,
      delivered: new Set(this.delivered),
      settleAsked: new Set(this.settleAsked),
      settled: new Set(this.settled),
      lostSettled: new Set(this.lostSettled),
    };
  }
}

/** `stream epoch seq` of every number that a batch declares lost. */
export function* lostNumbersOf(batch: SequencedBatch): Generator<string> {
  for (const { kind, seqRanges } of batch.dispositions)
    if (kind === 'lost')
      for (const [first, last] of seqRanges)
        for (let seq = first; seq <= last; seq++) yield `${batch.stream} ${batch.epoch} ${seq}`;
}

/** Options of a trace by its seed: so that traces differ in shape, not only in their dice. */
export function optionsOf(random: SimRandom): Partial<SpoolOptions> {
  return {
    segmentBytes: random.pick([2000, 3000, 5000]),
    consumers: random.chance(0.5) ? ['loader'] : ['loader', 'kafka'],
    cacheBytesMax: random.chance(0.3) ? 0 : 100_000,
  };
}

export class Recorder {
  readonly issued: Issued[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #acked = new Set<number>();
  readonly #notes: ConsumerNotes[];
  readonly moments: Moment[] = [];
  readonly options: Partial<SpoolOptions>;
  world: SimWorld;
  nodeId = '';
  #scannedMax = 1;
  #life = 0;
  #next = new Map<string, number>();

  constructor(
    readonly seed: number,
    readonly random: SimRandom,
  ) {
    this.options = optionsOf(random);
    this.#notes = (this.options.consumers ?? []).map((name) => new ConsumerNotes(name));
    this.world = this.#worldOn(new SimFiles());
  }

  #worldOn(files: SimFiles): SimWorld {
    files.turnsPerCall = 2;
    files.onOperation = ({ kind, path, isMutation }) => {
      if (isMutation) this.note(`${kind} ${path}`);
      return null;
    };
    return { files, clock: new SimClock(), random: new SimRandom(this.random.u32()) };
  }

  note(operation: string): void {
    this.moments.push({
      files: this.world.files.snapshot(),
      operation,
      issuedCount: this.issued.length,
      acked: new Set(this.#acked),
      consumers: this.#notes.map((notes) => notes.copy()),
      scannedMax: this.#scannedMax,
    });
  }

  /** One process: rounds of appends, with reading and settling between them. */
  async live(roundCount: number): Promise<void> {
    const { random, world } = this;
    const spool = await openSim(world, this.options);
    this.nodeId = spool.nodeId;
    this.#next = new Map();
    for (let round = 0; round < roundCount; round++) {
      const appends: Promise<void>[] = [];
      const appendCount = 1 + random.below(5);
      for (let i = 0; i < appendCount; i++) appends.push(this.#append(spool));
      // A kill may come while appends wait.
      if (round < roundCount - 1 || random.chance(0.5)) await Promise.all(appends);
      else for (const append of appends) append.catch(() => undefined);
      for (const notes of this.#notes)
        if (random.chance(0.6)) await this.#readAndSettle(spool.consumer(notes.name), notes);
    }
    await this.#end(spool);
  }

  async #end(spool: Spool): Promise<void> {
    const { random } = this;
    if (random.chance(0.4)) await spool.close();
    else {
      const strategy = random.pick(CRASH_STRATEGIES);
      const { files } = this.world;
      // What the dead process still does is seen by nobody.
      files.onOperation = null;
      this.#life++;
      this.world = this.#worldOn(files.crash(strategy, random));
      await spool.close();
      this.#scannedMax++;
    }
  }

  async #append(spool: Spool): Promise<void> {
    const batch = this.#randomBatch(spool.epoch);
    const print = printOf(batch);
    const index = this.issued.push({ batch, print }) - 1;
    this.#indexes.set(print, index);
    const life = this.#life;
    await spool.append(batch);
    // What a dead process acknowledges is seen by nobody.
    if (life === this.#life) this.#acked.add(index);
  }

  #randomBatch(epoch: bigint): SequencedBatch {
    const { random } = this;
    const stream = random.pick(STREAMS);
    const seqFirst = this.#next.get(stream) ?? 0;
    if (random.chance(0.08)) {
      const dispositions = [
        { kind: 'refused', cause: 'queue_full', seqRanges: [], eventCount: random.u32() } as const,
      ];
      return makeBatch({ stream, epoch, seqFirst, events: [], dispositions });
    }
    const count = 1 + random.below(4);
    this.#next.set(stream, seqFirst + count);
    const batch = textBatch(stream, epoch, seqFirst, count, random.below(250));
    return random.chance(0.3) ? { ...batch, requestParts: [partOf(batch)] } : batch;
  }

  async #readAndSettle(consumer: Consumer, notes: ConsumerNotes): Promise<void> {
    const read = await drainQuickly(consumer);
    for (const { batch } of read) {
      const index = this.#indexes.get(printOf(batch));
      if (index !== undefined) notes.delivered.add(index);
    }
    const isAll = this.random.chance(0.5);
    const settled = isAll ? read : read.slice(0, this.random.below(read.length + 1));
    const last = settled.at(-1);
    if (last !== undefined) {
      const indexes = this.#noteAsked(settled, notes);
      await consumer.settle(last.position);
      for (const index of indexes) notes.settled.add(index);
    }
    consumer.rewind();
  }

  #noteAsked(settled: readonly SpooledBatch[], notes: ConsumerNotes): number[] {
    const indexes: number[] = [];
    for (const { batch } of settled) {
      const index = this.#indexes.get(printOf(batch));
      if (index !== undefined) {
        notes.settleAsked.add(index);
        indexes.push(index);
      }
      for (const number of lostNumbersOf(batch)) notes.lostSettled.add(number);
    }
    return indexes;
  }
}

/** A request that this batch alone holds. */
function partOf(batch: SequencedBatch): SequencedBatch['requestParts'][number] {
  const bodySha256 = new Uint8Array(32).fill(batch.seqFirst);
  return {
    key: `p/${batch.stream}/${batch.epoch}/${batch.seqFirst}`,
    bodySha256,
    eventIndexFirst: 0,
    eventCount: batch.eventCount,
    itemIndexFirst: 0,
    itemCount: batch.eventCount,
  };
}

/** Rejects with a StuckError when the spool never comes to an end. */
export async function recordTrace(seed: number): Promise<Trace> {
  const random = new SimRandom(seed);
  const recorder = new Recorder(seed, random);
  const lifeCount = 2 + random.below(2);
  for (let life = 0; life < lifeCount; life++) {
    const rounds = 2 + random.below(4);
    await settleWithin(recorder.world.clock, recorder.live(rounds));
  }
  recorder.note('end');
  const { issued, moments, nodeId, options } = recorder;
  return { seed, issued, moments, nodeId, options };
}
