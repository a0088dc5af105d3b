// Scenario: keyed HTTP senders give numbered events to a collector, some of which are no JSON. It
// sends them to a real Kafka; loaders of one group put them into a ClickHouse server behind a
// proxy that cuts, hangs and loses answers. Loaders join, leave, are killed and frozen; the store
// is killed; brokers are killed.
// Guarantees: every acknowledged event is in the events table once, every malformed one in
// quarantine once; the ledger has no gap; the lag is back at nothing soon after.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loaderProcess, monotonicMs, seeded, WeirProcess, waitFor } from '@weir/harness';
import { createTopic, KafkaCluster } from '@weir/harness/kafka';
import {
  isMalformed,
  KeyedSenders,
  NUMBERS_OF_QUARANTINE,
  NUMBERS_OF_ROWS,
} from '../../harness/keyed-senders.js';
import { Oracle, type Verdict } from '../../harness/oracle.js';
import type { ProofContext } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { RestartableServer } from '../../harness/restartable-server.js';
import { ToxicProxy } from '../../harness/toxic-proxy.js';
import { Chaos, type ChaosPlan } from './chaos.js';

const TOPIC = 'siem.events.v1';
const PARTITIONS = 6;
const LOADERS = 3;
const SENDERS = 4;
const EVENTS_DEFAULT = 200_000;
/** 3 %: 1 in 33. */
const MALFORMED_EVERY = 33;
const SESSION_TIMEOUT_MS = 4_000;
const LAG_MS_MAX = 60_000;
const SHORT: ChaosPlan = { memberEvents: 25, outages: 10, brokerKills: 3 };
const LONG: ChaosPlan = { memberEvents: 60, outages: 25, brokerKills: 10 };
/** A planted fault shows without most of the misfortunes. */
const SABOTAGED: ChaosPlan = { memberEvents: 3, outages: 1, brokerKills: 0 };
/** So that the load lasts as long as the misfortunes do. */
const SECONDS = { short: 80, long: 240, sabotaged: 12 };
const SABOTAGED_LAG_MS_MAX = 10_000;

const PLANS = { short: SHORT, long: LONG, sabotaged: SABOTAGED } as const;

