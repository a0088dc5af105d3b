// One run: events come to the agent at a steady rate, the way to the centre is cut and restored.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  cpuSecondsOf,
  monotonicMs,
  residentPeakMiBOf,
  sleep,
  WeirProcess,
  waitFor,
} from '@weir/harness';
import { KeyedSenders } from '../../harness/keyed-senders.js';
import { Oracle } from '../../harness/oracle.js';
import { type ProofContext, sabotageEnvironment } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { judgeKeyed } from '../../harness/stored.js';
import { ToxicProxy } from '../../harness/toxic-proxy.js';

export interface Offline {
  readonly eventsPerSecond: number;
  readonly eventCount: number;
  /** Before the cut. */
  readonly connectedMs: number;
  readonly cutMs: number;
  /**
   * From the restore until the centre has all; null: drain time and memory are told, not judged.
   */
  readonly drainMsMax: number | null;
}

const CPU_PERCENT_MAX = 30;
const RESIDENT_MIB_MAX = 250_000_000 / 1024 / 1024;
const DRAIN_GIVE_UP_MS = 20 * 60_000;
const PROGRESS_MS = 60_000;
const VERIFY_WAIT_SECONDS = 30;
/** Requests of the local program that hands its events to the agent. */
const REQUESTS_PER_SECOND = 4;

export async function offline(
  whole: ProofContext,
  name: string,
  plan: Offline,
): Promise<ProofResult> {
  const context = { ...whole, say: (line: string): void => whole.say(`${name}: ${line}`) };
  const centre = new WeirProcess(folder(context, `${name}-centre`));
  await centre.start();
  const [host = '', port = ''] = centre.httpUrl.replace('http://', '').split(':');
  const proxy = new ToxicProxy({ host, port: Number(port) });
  await proxy.start();
  const agent = new WeirProcess(folder(context, `${name}-agent`), {
    ...sabotageEnvironment(context.sabotage),
    SIEM_BASE_URL: proxy.url,
  });
  try {
    await agent.start();
    return await run(context, plan, { centre, proxy, agent });
  } finally {
    await agent.killTree();
    await proxy.close();
    await centre.killTree();
  }
}

interface Parties {
  readonly centre: WeirProcess;
  readonly proxy: ToxicProxy;
  readonly agent: WeirProcess;
}

async function run(
  context: ProofContext,
  plan: Offline,
  { centre, proxy, agent }: Parties,
): Promise<ProofResult> {
  const { pid } = agent.runFile();
  const oracle = new Oracle();
  if (plan.connectedMs === 0) await proxy.set('down');
  const startedMs = monotonicMs();
  const startedCpu = cpuSecondsOf(pid);
  const senders = new KeyedSenders(
    {
      url: () => agent.httpUrl,
      count: 1,
      seed: context.seed,
      eventsPerSecond: plan.eventsPerSecond,
      eventCount: plan.eventCount,
      eventsPerRequest: plan.eventsPerSecond / REQUESTS_PER_SECOND,
    },
    oracle,
  );
  await sleep(plan.connectedMs);
  // What is missing already does not come back by waiting; the centre is judged at once.
  const isEarly = (await missingOf(agent)) > 0;
  if (!isEarly) {
    await proxy.set('down');
    await sleepTelling(context, agent, plan.cutMs);
  }
  const pendingAtRestore = await pendingOf(agent);
  const restoredMs = monotonicMs();
  await proxy.set('none');
  context.say(`restored with ${pendingAtRestore} events in the spool`);
  await (isEarly ? senders.stop() : senders.done());
  let missing = 0;
  const isOver = await waitFor(async () => {
    missing = await missingOf(agent);
    return missing > 0 || (await pendingOf(agent)) === 0;
  }, plan.drainMsMax ?? DRAIN_GIVE_UP_MS);
  const isDrained = isOver && missing === 0;
  const drainSeconds = round((monotonicMs() - restoredMs) / 1000);
  const seconds = (monotonicMs() - startedMs) / 1000;
  const cpuPercent = round((100 * (cpuSecondsOf(pid) - startedCpu)) / seconds);
  const residentMiB = round(residentPeakMiBOf(pid));
  context.say(`drained after ${drainSeconds} s; agent ${cpuPercent} % CPU, ${residentMiB} MiB`);
  const ofAgent = await agent.verify(missing > 0 ? 0 : VERIFY_WAIT_SECONDS);
  const { figures: stored, failure } = await judgeKeyed(centre, oracle, context);
  const agentExitCode = await agent.stop();
  const figures = {
    ...stored,
    pendingAtRestore,
    missingAtAgent: missing,
    drainSeconds,
    cpuPercent,
    residentMiB,
    agentVerifyExitCode: ofAgent.code,
    agentExitCode,
  };
  if (senders.failure !== null) return fail(senders.failure, figures);
  if (failure !== null) return fail(failure, figures);
  if (stored.expected !== plan.eventCount)
    return fail(`only ${stored.expected} of ${plan.eventCount} events were acknowledged`, figures);
  if (pendingAtRestore === 0) return fail('nothing was in the spool when the cut ended', figures);
  if (!isDrained) return fail(`not drained after ${drainSeconds} s`, figures);
  if (cpuPercent >= CPU_PERCENT_MAX) return fail(`the agent took ${cpuPercent} % CPU`, figures);
  if (plan.drainMsMax !== null && residentMiB >= RESIDENT_MIB_MAX)
    return fail(`the agent took ${residentMiB} MiB`, figures);
  if (ofAgent.code !== 0)
    return fail(`the agent's ledger does not close: ${ofAgent.stderr.trim()}`, figures);
  if (agentExitCode !== 0) return fail(`the agent ended with ${agentExitCode}`, figures);
  return pass(figures);
}

async function sleepTelling(context: ProofContext, agent: WeirProcess, ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= PROGRESS_MS) {
    await sleep(Math.min(leftMs, PROGRESS_MS));
    if (leftMs > PROGRESS_MS)
      context.say(
        `${Math.round(leftMs / 60_000)} minutes left, ${await pendingOf(agent)} events spooled`,
      );
  }
}

const pendingOf = (agent: WeirProcess): Promise<number> => gauge(agent, 'pending_event_count');
/** Numbers that the agent's own ledger has no outcome for and never will. */
const missingOf = (agent: WeirProcess): Promise<number> => gauge(agent, 'ledger_missing_events');

/** Of the agent's one sink. */
async function gauge(agent: WeirProcess, name: string): Promise<number> {
  const found = new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, 'm').exec(await agent.metrics());
  return Number(found?.[1] ?? Number.NaN);
}

function folder(context: ProofContext, name: string): string {
  const parent = join(context.directory, name);
  mkdirSync(join(parent, 'data'), { recursive: true });
  return join(parent, 'data');
}

const round = (value: number): number => Math.round(value * 10) / 10;
