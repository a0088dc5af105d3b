// Runs a plan to its end and gives its figures.
import { monotonicMs, ownCpuSeconds } from './clock.js';
import { type Counters, newCounters } from './counters.js';
import { sendHttp } from './http.js';
import type { LatencySummary } from './latency.js';
import { LoadError, type LoadPlan, type Sending } from './plan.js';
import { Schedule } from './schedule.js';
import { sendTcp } from './tcp.js';
import { sendUdp } from './udp.js';

export interface LoadSummary extends Counters {
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** User and system time that this process used during the run. */
  readonly cpuSeconds: number;
  /**
   * In ms, from the intended time with a rate: until the acknowledgement (http), or until the
   * kernel took the event (tcp, udp). Null when nothing was sent.
   */
  readonly latencyMs: LatencySummary | null;
  /** Null when everything was sent (tcp, udp) or acknowledged (http). */
  readonly failure: string | null;
}

export interface RunHooks {
  readonly signal: AbortSignal;
  readonly counters?: Counters;
  readonly notice?: (text: string) => void;
  readonly trouble?: (reason: string | null) => void;
}

const SENDERS = { tcp: sendTcp, udp: sendUdp, http: sendHttp } as const;

export async function runLoad(plan: LoadPlan, hooks: RunHooks): Promise<LoadSummary> {
  const counters = hooks.counters ?? newCounters();
  // The first connection that gives up stops the others.
  const failing = new AbortController();
  const signal = AbortSignal.any([hooks.signal, failing.signal]);
  const { eventCount, rate, durationMs } = plan;
  const schedule = new Schedule({ eventCount, rate, durationMs, counters, signal });
  let lastTrouble: string | null = null;
  const sending: Sending = {
    plan,
    schedule,
    counters,
    signal,
    stopAll: () => failing.abort(),
    notice: hooks.notice ?? (() => {}),
    trouble: (reason) => {
      lastTrouble = reason;
      hooks.trouble?.(reason);
    },
  };
  const startMs = monotonicMs();
  const startCpu = ownCpuSeconds();
  let failure: string | null = null;
  try {
    await SENDERS[plan.protocol](sending);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    failure = error.message;
  }
  const seconds = (monotonicMs() - startMs) / 1000;
  if (failure === null && counters.events < schedule.eventCount) {
    const goal = durationMs === null ? `${plan.eventCount} events` : `${durationMs / 1000} s`;
    const why = lastTrouble === null ? '' : `: ${lastTrouble}`;
    failure = `stopped after ${counters.events} of ${goal}${why}`;
  }
  return {
    ...counters,
    seconds,
    eventsPerSecond: seconds > 0 ? counters.events / seconds : 0,
    latencyMs: schedule.latency.summary(),
    cpuSeconds: ownCpuSeconds() - startCpu,
    failure,
  };
}
