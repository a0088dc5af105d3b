// The end of a seed, seen by someone outside: a bundle is exported and checked offline with the
// node's public keys and every checkpoint that was ever published. It must hold, close, and say
// what the tables say.
import { gatherBundle, KEYS_FOLDER } from '@weir/collector/parts';
import type { Files } from '@weir/pipeline';
import { tableNames } from '@weir/sinks/clickhouse';
import { openNote, parseVerifierKey, readTree, readVerifierKey } from '@weir/spool';
import { type BundleReport, type StreamFigures, verifyBundle } from '@weir/verifier';
import { modelStore } from './store/client.js';
import { keyOf, type Tables } from './store/tables.js';
import { DATA, SINK } from './world/collector.js';
import type { KeptCheckpoint, KeptReceipt } from './world/witness.js';
import type { World } from './world/world.js';

/** With the process stopped. */
export async function checkEvidence(world: World): Promise<void> {
  const { clock, witness, engine } = world;
  witness.keepRows(engine.tables.checkpoints);
  const { lines, keys, problems, leftOut } = await clock.run(exportedBy(world));
  for (const problem of problems) world.violation(`export: ${problem}`);
  if (leftOut > 0) world.violation(`export: ${leftOut} receipts are left out`);
  const anchors = anchorsFor(lines, witness.ofTree(witness.newestTree));
  const report = await verifyBundle(lines, { keys, anchors });
  for (const problem of report.problems) world.violation(`bundle: ${problem}`);
  if (!report.holds) return;
  if (!report.closes) world.violation('bundle: it does not close');
  if (report.tree !== witness.newestTree)
    world.violation(`bundle: of tree ${report.tree}, published was ${witness.newestTree}`);
  if (report.unanchored > 0) world.violation(`bundle: ${report.unanchored} leaves unpublished`);
  if (report.incomparable > 0) world.faults.saw('anchor_in_history');
  compareFigures(world, report);
  for (const receipt of witness.receipts) checkReceipt(world, receipt);
}

/**
 * A process has ended: what it published must stand in the tree that is on the disk, whatever the
 * power cut took. Later most of it is history, of which only hashes are left.
 */
export async function checkPublished(world: World, files: Files): Promise<void> {
  const published = world.witness.takeOfLife();
  const last = published.at(-1);
  if (last === undefined) return;
  const tree = await readTree(files, `${DATA}/spool`);
  const notes = new Set(tree?.checkpoints.map(({ note }) => note));
  // At an end of the history only its root counts: a later process signs the same size again.
  const ends = new Map(tree?.history.map(({ to, note }) => [to, note.split('\n')[2]]));
  const begin = tree?.begin.size ?? 0;
  for (const { treeNumber, size, root, note } of published) {
    if (treeNumber !== last.treeNumber || notes.has(note)) continue;
    const isHistory = size <= begin && ends.size > 0;
    if (!isHistory || (ends.get(size) ?? root) !== root)
      world.violation(`published and not on the disk: ${treeNumber}/${size}`);
  }
}

/** What the bundle has word for word fits, and is checked there: the newest of it will do. */
function anchorsFor(lines: readonly string[], kept: readonly KeptCheckpoint[]): string[] {
  const notes = new Set<string>();
  for (const line of lines)
    if (line.startsWith('{"type":"checkpoint"')) notes.add(JSON.parse(line).note);
  const sizeMax = Math.max(0, ...kept.map(({ size }) => size));
  return kept
    .filter(({ note, size }) => size === sizeMax || !notes.has(note))
    .map(({ note }) => note);
}

interface Exported {
  readonly lines: readonly string[];
  readonly keys: readonly string[];
  readonly problems: readonly string[];
  readonly leftOut: number;
}

async function exportedBy({ files, clock, engine, random, witness }: World): Promise<Exported> {
  const loaderKey = await readVerifierKey(files, `${DATA}/${KEYS_FOLDER}`, 'loader');
  const { summary, lines } = await gatherBundle({
    ...{ files, random, timers: clock, directory: DATA, isRunning: false },
    sinks: [{ id: SINK, type: 'clickhouse', isRequired: true, isConfigured: true }],
    store: { store: modelStore(engine), tables: tableNames() },
  });
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  const keys = [witness.nodeKey, loaderKey?.text].filter((key) => key != null);
  return { lines: all, keys, problems: summary.problems, leftOut: summary.leftOutReceiptCount };
}

type Counts = Record<'issued' | 'stored' | 'quarantined' | 'filtered' | 'lost', number>;

