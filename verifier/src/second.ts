// The second verifier of bundles, for tests only: written from EVIDENCE.md with another structure
// than weir-verify.mjs, and slow on purpose. It reads everything first, keeps numbers one by one in
// plain sets, and builds trees by the recursive definition of RFC 6962. It stops at the first
// error.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { type Document, readDocument, type StateStream, streamId } from './second-documents.js';
import { type HeadNumbers, readHead } from './second-head.js';
import { refuse } from './second-refusal.js';

export interface SecondFigures {
  issued: number;
  stored: number;
  quarantined: number;
  filtered: number;
  lost: Record<string, number>;
  inFlight: number;
  missing: number[];
  refused: Record<string, number>;
  before: number;
}
export interface SecondReport {
  readonly holds: boolean;
  readonly closes: boolean;
  readonly why: string;
  readonly unanchored: number;
  readonly checkpoints: number;
  /** By sink, then by stream. */
  readonly figures: Map<string, Map<string, SecondFigures>>;
}

const hashOf = (...parts: Buffer[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();
const base64Of = (text: string): string => hashOf(Buffer.from(text, 'utf8')).toString('base64');

const isUnicode = (text: string): boolean => Buffer.from(text).toString() === text;

function unbase64(value: unknown, length: number | null = null): Buffer {
  if (typeof value !== 'string') return refuse('not base64');
  const pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  const bytes = Buffer.from(value, 'base64');
  if (!pattern.test(value) || bytes.toString('base64') !== value) refuse('not base64');
  if (length !== null && bytes.length !== length) refuse('base64 of another length');
  return bytes;
}

/** Hashes by place: level and index among the perfect subtrees of that level. */
class PlainTree {
  size = 0;
  readonly #nodes = new Map<string, Buffer>();

  leaf(hash: Buffer): void {
    this.#nodes.set(`0/${this.size++}`, hash);
  }
  /** Largest aligned subtrees that cover [this.size, to). */
  span(to: number, hashes: unknown[]): void {
    if (to < this.size) refuse('a span that ends before it starts');
    for (const text of hashes) {
      let level = 0;
      while (this.size % 2 ** (level + 1) === 0 && this.size + 2 ** (level + 1) <= to) level++;
      if (this.size + 2 ** level > to) refuse('too many nodes');
      this.#nodes.set(`${level}/${this.size / 2 ** level}`, unbase64(text, 32));
      this.size += 2 ** level;
    }
    if (this.size !== to) refuse('too few nodes');
  }
  /** RFC 6962 section 2.1 of the leaves [from, to). */
  hash(from: number, to: number): Buffer {
    const count = to - from;
    if (count === 0) return hashOf();
    const level = Math.log2(count);
    const key = Number.isInteger(level) && from % count === 0 ? `${level}/${from / count}` : null;
    const found = key === null ? undefined : this.#nodes.get(key);
    if (found !== undefined) return found;
    if (count === 1) return refuse('a leaf is unknown');
    let half = 1;
    while (half * 2 < count) half *= 2;
    const left = this.hash(from, from + half);
    const hash = hashOf(Buffer.from([1]), left, this.hash(from + half, to));
    if (key !== null) this.#nodes.set(key, hash);
    return hash;
  }
}

interface Key {
  readonly name: string;
  readonly hint: Buffer;
  readonly publicKey: ReturnType<typeof createPublicKey>;
}
function readKey(line: string): Key {
  const plus = line.indexOf('+');
  const name = line.slice(0, plus);
  const hint = line.slice(plus + 1, plus + 9);
  const bytes = unbase64(line.slice(plus + 10), 33);
  if (!/^weir\/(node|loader)\/[0-9a-f]{12}$/.test(name) || line[plus + 9] !== '+')
    refuse('key name');
  const digest = hashOf(Buffer.from(`${name}\n`), bytes).subarray(0, 4);
  if (bytes[0] !== 1 || digest.toString('hex') !== hint) refuse('key hash');
  const x = bytes.subarray(1).toString('base64url');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x };
  return { name, hint: digest, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) };
}

/** Text of a note, with its last newline. */
function noteText(note: string, name: string, keys: readonly Key[]): string {
  const parts = note.split('\n\n');
  const signatures = parts.pop() ?? '';
  const text = `${parts.join('\n\n')}\n`;
  const match = new RegExp(`^\u2014 ${name} (\\S+)\n$`).exec(signatures);
  if (parts.length === 0 || match === null) return refuse('not a note of the right signer');
  const bytes = unbase64(match[1], 68);
  if (!isUnicode(note)) refuse('not Unicode');
  for (const key of keys)
    if (key.name === name && key.hint.equals(bytes.subarray(0, 4)))
      if (verify(null, Buffer.from(text), key.publicKey, bytes.subarray(4))) return text;
  return refuse('signature');
}

