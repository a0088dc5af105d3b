// Can this machine run the proof at all? Asked before anything is started, so that a machine that
// is too small gives SKIP and its reason instead of a failure that looks like a loss of events.
import { readFileSync, statfsSync } from 'node:fs';
import { cpus } from 'node:os';
import { fakeClockLibrary } from './fake-clock.js';

/** `netns`: may make network namespaces (CAP_NET_ADMIN and CAP_SYS_ADMIN; capabilities(7)). */
export type Privilege = 'root' | 'netns';

/** By the name of the Debian package that brings it. */
export type Tool = 'faketime';

export interface Needs {
  readonly cores: number;
  /** Free where temporary files go. */
  readonly diskMiB: number;
  /** Available, not installed. */
  readonly memoryMiB: number;
  readonly privileges: readonly Privilege[];
  /** Programs besides Weir. */
  readonly tools?: readonly Tool[];
  /** On two cores. */
  readonly expectedSeconds: number;
}

export type Found = Omit<Needs, 'expectedSeconds'>;

export interface Preflight {
  readonly needs: Needs;
  readonly found: Found;
  /** One phrase for each thing that is not enough; empty when the proof can run. */
  readonly missing: readonly string[];
}

const CAP_NET_ADMIN = 12;
const CAP_SYS_ADMIN = 21;

/** `directory` is on the file system that the proof will fill. */
export function lookAround(directory: string): Found {
  const { bavail, bsize } = statfsSync(directory);
  return {
    cores: cpus().length,
    diskMiB: Math.floor((bavail * bsize) / 1024 / 1024),
    memoryMiB: availableMemoryMiB(),
    privileges: privileges(),
    tools: fakeClockLibrary() === null ? [] : ['faketime'],
  };
}

export function preflight(needs: Needs, found: Found): Preflight {
  const missing: string[] = [];
  const atLeast = (what: string, unit: string, need: number, have: number): void => {
    if (have < need) missing.push(`needs ${need}${unit} ${what}, there are ${have}`);
  };
  atLeast(needs.cores === 1 ? 'core' : 'cores', '', needs.cores, found.cores);
  atLeast('of free disk', ' MiB', needs.diskMiB, found.diskMiB);
  atLeast('of available memory', ' MiB', needs.memoryMiB, found.memoryMiB);
  for (const privilege of needs.privileges)
    if (!found.privileges.includes(privilege)) missing.push(`needs the privilege ${privilege}`);
  for (const tool of needs.tools ?? [])
    if (!found.tools?.includes(tool))
      missing.push(`needs the Debian package ${tool}: apt-get install ${tool}`);
  return { needs, found, missing };
}

export function describe({ needs, found, missing }: Preflight): string[] {
  const privileges = needs.privileges.length === 0 ? 'none' : needs.privileges.join(', ');
  return [
    `cores       ${needs.cores} needed, ${found.cores} there`,
    `free disk   ${needs.diskMiB} MiB needed, ${found.diskMiB} there`,
    `memory      ${needs.memoryMiB} MiB needed, ${found.memoryMiB} available`,
    `privileges  ${privileges} needed, ${found.privileges.join(', ') || 'none'} there`,
    `duration    about ${needs.expectedSeconds} s on two cores`,
    ...missing,
  ];
}

function availableMemoryMiB(): number {
  const kib = /^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return Math.floor(Number(kib ?? 0) / 1024);
}

function privileges(): Privilege[] {
  const held: Privilege[] = process.getuid?.() === 0 ? ['root'] : [];
  const mask = /^CapEff:\s+([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const has = (capability: number): boolean =>
    ((BigInt(`0x${mask ?? '0'}`) >> BigInt(capability)) & 1n) === 1n;
  if (has(CAP_NET_ADMIN) && has(CAP_SYS_ADMIN)) held.push('netns');
  return held;
}
