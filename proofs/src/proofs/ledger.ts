// Scenario: HTTP senders with idempotency keys that retry, while collector and store are killed
// (SIGKILL of the whole tree) five times mid-stream. Now and then a sender hangs up before it has
// read the answer, so that it has to repeat what may be durable already.
// Guarantees: every acknowledged event is in the table once, nothing is there twice, the ledger
// closes over all epochs.
import { join } from 'node:path';
import { seeded, sleep, WeirProcess } from '@weir/harness';
import { Oracle } from '../harness/oracle.js';
import { type Proof, type ProofContext, sabotageEnvironment } from '../harness/proof.js';
import { fail, type ProofResult, pass } from '../harness/report.js';

const SENDER_COUNT = 4;
const EVENTS_PER_SENDER_MAX = 500_000;
const EVENTS_PER_REQUEST = 200;
const KILL_COUNT = 5;
/** One request in so many is cut by its sender, this long after it was sent. */
const CUT_ONE_IN = 15;
const CUT_AFTER_MS_MAX = 40;
const REPLY_MS_MAX = 10_000;

export const ledger: Proof = {
  name: 'ledger',
  summary: `kill -9 of the whole tree ${KILL_COUNT} times under HTTP senders that retry: every acknowledged event once`,
  sabotages: ['ack_before_fdatasync', 'drop_event'],
  needs: { cores: 1, diskMiB: 2048, memoryMiB: 1536, privileges: [], expectedSeconds: 40 },
  run,
};

interface Sender {
  readonly producer: string;
  next: number;
  retries: number;
  cuts: number;
  readonly random: () => number;
  replays: number;
  /** Why the sender gave up, null while all is well. */
  failure: string | null;
}

async function run(context: ProofContext): Promise<ProofResult> {
  const weir = new WeirProcess(
    join(context.directory, 'data'),
    sabotageEnvironment(context.sabotage),
  );
  const oracle = new Oracle();
  await weir.start();
  try {
    const stop = new AbortController();
    const senders = Array.from({ length: SENDER_COUNT }, (_, i): Sender => {
      const producer = `sender-${i}`;
      oracle.register(producer, EVENTS_PER_SENDER_MAX);
      const random = seeded(context.seed + 1 + i);
      return { producer, next: 0, retries: 0, cuts: 0, replays: 0, random, failure: null };
    });
    const sending = senders.map((sender) => sendUntil(stop.signal, weir.httpUrl, sender, oracle));
    await killTreeRepeatedly(weir, context);
    await sleep(2_000);
    stop.abort();
    await Promise.all(sending);
    context.say(`acknowledged ${oracle.acknowledgedCount()} events`);
    return await judge(weir, oracle, senders, context);
  } finally {
    await weir.killTree();
  }
}

async function judge(
  weir: WeirProcess,
  oracle: Oracle,
  senders: readonly Sender[],
  context: ProofContext,
): Promise<ProofResult> {
  const verified = await weir.verify(120);
  const rows = await weir.query(
    "SELECT JSONExtractString(raw_data, 'producer'), JSONExtractUInt(raw_data, 'number') FROM dev.events",
  );
  const verdict = oracle.judge(rows.map((row): [string, number] => [row[0] ?? '', Number(row[1])]));
  const exitCode = await weir.stop();
  const retries = senders.reduce((sum, sender) => sum + sender.retries, 0);
  const cuts = senders.reduce((sum, sender) => sum + sender.cuts, 0);
  const replays = senders.reduce((sum, sender) => sum + sender.replays, 0);
  const figures = {
    ...verdict,
    kills: KILL_COUNT,
    retries,
    cuts,
    replays,
    verifyExitCode: verified.code,
    exitCode,
  };
  context.say(
    `stored ${verdict.found}, missing ${verdict.missing}, twice ${verdict.twice}; retries ${retries}, replays ${replays}`,
  );
  const failure = senders.find((sender) => sender.failure !== null)?.failure;
  if (failure) return fail(failure, figures);
  if (verdict.expected === 0) return fail('no event was acknowledged', figures);
  if (verdict.missing > 0) {
    return fail(
      `${verdict.missing} acknowledged events lost, first ${verdict.firstMissing[0]}`,
      figures,
    );
  }
  if (verdict.twice > 0) return fail(`${verdict.twice} events stored twice`, figures);
  if (verdict.invented > 0) return fail(`${verdict.invented} rows that were never sent`, figures);
  if (verified.code !== 0)
    return fail(`the ledger does not close: ${verified.stderr.trim()}`, figures);
  if (exitCode !== 0) return fail(`the collector ended with ${exitCode}`, figures);
  // A fault that was never met proves nothing.
  if (replays === 0) return fail('no repeat met a request that was durable already', figures);
  return pass(figures);
}

/** One request after the other; each is repeated, under the same key, until it is acknowledged. */
async function sendUntil(
  signal: AbortSignal,
  url: string,
  sender: Sender,
  oracle: Oracle,
): Promise<void> {
  while (!signal.aborted && sender.next + EVENTS_PER_REQUEST <= EVENTS_PER_SENDER_MAX) {
    const first = sender.next;
    const body = bodyOf(sender.producer, first);
    const key = `${sender.producer}/1/${first}`;
    while (!(await post(url, key, body, sender))) {
      if (sender.failure !== null) return;
      sender.retries++;
      await sleep(50);
    }
    oracle.acknowledge(sender.producer, first, EVENTS_PER_REQUEST);
    sender.next += EVENTS_PER_REQUEST;
  }
}

function bodyOf(producer: string, first: number): string {
  const lines: string[] = [];
  for (let number = first; number < first + EVENTS_PER_REQUEST; number++) {
    lines.push(
      `{"producer":"${producer}","number":${number},"message":"login of user-${number % 977} failed"}`,
    );
  }
  return lines.join('\n');
}

/** True when acknowledged. A refusal that a repeat cannot mend is a failure of the proof. */
async function post(url: string, key: string, body: string, sender: Sender): Promise<boolean> {
  try {
    const isCut = sender.random() < 1 / CUT_ONE_IN;
    if (isCut) sender.cuts++;
    const replyMs = isCut ? Math.ceil(sender.random() * CUT_AFTER_MS_MAX) : REPLY_MS_MAX;
    const reply = await fetch(`${url}/ingest`, {
      method: 'POST',
      headers: { 'idempotency-key': key },
      body,
      signal: AbortSignal.timeout(replyMs),
    });
    const text = await reply.text();
    if (reply.status === 200) {
      if (reply.headers.get('idempotent-replayed') === 'true') sender.replays++;
      return true;
    }
    if (reply.status < 500 && reply.status !== 429)
      sender.failure = `${key}: ${reply.status} ${text}`;
  } catch {
    // Refused, broken or cut: whether it was taken is not known, so the same is sent again.
  }
  return false;
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
