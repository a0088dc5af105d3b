// One run: the machine with its disk, clock and network, the process of the collector on it as it
// is started, killed and started again, the store beside it, and the senders.

import type { EncodedBatch, ProcessTask, WeirError } from '@weir/pipeline';
import {
  type CrashStrategy,
  SimClock,
  SimFiles,
  SimNetwork,
  SimRandom,
  SimWorkers,
} from '@weir/pipeline/testing';
import { embeddedFence, serverFence } from '@weir/sinks/clickhouse';
import { modelStore } from '../store/client.js';
import { ModelEngine } from '../store/engine.js';
import { Trace } from '../trace.js';
import { DATA, DATA_FOLDERS, SimCollector, SYSLOG_PORT, type WorkerCode } from './collector.js';
import type { FaultClass, Seen } from './coverage.js';
import { Faults } from './faults.js';
import { Life, LifeFiles, lifeNetwork, lifeTimers } from './life.js';
import { Oracle } from './oracle.js';
import { drawPlan, type FaultEvent, leaveOut, type SeedPlan } from './plan.js';
import {
  HttpSender,
  POISON_WORD,
  type Sender,
  type SendingWorld,
  TcpSender,
  UdpSender,
} from './senders.js';
import { Witness } from './witness.js';

const POWER_CUTS: readonly CrashStrategy[] = [
  'keep_all',
  'lose_unsynced',
  'random_sectors',
  'prefix_tear',
  'zero_hole',
];
const HOUR_NS = 3_600_000_000_000n;
const REQUEST_TIMEOUT_MS = 20_000;
const DISK_BYTES = 1 << 30;

export interface WorldOptions {
  readonly print?: ((line: string) => void) | null;
  /** Classes of faults that are left out of the seed's plan, to find what a failure needs. */
  readonly without?: readonly string[];
}

export class World implements SendingWorld {
  readonly seed: number;
  readonly plan: SeedPlan;
  readonly clock: SimClock;
  readonly trace: Trace;
  readonly random: SimRandom;
  readonly network: SimNetwork;
  readonly oracle = new Oracle();
  readonly faults: Faults;
  readonly seen: Seen = {};
  readonly engine: ModelEngine;
  readonly senders: readonly Sender[];
  readonly violations: string[] = [];
  /** Looks at the disk as a process left it. */
  readonly looks: Promise<void>[] = [];
  onEnded: (files: SimFiles) => Promise<void> = async () => undefined;
  readonly witness = new Witness((sentence) => this.violation(sentence));
  files = new SimFiles();
  readonly #code: WorkerCode;
  readonly #processRandom: SimRandom;
  readonly #log: ((line: string) => void) | null;
  #life = new Life();
  #collector: SimCollector | null = null;
  #segmentIndex = 0;
  #killAtOperation: { left: number; readonly strategy: CrashStrategy } | null = null;
  #isStarting = false;

  constructor(seed: number, code: WorkerCode, options: WorldOptions) {
    this.seed = seed;
    this.#code = code;
    const print = options.print ?? null;
    this.#log = print;
    const stream = (purpose: number): SimRandom => new SimRandom(seed * 16 + purpose);
    this.plan = leaveOut(drawPlan(seed, stream(0)), options.without ?? []);
    this.random = stream(1);
    this.#processRandom = stream(2);
    this.clock = new SimClock(
      1_767_225_600_000_000_000n + BigInt(stream(3).below(86_400)) * 1_000_000_000n,
      'ticks',
    );
    const nowMs = (): number => this.clock.monotonicMs();
    this.trace = new Trace(nowMs, print);
    this.network = new SimNetwork({ timers: this.clock, nowMs, random: stream(4) });
    this.network.onReceived = (kind, peer, bytes) => {
      this.trace.note(`received ${kind}`, `${peer} ${bytes.length}`);
      this.oracle.took(kind, peer, bytes);
    };
    const faultRandom = stream(5);
    this.faults = new Faults(this.plan, faultRandom, this.seen);
    this.faults.isStarting = () => this.#collector === null;
    const deathRandom = stream(6);
    this.faults.onDroppedPages = (path) => this.#dieAfterFailedSync(path, deathRandom);
    this.engine = new ModelEngine({
      timers: this.clock,
      latencyMs: () => 0.3 + faultRandom.below(60) / 10,
      restartMs: () => 200 + faultRandom.below(600),
      faultOf: (statement) => this.faults.storeFault(statement),
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      poisonText: this.hasPoison ? POISON_WORD : null,
      note: (what, value) => {
        this.trace.note(what, value);
        if (what === 'store zombie landed') this.faults.saw('store_zombie_landed');
        if (what === 'store poison') this.faults.saw('store_poison');
      },
    });
    this.senders = this.#makeSenders();
  }

