// A small simulated node that writes evidence straight from EVIDENCE.md, for tests: frames of own
// and other nodes' streams, restarts, files of the tree and their history, sinks and receipts. It
// shares no code with either verifier, and knows itself what became of every number.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { makeHead, type SimDisposition } from './sim-frame.js';

export type Line = Record<string, unknown> & { type: string };
export type Range = [number, number];

/** A small generator, the same everywhere: mulberry32. */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** An integer in [0, bound). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

export const sha = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
export const sha64 = (text: string): string => sha(text).toString('base64');
const nodeHash = (left: Buffer, right: Buffer): Buffer => sha(Buffer.of(1), left, right);

export class SimKey {
  readonly verifierKey: string;
  readonly #private: KeyObject;
  readonly #hint: Buffer;
  constructor(
    readonly name: string,
    seed: string,
  ) {
    const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
    const der = Buffer.concat([prefix, sha(seed)]);
    this.#private = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(this.#private).export({ format: 'der', type: 'spki' });
    const typed = Buffer.concat([Buffer.of(1), spki.subarray(12)]);
    this.#hint = sha(`${name}\n`, typed).subarray(0, 4);
    this.verifierKey = `${name}+${this.#hint.toString('hex')}+${typed.toString('base64')}`;
  }
  sign(text: string): string {
    const signature = sign(null, Buffer.from(text), this.#private);
    const base64 = Buffer.concat([this.#hint, signature]).toString('base64');
    return `${text}\n\u2014 ${this.name} ${base64}\n`;
  }
}

/** Ascending closed ranges of a set of numbers. */
export function rangesOf(numbers: Iterable<number>): Range[] {
  const found: Range[] = [];
  for (const seq of [...numbers].sort((a, b) => a - b)) {
    const top = found.at(-1);
    if (top !== undefined && top[1] === seq - 1) top[1] = seq;
    else found.push([seq, seq]);
  }
  return found;
}

interface Leaf {
  readonly head: Buffer;
  readonly payload: Buffer;
  readonly hash: Buffer;
  readonly stream: SimStream;
  readonly seqs: readonly number[];
  readonly hollow: ReadonlyMap<number, 'filtered' | 'lost'>;
  isGone: boolean;
}
interface Checkpoint {
  readonly size: number;
  readonly note: string;
  readonly state: string;
}
interface TreeFile {
  readonly begin: number;
  readonly checkpoints: Checkpoint[];
}
export interface SimStream {
  readonly tenant: string;
  readonly stream: string;
  readonly epoch: string;
  readonly isForeign: boolean;
  next: number;
  lastSeq: number;
  readonly refused: Map<string, number>;
  readonly lost: Map<string, Set<number>>;
  readonly received: Set<number>;
  isKnown: boolean;
}
type Kind = 'stored' | 'quarantined' | 'filtered' | 'lost';
interface SimSink {
  readonly id: string;
  readonly type: string;
  readonly required: boolean;
  readonly signed: boolean;
  /** Index of the next leaf to deliver. */
  next: number;
  intent: number;
  readonly outcomes: Map<SimStream, Map<number, Kind>>;
  readonly before: Map<SimStream, Set<number>>;
  readonly receipts: { note: string; document: string }[];
}

export interface SimOptions {
  readonly steps: number;
  readonly nodeId?: string;
  /** Per cent of outcomes that a sink forgets: those numbers go missing. */
  readonly forgetPercent?: number;
  /** Seed of the keys, when they are not those of the node id. */
  readonly keySeed?: string;
}

const KINDS: readonly Kind[] = ['stored', 'quarantined', 'filtered', 'lost'];

export class SimNode {
  readonly nodeId: string;
  readonly nodeKey: SimKey;
  readonly loaderKey: SimKey;
  readonly treeNumber = 1;
  /** Lines of an export half way. */
  earlier: Line[] = [];
  readonly #dice: Dice;
  readonly #leaves: Leaf[] = [];
  readonly #files: TreeFile[] = [];
  readonly #streams: SimStream[] = [];
  readonly #sinks: SimSink[];
  readonly #anchors: string[] = [];
  #touched = new Set<SimStream>();
  #epoch = 0n;
  readonly #forgetPercent: number;

  constructor(seed: number, options: SimOptions) {
    this.#dice = new Dice(seed);
    this.nodeId = options.nodeId ?? sha(`node ${seed}`).toString('hex').slice(0, 12);
    this.#forgetPercent = options.forgetPercent ?? 0;
    const keySeed = options.keySeed ?? this.nodeId;
    this.nodeKey = new SimKey(`weir/node/${this.nodeId}`, `node key ${keySeed}`);
    this.loaderKey = new SimKey(`weir/loader/${this.nodeId}`, `loader key ${keySeed}`);
    const sink = (id: string, type: string, required: boolean, signed: boolean): SimSink => ({
      ...{ id, type, required, signed, next: 0, intent: 0, receipts: [] },
      ...{ outcomes: new Map(), before: new Map() },
    });
    this.#sinks = [
      sink('clickhouse', 'clickhouse', true, true),
      sink('archive', 'file', true, false),
      sink('mirror', 'http', false, false),
    ];
    this.#start();
    for (let i = 0; i < options.steps; i++) {
      this.#step();
      if (i !== Math.floor(options.steps / 2)) continue;
      this.#checkpoint();
      this.earlier = this.lines();
    }
    if (this.#dice.chance(50)) for (const each of this.#sinks) this.#deliver(each, 1000);
    this.#checkpoint();
  }

  get keys(): string[] {
    return [this.nodeKey.verifierKey, this.loaderKey.verifierKey];
  }
  /** All notes that were ever published, oldest first. */
  get notes(): readonly Checkpoint[] {
    return this.#files.flatMap(({ checkpoints }) => checkpoints);
  }

  #step(): void {
    const dice = this.#dice;
    const what = dice.below(100);
    if (what < 45) this.#ownFrame();
    else if (what < 60) this.#foreignFrame();
    else if (what < 75) this.#checkpoint();
    else if (what < 92) this.#deliver(dice.pick(this.#sinks), 1 + dice.below(6));
    else if (what < 94) this.#newFile();
    else if (what < 96) this.#start();
    else if (what < 98) this.#delete();
    else if (this.notes.length > 0) this.#anchors.push(this.notes.at(-1)?.note ?? '');
  }

  #start(): void {
    this.#checkpoint();
    this.#epoch = ((this.#epoch >> 32n) + 1n) * 2n ** 32n + BigInt(this.#dice.below(2 ** 31));
    this.#newFile();
  }

  #newFile(): void {
    if (this.#files.length > 0) this.#checkpoint();
    this.#files.push({ begin: this.#leaves.length, checkpoints: [] });
    // A whole state stands at the beginning of each file, also when no frame comes any more.
    if (this.#leaves.length > 0) this.#sign(true);
  }

  #streamOf(name: string, epoch: string, isForeign: boolean): SimStream {
    const tenant = this.#dice.chance(30) ? 'acme' : 'default';
    const found = this.#streams.find(
      (entry) => entry.stream === name && entry.epoch === epoch && entry.tenant === tenant,
    );
    if (found !== undefined) return found;
    const made: SimStream = {
      ...{ tenant, stream: name, epoch, isForeign, next: 0, lastSeq: -1, isKnown: true },
      ...{ refused: new Map(), lost: new Map(), received: new Set() },
    };
    this.#streams.push(made);
    return made;
  }