type Line = Record<string, unknown> & { type: string };
const MEMBERS: Record<string, string> = {
  'weir-bundle': 'type version node keys tree',
  history: 'type to nodes note state',
  begin: 'type size',
  leaf: 'type head payload|type hash',
  checkpoint: 'type note state',
  sink: 'type id type_of_sink required signed',
  receipt: 'type note document',
  anchor: 'type note',
  end: 'type lines note',
};
const TYPES: Record<string, (value: unknown) => boolean> = {
  keys: Array.isArray,
  nodes: Array.isArray,
  required: (v) => typeof v === 'boolean',
  signed: (v) => typeof v === 'boolean',
  ...Object.fromEntries(
    ['version', 'tree', 'to', 'size', 'lines'].map((name) => [
      name,
      (v: unknown) => Number.isSafeInteger(v) && Number(v) >= 0,
    ]),
  ),
};

function readLine(text: string): Line {
  const line = JSON.parse(text) as Line;
  if (JSON.stringify(line) !== text || !isUnicode(text)) refuse('spelling of a line');
  const members = Object.keys(line).join(' ');
  const allowed = Object.hasOwn(MEMBERS, line.type) ? MEMBERS[line.type] : undefined;
  if (!allowed?.split('|').includes(members)) refuse('members of a line');
  for (const [name, value] of Object.entries(line))
    if (!(TYPES[name] ?? ((v: unknown) => typeof v === 'string'))(value)) refuse(`type of ${name}`);
  return line;
}

/** What the tree's section said, when all of it was read. */
class Known {
  readonly streams = new Map<string, StateStream>();
  /** Numbers in frames that have a head in the bundle. */
  readonly held = new Map<string, Set<number>>();
  constructor(readonly node: string) {}

  of(id: { tenant: string; stream: string; epoch: string }): StateStream {
    const key = streamId(id);
    const found = this.streams.get(key);
    if (found !== undefined) return found;
    const owner = /^([0-9a-f]{12})\//.exec(id.stream)?.[1];
    const received = owner !== undefined && owner !== this.node ? new Set<number>() : null;
    const { tenant, stream, epoch } = id;
    const made: StateStream = {
      ...{ tenant, stream, epoch, received },
      ...{ lastSeq: -1, refused: new Map(), lost: new Map() },
    };
    this.streams.set(key, made);
    this.held.set(key, new Set());
    return made;
  }

  note(head: HeadNumbers): string {
    const entry = this.of(head);
    const key = streamId(head);
    const held = this.held.get(key) ?? new Set();
    const wasLost = new Set([...entry.lost.values()].flatMap((set) => [...set]));
    const lastSeq = entry.lastSeq;
    for (let seq = head.first; seq < head.first + head.rows; seq++) {
      const isKnown = seq <= lastSeq && !wasLost.has(seq);
      if (entry.received === null && (isKnown || held.has(seq))) refuse(`${seq} in two frames`);
      held.add(seq);
      entry.received?.add(seq);
      entry.lastSeq = Math.max(entry.lastSeq, seq);
    }
    for (const { kind, cause, count, numbers } of head.dispositions) {
      if (kind === 'refused')
        entry.refused.set(cause, Math.max(count, entry.refused.get(cause) ?? 0));
      for (const seq of kind === 'refused' ? [] : numbers) {
        if (kind === 'lost') {
          const set = entry.lost.get(cause) ?? new Set();
          entry.lost.set(cause, set.add(seq));
        }
        entry.received?.add(seq);
        entry.lastSeq = Math.max(entry.lastSeq, seq);
      }
    }
    return key;
  }
}

export function second(
  lines: readonly string[],
  keyLines: readonly string[],
  given: readonly string[] = [],
): SecondReport {
  try {
    return judge(lines, keyLines, given);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { holds: false, closes: false, why, unanchored: 0, checkpoints: 0, figures: new Map() };
  }
}

