// One run of the strace lane: the driver under strace with one fault, then the judgement.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from '../tools.js';
import { type DriverTask, EXIT } from './driver-task.js';
import { type Account, readJournal } from './journal.js';
import { applyPowerCut, judgeSpool } from './judge.js';
import { countCalls, FOLLOWED, parseTrace, pathsIn, powerCutOf, type TracedCall } from './trace.js';
import { type Fault, injectionOf, nameOf, withMoreNames } from './trace-command.js';

const DRIVER = fileURLToPath(new URL('./driver.js', import.meta.url));
/** A run takes half a second; one that takes this long hangs. */
const RUN_MS_MAX = 30_000;

/** What the driver is given to begin with. */
export interface Scenario {
  readonly name: string;
  readonly seed: number;
  readonly openCount: number;
  readonly roundCount: number;
  /** Call in whose midmost occurrence an earlier run was killed: what it left is the beginning. */
  readonly killedIn: string | null;
  readonly bug: string | null;
}

export type Outcome = 'done' | 'killed' | 'spool failed' | 'opening refused' | 'missed';
export interface RunResult {
  readonly outcome: Outcome;
  /** What is wrong, null when nothing. */
  readonly violation: string | null;
  readonly calls: readonly TracedCall[];
}

/** Of a scenario: how often each call is made, and on which paths. */
export interface DryRun {
  readonly counts: ReadonlyMap<string, number>;
  readonly paths: readonly string[];
  /** With a planted bug this run can be wrong already. */
  readonly violation: string | null;
}

export class Lane {
  readonly #root: string;
  #runCount = 0;
  readonly #images = new Map<string, string>();

  /** `root` is an empty directory for everything; runs remove what they made when all is well. */
  constructor(root: string) {
    this.#root = root;
  }

  /** The same without a fault. Throws when the driver does not even do that. */
  async dryRun(scenario: Scenario): Promise<DryRun> {
    const { outcome, violation, calls, directory } = await this.#run(scenario, null, []);
    if (outcome !== 'done' || (violation !== null && scenario.bug === null))
      throw new Error(`without a fault: ${outcome}, ${violation}`);
    const counts = countCalls(calls, directory);
    const names = [...pathsIn(calls, directory)].map((path) => path.slice(directory.length));
    return { counts, paths: withMoreNames(names), violation };
  }

  /** Runs the scenario with the fault and judges what it leaves. */
  async run(scenario: Scenario, dry: DryRun, fault: Fault): Promise<RunResult> {
    return await this.#run(scenario, fault, dry.paths);
  }

