// Runs one seed from its beginning to the verdict.
import { judge, RECEIPTS_FOLDER } from '@weir/collector/parts';
import { readLedger, tableNames } from '@weir/sinks/clickhouse';
import { fsckSpool, inspectSpool } from '@weir/spool';
import { checkEvidence, checkPublished } from './evidence.js';
import { modelStore } from './store/client.js';
import { DATA, SINK, type WorkerCode } from './world/collector.js';
import type { Seen } from './world/coverage.js';
import { FAULTS_END_MS, RUN_MS } from './world/plan.js';
import { World, type WorldOptions } from './world/world.js';

export interface SeedResult {
  readonly seed: number;
  /** Sentences; empty when everything held. */
  readonly violations: readonly string[];
  readonly hash: string;
  readonly seen: Seen;
  readonly sentEvents: number;
  readonly ackedEvents: number;
  readonly storedRows: number;
  readonly processCount: number;
  readonly faultCount: number;
  readonly operationCount: number;
}

/** Virtual time in which everything must get through once no fault is left. */
const SETTLING_MS = 600_000;
const STEP_MS = 1_000;
/** Seeds: it costs a twentieth of one. */
const FSCK_EVERY = 4;

export async function simulate(
  seed: number,
  code: WorkerCode,
  options: WorldOptions = {},
): Promise<SeedResult> {
  const world = new World(seed, code, options);
  try {
    await run(world);
  } catch (error) {
    world.violation(`it threw: ${error instanceof Error ? error.stack : String(error)}`);
  }
  return resultOf(world);
}

async function run(world: World): Promise<void> {
  const { clock } = world;
  world.onEnded = (files) => checkPublished(world, files);
  await clock.run(world.prepare());
  void world.start();
  world.schedule();
  await clock.advance(FAULTS_END_MS);
  world.endFaults();
  await clock.advance(RUN_MS - FAULTS_END_MS);
  await settle(world);
  // Whoever comes now must get through.
  for (const sender of world.senders) sender.send(2);
  await clock.advance(STEP_MS);
  await settle(world);
  if (world.violations.length > 0) return;
  await clock.run(world.stop(), SETTLING_MS);
  world.violations.push(...world.oracle.check(world.engine.tables));
  await clock.run(Promise.all(world.looks));
  await checkVerdict(world);
  await checkEvidence(world);
}

async function settle(world: World): Promise<void> {
  const { clock } = world;
  for (let waitedMs = 0; waitedMs < SETTLING_MS; waitedMs += STEP_MS) {
    await clock.advance(STEP_MS);
    const collector = world.collector();
    if (collector?.deliveryError != null) {
      world.violation(`the loader ended: ${String(collector.deliveryError)}`);
      return;
    }
    const isQuiet = world.senders.every((sender) => sender.isIdle);
    if (isQuiet && collector !== null && collector.pendingFrameCount === 0) return;
  }
  const collector = world.collector();
  const state = collector === null ? 'no process' : `${collector.pendingFrameCount} frames pending`;
  const stats = collector?.loader.stats();
  const waiting = world.senders.filter((sender) => !sender.isIdle).length;
  world.violation(
    `nothing moves any more: ${state}, ${waiting} senders wait, ` +
      `loader ${stats?.state} ${stats?.lastError}`,
  );
}

/** The product's own verdict, on the files and tables as they are. */
async function checkVerdict(world: World): Promise<void> {
  const { clock, files, engine } = world;
  const spool = await clock.run(inspectSpool(files, `${DATA}/spool`, [SINK]));
  const ledger = await clock.run(readLedger(modelStore(engine), tableNames()));
  const report = judge({ spool, consumer: SINK, ledger, isQuiet: true }, null);
  if (!report.closes) world.violations.push(...report.problems.map((text) => `verify: ${text}`));
  if (report.inFlight > 0) world.violation(`verify: ${report.inFlight} in flight`);
  if (world.seed % FSCK_EVERY !== 0) return;
  const found = await clock.run(
    fsckSpool({
      ...{ files, directory: `${DATA}/spool`, prefix: 'spool/', ledgerDirectory: null },
      ...{ receiptDirectory: `${DATA}/${RECEIPTS_FOLDER}`, isLive: false, isDeep: true },
    }),
  );
  for (const { kind, file } of found.findings) world.violation(`fsck: ${kind} in ${file}`);
}

function resultOf(world: World): SeedResult {
  const { seed, violations, trace, seen, oracle, engine } = world;
  const sent = [...oracle.sent.values()];
  const ledger = [...engine.tables.ledgerSets().values()];
  const saw = (name: string, count: number): void => {
    if (count > 0) seen[name] = (seen[name] ?? 0) + count;
  };
  saw(
    'declared_lost',
    ledger.reduce((sum, { lost }) => sum + lost.size, 0),
  );
  saw(
    'filtered',
    ledger.reduce((sum, { filtered }) => sum + filtered.size, 0),
  );
  saw('quarantined', engine.tables.rowsOf('quarantine').length);
  saw('refused', engine.tables.dispositions.filter(({ kind }) => kind === 'refused').length);
  return {
    seed,
    violations,
    hash: trace.hash,
    seen,
    sentEvents: sent.length,
    ackedEvents: sent.filter(({ isAcked }) => isAcked).length,
    storedRows: engine.tables.rowsOf('events').length + engine.tables.rowsOf('quarantine').length,
    processCount: oracle.incarnations.length,
    faultCount: Object.values(seen).reduce((sum, count) => sum + count, 0),
    operationCount: trace.noteCount,
  };
}
