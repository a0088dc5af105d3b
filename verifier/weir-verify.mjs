#!/usr/bin/env node
// Checks what a Weir node says became of every number that it issued: offline, from one bundle (or one proof)
// and public keys. The format is spool/EVIDENCE.md. Written densely, so that it is read before it is trusted.
// It checks what can change a verdict or a figure, not spelling: seal, hashes and signatures cover all bytes.
//   node weir-verify.mjs BUNDLE|--proof FILE --key FILE [--key FILE] [--anchor NOTE-FILE]...
// Exit code 0: it holds (and closes); 1: it does not; 2: wrong usage.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';

/** The first thing that is not fine ends the work, and is the problem of the report. */
function check(isFine, sentence) { if (!isFine) throw new Error(sentence); }
const sha = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const digest = (text) => sha(text).toString('base64');
const join = (left, right) => sha('\x01', left, right); // a node of a tree of RFC 6962
const leafOf = (head, payloadHash) => sha('\0', head, payloadHash);
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const keyOf = ({ tenant, stream, epoch }) => JSON.stringify([tenant, stream, epoch]);
function bytesOf(base64, length) {
  const bytes = Buffer.from(String(base64), 'base64');
  check(bytes.toString('base64') === base64 && bytes.length === (length ?? bytes.length), 'wrong base64');
  return bytes;
}

/** Of lists of ranges, the numbers where `keep` is true of how often each has them: ascending, none touch. */
function combine(keep, ...lists) {
  const edges = lists.flatMap((list, i) => list.flatMap(([a, b]) => [[a, i, 1], [b + 1, i, -1]]));
  const held = lists.map(() => 0), found = [];
  for (const [k, [at, i, step]] of edges.sort(([a], [b]) => a - b).entries()) {
    held[i] += step;
    const end = edges[k + 1]?.[0] ?? at; // `held` is true of the numbers from here to in front of that
    if (end > at && keep(held)) found.push([found.at(-1)?.[1] === at - 1 ? found.pop()[0] : at, end - 1]);
  }
  return found;
}
const plus = (...lists) => combine((held) => held.some((n) => n > 0), ...lists);
const minus = (one, other) => combine(([a, b]) => a > 0 && b === 0, one, other);
const both = (one, other) => combine(([a, b]) => a > 0 && b > 0, one, other);
const countOf = (set) => set.reduce((sum, [first, last]) => sum + last - first + 1, 0);
const isRange = ([first, last]) => first >= 0 && first <= last && [first, last].every(Number.isSafeInteger);

function parseKey(line) {
  const [, name, hint, base64] = /^(weir\/(?:node|loader)\/[0-9a-f]{12})\+(.{8})\+(\S+)\s*$/.exec(line) ?? [];
  const bytes = bytesOf(base64, 33), id = sha(`${name}\n`, bytes).toString('hex', 0, 4);
  check(bytes[0] === 1 && id === hint, `the key of ${name} does not fit its hash`);
  const key = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url', 1) };
  return [`${name}+${id}`, createPublicKey({ key, format: 'jwk' })];
}
/** Lines of a note that a given key of this name signed, and that says what is expected; undefined is any. */
function openNote(note, name, keys, expected) {
  const end = note.lastIndexOf('\n\n') + 1, lines = note.slice(0, end - 1).split('\n');
  const [, signer, base64] = /^\n\u2014 (\S+) (\S+)\n$/.exec(note.slice(end)) ?? [];
  const bytes = bytesOf(base64, 68), key = keys.get(`${name}+${bytes.toString('hex', 0, 4)}`);
  check(key && signer === name, `a note is not signed by a given key of ${name}`);
  check(verify(null, Buffer.from(note.slice(0, end)), key, bytes.subarray(4)), 'a signature is wrong');
  const isFine = lines.length === expected.length && lines.every((line, i) => line === (expected[i] ?? line));
  check(isFine, `a note says ${JSON.stringify(lines)}, not ${JSON.stringify(expected)}`);
  return lines;
}

