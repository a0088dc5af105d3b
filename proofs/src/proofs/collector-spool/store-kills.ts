// Scenario: 100,000 syslog events over TCP while the store is killed (SIGKILL) again and again.
// Guarantees: the collector never stops reading, every event is in the table exactly once, the
// ledger closes. Plain TCP has no acknowledgement: the collector itself stays up, so all that was
// sent counts.
import { join } from 'node:path';
import { monotonicMs, seeded, sleep, WeirProcess, waitFor } from '@weir/harness';
import { type ProofContext, sabotageEnvironment } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { judgeSyslog } from '../../harness/stored.js';
import { sendSyslog } from '../../harness/syslog-sender.js';

const EVENT_COUNT = 100_000;
const EVENTS_PER_SECOND = 8_000;
export const KILL_COUNT = 4;
const STORE_BACK_MS_MAX = 30_000;

export async function storeKills(context: ProofContext): Promise<ProofResult> {
  const { seed } = context;
  const weir = new WeirProcess(
    join(context.directory, 'data'),
    sabotageEnvironment(context.sabotage),
  );
  await weir.start();
  try {
    const startedMs = monotonicMs();
    const sending = sendSyslog({
      address: weir.syslogAddress,
      eventCount: EVENT_COUNT,
      eventsPerSecond: EVENTS_PER_SECOND,
      seed,
    });
    const kills = await killStoreRepeatedly(weir, context);
    await sending;
    const seconds = ((monotonicMs() - startedMs) / 1000).toFixed(1);
    context.say(`sent ${EVENT_COUNT} events in ${seconds} s`);
    const verdict = await judgeSyslog(weir, EVENT_COUNT, context);
    const figures = { ...verdict.figures, kills, seed };
    if (kills < KILL_COUNT)
      return fail(`only ${kills} kills of ${KILL_COUNT} hit the store`, figures);
    return verdict.failure === null ? pass(figures) : fail(verdict.failure, figures);
  } finally {
    await weir.killTree();
  }
}

async function killStoreRepeatedly(weir: WeirProcess, context: ProofContext): Promise<number> {
  const random = seeded(context.seed + 1);
  let kills = 0;
  for (let i = 0; i < KILL_COUNT; i++) {
    await sleep(1_500 + random() * 1_500);
    // It may not be back yet from the last kill.
    if (await waitFor(async () => weir.killStore(), STORE_BACK_MS_MAX)) kills++;
    context.say(`store killed (${kills} of ${KILL_COUNT})`);
  }
  return kills;
}
