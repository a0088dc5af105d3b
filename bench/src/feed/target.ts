// A real `weir run` as the target of a bench, and what is read from it while it runs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuSecondsOf, residentMiBOf, residentPeakMiBOf, sleep, WeirProcess } from '@weir/harness';
import { monotonicSeconds } from '../clock.js';
import { profileArguments } from '../profile.js';

const POLL_MS = 20;
/** Nothing moves for this long: the run has failed. */
const STALL_SECONDS = 60;

export interface EventCounts {
  readonly received: number;
  /** Fdatasynced: settled by the first sink, or waiting for it. */
  readonly durable: number;
  /** Settled by the first sink. */
  readonly delivered: number;
}

export class Target {
  readonly weir: WeirProcess;

  constructor(weir: WeirProcess) {
    this.weir = weir;
  }

  get pid(): number {
    return this.weir.runFile().pid;
  }
  get cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }
  get syslog(): { readonly host: string; readonly port: number } {
    const at = this.weir.syslogAddress.lastIndexOf(':');
    const host = this.weir.syslogAddress.slice(0, at);
    return { host, port: Number(this.weir.syslogAddress.slice(at + 1)) };
  }

  get residentMiB(): number {
    return residentMiBOf(this.pid);
  }
  get residentMiBMax(): number {
    return residentPeakMiBOf(this.pid);
  }

  async counts(): Promise<EventCounts> {
    const text = await this.weir.metrics();
    const sum = (name: string, kind: string): number => sumOf(text, name, kind);
    const delivered =
      sum('component_sent_events_total', 'sink') +
      sum('component_quarantined_events_total', 'sink') +
      sum('component_discarded_events_total', 'sink');
    const pending = sum('pending_event_count', 'sink');
    return {
      received: sum('component_received_events_total', 'source'),
      delivered,
      durable: delivered + pending,
    };
  }

  /**
   * Polls until the count is reached; the time at which it was seen. A look costs the target 1 to 2
   * ms: begin when the sender has ended, not before.
   */
  async reach(which: keyof EventCounts, goal: number): Promise<number> {
    let last = -1;
    let movedAt = monotonicSeconds();
    for (;;) {
      const value = (await this.counts())[which];
      const now = monotonicSeconds();
      if (value >= goal) return now;
      if (value !== last) {
        last = value;
        movedAt = now;
      }
      if (now - movedAt > STALL_SECONDS)
        throw new Error(`only ${value} of ${goal} events are ${which}, and nothing moves`);
      await sleep(POLL_MS);
    }
  }
}

/** Adds up the samples of a metric, of one kind of component where it has that label. */
export function sumOf(text: string, metric: string, kind: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^(?:weir_)?(\w+?)(?:\{([^}]*)\})? ([-+.\deE]+)/.exec(line);
    if (match === null || match[1] !== metric) continue;
    const labels = match[2] ?? '';
    if (!labels.includes('component_kind="') || labels.includes(`component_kind="${kind}"`))
      sum += Number(match[3]);
  }
  return sum;
}

/** Starts a collector whose only sink is given as TOML. */
export async function startTarget(
  work: string,
  sink: string,
  profileDirectory: string | null,
): Promise<Target> {
  mkdirSync(work, { recursive: true });
  const config = join(work, 'weir.toml');
  // Nothing that was stored before may come back, so the spool may be as large as the run.
  writeFileSync(config, `[sinks.out]\n${sink}\n`);
  const nodeFlags = profileArguments(profileDirectory);
  const weir = new WeirProcess(join(work, 'data'), {}, ['--config', config], nodeFlags);
  await weir.start();
  return new Target(weir);
}
