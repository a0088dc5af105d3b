// Scenario: orders of which every second one goes to quarantine under all reasons in turn, beside
// events that nothing can mend. Then the parser is mended, and its orders are requeued while new
// ones come in: the whole tree is killed in the middle of a requeue, and so is the command on an
// instance that stands still.
// Guarantees: each order is in the events table once, under the identity that it had in quarantine;
// its row there stays, superseded; the ledger closes and the tables agree with it behind each kill;
// what cannot be mended stays.
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { seeded, sleep, WeirProcess, waitFor } from '@weir/harness';
import { type ProofContext, sabotageEnvironment } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import {
  ASKED_REASONS,
  BROKEN_FRAME,
  BROKEN_ITEMS,
  KNOWN_REASONS,
  ORDER_NUMBER,
  orderLine,
  writeParser,
} from './orders.js';

export const KILL_COUNT = 4;
export const STOPPED_KILL_COUNT = 4;
const FIRST_ORDERS = 24_000;
const LATER_ORDERS = 300;
const BODY_ORDERS = 3_000;
const STORED_MS_MAX = 60_000;
const KILL_WITHIN_MS = 120;

interface Taxonomy {
  readonly events: number;
  readonly groups: readonly { readonly reason: string; readonly events: number }[];
}

export async function requeues(context: ProofContext): Promise<ProofResult> {
  const { directory, seed, say, sabotage } = context;
  const config = writeParser(directory, false);
  const weir = new WeirProcess(join(directory, 'data'), sabotageEnvironment(sabotage), [
    '--config',
    config,
  ]);
  try {
    await weir.start();
    await keepParts(weir);
    await send(weir, 0, FIRST_ORDERS);
    await sendBroken(weir);
    const reasons = await taxonomyOf(weir, config);
    for (const [reason, events] of Object.entries(reasons))
      say(`${reason.padEnd(24)} ${String(events).padStart(7)}`);
    const problem = problemOf(reasons);
    if (problem !== null) return fail(problem, figuresOf(reasons));
    const first = await identities(weir, 'quarantine');
    await weir.stop();
    writeParser(directory, true);
    const requeuing = new Requeuing(weir, config, context, seeded(seed));
    await requeuing.whileItRuns();
    await requeuing.whileItIsStopped();
    const figures = { ...(await requeuing.finish(first)), ...figuresOf(reasons) };
    return requeuing.failure === null ? pass(figures) : fail(requeuing.failure, figures);
  } finally {
    await weir.killTree();
  }
}

/** `reason=count`, most first. */
const figuresOf = (reasons: Readonly<Record<string, number>>) => ({
  reasons: Object.entries(reasons).map(([reason, events]) => `${reason}=${events}`),
});

/** A merge would remove a row that is there twice, and with it what is looked for. */
async function keepParts(weir: WeirProcess): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    try {
      await weir.sql(
        'ALTER TABLE dev.events MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, ' +
          'max_bytes_to_merge_at_min_space_in_pool = 1',
      );
      return true;
    } catch {
      return false;
    }
  };
  if (!(await waitFor(isThere, STORED_MS_MAX))) throw new Error('merges cannot be stopped');
}

async function send(weir: WeirProcess, first: number, count: number): Promise<void> {
  for (let at = first; at < first + count; at += BODY_ORDERS) {
    const size = Math.min(BODY_ORDERS, first + count - at);
    const body = Array.from({ length: size }, (_, i) => orderLine(at + i)).join('\n');
    await post(weir, body);
  }
}

async function post(weir: WeirProcess, body: string): Promise<void> {
  const reply = await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', body });
  if (reply.status !== 200) throw new Error(`an ingest was answered ${reply.status}`);
  await reply.text();
}

async function sendBroken(weir: WeirProcess): Promise<void> {
  await post(weir, BROKEN_ITEMS.join('\n'));
  const [host = '', port = ''] = weir.syslogAddress.split(':');
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), host, () => socket.end(BROKEN_FRAME));
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.resume();
  });
}