/** A Merkle tree of RFC 6962; only the roots of its perfect subtrees are kept. */
class Tree {
  size = 0; peaks = [];
  /** Leaves up to `to`, given as the hashes of the largest aligned subtrees that cover them. */
  extend(to, hashes) {
    for (let top of hashes) {
      let span = 1;
      while (this.size % (span * 2) === 0 && this.size + span * 2 <= to) span *= 2;
      this.size += span;
      for (; this.peaks.at(-1)?.span === span; span *= 2) top = join(this.peaks.pop().hash, top);
      this.peaks.push({ span, hash: top });
    }
    check(this.size === to, 'hashes do not cover their span');
  }
  root() {
    const [top = sha(), ...rest] = this.peaks.map(({ hash }) => hash).reverse();
    return rest.reduce((right, left) => join(left, right), top).toString('base64');
  }
}

/** What the head of a frame (FORMAT.md "Frame") says of numbers, as a state would say it. */
function parseHead(head) {
  let at = 128; // a read behind the end throws
  const skip = (bytes) => (at += bytes) - bytes, u64 = (from = skip(8)) => Number(head.readBigUInt64LE(from));
  const u16 = () => head.readUInt16LE(skip(2)), u32 = () => head.readUInt32LE(skip(4));
  const text = (bytes = u16()) => head.toString('utf8', skip(bytes), at), refused = [], lost = [];
  const first = u64(40), count = head.readUInt32LE(48), rows = count > 0 ? [[first, first + count - 1]] : [];
  const [tenant, stream] = [text(), text(), text()], epoch = `${head.readBigUInt64LE(32)}`;
  let received = rows;
  for (let n = u16(); n > 0; n--) skip(u32()); // strings
  skip(u16() * 16); skip(u32() * 4); // runs, marks
  for (let n = u16(); n > 0; n--) skip(u16() + 48); // parts of requests
  for (let n = u16(); n > 0; n--) { // dispositions: 1 filtered, 2 lost, 3 refused
    const kind = head[skip(2)], cause = text(), events = u64(), ranges = [];
    for (let k = u32(); k > 0; k--) ranges.push([u64(), u64()]);
    if (kind === 3) refused.push([cause, events]);
    else received = received.concat(ranges);
    if (kind === 2 && ranges.length > 0) lost.push([cause, ranges]);
  }
  for (let n = u16(); n > 0; n--) { skip(4); skip(u32()); } // extensions
  check(`${head.subarray(0, 4)}` === 'WFRM' && at === head.length && received.every(isRange), 'not a head');
  return { tenant, stream, epoch, rows, refused, lost, received,
    lastSeq: received.reduce((highest, [, last]) => Math.max(highest, last), -1) };
}

const byCause = ([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other));
/** What is known of a stream, as a state document says it. */
const render = ({ tenant, stream, epoch, lastSeq, refused, lost, received }) => ({
  tenant, stream, epoch, lastSeq, refused: [...refused].sort(byCause), lost: [...lost].sort(byCause),
  ...(received && { received: plus(received) }) });