  async #run(
    scenario: Scenario,
    fault: Fault | null,
    names: readonly string[],
  ): Promise<RunResult & { readonly directory: string }> {
    const root = join(this.#root, `run-${this.#runCount++}`);
    const directory = join(root, 'spool');
    const image = await this.#imageOf(scenario);
    mkdirSync(root, { recursive: true });
    if (image !== null) cpSync(image, root, { recursive: true });
    const before = image === null ? [] : readdirSync(directory);
    const existing = before.map((name) => join(directory, name));
    const task: DriverTask = { ...scenario, directory, journal: join(root, 'journal') };
    const exit = await this.#trace(task, join(root, 'trace'), fault, names);
    const calls = parseTrace(readFileSync(join(root, 'trace'), 'utf8'));
    const isHit = fault?.kind === 'KILL' ? exit.signal !== null : calls.some(isInjected);
    const outcome = fault !== null && !isHit ? 'missed' : outcomeOf(exit);
    const imageDirectory = image === null ? null : join(image, 'spool');
    const traced = { calls, existing, image: imageDirectory, exit };
    const violation = await this.#judge(task, traced, fault);
    if (violation === null) rmSync(root, { recursive: true, force: true });
    return { outcome: outcome ?? 'missed', violation, calls, directory };
  }

  async #judge(
    task: DriverTask,
    { calls, existing, image, exit }: Traced,
    fault: Fault | null,
  ): Promise<string | null> {
    if (exit.isLate) return `the driver hung for ${RUN_MS_MAX / 1000} s`;
    const account = readJournal(task.journal);
    const outcome = outcomeOf(exit);
    if (outcome === null) return `the driver crashed: ${exit.code} ${exit.signal} ${exit.stderr}`;
    const wrong = account.troubles.find((line) => line.startsWith('wrong'));
    if (wrong !== undefined) return `I2: ${wrong}`;
    const isSingle = fault?.kind === 'EIO' || fault?.kind === 'ENOSPC';
    if (isSingle && outcome === 'spool failed') return 'a single error failed the spool';
    // A directory that cannot be made is nothing to recover.
    if (!existsSync(task.directory)) return null;
    const cut = powerCutOf(calls, task.directory, existing);
    if (cut.retried.length > 0) return `a dead descriptor was used again: ${cut.retried[0]}`;
    const copy = `${task.directory}-cut`;
    applyPowerCut(task.directory, copy, cut, image);
    return (
      named('as it is', await judge(task.directory, account)) ??
      named('after a power cut', await judge(copy, account))
    );
  }

  /** Directory and journal of a run that was killed; made once. */
  async #imageOf(scenario: Scenario): Promise<string | null> {
    const { killedIn } = scenario;
    if (killedIn === null) return null;
    const key = `${scenario.seed} ${killedIn}`;
    const known = this.#images.get(key);
    if (known !== undefined) return known;
    const root = join(this.#root, `image-${this.#images.size}`);
    this.#images.set(key, root);
    mkdirSync(root, { recursive: true });
    const directory = join(root, 'spool');
    const earlier = { ...scenario, seed: scenario.seed + 500, bug: null };
    const { paths, counts } = await this.dryRun({ ...earlier, killedIn: null });
    const when = Math.ceil((counts.get(killedIn) ?? 1) / 2);
    const fault: Fault = { call: killedIn, kind: 'KILL', when };
    const task: DriverTask = { ...earlier, directory, journal: join(root, 'journal') };
    const exit = await this.#trace(task, join(root, 'trace'), fault, paths);
    if (exit.signal === null) throw new Error(`no crash image: ${nameOf(fault)} was not reached`);
    return root;
  }

  async #trace(
    task: DriverTask,
    log: string,
    fault: Fault | null,
    names: readonly string[],
  ): Promise<Exit> {
    const args = ['-f', '-qq', '-y', '-s', '0', '-o', log];
    // Only followed calls stop the process, which is faster; signals are not injected that way.
    if (fault?.kind !== 'KILL') args.push('--seccomp-bpf');
    args.push('-e', `trace=${FOLLOWED}`);
    // Only the spool's own files are hit, not those that Node reads for itself.
    for (const name of names) args.push('-P', task.directory + name);
    if (fault !== null) args.push('-e', injectionOf(fault));
    args.push(process.execPath, DRIVER, JSON.stringify(task));
    // One thread for files: strace counts occurrences by thread.
    const more = { UV_THREADPOOL_SIZE: '1', WEIR_PLANTED_BUGS: 'allowed' };
    return await execute('strace', args, plainEnvironment(more));
  }
}

const isInjected = (call: TracedCall): boolean => call.isInjected;
const named = (when: string, violation: string | null): string | null =>
  violation === null ? null : `${when}: ${violation}`;

async function judge(directory: string, account: Account): Promise<string | null> {
  try {
    return await judgeSpool(directory, account);
  } catch (error) {
    return `opening failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

interface Traced {
  readonly calls: readonly TracedCall[];
  /** Paths that were there before. */
  readonly existing: readonly string[];
  /** The directory as it was before; null for none. */
  readonly image: string | null;
  readonly exit: Exit;
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly isLate: boolean;
}

function outcomeOf({ code, signal }: Exit): Outcome | null {
  if (signal === 'SIGKILL') return 'killed';
  if (code === EXIT.done) return 'done';
  if (code === EXIT.spoolFailed) return 'spool failed';
  return code === EXIT.openRefused ? 'opening refused' : null;
}

/** Ends strace and the driver after RUN_MS_MAX. */
function execute(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Exit> {
  return new Promise((resolve, reject) => {
    // In a group of its own: strace can hang with its tracee, and both have to go.
    const child = spawn(command, args, {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let stderr = '';
    let isLate = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-2_000);
    });
    const timer = setTimeout(() => {
      isLate = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, RUN_MS_MAX);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      // strace ends like its tracee, by the same signal where it can.
      resolve({ code, signal, stderr, isLate });
    });
  });
}