function judge(
  texts: readonly string[],
  keyLines: readonly string[],
  given: readonly string[],
): SecondReport {
  const keys = keyLines.map(readKey);
  const lines = texts.map(readLine);
  const order = lines.map(({ type }) => type[0]).join('');
  if (!/^wh*b(?:l*c)*(?:sr*)*a*e$/.test(order)) refuse('order of lines');
  const of = (type: string): Line[] => lines.filter((line) => line.type === type);
  const [header, begin, end] = [of('weir-bundle')[0], of('begin')[0], of('end')[0]];
  if (header === undefined || begin === undefined || end === undefined)
    return refuse('lines missing');
  const nodeId = String(header.node);
  const treeNumber = Number(header.tree);
  if (header.version !== 1 || !/^[0-9a-f]{12}$/.test(nodeId) || treeNumber < 1) refuse('header');
  const [nodeName, loaderName] = [`weir/node/${nodeId}`, `weir/loader/${nodeId}`];

  const bytes = texts.slice(0, -1).map((text) => `${text}\n`);
  const seal = `${loaderName}/bundle\nlines ${lines.length - 1}\nbytes ${base64Of(bytes.join(''))}\n`;
  if (end.lines !== lines.length - 1) refuse('count of lines');
  if (noteText(String(end.note), loaderName, keys) !== seal) refuse('seal');

  const tree = new PlainTree();
  const known = new Known(nodeId);
  const ends = new Set<number>([0]);
  const published = new Map<number, Set<string>>();
  let sinceWhole = new Set<string>();
  let unknownLeaves = false;
  let checkpoints = 0;
  for (const line of lines) {
    const isLive = line.type === 'checkpoint';
    if (line.type === 'begin' && line.size !== tree.size) refuse('begin size');
    if (line.type === 'leaf' && line.hash !== undefined) {
      tree.leaf(unbase64(line.hash, 32));
      unknownLeaves = true;
    } else if (line.type === 'leaf') {
      const head = unbase64(line.head);
      tree.leaf(hashOf(Buffer.from([0]), head, unbase64(line.payload, 32)));
      sinceWhole.add(known.note(readHead(head)));
    }
    if (line.type === 'history') {
      tree.span(Number(line.to), line.nodes as unknown[]);
      ends.add(tree.size);
      unknownLeaves = true;
    }
    if (!isLive && line.type !== 'history') continue;
    const state = String(line.state);
    const root = tree.hash(0, tree.size).toString('base64');
    const expected = `${nodeName}/${treeNumber}\n${tree.size}\n${root}\nstate ${base64Of(state)}\n`;
    const text = noteText(String(line.note), nodeName, keys);
    if (text !== expected || !isUnicode(state)) refuse('checkpoint');
    if (isLive) published.set(tree.size, (published.get(tree.size) ?? new Set()).add(text));
    const document = readDocument(state, 'state');
    if (isLive && ++checkpoints === 1 && !document.whole) refuse('first is not whole');
    const due = document.whole ? new Set(known.streams.keys()) : isLive ? sinceWhole : new Set();
    checkState(document, known, due as Set<string>, unknownLeaves);
    sinceWhole = document.whole ? new Set() : new Set(document.streams.map(streamId));
    unknownLeaves = !isLive;
  }
  if (tree.size > 0 && checkpoints === 0) refuse('no checkpoint');

  let anchored = 0;
  const anchors = [...of('anchor').map(({ note }) => String(note)), ...given];
  for (const note of anchors) {
    const text = noteText(note, nodeName, keys);
    const [origin, sizeText, root, ...rest] = text.split('\n');
    const size = Number(sizeText);
    if (origin !== `${nodeName}/${treeNumber}` || rest.length !== 2 || rest[1] !== '')
      refuse('anchor');
    if (String(size) !== sizeText || !Number.isSafeInteger(size) || size < 0) refuse('anchor size');
    if (size > tree.size) refuse('cut off');
    if (size > Number(begin.size) && !published.get(size)?.has(text)) refuse('equivocation');
    if (size <= Number(begin.size) && !ends.has(size)) continue;
    if (tree.hash(0, size).toString('base64') !== root) refuse('equivocation');
    anchored = Math.max(anchored, size);
  }
  const figures = sinkFigures(lines, known, treeNumber, (note) => noteText(note, loaderName, keys));
  const required = of('sink').filter((sink) => sink.required === true);
  const isMissing = (sink: Line): boolean =>
    [...(figures.get(String(sink.id))?.values() ?? [])].some(({ missing }) => missing.length > 0);
  const closes = figures.size > 0 && !required.some(isMissing);
  return {
    ...{ holds: true, closes, why: '', unanchored: tree.size - anchored, checkpoints },
    figures,
  };
}