  #ownFrame(): void {
    const dice = this.#dice;
    const name = `${this.nodeId}/${dice.pick(['syslog_udp', 'syslog_tcp', 'http'])}/${dice.below(2)}`;
    const stream = this.#streamOf(name, this.#epoch.toString(), false);
    const dispositions: SimDisposition[] = [];
    if (dice.chance(15)) {
      const cause = dice.pick(['spool_full', 'udp_kernel_drop']);
      const count = (stream.refused.get(cause) ?? 0) + 1 + dice.below(100);
      dispositions.push({ kind: 'refused', cause, count, ranges: [] });
    }
    if (dice.chance(8)) {
      const range: Range = [stream.next, stream.next + dice.below(5)];
      dispositions.push(lostOf('spool_write_failed', [range]));
      stream.next = range[1] + 1;
    }
    const rows = dice.chance(10) ? 0 : 1 + dice.below(20);
    this.#add(stream, stream.next, rows, dispositions);
    stream.next += rows;
    const old = dice.pick(this.#streams);
    if (!old.isForeign && old.lastSeq > 0 && dice.chance(5)) {
      const first = dice.below(old.lastSeq);
      const ranges: Range[] = [[first, Math.min(old.lastSeq, first + dice.below(4))]];
      this.#add(old, 0, 0, [lostOf('spool_corruption', ranges)]);
    }
  }

