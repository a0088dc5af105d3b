// Which faults are tried: each call that the driver makes on the spool, at each of its occurrences,
// with each kind of fault; or an even sample of them.
import { seeded } from '@weir/harness';
import type { Fault, FaultKind } from './trace-command.js';

const ERRORS: readonly FaultKind[] = ['EIO', 'ENOSPC', 'KILL'];
const BURSTS: readonly FaultKind[] = ['EIO x3', 'ENOSPC x3'];
const KINDS: Readonly<Record<string, readonly FaultKind[]>> = {
  openat: ERRORS,
  pwrite64: [...ERRORS, ...BURSTS],
  pwritev: [...ERRORS, ...BURSTS],
  fdatasync: [...ERRORS, ...BURSTS],
  fsync: ERRORS,
  rename: ERRORS,
  unlink: ERRORS,
  mkdir: ERRORS,
  ftruncate: ERRORS,
  fallocate: ERRORS,
  close: ['EIO', 'KILL'],
};

export function allFaults(counts: ReadonlyMap<string, number>): Fault[] {
  const faults: Fault[] = [];
  for (const [call, kinds] of Object.entries(KINDS))
    for (const kind of kinds)
      for (let when = 1; when <= (counts.get(call) ?? 0); when++) faults.push({ call, kind, when });
  return faults;
}

/**
 * So many faults: every pair of call and kind in turn, each with occurrences that no other run had.
 */
export function sampleFaults(all: readonly Fault[], count: number, seed: number): Fault[] {
  const random = seeded(seed);
  const groups = new Map<string, Fault[]>();
  for (const fault of all) {
    const key = `${fault.call} ${fault.kind}`;
    const group = groups.get(key) ?? [];
    group.push(fault);
    groups.set(key, group);
  }
  const chosen: Fault[] = [];
  while (chosen.length < Math.min(count, all.length)) {
    for (const group of groups.values()) {
      if (chosen.length >= count || group.length === 0) continue;
      chosen.push(...group.splice(Math.floor(random() * group.length), 1));
    }
  }
  return chosen;
}