function checkState(
  document: Document,
  known: Known,
  due: ReadonlySet<string>,
  unknownLeaves: boolean,
): void {
  const said = new Set<string>();
  for (const stream of document.streams) {
    const key = streamId(stream);
    said.add(key);
    if (!unknownLeaves && !due.has(key)) refuse('a stream without reason');
    const entry = known.of(stream);
    if ((entry.received === null) !== (stream.received === null)) refuse('received of own stream');
    const raise = (name: string, old: number, now: number): void => {
      if (now < old || (now > old && !unknownLeaves)) refuse(`${name}: ${old} became ${now}`);
    };
    const grow = (name: string, old: ReadonlySet<number>, now: ReadonlySet<number>): void => {
      for (const seq of old) if (!now.has(seq)) refuse(`${name}: ${seq} is forgotten`);
      if (now.size > old.size && !unknownLeaves) refuse(`${name} has too many`);
    };
    raise('lastSeq', entry.lastSeq, stream.lastSeq);
    for (const cause of new Set([...entry.refused.keys(), ...stream.refused.keys()])) {
      if (!stream.refused.has(cause)) refuse(`refused ${cause} is forgotten`);
      if (!entry.refused.has(cause) && !unknownLeaves) refuse('refused too much');
      raise('refused', entry.refused.get(cause) ?? 0, stream.refused.get(cause) ?? -1);
    }
    for (const cause of new Set([...entry.lost.keys(), ...stream.lost.keys()])) {
      if (!stream.lost.has(cause)) refuse(`lost ${cause} is forgotten`);
      grow('lost', entry.lost.get(cause) ?? new Set(), stream.lost.get(cause) ?? new Set());
    }
    grow('received', entry.received ?? new Set(), stream.received ?? new Set());
    for (const set of [...stream.lost.values(), stream.received ?? []])
      for (const seq of set) if (seq > stream.lastSeq) refuse('a number above lastSeq');
    Object.assign(entry, {
      ...{ lastSeq: stream.lastSeq, refused: new Map(stream.refused) },
      lost: new Map([...stream.lost].map(([cause, set]) => [cause, new Set(set)])),
      received: stream.received === null ? null : new Set(stream.received),
    });
  }
  for (const key of due) if (!said.has(key)) refuse('a stream is left out');
}

type Told = Map<number, string>;
interface Outcomes {
  /** Kind of each number that is told apart. */
  readonly told: Told;
  readonly settled: Set<number>;
  counts: number[];
}
const RANKS = ['before', 'lost', 'filtered', 'quarantined', 'stored'];

function tell(outcomes: Outcomes, seq: number, kind: string): void {
  const old = outcomes.told.get(seq);
  if (old === undefined || RANKS.indexOf(kind) > RANKS.indexOf(old)) outcomes.told.set(seq, kind);
}
const kindCount = (outcomes: Outcomes | undefined, kind: string): number => {
  const index = ['stored', 'quarantined', 'filtered'].indexOf(kind);
  let count = outcomes?.counts[index] ?? 0;
  for (const [seq, told] of outcomes?.told ?? [])
    if (told === kind && !outcomes?.settled.has(seq)) count++;
  return count;
};
const numbersOf = (outcomes: Outcomes | undefined, kinds: readonly string[]): Set<number> =>
  new Set(
    [...(outcomes?.told ?? [])]
      .filter(([seq, kind]) => kinds.includes(kind) && !outcomes?.settled.has(seq))
      .map(([seq]) => seq),
  );

function sinkFigures(
  lines: readonly Line[],
  known: Known,
  treeNumber: number,
  open: (note: string) => string,
): Map<string, Map<string, SecondFigures>> {
  const figures = new Map<string, Map<string, SecondFigures>>();
  const all = new Map<string, Map<string, Outcomes>>();
  for (const [at, line] of lines.entries()) {
    if (line.type !== 'sink') continue;
    const id = String(line.id);
    if (all.has(id)) refuse('a sink twice');
    const receipts: Line[] = [];
    for (let i = at + 1; lines[i]?.type === 'receipt'; i++) receipts.push(lines[i] as Line);
    all.set(id, outcomesOf(line, receipts, known.node, open));
  }
  for (const byStream of all.values())
    for (const key of byStream.keys()) {
      const [tenant = '', stream = '', epoch = ''] = JSON.parse(key) as string[];
      known.of({ tenant, stream, epoch });
    }
  for (const [id, byStream] of all) {
    const found = new Map<string, SecondFigures>();
    for (const [key, entry] of known.streams)
      found.set(key, figuresOf(entry, known.held.get(key), byStream.get(key), treeNumber));
    figures.set(id, found);
  }
  return figures;
}

