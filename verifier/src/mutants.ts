// Ways to tamper with a bundle, each a function that makes one mutant from a world of genuine ones.
// It returns null where its choice would change nothing that a bundle claims; the rules for that
// stand at each. `reseal` is an attacker who owns the loader key and signs the whole file again, so
// that what lies below the seal has to notice.
import {
  type Dice,
  type Line,
  rangesOf,
  type SimKey,
  type SimNode,
  seal,
  sha64,
} from './sim-node.js';

export interface World {
  readonly node: SimNode;
  readonly lines: readonly Line[];
  /** Sealed. */
  readonly texts: readonly string[];
  /** Another history under the same keys. */
  readonly fork: { readonly node: SimNode; readonly lines: readonly Line[] };
  /** Of another node. */
  readonly stranger: { readonly node: SimNode; readonly lines: readonly Line[] };
}
export interface Mutant {
  readonly lines: readonly string[];
  readonly anchors?: readonly string[];
}
type Maker = (dice: Dice, world: World) => Mutant | null;

const reseal = (world: World, lines: readonly Line[]): Mutant => ({
  lines: seal(lines, world.node.loaderKey),
});
/** The seal of before over other lines; only its count is made to fit. */
function keepSeal(world: World, lines: readonly string[]): Mutant {
  const end = JSON.parse(world.texts.at(-1) ?? '') as Line;
  return { lines: [...lines, JSON.stringify({ ...end, lines: lines.length })] };
}
const textsOf = (lines: readonly Line[]): string[] => lines.map((line) => JSON.stringify(line));
const isSame = (one: readonly Line[], other: readonly Line[]): boolean =>
  textsOf(one).join('\n') === textsOf(other).join('\n');
const indexesOf = (lines: readonly Line[], ...types: string[]): number[] =>
  lines.flatMap((line, i) => (types.includes(line.type) ? [i] : []));
const replaced = (lines: readonly Line[], at: number, line: Line): Line[] => [
  ...lines.slice(0, at),
  line,
  ...lines.slice(at + 1),
];

/** One character of a text becomes another of the same class. */
function flipText(dice: Dice, text: string): string {
  const at = dice.below(text.length);
  const old = text[at] ?? '';
  const others = /[0-9]/.test(old) ? '0123456789' : 'ABCDEFGHIJKLMNOPabcdefghijklmnop+/';
  const now = dice.pick([...others].filter((char) => char !== old));
  return text.slice(0, at) + now + text.slice(at + 1);
}

/** Any bit of any byte of the file. */
const flipByte: Maker = (dice, { texts }) => {
  const at = dice.below(texts.length);
  const bytes = Buffer.from(texts[at] ?? '');
  const place = dice.below(bytes.length);
  bytes[place] = (bytes[place] ?? 0) ^ (1 << dice.below(8));
  const text = bytes.toString('utf8');
  // A byte that is no UTF-8 any more becomes the replacement character here, which differs too.
  return { lines: [...texts.slice(0, at), text, ...texts.slice(at + 1)] };
};

/**
 * A member of a line below the seal. Not: the keys and sinks' own words, which only the seal says.
 */
const flipMember: Maker = (dice, world) => {
  const types = ['weir-bundle', 'history', 'begin', 'leaf', 'checkpoint', 'receipt', 'anchor'];
  const at = dice.pick(indexesOf(world.lines, ...types));
  const line = world.lines[at] as Line;
  const names = Object.keys(line).filter((name) => !['type', 'keys'].includes(name));
  const name = dice.pick(names);
  const value = line[name];
  let now: unknown;
  if (typeof value === 'string') now = flipText(dice, value);
  else if (typeof value === 'number') now = value + 1 + dice.below(3);
  else if (Array.isArray(value) && value.length > 0) {
    const place = dice.below(value.length);
    now = value.map((item, i) => (i === place ? flipText(dice, String(item)) : item));
  } else now = ['AAAA'];
  return reseal(world, replaced(world.lines, at, { ...line, [name]: now }));
};

