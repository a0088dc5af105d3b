// The endpoint's disk buffer: an agent that is cut off from its centre keeps all, and catches up
// fast and cheaply. The agent is a collector with SIEM_BASE_URL; its spool is the one that is
// proved.
import type { Proof, ProofContext } from '../../harness/proof.js';
import { inParts, type ProofResult } from '../../harness/report.js';
import { type Offline, offline } from './offline.js';

/** 10,000 events at 200 EPS with a cut in the middle, drained in 180 s. */
const SHORT: Offline = {
  eventsPerSecond: 200,
  eventCount: 10_000,
  connectedMs: 10_000,
  cutMs: 30_000,
  drainMsMax: 180_000,
};
/**
 * Half an hour offline, under the default size limit. Drain time and memory are told, not judged.
 */
const HALF_HOUR_MS = 30 * 60_000;
const LONG_RATES = [200, 2_000];
const longAt = (eventsPerSecond: number): Offline => ({
  eventsPerSecond,
  eventCount: (eventsPerSecond * HALF_HOUR_MS) / 1000,
  connectedMs: 0,
  cutMs: HALF_HOUR_MS,
  drainMsMax: null,
});

export const agentSpool: Proof = {
  name: 'agent_spool',
  summary:
    '10,000 events at 200 EPS through an agent that is cut off for 30 s: 0 lost, drained in 180 s, ' +
    'below 30 % CPU and 250 MB; with --long 30 minutes offline at 200 and 2,000 EPS',
  sabotages: ['drop_event'],
  needs: { cores: 1, diskMiB: 2048, memoryMiB: 2048, privileges: [], expectedSeconds: 60 },
  longSeconds: HALF_HOUR_MS / 1000 + 400,
  run: (context: ProofContext): Promise<ProofResult> => {
    // Both rates at once, each with an agent and a centre of its own.
    const long = LONG_RATES.map((rate) =>
      context.isLong ? offline(context, `at${rate}`, longAt(rate)) : null,
    );
    return inParts([
      ['', () => offline(context, 'short', SHORT)],
      ...LONG_RATES.flatMap((rate, i) => {
        const run = long[i];
        return run === null || run === undefined ? [] : [[`at${rate}`, () => run] as const];
      }),
    ]);
  },
};
