// Scenario: a collector takes events while its broker is away, and its data directory is copied.
// The collector sends them, loaders store them. Then the copy is started, a producer whose sink
// stands before its first event, and sends all of them again; then the group's offsets are set back
// to 0, twice, each time with loaders that start anew.
// Guarantees: neither the rows nor the ledger move; every event is there once.
import { cpSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type WeirProcess, waitFor } from '@weir/harness';
import { setGroupOffsets } from '@weir/harness/kafka';
import { KafkaLine } from '../../harness/kafka-line.js';
import { KeyedSenders, NUMBERS_OF_ROWS } from '../../harness/keyed-senders.js';
import { Oracle } from '../../harness/oracle.js';
import type { Proof, ProofContext } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';

const EVENTS_DEFAULT = 100_000;
const SENDERS = 4;
const REWINDS = 2;
const RESENT_WAIT_MS = 120_000;
/** Nobody listens there. */
const NO_BROKER = '127.0.0.1:9';

export const idempotency: Proof = {
  name: 'idempotency',
  summary:
    'the whole topic is replayed from offset 0 twice, and the same events are sent again by a ' +
    'producer that was set back: rows and ledger do not move',
  sabotages: ['forget_ledger'],
  needs: { cores: 1, diskMiB: 3072, memoryMiB: 3072, privileges: [], expectedSeconds: 90 },
  counts: [1_000, 1_000_000],
  run,
};

async function run(context: ProofContext): Promise<ProofResult> {
  const { directory, seed, say, sabotage } = context;
  const perSender = Math.floor((context.count ?? EVENTS_DEFAULT) / SENDERS);
  const eventCount = perSender * SENDERS;
  const line = await KafkaLine.start({ directory, seed, loaderCount: 2, sabotage });
  const oracle = new Oracle();
  try {
    const data = join(directory, 'data');
    const copy = join(directory, 'copy');
    const failure = await spoolOnly(line.collector(data, NO_BROKER), context, perSender, oracle);
    if (failure !== null) return fail(failure, {});
    mkdirSync(copy);
    cpSync(data, join(copy, 'data'), {
      ...{ recursive: true, verbatimSymlinks: true },
      // The control socket of the collector that was killed.
      filter: (source) => !lstatSync(source).isSocket(),
    });
    const collector = line.collector(data);
    await line.startLoaders();
    await collector.start();
    const isStored = await waitFor(async () => (await stored(line)) >= eventCount, RESENT_WAIT_MS);
    if (!isStored) say(`only ${await stored(line)} are stored`);
    await collector.stop();
    const isConsumed = [await line.isAllConsumed()];
    const states = [await stateOf(line)];
    say(`stored: ${states[0]}`);
    // First: loaders that have no doubt about their position ask nobody but the ledger.
    const messagesBefore = await line.messageCount();
    await resend(line.collector(join(copy, 'data')), line, messagesBefore);
    isConsumed.push(await line.isAllConsumed());
    states.push(await stateOf(line));
    const messagesAgain = (await line.messageCount()) - messagesBefore;
    say(`after ${messagesAgain} messages that were sent again: ${states.at(-1)}`);
    for (let i = 0; i < REWINDS; i++) {
      await line.stopLoaders();
      await setGroupOffsets(line.group, 0);
      await line.startLoaders();
      isConsumed.push(await line.isAllConsumed());
      states.push(await stateOf(line));
      say(`after offset 0: ${states.at(-1)}`);
    }
    const rows = await line.server.query(NUMBERS_OF_ROWS);
    const verdict = oracle.judge(
      rows.map(([producer, number]): [string, number] => [producer ?? '', Number(number)]),
    );
    const figures = { ...verdict, messages: messagesBefore, messagesAgain, rewinds: REWINDS };
    const { missing, twice, invented, firstMissing } = verdict;
    if (missing > 0) return fail(`${missing} events lost, first ${firstMissing[0]}`, figures);
    if (twice > 0) return fail(`${twice} events stored twice`, figures);
    if (invented > 0) return fail(`${invented} rows that were never sent`, figures);
    if (new Set(states).size > 1) return fail(`it moved: ${states.join(' | ')}`, figures);
    if (isConsumed.includes(false)) return fail('the topic was not read to its end', figures);
    if (messagesAgain < messagesBefore) return fail('not all was sent again', figures);
    return pass(figures);
  } finally {
    await line.end();
  }
}

/** Everything into the spool, nothing out of it. Resolves with what went wrong. */
async function spoolOnly(
  collector: WeirProcess,
  { seed, say }: ProofContext,
  perSender: number,
  oracle: Oracle,
): Promise<string | null> {
  await collector.start();
  const senders = new KeyedSenders(
    { url: () => collector.httpUrl, count: SENDERS, seed, eventCount: perSender },
    oracle,
  );
  await senders.done();
  say(`spooled ${oracle.acknowledgedCount()} events without a broker`);
  await collector.killTree();
  return senders.failure;
}

/** Runs until it has sent as many messages as the first one did. */
async function resend(collector: WeirProcess, line: KafkaLine, messages: number): Promise<void> {
  await collector.start();
  await waitFor(async () => (await line.messageCount()) >= 2 * messages, RESENT_WAIT_MS, 500);
  await collector.stop();
}

const stored = async ({ server }: KafkaLine): Promise<number> =>
  Number(await server.value('SELECT sum(stored) FROM dev.ledger_by_stream').catch(() => '0'));

/** Rows, and what the ledger says of each stream. */
async function stateOf({ server }: KafkaLine): Promise<string> {
  const rows = await server.value('SELECT count() FROM dev.events');
  const ledger = await server.query(
    'SELECT sum(stored), sum(quarantined), sum(filtered), sum(lost), sum(missing), ' +
      'cityHash64(groupArray((tenant_id, stream, epoch, stored, seq_max))) ' +
      'FROM (SELECT * FROM dev.ledger_by_stream ORDER BY tenant_id, stream, epoch)',
  );
  return `${rows} rows, ledger ${ledger.flat().join(' ')}`;
}