/** A line goes; the count at the end is made to fit, or not. */
const deleteLine: Maker = (dice, world) => {
  const at = dice.below(world.texts.length);
  const left = world.texts.filter((_, i) => i !== at);
  if (at === world.texts.length - 1 || dice.chance(30)) return { lines: left };
  return keepSeal(world, left.slice(0, -1));
};

/**
 * Resealed. Not: anchors; a checkpoint (what it says, the next one says again, or the tail is cut
 * at a boundary); the last receipt of a sink (a cut tail too); a sink without receipts.
 */
const deleteBelow: Maker = (dice, world) => {
  const { lines } = world;
  const at = dice.pick(
    indexesOf(lines, 'weir-bundle', 'history', 'begin', 'leaf', 'sink', 'receipt'),
  );
  const next = lines[at + 1];
  if (lines[at]?.type === 'receipt') {
    if (next?.type !== 'receipt') return null;
  }
  if (lines[at]?.type === 'sink' && next?.type !== 'receipt') return null;
  return reseal(
    world,
    lines.filter((_, i) => i !== at),
  );
};

/** Resealed. Not: a checkpoint or anchor directly behind itself. */
const insertLine: Maker = (dice, world) => {
  const { lines } = world;
  const at = 1 + dice.below(lines.length);
  const hash = Buffer.alloc(32, dice.below(256)).toString('base64');
  const line = dice.pick<Line>([
    { type: 'leaf', hash },
    { type: 'comment', text: 'nothing' },
    dice.pick(lines),
    dice.pick(lines.filter(({ type }) => type === 'leaf' || type === 'receipt')),
  ]);
  if (['checkpoint', 'anchor'].includes(line.type)) return null;
  return reseal(world, [...lines.slice(0, at), line, ...lines.slice(at)]);
};

/** Resealed. Not: equal lines, and two anchors. */
const swapLines: Maker = (dice, world) => {
  const { lines } = world;
  const one = dice.below(lines.length);
  const other = dice.chance(50) ? one + 1 : dice.below(lines.length);
  const [first, last] = [lines[one], lines[other]];
  if (first === undefined || last === undefined || isSame([first], [last])) return null;
  if (first.type === 'anchor' && last.type === 'anchor') return null;
  const isHead = (line: Line): boolean => line.type === 'sink';
  if (isHead(first) && isHead(last)) return null;
  return reseal(world, replaced(replaced(lines, one, last), other, first));
};

/**
 * Resealed. A line, or the tree's tail, of another bundle. Not: what is the same; a cut; what a
 * sink without own receipts said at an earlier export, since only the seal tells which export it
 * was.
 */
const spliceLines: Maker = (dice, world) => {
  const { lines, node, fork, stranger } = world;
  const donor = dice.pick([fork.lines, stranger.lines, node.earlier]);
  const type = dice.pick(['history', 'begin', 'leaf', 'checkpoint', 'receipt']);
  const [here, there] = [indexesOf(lines, type), indexesOf(donor, type)];
  if (here.length === 0 || there.length === 0) return null;
  const at = dice.pick(here);
  const from = dice.pick(there);
  const isTail = dice.chance(40) && ['leaf', 'checkpoint'].includes(type);
  const endOf = (list: readonly Line[]): number => list.findIndex((line) => line.type === 'sink');
  const spliced = isTail
    ? [...lines.slice(0, at), ...donor.slice(from, endOf(donor)), ...lines.slice(endOf(lines))]
    : replaced(lines, at, donor[from] as Line);
  // A tail of an export of before that ends at a checkpoint is a cut, and has lanes of its own.
  const isCut = donor === node.earlier && (isTail || type === 'checkpoint');
  const isOldFold = donor === node.earlier && type === 'receipt' && isUnsigned(lines, at);
  return isCut || isOldFold || isSame(spliced, lines) ? null : reseal(world, spliced);
};
/** True for a receipt of a sink without receipts of its own. */
const isUnsigned = (lines: readonly Line[], at: number): boolean =>
  lines.slice(0, at).findLast(({ type }) => type === 'sink')?.signed === false;