  #foreignFrame(): void {
    const dice = this.#dice;
    const stream = this.#streamOf(`${'0123456789ab'}/http/0`, dice.pick(['7', '12']), true);
    const first = stream.next + (dice.chance(40) ? dice.below(10) : 0);
    const rows = dice.below(15);
    const dispositions: SimDisposition[] = [];
    if (rows > 2 && dice.chance(40)) {
      const ranges: Range[] = [[first + 1, first + 1 + dice.below(rows - 1)]];
      const count = countOf(ranges);
      dispositions.push({ kind: 'filtered', cause: 'filter:noise', count, ranges });
    } else if (dice.chance(30)) {
      dispositions.push(lostOf('spool_corruption', [[first + rows, first + rows + dice.below(3)]]));
    }
    this.#add(stream, first, rows, dispositions);
    stream.next = Math.max(stream.lastSeq, stream.next) + 1;
  }

  #add(stream: SimStream, first: number, rows: number, dispositions: SimDisposition[]): void {
    const payload = Buffer.from(`payload ${this.#leaves.length} of ${this.nodeId}`);
    const { tenant, epoch, isForeign } = stream;
    const id = { tenant, stream: stream.stream, epoch: BigInt(epoch) };
    const head = makeHead({ ...id, first, rows, storedBytes: payload.length, dispositions });
    const seqs = Array.from({ length: rows }, (_, i) => first + i);
    const hollow = new Map<number, 'filtered' | 'lost'>();
    for (const seq of seqs) stream.received.add(seq);
    stream.lastSeq = Math.max(stream.lastSeq, ...seqs);
    for (const { kind, cause, count, ranges } of dispositions) {
      if (kind === 'refused') stream.refused.set(cause, count);
      for (const seq of numbersOf(ranges)) {
        stream.lastSeq = Math.max(stream.lastSeq, seq);
        if (isForeign) stream.received.add(seq);
        if (kind === 'lost')
          stream.lost.set(cause, (stream.lost.get(cause) ?? new Set<number>()).add(seq));
        if (kind !== 'refused') hollow.set(seq, kind);
      }
    }
    const hash = sha(Buffer.of(0), head, sha(payload));
    this.#leaves.push({ head, payload, hash, stream, seqs, hollow, isGone: false });
    this.#touched.add(stream);
  }

  #checkpoint(): void {
    const file = this.#files.at(-1);
    const size = this.notes.at(-1)?.size ?? 0;
    if (file !== undefined && size < this.#leaves.length) this.#sign(file.checkpoints.length === 0);
  }

  #sign(whole: boolean): void {
    const state = this.#state(whole);
    if (whole) this.#touched = new Set();
    const size = this.#leaves.length;
    const root = this.root(0, size).toString('base64');
    const origin = `weir/node/${this.nodeId}/${this.treeNumber}`;
    const note = this.nodeKey.sign(`${origin}\n${size}\n${root}\nstate ${sha64(state)}\n`);
    this.#files.at(-1)?.checkpoints.push({ size, note, state });
  }

  #state(whole: boolean): string {
    const byText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const streams = (whole ? this.#streams.filter(({ isKnown }) => isKnown) : [...this.#touched])
      .filter((stream) => this.#leaves.some((leaf) => leaf.stream === stream))
      .sort(
        (a, b) =>
          byText(a.tenant, b.tenant) ||
          byText(a.stream, b.stream) ||
          (BigInt(a.epoch) < BigInt(b.epoch) ? -1 : 1),
      )
      .map((entry) => ({
        ...{ tenant: entry.tenant, stream: entry.stream, epoch: entry.epoch },
        lastSeq: entry.lastSeq,
        refused: [...entry.refused].sort(([a], [b]) => byText(a, b)),
        lost: [...entry.lost]
          .sort(([a], [b]) => byText(a, b))
          .map(([cause, set]) => [cause, rangesOf(set)]),
        ...(entry.isForeign ? { received: rangesOf(entry.received) } : {}),
      }));
    return JSON.stringify({ epoch: this.#epoch.toString(), whole, streams });
  }

  #deliver(sink: SimSink, leafCount: number): void {
    const dice = this.#dice;
    // What is behind the last checkpoint is not exported yet.
    const end = Math.min(this.notes.at(-1)?.size ?? 0, sink.next + leafCount);
    if (end === sink.next) return;
    const now = new Map<SimStream, Map<number, Kind>>();
    for (; sink.next < end; sink.next++) {
      const leaf = this.#leaves[sink.next] as Leaf;
      const told = now.get(leaf.stream) ?? new Map<number, Kind>();
      now.set(leaf.stream, told);
      if (!sink.required && sink.next === 0) {
        sink.before.set(leaf.stream, new Set(leaf.seqs));
        continue;
      }
      for (const seq of new Set([...leaf.seqs, ...leaf.hollow.keys()])) {
        if (dice.below(1000) < this.#forgetPercent * 10) continue;
        const usual = dice.chance(85) ? 'stored' : dice.pick(KINDS);
        told.set(seq, leaf.hollow.get(seq) ?? usual);
      }
    }
    for (const [stream, told] of now) {
      const all = sink.outcomes.get(stream) ?? new Map<number, Kind>();
      sink.outcomes.set(stream, all);
      for (const [seq, kind] of told) {
        const old = all.get(seq);
        if (old === undefined || KINDS.indexOf(kind) < KINDS.indexOf(old)) all.set(seq, kind);
      }
    }
    if (!sink.signed) return;
    this.#receipt(sink, false, now);
    if (dice.chance(10)) {
      this.#receipt(sink, true, sink.outcomes, dice.chance(50));
      // The file of receipts that the fold begins is the one that is exported.
      sink.receipts.splice(0, sink.receipts.length - 1);
    }
  }

  #receipt(
    sink: SimSink,
    fold: boolean,
    outcomes: ReadonlyMap<SimStream, ReadonlyMap<number, Kind>>,
    settles = false,
  ): void {
    const fresh = sink.intent === 0;
    const ids = new Set([...outcomes.keys(), ...(fold ? sink.before.keys() : [])]);
    const streams = [...ids].map((id) => {
      const told = [...(outcomes.get(id) ?? [])];
      // A fold may settle its older half: counts stay, and which number was what goes.
      const settledTo = settles ? told.length / 2 : 0;
      const old = told.slice(0, settledTo).filter(([, kind]) => kind !== 'lost');
      const settled = new Set(old.map(([seq]) => seq));
      const of = (kind: Kind): Range[] =>
        rangesOf(told.filter(([seq, k]) => k === kind && !settled.has(seq)).map(([seq]) => seq));
      const counts = KINDS.slice(0, 3).map((kind) => old.filter(([, k]) => k === kind).length);
      const before = [...(sink.before.get(id) ?? [])];
      return {
        ...{ tenant: id.tenant, stream: id.stream, epoch: id.epoch },
        ...{ stored: of('stored'), quarantined: of('quarantined') },
        ...{ filtered: of('filtered'), lost: of('lost') },
        ...(settled.size > 0 ? { settled: rangesOf(settled), counts } : {}),
        ...(fold && before.length > 0 ? { before: rangesOf(before) } : {}),
      };
    });
    sink.intent++;
    const freshMember = fresh ? { fresh: true } : {};
    const head = { sink: sink.id, intent: sink.intent, fold, ...freshMember };
    const document = JSON.stringify({ ...head, streams });
    const last = sink.receipts.at(-1)?.note ?? '';
    const previous = fresh
      ? Buffer.alloc(32).toString('base64')
      : sha64(last.slice(0, last.indexOf('\n\n') + 1));
    const origin = `weir/loader/${this.nodeId}/${sink.id}`;
    const text = `${origin}\nreceipt ${sink.intent}\nprevious ${previous}\noutcomes ${sha64(document)}\n`;
    sink.receipts.push({ note: this.loaderKey.sign(text), document });
  }

  /** Deletes some of the oldest leaves that every required sink has; others are damaged. */
  #delete(): void {
    const settled = Math.min(...this.#sinks.filter((s) => s.required).map((s) => s.next));
    const end = this.#dice.below(settled + 1);
    for (const leaf of this.#leaves.slice(0, end)) leaf.isGone = true;
    if (settled > 0 && this.#dice.chance(30)) {
      const damaged = this.#leaves[this.#dice.below(settled)];
      if (damaged !== undefined) damaged.isGone = true;
    }
  }

  /** RFC 6962 section 2.1. */
  root(from: number, to: number): Buffer {
    if (to === from) return sha();
    if (to - from === 1) return (this.#leaves[from] as Leaf).hash;
    let half = 1;
    while (half * 2 < to - from) half *= 2;
    return nodeHash(this.root(from, from + half), this.root(from + half, to));
  }

  #nodes(from: number, to: number): string[] {
    const found: string[] = [];
    for (let at = from, span = 1; at < to; at += span) {
      for (span = 1; at % (span * 2) === 0 && at + span * 2 <= to; ) span *= 2;
      found.push(this.root(at, at + span).toString('base64'));
    }
    return found;
  }

  /** Lines of the bundle without the seal. */
  lines(): Line[] {
    const { nodeId, treeNumber } = this;
    const lines: Line[] = [
      { type: 'weir-bundle', version: 1, node: nodeId, keys: this.keys, tree: treeNumber },
    ];
    let first = 0;
    for (; first < this.#files.length - 1; first++) {
      const from = this.#files[first]?.begin ?? 0;
      const to = this.#files[first + 1]?.begin ?? 0;
      const last = this.#files[first]?.checkpoints.at(-1);
      if (last === undefined || this.#leaves.slice(from, to).some((leaf) => !leaf.isGone)) break;
      const { note, state } = last;
      lines.push({ type: 'history', to, nodes: this.#nodes(from, to), note, state });
    }
    const begin = this.#files[first]?.begin ?? 0;
    lines.push({ type: 'begin', size: begin });
    let at = begin;
    for (const { size, note, state } of this.#files.slice(first).flatMap((f) => f.checkpoints)) {
      for (; at < size; at++) lines.push(leafLine(this.#leaves[at] as Leaf));
      lines.push({ type: 'checkpoint', note, state });
    }
    for (const sink of this.#sinks) lines.push(...this.#sinkLines(sink));
    for (const note of this.#anchors) lines.push({ type: 'anchor', note });
    return lines;
  }

  #sinkLines(sink: SimSink): Line[] {
    const { id, type, required, signed } = sink;
    if (!signed) {
      sink.intent = 0;
      sink.receipts.length = 0;
      this.#receipt(sink, true, sink.outcomes, this.#dice.chance(50));
    }
    const head = { type: 'sink', id, type_of_sink: type, required, signed };
    return [head, ...sink.receipts.map((receipt) => ({ type: 'receipt', ...receipt }))];
  }

  /** What became of each number, counted one by one: sink, then [tenant, stream, epoch]. */
  truth(): Map<string, Map<string, Record<string, number>>> {
    const found = new Map<string, Map<string, Record<string, number>>>();
    for (const sink of this.#sinks) {
      const streams = new Map<string, Record<string, number>>();
      for (const entry of this.#streams) {
        if (!this.#leaves.some((leaf) => leaf.stream === entry)) continue;
        const key = JSON.stringify([entry.tenant, entry.stream, entry.epoch]);
        streams.set(key, this.#count(sink, entry));
      }
      found.set(sink.id, streams);
    }
    return found;
  }

  #count(sink: SimSink, entry: SimStream): Record<string, number> {
    const figures: Record<string, number> = {
      ...{ issued: 0, stored: 0, quarantined: 0, filtered: 0, lost: 0, inFlight: 0, missing: 0 },
    };
    const count = (name: string): void => {
      figures[name] = (figures[name] ?? 0) + 1;
    };
    const held = new Set(
      this.#leaves.filter((l) => l.stream === entry && !this.#isCompact(l)).flatMap((l) => l.seqs),
    );
    for (let seq = 0; seq <= entry.lastSeq; seq++) {
      if (entry.isForeign && !entry.received.has(seq)) continue;
      const kind = sink.outcomes.get(entry)?.get(seq);
      if (kind === undefined && sink.before.get(entry)?.has(seq)) continue;
      count('issued');
      const isLost = [...entry.lost.values()].some((set) => set.has(seq));
      if (kind !== undefined && kind !== 'lost') count(kind);
      else if (isLost || kind === 'lost') count('lost');
      else count(held.has(seq) ? 'inFlight' : 'missing');
    }
    return figures;
  }
  #isCompact(leaf: Leaf): boolean {
    return leaf.isGone;
  }
}

const leafLine = ({ head, payload, hash, isGone }: Leaf): Line =>
  isGone
    ? { type: 'leaf', hash: hash.toString('base64') }
    : { type: 'leaf', head: head.toString('base64'), payload: sha(payload).toString('base64') };

function* numbersOf(ranges: readonly (readonly [number, number])[]): Generator<number> {
  for (const [first, last] of ranges) for (let seq = first; seq <= last; seq++) yield seq;
}
const countOf = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
const lostOf = (cause: string, ranges: Range[]): SimDisposition => ({
  ...{ kind: 'lost', cause, count: countOf(ranges), ranges },
});

/** Texts of lines with the seal behind them. */
export function seal(lines: readonly Line[], loaderKey: SimKey): string[] {
  const texts = lines.map((line) => JSON.stringify(line));
  const bytes = sha64(texts.map((text) => `${text}\n`).join(''));
  const note = loaderKey.sign(`${loaderKey.name}/bundle\nlines ${texts.length}\nbytes ${bytes}\n`);
  return [...texts, JSON.stringify({ type: 'end', lines: texts.length, note })];
}
