// A real `weir run` as the target of a bench, and what is read from it while it runs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuSecondsOf, residentMiBOf, residentPeakMiBOf, sleep, WeirProcess } from '@weir/harness';
import { LATENCY_BUCKETS_SECONDS } from '@weir/pipeline';
import { monotonicSeconds } from '../clock.js';
import { profileArguments } from '../profile.js';

const DISCARDED = 'component_discarded_events_total';
const POLL_MS = 20;
/** Nothing moves for this long: the run has failed. */
const STALL_SECONDS = 60;
const QUIET_LOOK_MS = 100;
const QUIET_CPU_SECONDS = 0.01;
const QUIET_SECONDS_MAX = 15;

export interface EventCounts {
  readonly received: number;
  /** Fdatasynced: settled by the first sink, or waiting for it. */
  readonly durable: number;
  /** Settled by the first sink. */
  readonly delivered: number;
  /** Of sources, not on purpose, the kernel's drops included. */
  readonly refused: number;
  /** Datagrams that the kernel dropped before the collector could read them. */
  readonly kernelDrops: number;
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
      refused: sumOf(text, DISCARDED, 'source', 'intentional="false"'),
      kernelDrops: sumOf(text, DISCARDED, 'source', 'cause="udp_kernel_drop"'),
    };
  }

  /** Waits until it does nothing: connections that came or went are behind it. */
  async quiet(): Promise<void> {
    const until = monotonicSeconds() + QUIET_SECONDS_MAX;
    for (let cpu = this.cpuSeconds; monotonicSeconds() < until; ) {
      await sleep(QUIET_LOOK_MS);
      const cpuNow = this.cpuSeconds;
      if (cpuNow - cpu <= QUIET_CPU_SECONDS) return;
      cpu = cpuNow;
    }
    throw new Error('the collector does not come to rest');
  }

  /** Batches of a source by the time from receive to durable, as latencyQuantile takes them. */
  async latencyCounts(sourceId: string): Promise<number[]> {
    return latencyCountsOf(await this.weir.metrics(), sourceId);
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

/**
 * Adds up the samples of a metric, of one kind of component where it has that label, and only those
 * that have all further labels.
 */
export function sumOf(
  text: string,
  metric: string,
  kind: string,
  ...further: readonly string[]
): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^(?:weir_)?(\w+?)(?:\{([^}]*)\})? ([-+.\deE]+)/.exec(line);
    if (match === null || match[1] !== metric) continue;
    const labels = match[2] ?? '';
    if (!further.every((label) => labels.includes(label))) continue;
    if (!labels.includes('component_kind="') || labels.includes(`component_kind="${kind}"`))
      sum += Number(match[3]);
  }
  return sum;
}

/** The cumulative buckets of a page of metrics, taken apart. */
export function latencyCountsOf(text: string, sourceId: string): number[] {
  const id = `component_id="${sourceId}"`;
  const upTo = [...LATENCY_BUCKETS_SECONDS.map(String), '+Inf'].map((bound) =>
    sumOf(text, 'component_latency_seconds_bucket', 'source', `le="${bound}"`, id),
  );
  return upTo.map((count, i) => count - (upTo[i - 1] ?? 0));
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