/** By tenant, stream and epoch, from rows and ledger. */
function countsOf(tables: Tables): Map<string, Counts> {
  const counts = new Map<string, Counts>();
  for (const [key, sets] of tables.ledgerSets()) {
    const seen = new Set<number>();
    const take = (seqs: Iterable<number>): number => {
      const before = seen.size;
      for (const seq of seqs) seen.add(seq);
      return seen.size - before;
    };
    const rowsOf = (table: 'events' | 'quarantine'): number[] =>
      tables.rowsOfStream(table, key).map(({ seq }) => seq);
    const stored = take(rowsOf('events'));
    const quarantined = take(rowsOf('quarantine'));
    const [filtered, lost] = [take(sets.filtered), take(sets.lost)];
    counts.set(key, { issued: seen.size, stored, quarantined, filtered, lost });
  }
  return counts;
}

function compareFigures(world: World, report: BundleReport): void {
  const { tables } = world.engine;
  const expected = countsOf(tables);
  const streams = report.sinks.find(({ id }) => id === SINK)?.streams ?? [];
  for (const figures of streams) {
    const key = keyOf(figures.tenant, figures.stream, figures.epoch);
    const name = `bundle: ${key.replaceAll('\n', ' ')}`;
    const counts = expected.get(key);
    expected.delete(key);
    const said = saidOf(figures);
    const wanted = JSON.stringify(
      counts ?? { issued: 0, stored: 0, quarantined: 0, filtered: 0, lost: 0 },
    );
    if (JSON.stringify(said) !== wanted)
      world.violation(`${name}: it says ${JSON.stringify(said)}, the tables ${wanted}`);
    if (figures.inFlight + figures.before + figures.missing.length > 0)
      world.violation(`${name}: ${figures.inFlight} in flight, missing ${figures.missing}`);
    // Of what a left tree knew, the next one knows only what is in frames that were there.
    if (report.tree === 1) compareRefused(world, key, figures);
  }
  for (const [key, { issued }] of expected)
    world.violation(`bundle: ${key.replaceAll('\n', ' ')}: ${issued} numbers are not in it`);
}

const saidOf = ({ issued, stored, quarantined, filtered, lost }: StreamFigures): Counts => ({
  ...{ issued, stored, quarantined, filtered },
  lost: Object.values(lost).reduce((sum, count) => sum + count, 0),
});

function compareRefused(world: World, key: string, { refused }: StreamFigures): void {
  const totals: Record<string, number> = {};
  for (const row of world.engine.tables.dispositions)
    if (row.kind === 'refused' && keyOf(row.tenant, row.stream, row.epoch) === key)
      totals[row.cause] = Math.max(totals[row.cause] ?? 0, row.eventCount);
  const sorted = (counts: Readonly<Record<string, number>>): string =>
    JSON.stringify(Object.entries(counts).sort());
  if (sorted(totals) !== sorted(refused))
    world.violation(
      `bundle: ${key.replaceAll('\n', ' ')}: refused ${sorted(refused)}, ` +
        `the tables ${sorted(totals)}`,
    );
}

/** The numbers that a request was promised have its items, or were declared filtered or lost. */
function checkReceipt(world: World, { note, texts, bodyHash }: KeptReceipt): void {
  const { witness, engine } = world;
  const key = parseVerifierKey(witness.nodeKey ?? '');
  const opened = key === null ? { problem: 'no key' } : openNote(note, [key]);
  if ('problem' in opened) {
    world.violation(`the receipt of a request: ${opened.problem}`);
    return;
  }
  const [, ...said] = opened.text.trimEnd().split('\n');
  if (said.pop() !== `body ${bodyHash}`) world.violation(`a receipt of another body: ${note}`);
  let item = 0;
  for (const line of said) {
    const [, tenant = '', stream = '', epoch = '', first, count] = line.split(' ');
    const id = keyOf(tenant, stream, epoch);
    const rows = new Map(
      [
        ...engine.tables.rowsOfStream('events', id),
        ...engine.tables.rowsOfStream('quarantine', id),
      ].map(({ seq, raw }) => [seq, raw]),
    );
    const sets = engine.tables.ledgerSets().get(id);
    for (let seq = Number(first); seq < Number(first) + Number(count); seq++, item++) {
      const raw = rows.get(seq);
      const isKnown =
        raw === undefined ? sets?.filtered.has(seq) || sets?.lost.has(seq) : raw === texts[item];
      if (!isKnown) world.violation(`${id.replaceAll('\n', ' ')} ${seq}: not what was receipted`);
    }
  }
  if (item !== texts.length) world.violation(`a receipt of ${item} items for ${texts.length}`);
}
