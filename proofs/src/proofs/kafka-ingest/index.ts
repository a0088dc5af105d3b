// Scenario: the generator (`weir load`) sends events to a collector, which puts them into a real
// topic; one loader puts them into a ClickHouse server.
// Guarantees: every event is in the tables once, the ledger closes, the group stands at the end of
// each partition, and every process ends with exit code 0.
import { join } from 'node:path';
import { KafkaLine } from '../../harness/kafka-line.js';
import { Oracle } from '../../harness/oracle.js';
import type { Proof, ProofContext } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';

const EVENTS_DEFAULT = 10_000;
const VERIFY_WAIT_SECONDS = 60;
const NUMBERS =
  "SELECT extract(raw_data, 'run=([A-Za-z0-9_-]+)'), toUInt64OrZero(extract(raw_data, 'seq=([0-9]+)'))";

export const kafkaIngest: Proof = {
  name: 'kafka_ingest',
  summary:
    'events of the generator through a collector, a real topic and one loader: each once, the ' +
    'group at the end of the topic, every exit code 0',
  sabotages: ['drop_batch'],
  needs: { cores: 1, diskMiB: 2048, memoryMiB: 2048, privileges: [], expectedSeconds: 40 },
  counts: [1_000, 1_000_000],
  run: ingest,
};

async function ingest(context: ProofContext): Promise<ProofResult> {
  const { directory, seed, say, sabotage } = context;
  const eventCount = context.count ?? EVENTS_DEFAULT;
  const line = await KafkaLine.start({ directory, seed, loaderCount: 1, sabotage });
  try {
    const collector = line.collector(join(directory, 'data'));
    await Promise.all([collector.start(), line.startLoaders()]);
    const load = await collector.command(
      ...['load', '--protocol', 'http', '--target', new URL(collector.httpUrl).host],
      ...['--count', String(eventCount), '--seed', String(seed), '--run-id', 'proof', '--json'],
    );
    if (load.code !== 0) return fail(`weir load ended with ${load.code}: ${load.stderr}`, {});
    say(`sent ${eventCount} events`);
    const { port } = line.server;
    const verified = await collector.verify(
      VERIFY_WAIT_SECONDS,
      ...['--url', line.server.urlThrough(port)],
    );
    const isConsumed = await line.isAllConsumed();
    const oracle = new Oracle();
    oracle.register('proof', eventCount);
    oracle.acknowledge('proof', 0, eventCount);
    const rows = await line.server.query(
      `${NUMBERS} FROM dev.events UNION ALL ${NUMBERS} FROM dev.quarantine`,
    );
    const verdict = oracle.judge(
      rows.map(([run, number]): [string, number] => [run ?? '', Number(number)]),
    );
    const figures = {
      ...verdict,
      messages: await line.messageCount(),
      loadExitCode: load.code,
      verifyExitCode: verified.code,
      collectorExitCode: await collector.stop(),
      loaderExitCode: (await line.stopLoaders())[0] ?? null,
    };
    const { missing, twice, invented, firstMissing } = verdict;
    if (missing > 0) return fail(`${missing} events lost, first ${firstMissing[0]}`, figures);
    if (twice > 0) return fail(`${twice} events stored twice`, figures);
    if (invented > 0) return fail(`${invented} rows that were never sent`, figures);
    if (!isConsumed) return fail('the group is not at the end of the topic', figures);
    const codes = [figures.verifyExitCode, figures.collectorExitCode, figures.loaderExitCode];
    if (codes.some((code) => code !== 0)) return fail(`exit codes ${codes.join(', ')}`, figures);
    return pass(figures);
  } finally {
    await line.end();
  }
}
