// A process is named by its pid and its start, since pids are used again.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Text that differs for two processes that had the same pid; null when there is no such process.
 */
export function processStart(pid: number): string | null {
  if (process.platform !== 'linux') return startFromPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name may hold blanks and parentheses: fields count from the last one (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0] ?? '';
    // A zombie has closed its files and holds no lock.
    if (state === 'Z' || state === 'X') return null;
    // Ticks since boot: after a restart of the machine the same pid may start at the same tick.
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19]}`;
  } catch {
    return null;
  }
}

function startFromPs(pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'latin1' }).trim();
  } catch {
    return null;
  }
}

export function isSameProcess(pid: number, start: string): boolean {
  return processStart(pid) === start;
}

/** Kills with SIGKILL and resolves after the process has ended; false when it did not in time. */
export async function killAndWait(pid: number, start: string, waitMs: number): Promise<boolean> {
  const stepMs = 20;
  for (let waitedMs = 0; isSameProcess(pid, start); waitedMs += stepMs) {
    if (waitedMs >= waitMs) return false;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended between the two calls.
    }
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
  return true;
}
