// What a seed does: which classes of faults it has and how strong, how much is sent and when, and
// how the collector is configured. All of it is drawn before the run begins (swarm testing: a seed
// with few classes goes deep where one with all of them would drown).
import type { SimRandom } from '@weir/pipeline/testing';
import { FAULT_CLASSES, type FaultClass } from './coverage.js';

export interface FaultEvent {
  readonly atMs: number;
  readonly kind: FaultClass;
  /** For classes that last. */
  readonly forMs: number;
}
export interface Burst {
  readonly atMs: number;
  readonly sender: number;
  readonly eventCount: number;
}
export interface SeedPlan {
  readonly seed: number;
  readonly classes: ReadonlySet<FaultClass>;
  readonly faults: readonly FaultEvent[];
  readonly bursts: readonly Burst[];
  readonly senderCounts: { readonly tcp: number; readonly udp: number; readonly http: number };
  /** The engine is a child of the collector's process, and dies with it. */
  readonly isEmbedded: boolean;
  readonly segmentBytes: readonly number[];
  readonly spoolBytesMax: number;
  readonly shardCount: number;
  readonly workerCount: number;
  readonly lingerMs: number;
  readonly rowsMax: number;
  /** How likely a statement meets a fault while one of its classes is on. */
  readonly storeFaultRate: number;
  readonly workerFaultRate: number;
  readonly payloadBytesMax: number;
}

export const FAULTS_END_MS = 540_000;
/** Sending goes on a little longer than faults do. */
export const SENDING_END_MS = 570_000;
export const RUN_MS = 600_000;

/** Classes that are moments; all others last. */
const MOMENTS: ReadonlySet<FaultClass> = new Set([
  'kill',
  'kill_in_recovery',
  'power_cut',
  'orderly_restart',
  'segment_size_changed',
  'store_restart',
  'tcp_reset',
  'tcp_half_open',
  'clock_back',
  'clock_forward',
  'clock_1970',
  'clock_2038',
]);
/** These are seen as a consequence, and are no class to draw. */
const CONSEQUENCES: ReadonlySet<FaultClass> = new Set([
  'store_zombie_landed',
  'udp_kernel_drop',
  'sync_dropped_pages',
  'death_after_failed_sync',
  'disk_eio_read_at_start',
]);

export function drawPlan(seed: number, random: SimRandom): SeedPlan {
  const share = random.pick([0.05, 0.15, 0.3, 0.5]);
  const classes = new Set(
    FAULT_CLASSES.filter((name) => !CONSEQUENCES.has(name) && random.chance(share)),
  );
  const faults: FaultEvent[] = [];
  for (const kind of classes) {
    const count = 1 + random.below(MOMENTS.has(kind) ? 4 : 3);
    for (let i = 0; i < count; i++) {
      const longest = kind === 'disk_full' ? 60_000 : random.pick([3_000, 20_000, 90_000]);
      const forMs = MOMENTS.has(kind) ? 0 : 200 + random.below(longest);
      faults.push({ atMs: random.below(FAULTS_END_MS - forMs), kind, forMs });
    }
  }
  faults.sort((a, b) => a.atMs - b.atMs);
  const senderCounts = { tcp: random.below(4), udp: random.below(3), http: 1 + random.below(3) };
  const senders = senderCounts.tcp + senderCounts.udp + senderCounts.http;
  const bursts = Array.from({ length: 10 + random.below(50) }, (): Burst => {
    // Half of them where faults are: what nobody sends then, no fault can lose.
    const near = faults.length > 0 && random.chance(0.5) ? random.pick(faults) : null;
    const atMs = near === null ? random.below(SENDING_END_MS) : near.atMs + random.below(400) - 200;
    const eventCount = 1 + random.below(random.pick([3, 20, 60]));
    return { atMs: Math.max(0, atMs), sender: random.below(senders), eventCount };
  });
  bursts.sort((a, b) => a.atMs - b.atMs);
  const small = (): number => 4_096 * 2 ** random.below(5);
  return {
    seed,
    classes,
    faults,
    bursts,
    senderCounts,
    isEmbedded: random.chance(0.6),
    segmentBytes: [small(), small(), small()],
    spoolBytesMax: random.pick([65_536, 262_144, 64 * 1024 * 1024]),
    shardCount: 1 + random.below(3),
    workerCount: 1 + random.below(3),
    lingerMs: random.pick([5, 100, 300]),
    rowsMax: random.pick([20, 200, 100_000]),
    storeFaultRate: random.pick([0.1, 0.3, 0.7]),
    workerFaultRate: random.pick([0.05, 0.2]),
    payloadBytesMax: random.pick([20, 200, 900]),
  };
}

/** The same seed without some of its classes: everything else is drawn as before. */
export function leaveOut(plan: SeedPlan, names: readonly string[]): SeedPlan {
  return {
    ...plan,
    classes: new Set([...plan.classes].filter((name) => !names.includes(name))),
    faults: plan.faults.filter(({ kind }) => !names.includes(kind)),
  };
}