/** Resealed. An old receipt at its sink's end, or an old checkpoint behind more leaves. */
const replayLine: Maker = (dice, world) => {
  const { lines } = world;
  if (dice.chance(50)) {
    const receipts = indexesOf(lines, 'receipt');
    if (receipts.length === 0) return null;
    const from = dice.pick(receipts);
    let end = from;
    while (lines[end + 1]?.type === 'receipt') end++;
    return reseal(world, [
      ...lines.slice(0, end + 1),
      lines[from] as Line,
      ...lines.slice(end + 1),
    ]);
  }
  const checkpoints = indexesOf(lines, 'checkpoint');
  const [from, to] = [dice.pick(checkpoints), dice.pick(checkpoints)];
  if (!lines.slice(from, to).some(({ type }) => type === 'leaf')) return null;
  return reseal(world, replaced(lines, to, lines[from] as Line));
};

/** A genuine bundle of before, and a checkpoint that came after it. Not: when none came. */
const replayBundle: Maker = (dice, { node }) => {
  const size = sizeOf(node.earlier);
  const later = node.notes.filter((note) => note.size > size);
  if (later.length === 0) return null;
  return { lines: seal(node.earlier, node.loaderKey), anchors: [dice.pick(later).note] };
};
const sizeOf = (lines: readonly Line[]): number => {
  const begin = lines.find(({ type }) => type === 'begin');
  return Number(begin?.size) + indexesOf(lines, 'leaf').length;
};

/** Two histories under one key: one's bundle, the other's checkpoint (that can be compared). */
const forkHistory: Maker = (dice, { node, lines, fork }) => {
  const begin = Number(lines.find(({ type }) => type === 'begin')?.size);
  const notes = fork.node.notes.filter(({ size }) => size >= begin && size > 0);
  if (notes.length === 0) return null;
  const { note } = dice.pick(notes);
  if (dice.chance(50)) return { lines: seal(lines, node.loaderKey), anchors: [note] };
  return { lines: seal([...lines, { type: 'anchor', note }], node.loaderKey) };
};

/** Anywhere in the file, also inside a line; the end line is kept, forged, or gone. */
const truncateFile: Maker = (dice, world) => {
  const keep = dice.below(world.texts.length);
  const cut = world.texts.slice(0, keep);
  if (dice.chance(30)) {
    const part = world.texts[keep] ?? '';
    return { lines: [...cut, part.slice(0, dice.below(part.length))] };
  }
  if (dice.chance(30) || keep === world.texts.length - 1) return { lines: cut };
  return keepSeal(world, cut);
};

/**
 * Resealed: part of the tree's lines is gone at its end. Not: cut at a checkpoint where neither a
 * receipt nor an anchor reaches further, which no one can see without an anchor.
 */
const truncateTree: Maker = (dice, world) => {
  const { lines } = world;
  const end = lines.findIndex(({ type }) => type === 'sink');
  const begin = lines.findIndex(({ type }) => type === 'begin');
  const keep = begin + 1 + dice.below(end - begin - 1);
  if (lines[keep - 1]?.type !== 'leaf') return null;
  return reseal(world, [...lines.slice(0, keep), ...lines.slice(end)]);
};

/** Notes signed by another key, under the same name; sometimes under the same key hash too. */
const resign: Maker = (dice, world) => {
  const { lines, texts, node, stranger } = world;
  const isSeal = dice.chance(20);
  const at = dice.pick(indexesOf(lines, 'history', 'checkpoint', 'receipt', 'anchor'));
  const line = isSeal ? (JSON.parse(texts.at(-1) ?? '') as Line) : (lines[at] as Line);
  const note = String(line.note);
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  const wrong = line.type === 'receipt' || isSeal ? stranger.node.loaderKey : stranger.node.nodeKey;
  const right = line.type === 'receipt' || isSeal ? node.loaderKey : node.nodeKey;
  let forged = wrong.sign(text).replace(`\u2014 ${wrong.name} `, `\u2014 ${right.name} `);
  if (dice.chance(50)) {
    const base64 = (of: string): string => of.slice(of.lastIndexOf(' ') + 1, -1);
    const hint = Buffer.from(base64(note), 'base64').subarray(0, 4);
    const bytes = Buffer.concat([hint, Buffer.from(base64(forged), 'base64').subarray(4)]);
    forged = forged.replace(base64(forged), bytes.toString('base64'));
  }
  if (isSeal) return { lines: [...texts.slice(0, -1), JSON.stringify({ ...line, note: forged })] };
  return reseal(world, replaced(lines, at, { ...line, note: forged }));
};