function learn(known, { lastSeq, refused, lost, received }) {
  known.lastSeq = Math.max(known.lastSeq, lastSeq);
  for (const [of, count] of refused) known.refused.set(of, Math.max(count, known.refused.get(of) ?? 0));
  for (const [of, set] of lost) known.lost.set(of, plus(known.lost.get(of) ?? [], set));
  if (known.received) for (const range of received) known.received.push(range);
}
/** What receipts name numbers as; a number counts under the first that names it. */
const KINDS = ['settled', 'stored', 'quarantined', 'filtered', 'lost', 'before'];
const noOutcome = () => ({ ...Object.fromEntries(KINDS.map((kind) => [kind, []])), counts: [0, 0, 0] });
/** The equation of one stream in one sink: under what each number counts that was issued. */
function figuresOf({ lastSeq, received, held, refused, lost: declared, ...id }, tree, outcome = noOutcome()) {
  const named = plus(...KINDS.slice(0, -1).map((kind) => outcome[kind])), lost = {};
  let open = plus(received ?? [[0, lastSeq]]);
  // Frames from before a later tree are not in it: outcomes tell what was issued then.
  if (tree > 1 && (received || lastSeq < 0)) open = plus(open, named);
  check(minus(named, open).length === 0, `outcomes of ${id.stream} for numbers never issued`);
  open = minus(open, minus(outcome.before, named));
  const issued = countOf(open), before = countOf(minus(outcome.before, named));
  const take = (set) => [countOf(both(open, set)), open = minus(open, set)][0]; // how many were still open
  check(take(outcome.settled) === outcome.counts.reduce((sum, n) => sum + n), 'counts of settled do not fit');
  const [stored, quarantined, filtered] = outcome.counts.map((n, i) => n + take(outcome[KINDS[i + 1]]));
  for (const [cause, set] of [...[...declared].sort(byCause), ['sink_overrun', outcome.lost]]) {
    const count = take(set);
    if (count > 0) lost[cause] = (lost[cause] ?? 0) + count;
  }
  return { ...id, issued, stored, quarantined, filtered, lost, inFlight: take(held), missing: open,
    refused: Object.fromEntries(refused), before };
}

