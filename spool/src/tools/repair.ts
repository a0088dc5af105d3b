// Repair of a stopped spool: the product's own recovery, and around it what recovery does not do.
// Nothing is discarded: what is replaced or moved is in quarantine/ first, and the manifest there
// says why.
import type { Clock, Random, Timers } from '@weir/pipeline';
import { WeirError } from '@weir/pipeline';
import { SLOT_KIND, SlotFile } from '../checkpoint.js';
import { nameOf } from '../damage.js';
import { storeKeys } from '../keys.js';
import { parseConsumerName, parseSegmentName, QUARANTINE_NAME } from '../layout.js';
import { SegmentReader } from '../reader.js';
import type { RecoveryReport } from '../recovery.js';
import { openSalvage } from '../salvage.js';
import { scanSegment } from '../scan.js';
import { openSinkLedger } from '../sink-ledger/sink-ledger.js';
import { removeIfThere } from '../small-files.js';
import { openSpool } from '../spool.js';
import type { Finding } from './findings.js';
import { type FsckOptions, type FsckReport, fsckSpool } from './fsck.js';
import { appendManifest, copyAside, type ManifestLine, moveAside } from './quarantine.js';
import { ACTION_TEXTS, planRepair, type RepairStep } from './repair-plan.js';
import { boundsOf, surveySpool } from './survey.js';

/** A declaration needs a segment of its own. */
export const REPAIR_FREE_BYTES_MIN = 16 * 1024 * 1024;

export interface RepairOptions extends Omit<FsckOptions, 'isLive' | 'isDeep'> {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface RepairResult {
  readonly steps: readonly RepairStep[];
  readonly recovery: RecoveryReport;
  /** Events declared lost by this repair. */
  readonly lostEventCount: number;
  /** The check afterwards. */
  readonly after: FsckReport;
}

/**
 * `report` is that of a deep check of the same, stopped spool. The caller holds the lock of the
 * data directory. Rejects with WEIR_SPOOL_IO, or the system's error.
 */
export async function repairSpool(
  options: RepairOptions,
  report: FsckReport,
): Promise<RepairResult> {
  const { files, directory } = options;
  const freeBytes = await files.freeBytes(directory);
  if (freeBytes < REPAIR_FREE_BYTES_MIN)
    throw new WeirError(
      'WEIR_SPOOL_IO',
      `a repair needs ${REPAIR_FREE_BYTES_MIN} bytes of free space, there are ${freeBytes}`,
      { freeBytes },
    );
  const steps = planRepair(report);
  const repair = new Repair(options);
  for (const step of steps) await repair.prepare(step);
  const { recovery, lostEventCount } = await repair.recover(report);
  for (const { action, finding } of steps)
    if (action === 'ledger') await repair.openLedger(finding);
  const after = await fsckSpool({ ...options, isLive: false, isDeep: true });
  return { steps, recovery, lostEventCount, after };
}

class Repair {
  readonly #options: RepairOptions;
  readonly #stamp: string;
  readonly #ledgersDone = new Set<string>();

  constructor(options: RepairOptions) {
    this.#options = options;
    this.#stamp = timeText(options.clock);
  }

