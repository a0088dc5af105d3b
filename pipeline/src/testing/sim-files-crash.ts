// What a power cut leaves of data and names that were not synced.
import {
  type Inode,
  SECTORS_PER_BLOCK,
  Sector,
  SIM_SECTOR_BYTES,
  ZERO_SECTOR,
} from './sim-files-inode.js';
import type { Names } from './sim-files-names.js';
import type { SimRandom } from './sim-random.js';

/**
 * What becomes of unsynced data and entries in a power cut; process_kill keeps them, still
 * unsynced.
 */
export const CRASH_STRATEGIES = [
  'keep_all',
  'lose_unsynced',
  'random_sectors',
  'prefix_tear',
  'zero_hole',
  'process_kill',
] as const;

/**
 * Harsher ones, for formats with checksums. random_blocks: units of 4 KiB. stale_blocks: where data
 * was lost behind the old end stands what a deleted file had there. flip_unsynced: a bit of
 * unsynced data is wrong.
 */
export const HARSH_STRATEGIES = ['random_blocks', 'stale_blocks', 'flip_unsynced'] as const;

export type CrashStrategy = (typeof CRASH_STRATEGIES)[number] | (typeof HARSH_STRATEGIES)[number];

/** Changes what is on the platter; `stale` are sectors of files that were deleted. */
export function powerCut(
  names: Names,
  strategy: CrashStrategy,
  random: SimRandom,
  stale: readonly Sector[],
): void {
  loseEntries(names, strategy, random);
  const seen = new Set<Inode>();
  for (const inode of names.durableEntries.values()) {
    if (seen.has(inode)) continue;
    seen.add(inode);
    if (inode.dirty.size > 0) loseData(inode, strategy, random, stale);
    inode.reload();
  }
  names.reload();
}

function loseEntries(names: Names, strategy: CrashStrategy, random: SimRandom): void {
  // A journal mostly keeps a prefix of the changes; the harsher model keeps any subset.
  const prefix = random.below(names.changes.length + 1);
  const keepsAll =
    strategy === 'keep_all' || strategy === 'zero_hole' || strategy === 'flip_unsynced';
  const keepsAny = strategy === 'random_sectors' || strategy === 'random_blocks';
  const keepsPrefix = strategy === 'prefix_tear' || strategy === 'stale_blocks';
  names.cut(
    (index) => keepsAll || (keepsPrefix && index < prefix) || (keepsAny && random.chance(0.5)),
  );
}

function loseData(
  inode: Inode,
  strategy: CrashStrategy,
  random: SimRandom,
  stale: readonly Sector[],
): void {
  const dirty = [...inode.dirty].sort((a, b) => a - b);
  if (strategy === 'keep_all' || strategy === 'flip_unsynced') {
    const before = inode.durable.slice();
    inode.persist(dirty, inode.size);
    if (strategy === 'flip_unsynced') flipOne(inode, dirty, before, random);
  } else if (strategy === 'random_sectors' || strategy === 'random_blocks') {
    const size = random.chance(0.7) ? inode.size : inode.durableSize;
    inode.persist(pickUnits(dirty, strategy === 'random_blocks', random), size);
  } else if (strategy === 'zero_hole' || strategy === 'stale_blocks') {
    makeHole(inode, dirty, random, strategy === 'stale_blocks' ? stale : []);
  } else if (strategy === 'prefix_tear') tear(inode, dirty, random);
}

/** Each sector, or each block of them, with a chance of one half. */
function pickUnits(dirty: readonly number[], isByBlock: boolean, random: SimRandom): number[] {
  const isKept = new Map<number, boolean>();
  return dirty.filter((sector) => {
    const unit = isByBlock ? Math.floor(sector / SECTORS_PER_BLOCK) : sector;
    const known = isKept.get(unit) ?? random.chance(0.5);
    isKept.set(unit, known);
    return known;
  });
}

/** The size reached the platter; some of the sectors behind the old size did not. */
function makeHole(
  inode: Inode,
  dirty: readonly number[],
  random: SimRandom,
  stale: readonly Sector[],
): void {
  const firstNew = Math.floor(inode.durableSize / SIM_SECTOR_BYTES);
  const oldCount = inode.durable.length;
  const kept = dirty.filter((sector) => sector < firstNew || random.chance(0.6));
  inode.persist(kept, inode.size);
  if (stale.length === 0) return;
  const isKept = new Set(kept);
  for (const sector of dirty)
    if (sector >= oldCount && !isKept.has(sector))
      inode.durable[sector] = stale[random.below(stale.length)] ?? ZERO_SECTOR;
  // Behind the end of a file there are zeros in its last sector, whatever stood there before.
  const rest = inode.durableSize % SIM_SECTOR_BYTES;
  const last = inode.durable.at(-1);
  if (rest > 0 && last !== undefined)
    inode.durable[inode.durable.length - 1] = last.with(
      new Uint8Array(SIM_SECTOR_BYTES - rest),
      rest,
    );
}

/** Keeps the unsynced bytes before a random one. */
function tear(inode: Inode, dirty: readonly number[], random: SimRandom): void {
  const from = (dirty[0] ?? 0) * SIM_SECTOR_BYTES;
  const to = Math.min(((dirty.at(-1) ?? 0) + 1) * SIM_SECTOR_BYTES, inode.size);
  const cut = from + random.below(Math.max(1, to - from + 1));
  const torn = Math.floor(cut / SIM_SECTOR_BYTES);
  const before = inode.durable[torn] ?? ZERO_SECTOR;
  const size = Math.max(cut, inode.durableSize);
  inode.persist(
    dirty.filter((sector) => sector < torn),
    size,
  );
  const length = cut % SIM_SECTOR_BYTES;
  if (length === 0) return;
  const piece = (inode.sectors[torn] ?? ZERO_SECTOR).bytes.subarray(0, length);
  inode.durable[torn] = before.with(piece, 0);
}

/** In a byte that was not on the platter before: rot of synced data is another matter. */
function flipOne(
  inode: Inode,
  dirty: readonly number[],
  before: readonly Sector[],
  random: SimRandom,
): void {
  const index = random.pick(dirty);
  const sector = inode.durable[index];
  if (sector === undefined) return;
  const length = Math.min(SIM_SECTOR_BYTES, inode.durableSize - index * SIM_SECTOR_BYTES);
  const old = (before[index] ?? ZERO_SECTOR).bytes;
  const changed: number[] = [];
  for (let at = 0; at < length; at++) if (sector.bytes[at] !== old[at]) changed.push(at);
  if (changed.length === 0) return;
  const bytes = sector.bytes.slice();
  const at = random.pick(changed);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  inode.durable[index] = new Sector(bytes);
}