/** Which line may follow which, by the first letters of their types; @ is the start. */
const ORDER = /^(@w|[wh][hb]|b[lcsae]|l[lc]|c[lcsae]|[sr][srae]|a[ae])$/;
/** Lines are texts or bytes, without their newline. A bundle that does not hold has no figures. */
export async function verifyBundle(lines, { keys, anchors = [] }) {
  const tree = new Tree(), all = createHash('sha256'), streams = new Map(), sinks = [];
  const report = { holds: false, closes: false, problems: [], node: '', tree: 0 };
  const signed = new Map([[0, [tree.root()]]]); // by size: its root, and the texts of checkpoints
  let given, node, loader, last = '@', count = 0, begin = 0, anchored = 0, checkpoints = 0, incomparable = 0;
  // Streams with a frame since the last whole state; whether all frames since the last state have their head.
  let touched = new Set(), isExact = true;
  function knownOf({ tenant, stream, epoch }) {
    const key = keyOf({ tenant, stream, epoch });
    const isForeign = /^[0-9a-f]{12}\//.test(stream) && !stream.startsWith(report.node);
    if (!streams.has(key)) streams.set(key, { tenant, stream, epoch, lastSeq: -1, refused: new Map(),
      lost: new Map(), received: isForeign ? [] : undefined, held: [] });
    return streams.get(key);
  }
  const take = {
    'weir-bundle'({ version, node: id, tree: number }) {
      check(version === 1 && number > 0 && /^[0-9a-f]{12}$/.test(id), 'not a bundle of version 1');
      [report.node, report.tree, node, loader] = [id, number, `weir/node/${id}`, `weir/loader/${id}`];
    },
    history({ to, nodes, ...line }) {
      tree.extend(to, nodes.map((hash) => bytesOf(hash, 32)));
      isExact = false;
      take.checkpoint(line, '', false);
    },
    begin({ size }) { check((begin = size) === tree.size, 'begin does not fit the history'); },
    leaf({ head: bytes, payload, hash }) {
      tree.extend(tree.size + 1, [hash ? bytesOf(hash, 32) : leafOf(bytesOf(bytes), bytesOf(payload, 32))]);
      if (hash) return isExact = false;
      const head = parseHead(bytesOf(bytes)), known = knownOf(head), { lastSeq, lost, held } = known;
      if (!known.received && head.rows[0]?.[0] <= lastSeq) {
        // An own number comes once, or once more after it was declared lost.
        const twice = both(head.rows, plus(minus([[0, lastSeq]], [...lost.values()].flat()), held));
        check(twice.length === 0, `equivocation: ${head.stream} has ${twice} in two frames`);
      }
      learn(known, head);
      held.push(...head.rows); touched.add(keyOf(head));
    },
    /** A note and a state for the tree as it is; those of a history are not live. */
    checkpoint({ note, state }, _, isLive = true) {
      const { whole, streams: all } = JSON.parse(state), named = new Set(all.map(keyOf)), root = tree.root();
      const expected = [`${node}/${report.tree}`, `${tree.size}`, root, `state ${digest(state)}`];
      const text = openNote(note, node, given, expected).join();
      signed.set(tree.size, [...(signed.get(tree.size) ?? [root]), text]);
      check(whole || !isLive || checkpoints > 0, 'the first state behind begin is not whole');
      check([...(whole ? streams.keys() : touched)].every((key) => named.has(key)), 'a stream is left out');
      for (const entry of all) {
        const known = knownOf(entry);
        if (!isExact) learn(known, entry);
        check(isSame(render(known), entry), `what a state says of ${entry.stream} does not follow`);
        if (known.received) known.received = entry.received;
      }
      [isExact, touched, checkpoints] = [isLive, whole || !isLive ? new Set() : named, checkpoints + isLive];
    },
    sink({ id, type_of_sink: type, required, signed }) {
      check(sinks.every((sink) => sink.id !== id), `sink ${id} twice`);
      sinks.push({ id, type, required, signed, outcomes: new Map() });
    },
    receipt({ note, document }) {
      const { fold, fresh, streams: said } = JSON.parse(document), sink = sinks.at(-1), { outcomes } = sink;
      const chain = fresh ? `previous ${Buffer.alloc(32).toString('base64')}` : sink.previous;
      const expected = [`${loader}/${sink.id}`, sink.next, chain, `outcomes ${digest(document)}`];
      const text = openNote(note, loader, given, expected);
      check(Boolean(fold || fresh) === !sink.next, 'receipts are missing, or begin anew');
      for (const entry of said) {
        const key = keyOf(knownOf(entry)), outcome = outcomes.get(key) ?? noOutcome();
        for (const kind of KINDS) for (const range of entry[kind] ?? [])
          check(isRange(range) && outcome[kind].push(range), 'not a range of numbers');
        outcome.counts = outcome.counts.map((n, i) => n + (entry.counts?.[i] ?? 0));
        outcomes.set(key, outcome);
      }
      sink.next = `receipt ${Number(text[1].slice('receipt '.length)) + 1}`;
      sink.previous = `previous ${digest(`${text.join('\n')}\n`)}`;
    },
    anchor({ note }) {
      const said = openNote(note, node, given, [`${node}/${report.tree}`, undefined, undefined, undefined]);
      const size = Number(said[1]), known = signed.get(size);
      check(size <= tree.size, `cut off: the tree has ${tree.size} leaves, a checkpoint ${size}`);
      if (known === undefined && size < begin) return incomparable++;
      check(known?.includes(size > begin ? said.join() : said[2]), 'equivocation: another checkpoint exists');
      anchored = Math.max(anchored, size);
    },
    /** The only line that the seal does not cover, so every byte of it is compared. */
    end({ note }, text) {
      check(text === JSON.stringify({ type: 'end', lines: count, note }), 'the end line is wrong');
      openNote(note, loader, given, [`${loader}/bundle`, `lines ${count}`, `bytes ${all.digest('base64')}`]);
    },
  };
  try {
    given = new Map(keys.map(parseKey));
    for await (const line of lines) {
      const bytes = Buffer.from(line), text = bytes.toString(), { type, ...rest } = JSON.parse(text);
      check(Object.hasOwn(take, type) && ORDER.test(last + type[0]), `a ${type} line is out of order`);
      take[type](rest, text);
      if (type !== 'end') all.update(bytes).update('\n');
      [last, count] = [type[0], count + 1];
    }
    check(last === 'e' && (tree.size === 0 || checkpoints > 0), 'no end, or no checkpoint');
    for (const note of anchors) take.anchor({ note });
    report.sinks = sinks.map(({ id, type, required, signed, outcomes }) => ({ id, type, required, signed,
      streams: [...streams].map(([key, known]) => figuresOf(known, report.tree, outcomes.get(key))) }));
    const isOpen = (sink) => sink.required && sink.streams.some(({ missing }) => missing.length > 0);
    Object.assign(report, { holds: true, closes: sinks.length > 0 && !report.sinks.some(isOpen) });
  } catch ({ message }) { Object.assign(report, { problems: [`line ${count + 1}: ${message}`], sinks: [] }); }
  return { ...report, size: tree.size, checkpoints, unanchored: tree.size - anchored, incomparable };
}

