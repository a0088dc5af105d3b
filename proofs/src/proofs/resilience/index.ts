// Scenario: keyed HTTP senders while three things go wrong, one after the other: the way to the
// store is cut; while it is, the wall clock of the collector jumps 400 days ahead and then an hour
// back; the disk of the spool fills up.
// Guarantees: each fault raises its metric, which clears when the fault ends; the collector neither
// ends nor loses anything; a clock that was set expires nothing that is spooled; senders are told
// (503) while the disk is full, and what they were told before is there after a kill.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, WeirProcess, waitFor } from '@weir/harness';
import { FakeClock } from '../../harness/fake-clock.js';
import { KeyedSenders } from '../../harness/keyed-senders.js';
import { Oracle } from '../../harness/oracle.js';
import { type Proof, type ProofContext, sabotageEnvironment } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { startServer } from '../../harness/server.js';
import { SmallDisk } from '../../harness/small-disk.js';
import { judgeKeyed } from '../../harness/stored.js';
import { ToxicProxy } from '../../harness/toxic-proxy.js';

const SENDER_COUNT = 2;
const PAUSE_MS = 40;
/** What the spool has prepared ahead is used up in seconds, not in a minute. */
const NOISE_BYTES = 150;
const DISK_MIB = 192;
const SEGMENT_BYTES = 2 * 1024 * 1024;
/** Waits end when they see what they wait for; a busy machine takes longer. */
const CONDITION_MS_MAX = 120_000;
const FAULT_MS = 3_000;

export const resilience: Proof = {
  name: 'resilience',
  summary:
    'disconnect, a clock that jumps, a full disk: each raises a metric that clears, nothing is lost',
  sabotages: ['drop_event', 'ack_before_fdatasync'],
  needs: {
    cores: 1,
    diskMiB: 1024,
    memoryMiB: 2048,
    privileges: ['root'],
    tools: ['faketime'],
    expectedSeconds: 50,
  },
  run,
};

async function run(context: ProofContext): Promise<ProofResult> {
  const server = await startServer(join(context.directory, 'server'));
  const proxy = new ToxicProxy({ host: '127.0.0.1', port: server.port });
  await proxy.start();
  const disk = SmallDisk.mount(join(context.directory, 'disk'), DISK_MIB);
  mkdirSync(join(disk.path, 'data'));
  // Its log stands beside the link, so not on the small disk.
  const data = join(context.directory, 'data-on-disk');
  symlinkSync(join(disk.path, 'data'), data);
  const clock = new FakeClock(context.directory);
  // What was prepared ahead is used up before a disk is felt to be full, so little is.
  const config = join(context.directory, 'weir.toml');
  writeFileSync(config, `[spool]\nsegment_bytes = ${SEGMENT_BYTES}\n`);
  const environment = {
    ...sabotageEnvironment(context.sabotage),
    ...clock.environment,
    CLICKHOUSE_URL: server.urlThrough(proxy.port),
  };
  const weir = new WeirProcess(data, environment, ['--config', config]);
  const oracle = new Oracle();
  try {
    await weir.start();
    const senders = new KeyedSenders(
      {
        url: () => weir.httpUrl,
        count: SENDER_COUNT,
        seed: context.seed,
        pauseMs: PAUSE_MS,
        noiseBytes: NOISE_BYTES,
      },
      oracle,
    );
    const faults = new Faults(weir, context);
    await disconnectAndSkew(faults, proxy, clock, weir);
    await fillDisk(faults, disk, weir, senders);
    await senders.stop();
    clock.set('+0');
    const { figures: stored, failure } = await judgeKeyed(weir, oracle, context);
    const figures = { ...stored, ...senders.figures, ...faults.figures };
    if (senders.failure !== null) return fail(senders.failure, figures);
    if (failure !== null) return fail(failure, figures);
    if (faults.problem !== null) return fail(faults.problem, figures);
    if (senders.refusals === 0) return fail('no sender was told that the disk was full', figures);
    return pass(figures);
  } finally {
    await weir.killTree();
    disk.unmount();
    await proxy.close();
    await server.stop();
  }
}

/** Faults, each with the metric that must show it and must not show it afterwards. */
class Faults {
  readonly #weir: WeirProcess;
  readonly #context: ProofContext;
  readonly figures: Record<string, boolean> = {};
  problem: string | null = null;

  constructor(weir: WeirProcess, context: ProofContext) {
    this.#weir = weir;
    this.#context = context;
  }

  /** `make` is done again at each look. */
  async raised(fault: string, metric: RegExp, make: () => void = () => {}): Promise<void> {
    await this.#expect(`${fault}Raised`, metric, true, make);
  }
  async cleared(fault: string, metric: RegExp): Promise<void> {
    await this.#expect(`${fault}Cleared`, metric, false, () => {});
  }

  async #expect(what: string, metric: RegExp, isThere: boolean, make: () => void): Promise<void> {
    const isSo = await waitFor(async () => {
      make();
      return metric.test(await this.#weir.metrics().catch(() => '')) === isThere;
    }, CONDITION_MS_MAX);
    this.figures[what] = isSo;
    this.#context.say(`${what}: ${isSo ? 'yes' : 'NO'}`);
    if (!isSo) this.problem ??= `${what}: the metric ${metric.source} did not show it`;
  }
}

const SINK_DOWN = /^sink_up\{component_id="clickhouse"[^}]*\} 0$/m;
const CLOCK_SET = /^clock_step_seconds -?[1-9]/m;
const DISK_FULL = /^buffer_full\{[^}]*\} 1$/m;

async function disconnectAndSkew(
  faults: Faults,
  proxy: ToxicProxy,
  clock: FakeClock,
  weir: WeirProcess,
): Promise<void> {
  await waitFor(
    async () =>
      /^component_sent_events_total\{component_id="clickhouse"[^}]*\} [1-9]/m.test(
        await weir.metrics(),
      ),
    CONDITION_MS_MAX,
  );
  await proxy.set('down');
  await faults.raised('disconnect', SINK_DOWN);
  for (const offset of ['+400d', '-1h']) {
    clock.set(offset);
    await faults.raised(offset === '-1h' ? 'clockBack' : 'clockAhead', CLOCK_SET);
    await sleep(FAULT_MS / 2);
  }
  clock.set('+0');
  await faults.cleared('clock', CLOCK_SET);
  await proxy.set('none');
  await faults.cleared('disconnect', SINK_DOWN);
}

/** The collector is killed while the disk is full. */
async function fillDisk(
  faults: Faults,
  disk: SmallDisk,
  weir: WeirProcess,
  senders: KeyedSenders,
): Promise<void> {
  // Space that a delivered segment gives back is taken again.
  await faults.raised('diskFull', DISK_FULL, () => disk.fill());
  const before = senders.refusals;
  await waitFor(async () => {
    disk.fill();
    return senders.refusals > before;
  }, CONDITION_MS_MAX);
  await sleep(FAULT_MS);
  // A crash is when an acknowledgement that came too early shows.
  await weir.killTree();
  disk.free();
  await weir.start();
  await faults.cleared('diskFull', DISK_FULL);
}