/** Events by reason, once all are stored. */
async function taxonomyOf(weir: WeirProcess, config: string): Promise<Record<string, number>> {
  const counts = await waitFor(async () => {
    const { code } = await weir.verify(30);
    return code === 0;
  }, STORED_MS_MAX);
  if (!counts) throw new Error('the ledger did not close before anything was requeued');
  const listed = await weir.command(
    ...['quarantine', 'list', '--json', '--config', config, '--data', weir.directory],
  );
  if (listed.code !== 0) throw new Error(`weir quarantine list: ${listed.stderr}`);
  const reasons: Record<string, number> = {};
  for (const { reason, events } of (JSON.parse(listed.stdout) as Taxonomy).groups)
    reasons[reason] = (reasons[reason] ?? 0) + events;
  return reasons;
}

function problemOf(reasons: Readonly<Record<string, number>>): string | null {
  const strange = Object.keys(reasons).find((reason) => !KNOWN_REASONS.includes(reason));
  if (strange !== undefined) return `a reason that is not of the taxonomy: ${strange}`;
  const missing = ASKED_REASONS.find((reason) => !((reasons[reason] ?? 0) > 0));
  return missing === undefined ? null : `no event is in quarantine as ${missing}`;
}

/** By order number: everything that names the event and says where it came from. */
async function identities(
  weir: WeirProcess,
  table: 'events' | 'quarantine',
): Promise<Map<string, string>> {
  const rows = await weir.query(
    `SELECT DISTINCT ${ORDER_NUMBER} AS number, tenant_id, stream, epoch, seq, source, source_seq, ` +
      `ingest_time, retention_class, hex(raw_data) FROM dev.${table} WHERE number != ''`,
  );
  return new Map(rows.map(([number = '', ...rest]) => [number, rest.join()]));
}

class Requeuing {
  failure: string | null = null;
  readonly #weir: WeirProcess;
  readonly #context: ProofContext;
  readonly #random: () => number;
  readonly #command: readonly string[];
  readonly #intent: string;
  #sent = FIRST_ORDERS;
  #kills = 0;
  #openIntents = 0;

  constructor(weir: WeirProcess, config: string, context: ProofContext, random: () => number) {
    this.#weir = weir;
    this.#context = context;
    this.#random = random;
    this.#command = ['quarantine', 'requeue', '--config', config, '--data', weir.directory];
    this.#intent = join(weir.directory, 'loader', 'requeue-intent.json');
  }

