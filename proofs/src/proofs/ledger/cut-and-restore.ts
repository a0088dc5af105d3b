// Scenario: keyed HTTP senders while the way to a ClickHouse server is cut for several seconds and
// restored, twice; in between the collector is killed once while it is cut off.
// Guarantees: during the cut the ledger shows delay (in flight) and neither a gap nor a duplicate;
// after it nothing is in flight, no number of any stream is missing, in the store's own view as
// well, and every acknowledged event is there once.
import { join } from 'node:path';
import { sleep, WeirProcess, waitFor } from '@weir/harness';
import { KeyedSenders } from '../../harness/keyed-senders.js';
import { Oracle } from '../../harness/oracle.js';
import { type ProofContext, sabotageEnvironment } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { type Server, startServer } from '../../harness/server.js';
import { judgeKeyed } from '../../harness/stored.js';
import { ToxicProxy } from '../../harness/toxic-proxy.js';

const SENDER_COUNT = 2;
/** Some 8,000 events/s together. */
const PAUSE_MS = 45;
const CUT_MS = 4_000;
const MIGRATED_MS_MAX = 30_000;

interface During {
  readonly inFlight: number;
  /** What verify said against the ledger while it was cut off. */
  readonly problems: readonly string[];
}

export async function cutAndRestore(context: ProofContext): Promise<ProofResult> {
  const server = await startServer(join(context.directory, 'server'));
  const proxy = new ToxicProxy({ host: '127.0.0.1', port: server.port });
  await proxy.start();
  const weir = new WeirProcess(join(context.directory, 'data-cut'), {
    ...sabotageEnvironment(context.sabotage),
    CLICKHOUSE_URL: server.urlThrough(proxy.port),
  });
  const oracle = new Oracle();
  try {
    await weir.start();
    const senders = new KeyedSenders(
      { url: () => weir.httpUrl, count: SENDER_COUNT, seed: context.seed, pauseMs: PAUSE_MS },
      oracle,
    );
    await waitFor(async () => Number(await rowCount(server)) > 0, MIGRATED_MS_MAX);
    const during = [
      await cut(proxy, weir, server, async () => {}),
      await cut(proxy, weir, server, async () => {
        await weir.killTree();
        await weir.start();
      }),
    ];
    await senders.stop();
    const inFlight = Math.max(...during.map((look) => look.inFlight));
    context.say(`cut twice; at most ${inFlight} events were in flight then`);
    const { figures: stored, failure } = await judgeKeyed(weir, oracle, context);
    const missing = await missingInView(server);
    const figures = { ...stored, inFlight, gapsInView: missing, ...senders.figures };
    const problem = during.flatMap(({ problems }) => problems)[0];
    if (senders.failure !== null) return fail(senders.failure, figures);
    if (failure !== null) return fail(failure, figures);
    if (problem !== undefined) return fail(`during a cut verify said: ${problem}`, figures);
    if (missing !== 0) return fail(`${missing} numbers are gaps in the view`, figures);
    if (inFlight === 0) return fail('no cut kept anything from the store', figures);
    return pass(figures);
  } finally {
    await weir.killTree();
    await proxy.close();
    await server.stop();
  }
}

async function cut(
  proxy: ToxicProxy,
  weir: WeirProcess,
  server: Server,
  meanwhile: () => Promise<void>,
): Promise<During> {
  await proxy.set('down');
  await sleep(CUT_MS / 2);
  await meanwhile();
  await sleep(CUT_MS / 2);
  // The verifier has a way of its own to the store.
  const looked = await weir.verify(0, '--url', server.urlThrough(server.port));
  await proxy.set('none');
  const report = JSON.parse(looked.stdout) as During;
  return { inFlight: report.inFlight, problems: report.problems };
}

const rowCount = (server: Server): Promise<string> =>
  server.sql('SELECT count() FROM dev.events').catch(() => '0');

const missingInView = async (server: Server): Promise<number> =>
  Number(await server.sql('SELECT sum(missing) FROM dev.ledger_by_stream'));
