// Scenario: HTTP senders with idempotency keys that retry, while collector and store are killed
// (SIGKILL of the whole tree) five times mid-stream.
// Guarantees: every acknowledged event is in the table once, nothing is there twice, the ledger
// closes over all epochs.
import { join } from 'node:path';
import { seeded, sleep, WeirProcess } from '@weir/harness';
import { KeyedSenders } from '../../harness/keyed-senders.js';
import { Oracle } from '../../harness/oracle.js';
import { type ProofContext, sabotageEnvironment } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { judgeKeyed } from '../../harness/stored.js';

const SENDER_COUNT = 4;
export const KILL_COUNT = 5;

export async function kills(context: ProofContext): Promise<ProofResult> {
  const weir = new WeirProcess(
    join(context.directory, 'data'),
    sabotageEnvironment(context.sabotage),
  );
  const oracle = new Oracle();
  await weir.start();
  try {
    const senders = new KeyedSenders(
      { url: () => weir.httpUrl, count: SENDER_COUNT, seed: context.seed },
      oracle,
    );
    await killTreeRepeatedly(weir, context);
    await sleep(2_000);
    await senders.stop();
    context.say(`acknowledged ${oracle.acknowledgedCount()} events`);
    const { figures: stored, failure } = await judgeKeyed(weir, oracle, context);
    const figures = { ...stored, kills: KILL_COUNT, ...senders.figures };
    if (senders.failure !== null) return fail(senders.failure, figures);
    if (failure !== null) return fail(failure, figures);
    // A fault that was never met proves nothing.
    if (senders.replays === 0)
      return fail('no repeat met a request that was durable already', figures);
    return pass(figures);
  } finally {
    await weir.killTree();
  }
}

async function killTreeRepeatedly(weir: WeirProcess, context: ProofContext): Promise<void> {
  const random = seeded(context.seed);
  for (let i = 1; i <= KILL_COUNT; i++) {
    await sleep(2_000 + random() * 2_000);
    await weir.killTree();
    context.say(`tree killed (${i} of ${KILL_COUNT})`);
    await weir.start();
  }
}
