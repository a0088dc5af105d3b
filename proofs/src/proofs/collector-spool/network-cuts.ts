// Scenario: 100,000 syslog events over TCP while the way to a ClickHouse server (CLICKHOUSE_URL)
// goes through a proxy that is slow, resets connections, leaves them half open, loses replies, and
// is down for a while.
// Guarantees: as for kills of the store; each manner of cut was met by a statement of the loader.
import { join } from 'node:path';
import { seeded, sleep, WeirProcess, waitFor } from '@weir/harness';
import { type ProofContext, sabotageEnvironment } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { startServer } from '../../harness/server.js';
import { judgeSyslog } from '../../harness/stored.js';
import { sendSyslog } from '../../harness/syslog-sender.js';
import { type Toxic, ToxicProxy } from '../../harness/toxic-proxy.js';

export const CUT_EVENT_COUNT = 100_000;
const EVENTS_PER_SECOND = 6_000;
const CUTS: readonly Toxic[] = ['latency', 'reset', 'half_open', 'lost_ack', 'down'];
/** A cut lasts until a statement has met it, at least this long. */
const CUT_MS_MIN = 1_500;
const BITE_MS_MAX = 30_000;
const PAUSE_MS_MAX = 1_000;

export async function networkCuts(context: ProofContext): Promise<ProofResult> {
  const { seed } = context;
  const server = await startServer(join(context.directory, 'server'));
  const proxy = new ToxicProxy({ host: '127.0.0.1', port: server.port });
  await proxy.start();
  const weir = new WeirProcess(join(context.directory, 'data-cuts'), {
    ...sabotageEnvironment(context.sabotage),
    CLICKHOUSE_URL: server.urlThrough(proxy.port),
  });
  try {
    await weir.start();
    const sending = sendSyslog({
      address: weir.syslogAddress,
      eventCount: CUT_EVENT_COUNT,
      eventsPerSecond: EVENTS_PER_SECOND,
      seed,
    });
    const random = seeded(seed + 2);
    for (const toxic of CUTS) {
      await sleep(random() * PAUSE_MS_MAX);
      await proxy.set(toxic);
      await sleep(CUT_MS_MIN);
      await waitFor(async () => proxy.bites[toxic] > 0, BITE_MS_MAX);
      await proxy.set('none');
      context.say(`${toxic}: met ${proxy.bites[toxic]} times`);
    }
    await sending;
    const verdict = await judgeSyslog(weir, CUT_EVENT_COUNT, context);
    const bites = Object.fromEntries(
      CUTS.map((toxic) => [`met${camel(toxic)}`, proxy.bites[toxic]]),
    );
    const figures = { ...verdict.figures, ...bites };
    const unmet = CUTS.filter((toxic) => proxy.bites[toxic] === 0);
    if (unmet.length > 0) return fail(`no statement met ${unmet.join(', ')}`, figures);
    return verdict.failure === null ? pass(figures) : fail(verdict.failure, figures);
  } finally {
    await weir.killTree();
    await proxy.close();
    await server.stop();
  }
}

const camel = (toxic: string): string =>
  toxic.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