const signAgain = (key: SimKey, note: string, change: (text: string) => string): string =>
  key.sign(change(note.slice(0, note.indexOf('\n\n') + 1)));

/** By the owner of both keys: another number of a receipt or size of a checkpoint, signed anew. */
const renumber: Maker = (dice, world) => {
  const { lines, node } = world;
  const at = dice.pick(indexesOf(lines, 'history', 'checkpoint', 'receipt', 'anchor'));
  const line = lines[at] as Line;
  const isReceipt = line.type === 'receipt';
  // Which number a bundle's first receipt has, only its own signer knows.
  if (isReceipt && lines[at - 1]?.type === 'sink' && lines[at + 1]?.type !== 'receipt') return null;
  const by = 1 + dice.below(3);
  const note = signAgain(isReceipt ? node.loaderKey : node.nodeKey, String(line.note), (text) =>
    text.replace(/\n(receipt )?(\d+)\n/, (_, word = '', n) => `\n${word}${Number(n) + by}\n`),
  );
  return reseal(world, replaced(lines, at, { ...line, note }));
};

interface OutcomeEntry {
  stored: [number, number][];
  quarantined: [number, number][];
  [name: string]: unknown;
}

/** By the loader key: a receipt in the middle becomes a fold (or fresh) that says less than those
 * before it, and the receipts behind it are signed anew so that the chain fits. */
const forgeFold: Maker = (dice, world) => {
  const lines = [...world.lines];
  const middle = indexesOf(lines, 'receipt').filter((i) => lines[i - 1]?.type === 'receipt');
  if (middle.length === 0) return null;
  const at = dice.pick(middle);
  const old = String(lines[at]?.document);
  const document = dice.chance(70)
    ? old.replace('"fold":false', '"fold":true')
    : old.replace('"fold":false', '"fold":false,"fresh":true');
  chain(lines, at, document, world.node.loaderKey);
  return reseal(world, lines);
};

/** Signs a receipt anew with another document, and those behind it. */
function chain(lines: Line[], at: number, document: string, key: SimKey): void {
  let text = '';
  for (let i = at; lines[i]?.type === 'receipt'; i++) {
    const line = lines[i] as Line;
    const doc = i === at ? document : String(line.document);
    const previous = text;
    const note = signAgain(key, String(line.note), (old) => {
      text = old.replace(/outcomes \S+/, `outcomes ${sha64(doc)}`);
      if (previous !== '') text = text.replace(/previous \S+/, `previous ${sha64(previous)}`);
      return text;
    });
    lines[i] = { type: 'receipt', note, document: doc };
  }
}

/** By the loader key: an outcome for a number that was never issued. */
const forgeOutcome: Maker = (dice, world) => {
  const lines = [...world.lines];
  const at = dice.pick(indexesOf(lines, 'receipt'));
  const document = JSON.parse(String(lines[at]?.document)) as { streams: OutcomeEntry[] };
  const own = document.streams.filter(({ stream }) => String(stream).startsWith(world.node.nodeId));
  if (own.length === 0) return null;
  const entry = dice.pick(own);
  const beyond = 1_000_000 + dice.below(1000);
  entry.stored = rangesOf([...numbersOf(entry.stored), beyond]);
  // In front of a fold it is found by what the fold does not say.
  chain(lines, at, JSON.stringify(document), world.node.loaderKey);
  return reseal(world, lines);
};
function* numbersOf(ranges: readonly [number, number][]): Generator<number> {
  for (const [first, last] of ranges) for (let seq = first; seq <= last; seq++) yield seq;
}

