// Runs a plan to its end and gives its figures.
import { monotonicMs, ownCpuSeconds } from './clock.js';
import { sendHttp } from './http.js';
import { type Counters, LoadError, type LoadPlan, newCounters, type Sending } from './plan.js';
import { sendTcp } from './tcp.js';
import { sendUdp } from './udp.js';

export interface LoadSummary extends Counters {
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** User and system time that this process used during the run. */
  readonly cpuSeconds: number;
  /** Null when everything was sent (tcp, udp) or acknowledged (http). */
  readonly failure: string | null;
}

export interface RunHooks {
  readonly signal: AbortSignal;
  readonly counters?: Counters;
  readonly notice?: (text: string) => void;
}

const SENDERS = { tcp: sendTcp, udp: sendUdp, http: sendHttp } as const;

export async function runLoad(plan: LoadPlan, hooks: RunHooks): Promise<LoadSummary> {
  const counters = hooks.counters ?? newCounters();
  // The first connection that gives up stops the others.
  const failing = new AbortController();
  const sending: Sending = {
    plan,
    counters,
    signal: AbortSignal.any([hooks.signal, failing.signal]),
    stopAll: () => failing.abort(),
    notice: hooks.notice ?? (() => {}),
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
  if (failure === null && counters.events < plan.eventCount)
    failure = `stopped after ${counters.events} of ${plan.eventCount} events`;
  return {
    ...counters,
    seconds,
    eventsPerSecond: seconds > 0 ? counters.events / seconds : 0,
    cpuSeconds: ownCpuSeconds() - startCpu,
    failure,
  };
}