const unzstd = (bytes, maxOutputLength) => zlib.zstdDecompressSync?.(bytes, { maxOutputLength });
/** `decompress(bytes, rawBytes)` opens a zstd payload; without one the event is null. */
export function verifyProof(text, { keys, decompress = unzstd }) {
  try {
    const proof = JSON.parse(text), { tenant, stream, epoch, seq, index, path, note, state } = proof;
    check(proof.type === 'weir-proof' && proof.version === 1, 'not a proof of version 1');
    const frame = bytesOf(proof.frame), headBytes = 128 + frame.readUInt32LE(52);
    const head = frame.subarray(0, headBytes), stored = frame.subarray(headBytes), said = parseHead(head);
    const [[first, last] = [0, -1]] = said.rows, isThere = isRange([first, seq]) && isRange([seq, last]);
    check(isThere && keyOf(said) === keyOf(proof), 'the number is not in the frame');
    const [origin, sizeText] = note.split('\n'), size = Number(sizeText), siblings = [...path];
    check(isRange([index, size - 1]), 'the index is behind the tree');
    const rootOf = (at, leaves) => { // of the subtree of so many leaves that has the frame at this place
      if (leaves === 1) return leafOf(head, sha(stored));
      const half = 2 ** Math.ceil(Math.log2(leaves) - 1), other = bytesOf(siblings.pop(), 32);
      return at < half ? join(rootOf(at, half), other) : join(other, rootOf(at - half, leaves - half));
    };
    const root = rootOf(index, size).toString('base64');
    check(siblings.length === 0, 'the path is too long');
    const expected = [origin, `${size}`, root, `state ${digest(state)}`];
    openNote(note, origin.slice(0, 'weir/node/'.length + 12), new Map(keys.map(parseKey)), expected);
    const raw = frame[10] === 0 ? stored : decompress(stored, Math.min(frame.readUInt32LE(60), 2 ** 26));
    const view = raw ? Buffer.from(raw) : null; // the length of each event, then the events
    let at = (last - first + 1) * 4;
    for (let i = first; view && i < seq; i++) at += view.readUInt32LE((i - first) * 4);
    const event = view && view.subarray(at, at + view.readUInt32LE((seq - first) * 4));
    return { holds: true, problems: [], event, tenant, stream, epoch, seq, index, size, origin };
  } catch ({ message }) { return { holds: false, problems: [message], event: null }; }
}

/** Lines of a file, without their newlines; of what gzip made of it too. */
export function* linesOf(file) {
  const bytes = file[0] === 0x1f ? zlib.gunzipSync(file) : file;
  for (let from = 0, end; from < bytes.length; from = end + 1) {
    end = bytes.indexOf(10, from);
    check(end >= 0, 'the file ends inside a line');
    yield bytes.subarray(from, end);
  }
}
if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) try {
  const one = { type: 'string' }, many = { type: 'string', multiple: true };
  const parsed = parseArgs({ options: { key: many, anchor: many, proof: one }, allowPositionals: true });
  const { values: { key = [], anchor = [], proof }, positionals: [path] } = parsed;
  check(key.length > 0 && !proof === Boolean(path), 'usage: BUNDLE|--proof FILE --key FILE [--anchor FILE]');
  const read = (name) => `${readFileSync(name, 'utf8').trim()}\n`, keys = key.map(read);
  const { event, ...report } = proof ? verifyProof(read(proof), { keys })
    : await verifyBundle(linesOf(readFileSync(path)), { keys, anchors: anchor.map(read) });
  console.log(JSON.stringify({ ...report, event: event && event.toString() }, null, 2));
  process.exitCode = report.holds && report.closes !== false ? 0 : 1;
} catch ({ message }) { console.error(message); process.exitCode = 2; }