function figuresOf(
  entry: StateStream,
  held: ReadonlySet<number> | undefined,
  outcomes: Outcomes | undefined,
  treeNumber: number,
): SecondFigures {
  const named = numbersOf(outcomes, ['stored', 'quarantined', 'filtered', 'lost']);
  for (const seq of outcomes?.settled ?? []) named.add(seq);
  const issued = new Set(entry.received ?? Array.from({ length: entry.lastSeq + 1 }, (_, i) => i));
  const isOpen = treeNumber > 1 && (entry.received !== null || entry.lastSeq === -1);
  for (const seq of named)
    if (isOpen) issued.add(seq);
    else if (!issued.has(seq)) refuse(`an outcome for ${seq}, which was never issued`);
  const notAsked = numbersOf(outcomes, ['before']);
  const lost: Record<string, number> = {};
  const missing: number[] = [];
  let inFlight = 0;
  const causes = [...entry.lost.keys()].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  for (const seq of [...issued].sort((a, b) => a - b)) {
    if (notAsked.has(seq)) {
      issued.delete(seq);
      continue;
    }
    const kind = outcomes?.settled.has(seq) ? 'settled' : outcomes?.told.get(seq);
    if (kind !== undefined && kind !== 'lost') continue;
    const declared = causes.find((cause) => entry.lost.get(cause)?.has(seq));
    const cause = declared ?? (kind === 'lost' ? 'sink_overrun' : undefined);
    if (cause !== undefined) lost[cause] = (lost[cause] ?? 0) + 1;
    else if (held?.has(seq)) inFlight++;
    else missing.push(seq);
  }
  const refused = Object.fromEntries(entry.refused);
  const [stored, quarantined, filtered] = ['stored', 'quarantined', 'filtered'].map((kind) =>
    kindCount(outcomes, kind),
  ) as [number, number, number];
  return {
    ...{ issued: issued.size, stored, quarantined, filtered, lost, inFlight, missing, refused },
    before: notAsked.size,
  };
}

function outcomesOf(
  sink: Line,
  receipts: readonly Line[],
  nodeId: string,
  open: (note: string) => string,
): Map<string, Outcomes> {
  const found = new Map<string, Outcomes>();
  let [number, previous] = [-1, ''];
  for (const [i, line] of receipts.entries()) {
    const document = String(line.document);
    const read = readDocument(document, 'receipt');
    const { fold, fresh } = read;
    if (read.sink !== sink.id) refuse('document of another sink');
    const text = open(String(line.note));
    const match = /^(\S+)\nreceipt ([1-9]\d*)\nprevious (\S+)\noutcomes (\S+)\n$/.exec(text);
    if (match === null || !isUnicode(document)) return refuse('receipt');
    const [, origin, count, before = '', hash] = match;
    if (origin !== `weir/loader/${nodeId}/${sink.id}` || hash !== base64Of(document))
      refuse('receipt of another document or sink');
    if (!Number.isSafeInteger(Number(count)) || before.length !== 44) refuse('receipt number');
    if (i > 0 && Number(count) !== number + 1) refuse('receipt number');
    if (fresh && before !== Buffer.alloc(32).toString('base64')) refuse('fresh with a previous');
    if (i > 0 && before !== previous) refuse('previous');
    if ((fresh || fold) !== (i === 0)) refuse('receipts are missing, or begin anew');
    [number, previous] = [Number(count), base64Of(text)];
    const keys = new Set<string>();
    for (const stream of read.streams) {
      const key = streamId(stream);
      if (keys.has(key)) refuse('a stream twice');
      keys.add(key);
      const made: Outcomes = { told: new Map(), settled: new Set(), counts: [0, 0, 0] };
      const outcomes = found.get(key) ?? made;
      found.set(key, outcomes);
      if (stream.settled !== null) {
        if (!fold) refuse('settled outside a fold');
        for (const seq of stream.settled) outcomes.settled.add(seq);
        outcomes.counts = stream.counts;
      }
      for (const [kind, numbers] of stream.kinds)
        for (const seq of numbers) {
          const isSettledHere = kind !== 'before' && stream.settled?.has(seq);
          if (isSettledHere) refuse('settled and in another list');
          tell(outcomes, seq, kind);
        }
    }
  }
  return found;
}
