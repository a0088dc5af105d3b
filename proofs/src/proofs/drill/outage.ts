// Scenario: keyed senders at a steady rate; the server hangs (SIGSTOP), goes on, is killed
// (SIGKILL) and started again.
// Guarantees: each time the circuit opens, and closes once the server is back; meanwhile load is
// taken; in the end every acknowledged event is there once and the ledger closes.
import { join } from 'node:path';
import { sleep, WeirProcess, waitFor } from '@weir/harness';
import { FailingServer } from '../../harness/failing-server.js';
import { KeyedSenders } from '../../harness/keyed-senders.js';
import { Oracle } from '../../harness/oracle.js';
import { type ProofContext, sabotageEnvironment } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { judgeKeyed } from '../../harness/stored.js';

const SENDER_COUNT = 2;
const EVENTS_PER_SECOND = 1_000;
/** Waits end when they see what they wait for; a busy machine takes longer. */
const CONDITION_MS_MAX = 180_000;
const OUTAGE_MS = 4_000;

type Plant = 'drop_event' | null;

export async function outage(context: ProofContext, plant: Plant): Promise<ProofResult> {
  const server = await FailingServer.start(join(context.directory, 'server'));
  const environment = { ...sabotageEnvironment(plant), CLICKHOUSE_URL: server.url };
  const weir = new WeirProcess(join(context.directory, 'data'), environment);
  const oracle = new Oracle();
  try {
    await weir.start();
    const senders = new KeyedSenders(
      {
        ...{ url: () => weir.httpUrl, count: SENDER_COUNT, seed: context.seed },
        eventsPerSecond: EVENTS_PER_SECOND / SENDER_COUNT,
      },
      oracle,
    );
    const watch = new Watch(weir, oracle, context);
    await watch.until(
      'stores',
      async () => (await metric(weir, 'component_sent_events_total')) > 0,
    );
    server.hang();
    await watch.opened('hang');
    await watch.loaded('hang');
    server.goOn();
    await watch.closed('hang');
    await server.kill();
    await watch.opened('kill');
    await watch.loaded('kill');
    await server.startAgain();
    await watch.closed('kill');
    await senders.stop();
    const opens = await metric(weir, 'sink_breaker_opened_total');
    const { figures: stored, failure } = await judgeKeyed(weir, oracle, context);
    const figures = { ...stored, ...senders.figures, ...watch.figures, opens };
    if (senders.failure !== null) return fail(senders.failure, figures);
    if (failure !== null) return fail(failure, figures);
    return watch.problem === null ? pass(figures) : fail(watch.problem, figures);
  } finally {
    await weir.killTree();
    await server.stop();
  }
}

/** Of the ClickHouse sink; NaN when it cannot be read. */
async function metric(weir: WeirProcess, name: string): Promise<number> {
  const text = await weir.metrics().catch(() => '');
  const line = new RegExp(`^${name}\\{component_id="clickhouse"[^}]*\\} (\\S+)$`, 'm').exec(text);
  return Number(line?.[1] ?? Number.NaN);
}

class Watch {
  readonly #weir: WeirProcess;
  readonly #oracle: Oracle;
  readonly #context: ProofContext;
  readonly figures: Record<string, boolean | number> = {};
  problem: string | null = null;

  constructor(weir: WeirProcess, oracle: Oracle, context: ProofContext) {
    this.#weir = weir;
    this.#oracle = oracle;
    this.#context = context;
  }

  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const found = await waitFor(isSo, CONDITION_MS_MAX);
    this.figures[what] = found;
    this.#context.say(`${what}: ${found ? 'yes' : 'NO'}`);
    if (!found) this.problem ??= `${what}: it did not come to that`;
  }

  opened(fault: string): Promise<void> {
    return this.until(
      `${fault}Opens`,
      async () => (await metric(this.#weir, 'sink_breaker_state')) === 2,
    );
  }

  closed(fault: string): Promise<void> {
    return this.until(
      `${fault}Closes`,
      async () => (await metric(this.#weir, 'sink_breaker_state')) === 0,
    );
  }

  /** While the circuit is open, events are taken, and the collector says that it is ready. */
  async loaded(fault: string): Promise<void> {
    const before = this.#oracle.acknowledgedCount();
    await sleep(OUTAGE_MS);
    const taken = this.#oracle.acknowledgedCount() - before;
    this.figures[`${fault}TakenEvents`] = taken;
    this.#context.say(`${taken} events were taken meanwhile`);
    if (taken === 0) this.problem ??= `${fault}: no event was taken while the circuit was open`;
    const reply = await fetch(`${this.#weir.httpUrl}/readyz`);
    if (reply.status !== 200) this.problem ??= `${fault}: /readyz answers ${reply.status}`;
  }
}