export async function stress(context: ProofContext): Promise<ProofResult> {
  const { directory, seed, say, sabotage, isLong } = context;
  const eventCount = context.count ?? (isLong ? 1_000_000 : EVENTS_DEFAULT);
  const length = sabotage !== null ? 'sabotaged' : isLong ? 'long' : 'short';
  const brokerCount = isLong ? 3 : 1;
  const random = seeded(seed);
  const cluster = await KafkaCluster.start({
    directory: join(directory, 'kafka'),
    brokerCount,
    properties: { 'group.min.session.timeout.ms': 1_000 },
  });
  const server = await RestartableServer.start(join(directory, 'server'), seed);
  const proxy = new ToxicProxy({ host: '127.0.0.1', port: server.port });
  await proxy.start();
  for (const topic of [TOPIC, `${TOPIC}.dlq`])
    await createTopic(cluster.brokers, { topic, partitions: PARTITIONS });
  const kafka = { KAFKA_BROKERS: cluster.brokers, KAFKA_TOPIC: TOPIC };
  const weir = new WeirProcess(join(directory, 'data'), kafka);
  const loaderDirectory = join(directory, 'loaders');
  mkdirSync(loaderDirectory);
  writeFileSync(
    join(loaderDirectory, 'weir.toml'),
    `[kafka]\nsession_timeout_ms = ${SESSION_TIMEOUT_MS}\n`,
  );
  const loaders = Array.from({ length: LOADERS }, (_, i) =>
    loaderProcess({
      directory: loaderDirectory,
      name: String(i + 1),
      environment: {
        ...kafka,
        CLICKHOUSE_URL: server.urlThrough(proxy.port),
        ...(sabotage === null ? {} : { WEIR_SABOTAGE: sabotage }),
      },
    }),
  );
  try {
    await loaders[0]?.start();
    await keepParts(server);
    await Promise.all([weir.start(), ...loaders.slice(1).map((loader) => loader.start())]);
    const oracles = { events: new Oracle(), malformed: new Oracle() };
    const sent = new Oracle();
    const perSender = Math.floor(eventCount / SENDERS);
    const senders = new KeyedSenders(
      {
        url: () => weir.httpUrl,
        count: SENDERS,
        seed,
        eventCount: perSender,
        eventsPerSecond: perSender / SECONDS[length],
        malformedEvery: MALFORMED_EVERY,
      },
      sent,
    );
    const parts = { cluster, brokerCount, server, proxy, loaders, random, say };
    const chaos = new Chaos({ ...parts, sessionTimeoutMs: SESSION_TIMEOUT_MS }, PLANS[length]);
    await Promise.all([senders.done(), chaos.run()]);
    if (senders.failure !== null) return fail(senders.failure, {});
    const calmMs = monotonicMs();
    const accountedFor = async (): Promise<number> =>
      Number(await server.value('SELECT sum(stored + quarantined) FROM dev.ledger_by_stream'));
    const total = perSender * SENDERS;
    const lagMsMax = sabotage === null ? LAG_MS_MAX : SABOTAGED_LAG_MS_MAX;
    const isSettled = await waitFor(async () => (await accountedFor()) >= total, lagMsMax, 200);
    const lagSeconds = Math.round((monotonicMs() - calmMs) / 100) / 10;
    say(`lag gone ${lagSeconds} s after the last misfortune`);
    register(oracles, perSender);
    const events = oracles.events.judge(await numbersOf(server, NUMBERS_OF_ROWS));
    const malformed = oracles.malformed.judge(await numbersOf(server, NUMBERS_OF_QUARANTINE));
    const gaps = Number(await server.value('SELECT sum(missing) FROM dev.ledger_by_stream'));
    const figures = {
      ...{ events: total, ...prefixed('', events), ...prefixed('malformed', malformed) },
      ...{ gaps, lagSeconds, ...senders.figures, ...chaos.counts },
    };
    const problem = problemOf(events, malformed, gaps);
    if (problem !== null) return fail(problem, figures);
    if (!isSettled) return fail(`lag is not gone after ${lagSeconds} s`, figures);
    return pass(figures);
  } finally {
    await weir.killTree();
    await Promise.all(loaders.map((loader) => loader.kill()));
    await proxy.close();
    await server.stop();
    await cluster.kill();
  }
}

/** A merge would remove a row that is there twice, and with it what is looked for. */
async function keepParts(server: RestartableServer): Promise<void> {
  for (const table of ['events', 'quarantine']) {
    const isDone = await waitFor(async () => {
      try {
        await server.query(
          `ALTER TABLE dev.${table} MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, ` +
            'max_bytes_to_merge_at_min_space_in_pool = 1',
        );
        return true;
      } catch {
        return false;
      }
    }, LAG_MS_MAX);
    if (!isDone) throw new Error('merges cannot be stopped');
  }
}

function register(
  { events, malformed }: { readonly events: Oracle; readonly malformed: Oracle },
  perSender: number,
): void {
  for (let i = 0; i < SENDERS; i++) {
    const producer = `sender-${i}`;
    for (const oracle of [events, malformed]) oracle.register(producer, perSender);
    for (let number = 0; number < perSender; number++)
      (isMalformed(number, MALFORMED_EVERY) ? malformed : events).acknowledge(producer, number, 1);
  }
}

async function numbersOf(server: RestartableServer, sql: string): Promise<[string, number][]> {
  const rows = await server.query(sql);
  return rows.map(([producer, number]) => [producer ?? '', Number(number)]);
}

function problemOf(events: Verdict, malformed: Verdict, gaps: number): string | null {
  for (const [what, verdict] of [
    ['events', events],
    ['malformed events', malformed],
  ] as const) {
    const { missing, twice, invented, found, expected, firstMissing } = verdict;
    if (missing > 0) return `${missing} events lost (${what}), first ${firstMissing[0]}`;
    if (twice > 0) return `${twice} events stored twice (${what})`;
    if (invented > 0 || found !== expected) return `${found} ${what} stored, not ${expected}`;
  }
  return gaps === 0 ? null : `the ledger has ${gaps} gaps`;
}

const prefixed = (prefix: string, { expected, found, missing, twice }: Verdict) =>
  Object.fromEntries(
    Object.entries({ expected, found, missing, twice }).map(([name, value]) => [
      prefix === '' ? name : `${prefix}${name[0]?.toUpperCase()}${name.slice(1)}`,
      value,
    ]),
  );