interface StateEntry {
  lastSeq: number;
  refused: [string, number][];
  lost: [string, [number, number][]][];
  received?: [number, number][];
}
function alterState(dice: Dice, state: string): string | null {
  const document = JSON.parse(state) as { whole: boolean; streams: StateEntry[] };
  if (document.streams.length === 0) return null;
  const entry = dice.pick(document.streams);
  const how = dice.below(5);
  if (how === 0 && entry.lastSeq >= 0) entry.lastSeq -= 1;
  else if (how === 1 && entry.refused.length > 0) entry.refused.pop();
  else if (how === 2 && entry.lost.length > 0) entry.lost.pop();
  else if (how === 3 && (entry.received?.length ?? 0) > 0) entry.received?.pop();
  else document.streams = document.streams.filter((other) => other !== entry);
  return JSON.stringify(document);
}

/**
 * A state says less; the note has the new hash. Signed anew by the owner of the node key, or not.
 * Not: a history's or the first state behind one, if nothing in the bundle shows what it forgot.
 */
const forgeState: Maker = (dice, world) => {
  const { lines, node } = world;
  const at = dice.pick(indexesOf(lines, 'checkpoint', 'history'));
  const line = lines[at] as Line;
  const state = alterState(dice, String(line.state));
  if (state === null) return null;
  const change = (text: string): string => text.replace(/state \S+\n/, `state ${sha64(state)}\n`);
  const isOwner = dice.chance(50);
  const isShown = lines.slice(0, at).every(({ type, hash }) => type !== 'history' && !hash);
  if (isOwner && (line.type === 'history' || !isShown)) return null;
  const note = isOwner
    ? signAgain(node.nodeKey, String(line.note), change)
    : change(String(line.note));
  return reseal(world, replaced(lines, at, { ...line, note, state }));
};

/** Owns no key: changes a head, and fixes every hash and root behind it that is not signed. */
const keyless: Maker = (dice, world) => {
  const lines = [...world.lines];
  const leaves = lines.flatMap((line, i) => (line.head === undefined ? [] : [i]));
  if (leaves.length === 0) return null;
  const at = dice.pick(leaves);
  const head = Buffer.from(String(lines[at]?.head), 'base64');
  const place = dice.chance(50) ? 40 : dice.below(head.length);
  head[place] = (head[place] ?? 0) ^ (1 << dice.below(8));
  lines[at] = { ...(lines[at] as Line), head: head.toString('base64') };
  const next = lines.findIndex(({ type }, i) => i > at && type === 'checkpoint');
  const root = Buffer.alloc(32, dice.below(256)).toString('base64');
  const { note, state } = lines[next] as Line;
  const parts = String(note).split('\n');
  parts[2] = root;
  lines[next] = { type: 'checkpoint', note: parts.join('\n'), state };
  const sealed = seal(lines, world.node.loaderKey);
  const [end, old] = [sealed.at(-1) ?? '', world.texts.at(-1) ?? ''].map(
    (text) => JSON.parse(text) as Line,
  ) as [Line, Line];
  const signature = String(old.note).slice(String(old.note).indexOf('\n\n'));
  const text = String(end.note).slice(0, String(end.note).indexOf('\n\n'));
  return { lines: [...sealed.slice(0, -1), JSON.stringify({ ...end, note: text + signature })] };
};

export const MAKERS: readonly (readonly [name: string, maker: Maker])[] = [
  ['flip: a bit of the file', flipByte],
  ['flip: a member, resealed', flipMember],
  ['delete: a line', deleteLine],
  ['delete: a line, resealed', deleteBelow],
  ['insert: a line, resealed', insertLine],
  ['swap: two lines, resealed', swapLines],
  ['splice: of another bundle, resealed', spliceLines],
  ['replay: a receipt or checkpoint, resealed', replayLine],
  ['replay: the bundle of before, with an anchor', replayBundle],
  ['fork: a checkpoint of another history', forkHistory],
  ['truncate: the file', truncateFile],
  ['truncate: the tree, resealed', truncateTree],
  ['re-sign: another key', resign],
  ['renumber: signed by the owner', renumber],
  ['forge: a fold, signed by the owner', forgeFold],
  ['forge: an outcome, signed by the owner', forgeOutcome],
  ['forge: a state, with and without the key', forgeState],
  ['keyless: all unsigned is fixed', keyless],
];
