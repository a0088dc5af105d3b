// Scenario: events, a backup, more events, a second backup of the running store; then the store
// hangs while still more events come, the whole tree is killed and the store's files are deleted.
// It is restored from the second backup, and afterwards from the first.
// Guarantees: with the second every acknowledged event is there once, those included that only the
// spool had, and the ledger closes. With the first, which is too old, the verdict is red: exactly
// what the tables lack is named as missing.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, WeirProcess, waitFor } from '@weir/harness';
import { KeyedSenders } from '../../harness/keyed-senders.js';
import { Oracle } from '../../harness/oracle.js';
import type { ProofContext } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { judgeKeyed } from '../../harness/stored.js';

const SENDER_COUNT = 2;
const EVENTS_PER_PHASE = 6_000;
const VERIFY_WAIT_SECONDS = 120;

type Plant = 'restore_older_backup' | null;

export async function disaster(context: ProofContext, plant: Plant): Promise<ProofResult> {
  const drill = new Drill(context);
  const { weir, oracle } = drill;
  try {
    await weir.start();
    await drill.send('early');
    await drill.verifyCloses('before the first backup');
    await drill.storage('backup', 'first');
    await drill.send('late');
    await drill.verifyCloses('before the second backup');
    await drill.storage('backup', 'second');
    // The spool deletes what was delivered, at the latest at a start.
    await weir.stop();
    await weir.start();
    // What comes now is in the spool alone.
    const { storePid } = weir.runFile();
    if (storePid !== null) process.kill(storePid, 'SIGSTOP');
    await drill.send('spooled');
    await drill.destroy(storePid);
    await drill.storage('restore', plant === 'restore_older_backup' ? 'first' : 'second');
    await weir.start();
    const { figures: stored, failure } = await judgeKeyed(weir, oracle, context);
    const figures: Record<string, unknown> = { ...stored };
    if (drill.failure !== null) return fail(drill.failure, figures);
    if (failure !== null) return fail(failure, figures);
    await drill.destroy(null);
    await drill.storage('restore', 'first');
    await weir.start();
    const red = await drill.redVerdict();
    const all = { ...figures, ...red.figures };
    return red.failure === null ? pass(all) : fail(red.failure, all);
  } finally {
    await weir.killTree();
  }
}

class Drill {
  readonly weir: WeirProcess;
  readonly oracle = new Oracle();
  readonly #context: ProofContext;
  failure: string | null = null;

  constructor(context: ProofContext) {
    this.#context = context;
    this.weir = new WeirProcess(join(context.directory, 'data'));
  }

  async send(name: string): Promise<void> {
    const senders = new KeyedSenders(
      {
        ...{ url: () => this.weir.httpUrl, count: SENDER_COUNT, name, seed: this.#context.seed },
        eventCount: EVENTS_PER_PHASE / SENDER_COUNT,
      },
      this.oracle,
    );
    await senders.done();
    this.failure ??= senders.failure;
  }

  async storage(...args: string[]): Promise<void> {
    const done = await this.weir.command('storage', ...args, '--data', this.weir.directory);
    this.#context.say(
      `weir storage ${args.join(' ')}: ${done.stdout.trim() || done.stderr.trim()}`,
    );
    if (done.code !== 0) throw new Error(`weir storage ${args.join(' ')}: ${done.stderr}`);
  }

  async verifyCloses(when: string): Promise<void> {
    const { code, stderr } = await this.weir.verify(VERIFY_WAIT_SECONDS);
    if (code !== 0) throw new Error(`the ledger does not close ${when}: ${stderr}`);
  }

  /** `storePid`: of a store that hangs, and hears nothing. */
  async destroy(storePid: number | null): Promise<void> {
    await this.weir.killTree();
    await waitFor(async () => storePid === null || !isAlive(storePid), 10_000);
    rmSync(join(this.weir.directory, 'store'), { recursive: true });
    this.#context.say('the tree is killed and the store is deleted');
  }

  /** Of a store that lacks events: it must be named for what it is. */
  async redVerdict(): Promise<{ figures: Record<string, number>; failure: string | null }> {
    const verified = await this.weir.verify(VERIFY_WAIT_SECONDS, '--deep');
    const missing = missingOf(verified);
    const [[rows = '0'] = []] = await this.weir.query('SELECT count() FROM dev.events');
    const lacking = this.oracle.acknowledgedCount() - Number(rows);
    this.#context.say(`the older backup: ${lacking} events lacking, ${missing} named as missing`);
    const figures = { olderRows: Number(rows), olderLacking: lacking, olderMissing: missing };
    if (lacking === 0) return { figures, failure: 'the older backup lacked nothing' };
    if (verified.code === 0) return { figures, failure: 'verify closes over events that are gone' };
    if (missing !== lacking)
      return { figures, failure: `verify names ${missing} of ${lacking} events that are gone` };
    return { figures, failure: null };
  }
}

function missingOf({ stdout }: CommandResult): number {
  const report = JSON.parse(stdout) as {
    readonly sinks: readonly {
      readonly streams: readonly { readonly missing: readonly (readonly [number, number])[] }[];
    }[];
  };
  return report.sinks
    .flatMap(({ streams }) => streams)
    .flatMap(({ missing }) => missing)
    .reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