  /** The collector does it itself, beside new orders, and is killed with its store. */
  async whileItRuns(): Promise<void> {
    const weir = this.#weir;
    for (let i = 0; i < KILL_COUNT; i++) {
      await weir.start();
      const command = weir.command(...this.#command, '--limit', '4000');
      await send(weir, this.#sent, LATER_ORDERS);
      this.#sent += LATER_ORDERS;
      if (await this.#isUnderWay()) this.#kills++;
      await weir.killTree();
      await command;
      this.#noteIntent();
      this.#context.say(`tree killed in a requeue (${i + 1} of ${KILL_COUNT})`);
      await this.#check('after a kill');
    }
  }

  /** The command holds the directory, and is killed with its store. */
  async whileItIsStopped(): Promise<void> {
    for (let i = 0; i < STOPPED_KILL_COUNT; i++) {
      const command = [...this.#command, '--limit', '4000'];
      if (await this.#weir.killedCommand(() => this.#isUnderWay(), ...command)) this.#kills++;
      this.#noteIntent();
      this.#context.say(`command killed (${i + 1} of ${STOPPED_KILL_COUNT})`);
      await this.#check('after the command was killed');
    }
  }

  /** Resolves somewhere in the steps of a portion; false when none begins. */
  async #isUnderWay(): Promise<boolean> {
    const isBegun = await waitFor(async () => existsSync(this.#intent), 20_000, 2);
    await sleep(this.#random() * KILL_WITHIN_MS);
    return isBegun;
  }

  #noteIntent(): void {
    if (existsSync(this.#intent)) this.#openIntents++;
  }

  /** Of a stopped instance, as a kill has left it. */
  async #check(when: string): Promise<void> {
    const { code, stderr } = await this.#weir.verify(0, '--deep');
    // What is in flight is delivered by the next start, and stands against a stopped instance.
    const problems = stderr.split('\n').filter((line) => line !== '' && !/in the spool/.test(line));
    if (code !== 0 && problems.length > 0) this.failure ??= `${when}: ${problems[0]}`;
  }

  async finish(first: ReadonlyMap<string, string>): Promise<Record<string, unknown>> {
    const weir = this.#weir;
    await weir.start();
    await weir.verify(60);
    const last = await weir.command(...this.#command, '--json');
    const again = await weir.command(...this.#command, '--json');
    const verified = await weir.verify(60, '--deep');
    const [counts = []] = await weir.query(
      `SELECT count(), uniqExact(${ORDER_NUMBER}) FROM dev.events WHERE ${ORDER_NUMBER} != ''`,
    );
    const [found = 0, distinct = 0] = counts.map(Number);
    const now = await identities(weir, 'events');
    let changed = 0;
    for (const [number, identity] of first) if (now.get(number) !== identity) changed++;
    const [left = []] = await weir.query(
      'SELECT countIf(superseded = 0), countIf(superseded = 1) FROM dev.quarantine FINAL',
    );
    const [staying = 0, superseded = 0] = left.map(Number);
    const exitCode = await weir.stop();
    const lost = this.#sent - distinct;
    const twice = found - distinct;
    const requeuedAgain = (JSON.parse(again.stdout || '{}') as { requeued?: number }).requeued;
    const figures = {
      ...{ sent: this.#sent, found, lost, twice, changed, staying, superseded },
      ...{ kills: this.#kills, openIntents: this.#openIntents, requeuedAgain },
      ...{ requeueExitCode: last.code, verifyExitCode: verified.code, exitCode },
    };
    this.#context.say(
      `${superseded} requeued, ${staying} stay; lost ${lost}, twice ${twice}, changed ${changed}`,
    );
    // What is counted goes before what a verifier says of it.
    const failure = this.#failureOf(figures, `${last.stderr}${again.stderr}`, verified.stderr);
    if (lost > 0 || twice > 0) this.failure = failure;
    else this.failure ??= failure;
    return figures;
  }

  #failureOf(
    found: Readonly<Record<string, number | null | undefined>>,
    requeueText: string,
    verifyText: string,
  ): string | null {
    const { lost = 0, twice = 0, changed = 0, staying, superseded, kills, openIntents } = found;
    if (Number(lost) > 0) return `${lost} events lost`;
    if (Number(twice) > 0) return `${twice} events stored twice`;
    if (Number(changed) > 0) return `${changed} events have another identity than in quarantine`;
    if (found.requeueExitCode !== 0) return `weir quarantine requeue: ${requeueText.trim()}`;
    if (found.verifyExitCode !== 0) return `the ledger does not close: ${verifyText.trim()}`;
    if (superseded !== FIRST_ORDERS / 2) return `${superseded} rows of quarantine are superseded`;
    if (staying !== BROKEN_ITEMS.length + 1) return `${staying} events stay in quarantine`;
    if (found.requeuedAgain !== 0) return `a second run requeued ${found.requeuedAgain} events`;
    // A fault that was never met proves nothing.
    if (Number(kills) < (KILL_COUNT + STOPPED_KILL_COUNT) / 2 || Number(openIntents) === 0)
      return 'too few kills met a requeue under way';
    return found.exitCode === 0 ? null : `the collector ended with ${found.exitCode}`;
  }
}
