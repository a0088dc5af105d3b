// Scenario: 100,000 syslog events over TCP while the store is killed (SIGKILL) again and again.
// Guarantees: the collector never stops reading, every event is in the table exactly once, the
// ledger closes. Plain TCP has no acknowledgement: the collector itself stays up, so all that was
// sent counts.
import { connect } from 'node:net';
import { join } from 'node:path';
import { monotonicMs, seeded, sleep, WeirProcess, waitFor } from '@weir/harness';
import { Oracle } from '../harness/oracle.js';
import { type Proof, type ProofContext, sabotageEnvironment } from '../harness/proof.js';
import { fail, type ProofResult, pass } from '../harness/report.js';

const EVENT_COUNT = 100_000;
const EVENTS_PER_SECOND = 8_000;
const KILL_COUNT = 4;
const STORE_BACK_MS_MAX = 30_000;
const PRODUCER = 'tcp';

export const collectorSpool: Proof = {
  name: 'collector_spool',
  summary: `${EVENT_COUNT} TCP events while the store is killed ${KILL_COUNT} times: 0 lost, 0 twice`,
  sabotages: ['drop_event'],
  needs: { cores: 1, diskMiB: 1024, memoryMiB: 1536, privileges: [], expectedSeconds: 30 },
  run,
};

async function run(context: ProofContext): Promise<ProofResult> {
  const weir = new WeirProcess(
    join(context.directory, 'data'),
    sabotageEnvironment(context.sabotage),
  );
  const oracle = new Oracle();
  oracle.register(PRODUCER, EVENT_COUNT);
  await weir.start();
  try {
    const startedMs = monotonicMs();
    const sending = send(weir.syslogAddress, context);
    const kills = await killStoreRepeatedly(weir, context);
    await sending;
    oracle.acknowledge(PRODUCER, 0, EVENT_COUNT);
    context.say(
      `sent ${EVENT_COUNT} events in ${((monotonicMs() - startedMs) / 1000).toFixed(1)} s`,
    );
    const verified = await weir.verify(120);
    const rows = await weir.query("SELECT extract(raw_data, 'proof=(\\\\d+)') FROM dev.events");
    const verdict = oracle.judge(
      rows.map(([number]): [string, number] => [PRODUCER, Number(number)]),
    );
    const exitCode = await weir.stop();
    const figures = {
      ...verdict,
      kills,
      verifyExitCode: verified.code,
      exitCode,
      seed: context.seed,
    };
    context.say(
      `stored ${verdict.found}, missing ${verdict.missing}, twice ${verdict.twice}, kills ${kills}`,
    );
    if (kills < KILL_COUNT)
      return fail(`only ${kills} kills of ${KILL_COUNT} hit the store`, figures);
    if (verdict.missing > 0) return fail(`${verdict.missing} events lost`, figures);
    if (verdict.twice > 0) return fail(`${verdict.twice} events stored twice`, figures);
    if (verdict.invented > 0) return fail(`${verdict.invented} rows that were never sent`, figures);
    if (verified.code !== 0)
      return fail(`the ledger does not close: ${verified.stderr.trim()}`, figures);
    if (exitCode !== 0) return fail(`the collector ended with ${exitCode}`, figures);
    return pass(figures);
  } finally {
    await weir.killTree();
  }
}

/** RFC 5424 lines at a steady rate; resolves when the kernel has taken the last byte. */
async function send(address: string, context: ProofContext): Promise<void> {
  const colon = address.lastIndexOf(':');
  const socket = connect(Number(address.slice(colon + 1)), address.slice(0, colon));
  await new Promise<void>((resolve, reject) =>
    socket.once('connect', resolve).once('error', reject),
  );
  const random = seeded(context.seed);
  const startedMs = monotonicMs();
  for (let next = 0; next < EVENT_COUNT; ) {
    const due = Math.min(
      EVENT_COUNT,
      Math.floor(((monotonicMs() - startedMs) / 1000) * EVENTS_PER_SECOND),
    );
    const lines: string[] = [];
    for (; next < due; next++) lines.push(line(next, random));
    if (lines.length > 0 && !socket.write(lines.join(''))) {
      await new Promise<void>((resolve) => socket.once('drain', resolve));
    }
    await sleep(10);
  }
  await new Promise<void>((resolve) => socket.end(resolve));
}

function line(number: number, random: () => number): string {
  const host = `fw-${Math.floor(random() * 20)}`;
  const bytes = Math.floor(random() * 100_000);
  return `<134>1 2026-01-02T03:04:05.678Z ${host} proof 42 FLOW - proof=${number} bytes=${bytes} action=allow\n`;
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
