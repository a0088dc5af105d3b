// A fault, and how strace is told of it.

/** Segments that a run with a fault may make beyond those of the run without. */
const MORE_SEGMENTS = 12;

export type FaultKind = 'EIO' | 'ENOSPC' | 'KILL' | 'EIO x3' | 'ENOSPC x3';
export interface Fault {
  readonly call: string;
  readonly kind: FaultKind;
  /** The first occurrence that is hit, from 1. */
  readonly when: number;
}
export const nameOf = ({ call, kind, when }: Fault): string => `${call} ${when} ${kind}`;

export function injectionOf({ call, kind, when }: Fault): string {
  if (kind === 'KILL') return `inject=${call}:signal=KILL:when=${when}`;
  const [error, burst] = kind.split(' ');
  const whens = burst === undefined ? `${when}` : `${when}..${when + 2}`;
  return `inject=${call}:error=${error}:when=${whens}`;
}

/** Names below the spool's directory, with those that only a fault brings up. */
export function withMoreNames(names: readonly string[]): string[] {
  const all = new Set(names);
  const ids = names.map((name) => Number.parseInt(/seg-([0-9a-f]{16})/.exec(name)?.[1] ?? '0', 16));
  const last = Math.max(0, ...ids);
  for (let id = 1; id <= last + MORE_SEGMENTS; id++) {
    const stem = `/seg-${id.toString(16).padStart(16, '0')}`;
    for (const ending of ['log', 'end', 'keys']) all.add(`${stem}.${ending}`);
  }
  for (const name of [...all]) if (/\/[^.]+(\.[a-z]+)?$/.test(name)) all.add(`${name}.tmp`);
  return [...all].sort();
}