  /** Everything but what the open spool does. */
  async prepare({ action, finding }: RepairStep): Promise<void> {
    if (action === 'leave') return;
    const { files, directory, prefix } = this.#options;
    const name = finding.file.slice(prefix.length);
    const copy = await this.#keep(action, finding, name);
    await this.#write(action, finding, copy);
    if (action === 'move') {
      await moveAside(files, directory, name, this.#asideName(name));
      const endName = name.replace(/log$/, 'end');
      await moveAside(files, directory, endName, this.#asideName(endName));
    }
    if (action === 'rebuild') await this.#rebuildKeys(name);
    if (action === 'reset') await this.#reset(name);
  }

  /**
   * Without consumers, so that nothing is deleted. The new segment holds the declarations; numbers
   * of missing segments are declared after those of damage, which may explain them.
   */
  async recover(report: FsckReport): Promise<{ recovery: RecoveryReport; lostEventCount: number }> {
    const { files, directory, clock, timers, random } = this.#options;
    const spool = await openSpool({
      directory,
      files,
      clock,
      timers,
      random,
      consumers: [],
      bytesMax: Number.MAX_SAFE_INTEGER,
      commitIntervalMs: 0,
    });
    try {
      for (const { segmentId, ranges, lost } of report.undeclared)
        await spool.declareDamage(segmentId, ranges, lost);
      await spool.declareDamage(null, [], report.missing);
      return { recovery: spool.report, lostEventCount: spool.stats().lostEventCount };
    } finally {
      await spool.close();
    }
  }

  /** Opening it begins a new file with what can be read of the others. */
  async openLedger({ file }: Finding): Promise<void> {
    const { files, random, ledgerDirectory } = this.#options;
    const sink = file.split('/')[1] ?? '';
    if (ledgerDirectory === null || sink === '' || this.#ledgersDone.has(sink)) return;
    this.#ledgersDone.add(sink);
    const ledger = await openSinkLedger({ files, random, directory: `${ledgerDirectory}/${sink}` });
    await ledger.close();
  }

  /** Name of the copy; null where nothing has to be copied, or where the spool does it itself. */
  async #keep(
    action: RepairStep['action'],
    finding: Finding,
    name: string,
  ): Promise<string | null> {
    const { files, directory, ledgerDirectory } = this.#options;
    const { offset, length } = finding;
    const segmentId = parseSegmentName(name)?.id;
    if (action === 'declare')
      return offset === null || segmentId === undefined
        ? null
        : nameOf(segmentId, { from: offset, to: offset + (length ?? 0) });
    if (action === 'move') return this.#asideName(name);
    const isLedger = action === 'ledger';
    if (!isLedger && action !== 'copy' && action !== 'rebuild' && action !== 'reset') return null;
    const path = isLedger
      ? `${ledgerDirectory}/${finding.file.split('/').slice(1).join('/')}`
      : `${directory}/${name}`;
    const from = offset ?? 0;
    const to = offset === null ? ((await files.sizeBytes(path)) ?? 0) : from + (length ?? 0);
    const isRange = segmentId !== undefined && offset !== null;
    const copy = isRange
      ? nameOf(segmentId, { from, to })
      : this.#asideName(isLedger ? finding.file.replaceAll('/', '-') : name);
    await copyAside(files, directory, { path, from, to }, copy);
    return copy;
  }

  /** From its segment if that is still there; the keys of a deleted one are gone. */
  async #rebuildKeys(name: string): Promise<void> {
    const { files, directory } = this.#options;
    const id = parseSegmentName(name)?.id;
    const survey = await surveySpool(files, directory);
    const segment = survey.segments.find((one) => one.id === id);
    const bounds = segment === undefined ? null : await boundsOf(files, survey, segment);
    await removeIfThere(files, `${directory}/${name}`);
    await files.syncDir(directory);
    if (segment === undefined || bounds === null) return;
    const handle = await openSalvage(files, segment.path);
    if (handle === null) return;
    try {
      const scan = await scanSegment(new SegmentReader(handle, segment.id, segment.seed), bounds);
      const parts = scan.requestParts.filter(({ stream }) => !survey.epochs.isForeign(stream));
      if (parts.length > 0) await storeKeys(files, directory, segment.id, parts);
    } finally {
      await handle.close();
    }
  }

  async #reset(name: string): Promise<void> {
    const { files, directory } = this.#options;
    const { storeUuid } = await surveySpool(files, directory);
    if (storeUuid === null || parseConsumerName(name) === null) return;
    const place = { directory, name, kind: SLOT_KIND.consumer };
    const slots = new SlotFile(files, place, { exists: true, slot: null });
    await slots.store({ storeUuid, words: [0n, 0n, 0n, 0n] });
    await slots.close();
  }

  #write(action: RepairStep['action'], finding: Finding, copy: string | null): Promise<void> {
    const { kind, file, offset, length, what, numbers } = finding;
    const { files, directory } = this.#options;
    const line: ManifestLine = {
      at: this.#stamp,
      action: ACTION_TEXTS[action],
      kind,
      file,
      offset,
      length,
      reason: what,
      copy: copy === null ? null : `${QUARANTINE_NAME}/${copy}`,
      numbers,
    };
    return appendManifest(files, directory, [line]);
  }

  #asideName(name: string): string {
    return `${name}.${this.#stamp.replaceAll(/[^0-9]/g, '').slice(0, 14)}`;
  }
}

/** RFC 3339, UTC. */
function timeText(clock: Clock): string {
  const ms = Number(clock.nowNs() / 1_000_000n);
  return new Date(ms).toISOString();
}