  get payloadBytesMax(): number {
    return this.plan.payloadBytesMax;
  }
  get hasPoison(): boolean {
    return this.plan.classes.has('store_poison');
  }
  collector(): SimCollector | null {
    return this.#collector;
  }
  violation(sentence: string): void {
    this.violations.push(sentence);
  }

  #makeSenders(): Sender[] {
    const { tcp, udp, http } = this.plan.senderCounts;
    const list = <T>(count: number, make: (index: number) => T): T[] =>
      Array.from({ length: count }, (_, index) => make(index));
    return [
      ...list(tcp, (index) => new TcpSender(this, index)),
      ...list(udp, (index) => new UdpSender(this, index)),
      ...list(http, (index) => new HttpSender(this, index, index !== 2)),
    ];
  }

  /** A disk with an empty data directory. */
  async prepare(): Promise<void> {
    for (const directory of [DATA, ...DATA_FOLDERS]) await this.files.makeDir(directory);
    await this.files.syncDir('/');
    await this.files.syncDir(DATA);
    this.#useDisk(this.files);
  }

  #useDisk(files: SimFiles): void {
    this.files = files;
    files.capacityBytes = DISK_BYTES;
    files.onOperation = (operation) => {
      if (files !== this.files) return null;
      this.#killHere();
      return this.faults.onOperation(operation);
    };
  }

  /**
   * Sometimes, and more often where frames are, the process ends before it has written again what a
   * failed sync dropped; and while the next one is at work, the power fails: then it shows what
   * that one took for durable.
   */
  #dieAfterFailedSync(path: string, random: SimRandom): void {
    const isOfFrames = path.endsWith('.log');
    if (this.#killAtOperation !== null || !random.chance(isOfFrames ? 0.5 : 0.1)) return;
    this.faults.saw('death_after_failed_sync');
    this.#killAtOperation = { left: random.below(isOfFrames ? 3 : 6), strategy: 'process_kill' };
    this.clock.after(4_000 + random.below(10_000), () => {
      if (!this.faults.isOver) this.kill(random.pick(POWER_CUTS));
    });
  }

  #killHere(): void {
    const pending = this.#killAtOperation;
    if (pending === null || pending.left-- > 0) return;
    this.#killAtOperation = null;
    this.kill(pending.strategy);
  }

  /** Starts the process; tries again after a second if it does not come up. */
  async start(): Promise<void> {
    if (this.#isStarting || this.#collector !== null) return;
    this.#isStarting = true;
    const life = new Life();
    this.#life = life;
    try {
      const collector = await life.alive(SimCollector.start(this.#partsOf(life)));
      this.#begin(collector, life);
    } catch (error) {
      this.trace.note('start failed', String((error as Error).message));
      this.faults.saw('start_failed');
      this.network.endProcess();
      life.isDead = true;
      this.#isStarting = false;
      this.clock.after(1_000, () => void this.start());
    }
  }

  #begin(collector: SimCollector, life: Life): void {
    this.#isStarting = false;
    this.#collector = collector;
    const { epoch, nodeId } = collector.spool;
    const incarnation = this.oracle.begin(String(epoch), nodeId);
    this.trace.note('started', `${nodeId} ${epoch}`);
    if (collector.pendingEventCount > 0) this.faults.saw('restarted_with_backlog');
    void collector.spool.failed.then((failure) => {
      if (life.isDead || this.#collector !== collector) return;
      this.faults.saw('spool_failed');
      incarnation.end = 'killed';
      void this.restart(failure);
    });
  }

  #partsOf(life: Life) {
    const { plan, clock, network, trace } = this;
    const timers = lifeTimers(life, clock);
    const random = this.#processRandom;
    const store = modelStore(this.engine, life);
    const fence = plan.isEmbedded
      ? embeddedFence({ fence: () => life.alive(this.engine.restart()) })
      : serverFence(store);
    return {
      files: new LifeFiles(
        life,
        this.files,
        timers,
        (kind) => this.faults.diskDelayMs(kind),
        trace,
      ),
      clock,
      timers,
      random,
      network: lifeNetwork(life, network),
      kernelSocket: () => network.kernelSocket(SYSLOG_PORT),
      store,
      fence,
      workers: (nodeId: () => string) =>
        new SimWorkers<ProcessTask, EncodedBatch>({
          timers,
          workerCount: plan.workerCount,
          process: (task) => this.#code.process(nodeId(), task),
          plan: () => this.faults.workerPlan(),
          move: moveTask,
        }),
      segmentBytes: plan.segmentBytes[this.#segmentIndex % plan.segmentBytes.length] ?? 65_536,
      spoolBytesMax: plan.spoolBytesMax,
      shardCount: plan.shardCount,
      lingerMs: plan.lingerMs,
      rowsMax: plan.rowsMax,
      log: (line: string) => {
        this.#log?.(`${clock.monotonicMs().toFixed(1).padStart(10)} log ${line}`);
        if (line.includes('is complete at attempt')) this.faults.saw('intent_replayed');
        if (line.includes('circuit to ClickHouse is open')) this.faults.saw('breaker_opened');
        if (line.includes('circuit to ClickHouse is closed')) this.faults.saw('breaker_closed');
        if (line.includes('were made from the ledger')) this.faults.saw('receipts_made_good');
      },
      onCheckpoint: ({ note }: { readonly note: string }, key: string | null) => {
        if (life.isDead) return;
        trace.note('checkpoint', note);
        this.witness.published(note, key);
        this.faults.hasDiskFailed = false;
      },
      onNewTree: (treeNumber: number, reason: string) => {
        if (life.isDead) return;
        trace.note('new tree', reason);
        this.faults.saw('new_tree');
        this.witness.beganTree({ treeNumber, reason, hasDiskFailed: this.faults.hasDiskFailed });
      },
    };
  }

  /** kill -9, or a power cut. */
  kill(strategy: CrashStrategy): void {
    if (this.#collector === null && !this.#isStarting) return;
    this.trace.note('kill', strategy);
    const incarnation = this.oracle.incarnations.at(-1);
    if (this.#collector !== null && incarnation !== undefined) incarnation.end = 'killed';
    this.#noteDrops();
    this.#life.isDead = true;
    this.#life = new Life();
    this.#collector = null;
    this.#isStarting = false;
    this.network.endProcess();
    this.#useDisk(this.files.crash(strategy, this.random));
    this.#ended();
    if (this.plan.isEmbedded) void this.engine.restart();
    this.clock.after(50 + this.random.below(3_000), () => void this.start());
  }

  /** An orderly stop, and a start. */
  async restart(failure: WeirError | null): Promise<void> {
    const collector = this.#collector;
    if (collector === null) return;
    const life = this.#life;
    const incarnation = this.oracle.incarnations.at(-1);
    this.trace.note('drain');
    const isInTime = await life.alive(collector.drain(failure));
    if (this.#collector !== collector) return;
    this.#noteDrops();
    const isWhole = isInTime && collector.streamSets.every((streams) => streams.pendingBytes === 0);
    if (incarnation !== undefined && incarnation.end === 'running')
      incarnation.end = isWhole && collector.spool.failure === null ? 'drained' : 'killed';
    life.isDead = true;
    this.#collector = null;
    this.#ended();
    this.network.endProcess();
    if (this.plan.isEmbedded) void this.engine.restart();
    this.clock.after(100, () => void this.start());
  }

  /** Stops for good, in order. */
  async stop(): Promise<void> {
    const collector = this.#collector;
    if (collector === null) return;
    await collector.drain(null);
    this.#noteDrops();
    this.#life.isDead = true;
    this.#collector = null;
    this.network.endProcess();
  }

  #ended(): void {
    this.looks.push(this.onEnded(this.files.snapshot()));
  }

  #noteDrops(): void {
    const incarnation = this.oracle.incarnations.at(-1);
    const drops = this.network.counts.kernelDrops;
    if (incarnation !== undefined) incarnation.kernelDrops += drops - this.#dropsNoted;
    if (drops > this.#dropsNoted) this.faults.saw('udp_kernel_drop');
    this.#dropsNoted = drops;
  }
  #dropsNoted = 0;

  schedule(): void {
    for (const fault of this.plan.faults)
      this.clock.after(fault.atMs, () => {
        if (!this.faults.isOver) this.#strike(fault);
      });
    for (const { atMs, sender, eventCount } of this.plan.bursts)
      this.clock.after(atMs, () => this.senders[sender]?.send(eventCount));
  }

  #strike({ kind, forMs }: FaultEvent): void {
    this.trace.note('fault', `${kind} ${forMs}`);
    if (forMs === 0) {
      this.#strikeOnce(kind);
      return;
    }
    this.faults.begin(kind);
    this.#changeConditions(kind, forMs);
    this.clock.after(forMs, () => {
      this.faults.end(kind);
      this.#restoreConditions(kind);
    });
  }

  #strikeOnce(kind: FaultClass): void {
    if (this.#killsBy(kind) || this.#setsClockBy(kind)) {
      this.faults.saw(kind);
    } else if (kind === 'store_restart') {
      this.faults.saw(kind);
      void this.engine.restart();
    } else if (kind === 'tcp_reset' || kind === 'tcp_half_open') {
      for (const sender of this.senders)
        if (
          sender instanceof TcpSender &&
          sender.breakLink(kind === 'tcp_reset' ? 'reset' : 'vanish')
        )
          this.faults.saw(kind);
    }
  }

  #killsBy(kind: FaultClass): boolean {
    // The moment is drawn in calls of the disk, so that it lies between any two of them.
    const within = (calls: number, strategy: CrashStrategy): void => {
      this.#killAtOperation = { left: this.random.below(calls), strategy };
    };
    if (kind === 'kill') within(120, 'process_kill');
    else if (kind === 'power_cut') within(120, this.random.pick(POWER_CUTS));
    else if (kind === 'kill_in_recovery') {
      this.kill(this.random.chance(0.5) ? 'process_kill' : this.random.pick(POWER_CUTS));
      within(60, this.random.chance(0.5) ? 'process_kill' : this.random.pick(POWER_CUTS));
    } else if (kind === 'orderly_restart') void this.restart(null);
    else if (kind === 'segment_size_changed') {
      this.#segmentIndex++;
      void this.restart(null);
    } else return false;
    return true;
  }

  #setsClockBy(kind: FaultClass): boolean {
    const nowNs = this.clock.nowNs();
    const offset = this.clock.wallOffsetNs;
    if (kind === 'clock_back') this.clock.wallOffsetNs -= HOUR_NS;
    else if (kind === 'clock_forward') this.clock.wallOffsetNs += 30n * 24n * HOUR_NS;
    else if (kind === 'clock_1970') this.clock.wallOffsetNs = offset - nowNs + HOUR_NS;
    else if (kind === 'clock_2038')
      this.clock.wallOffsetNs = offset - nowNs + 2_147_483_640_000_000_000n;
    else return false;
    return true;
  }

  #changeConditions(kind: FaultClass, forMs: number): void {
    const { conditions } = this.network;
    const untilMs = this.clock.monotonicMs() + Math.min(forMs, 20_000);
    if (kind === 'disk_full')
      this.files.capacityBytes = this.files.usedBytes + this.random.below(3_000);
    else if (kind === 'net_clog') conditions.cloggedUntilMs = untilMs;
    else if (kind === 'net_stall') {
      conditions.stalledUntilMs = untilMs;
      conditions.udpQueueMax = 8;
    } else if (kind === 'udp_loss') conditions.udpLoss = 0.3;
    else if (kind === 'udp_duplicate') conditions.udpDuplicate = 0.3;
    else return;
    this.faults.saw(kind);
  }

  #restoreConditions(kind: FaultClass): void {
    const { conditions } = this.network;
    if (kind === 'disk_full') this.files.capacityBytes = DISK_BYTES;
    else if (kind === 'udp_loss') conditions.udpLoss = 0;
    else if (kind === 'udp_duplicate') conditions.udpDuplicate = 0;
  }

  endFaults(): void {
    this.faults.isOver = true;
    this.#killAtOperation = null;
    this.files.capacityBytes = DISK_BYTES;
    Object.assign(this.network.conditions, {
      udpLoss: 0,
      udpDuplicate: 0,
      cloggedUntilMs: 0,
      stalledUntilMs: 0,
    });
  }
}

function moveTask(task: ProcessTask, transfer: readonly ArrayBuffer[]): ProcessTask {
  const { batch } = task;
  // As postMessage does: the sender's view is empty afterwards.
  const moved = new Map(
    transfer.map((buffer) => [buffer, structuredClone(buffer, { transfer: [buffer] })]),
  );
  const bytes = batch.bytes;
  const { byteOffset, length } = { byteOffset: 0, length: batch.offsets[batch.eventCount] ?? 0 };
  const buffer = moved.get(bytes.buffer);
  return {
    ...task,
    batch:
      buffer === undefined
        ? batch
        : { ...batch, bytes: new Uint8Array(buffer, byteOffset, length) },
    spare: task.spare === null ? null : (moved.get(task.spare) ?? null),
  };
}
