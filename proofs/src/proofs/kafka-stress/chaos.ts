// What happens to loaders, store and broker while events flow: three lines of misfortune, each with
// its own pace, from one seed.
import { type ServiceProcess, sleep } from '@weir/harness';
import type { KafkaCluster } from '@weir/harness/kafka';
import type { RestartableServer } from '../../harness/restartable-server.js';
import type { ToxicProxy } from '../../harness/toxic-proxy.js';

export interface ChaosPlan {
  /** Times that a member comes, goes, dies or is frozen. */
  readonly memberEvents: number;
  readonly outages: number;
  readonly brokerKills: number;
}

export interface ChaosParts {
  readonly cluster: KafkaCluster;
  readonly brokerCount: number;
  readonly server: RestartableServer;
  readonly proxy: ToxicProxy;
  readonly loaders: readonly ServiceProcess[];
  readonly sessionTimeoutMs: number;
  readonly random: () => number;
  readonly say: (line: string) => void;
}

const MEMBER_PAUSE_MS_MAX = 2_500;
const OUTAGE_PAUSE_MS_MAX = 4_000;
const OUTAGE_MS_MAX = 4_000;
const BROKER_PAUSE_MS = 15_000;
const BROKER_DOWN_MS = 1_000;
/** Before a request reaches the store, while it works, after it has committed; and its death. */
const OUTAGES = {
  down: 'outagesDown',
  half_open: 'outagesHalfOpen',
  lost_ack: 'outagesLostAck',
  reset: 'outagesReset',
  killed: 'outagesKilled',
  latency: 'outagesLatency',
} as const;
const OUTAGE_NAMES = Object.keys(OUTAGES) as (keyof typeof OUTAGES)[];

export class Chaos {
  readonly #parts: ChaosParts;
  readonly #plan: ChaosPlan;
  readonly counts: Record<string, number> = {};

  constructor(parts: ChaosParts, plan: ChaosPlan) {
    this.#parts = parts;
    this.#plan = plan;
  }

  /** Resolves when all of the plan has happened, with every loader running again. */
  async run(): Promise<void> {
    await Promise.all([this.#members(), this.#outages(), this.#brokers()]);
    await this.#parts.proxy.set('none');
    for (const loader of this.#parts.loaders) if (!loader.isAlive) await loader.start();
  }

  async #members(): Promise<void> {
    const { loaders, random, sessionTimeoutMs } = this.#parts;
    for (let i = 0; i < this.#plan.memberEvents; i++) {
      await sleep(200 + random() * MEMBER_PAUSE_MS_MAX);
      const loader = loaders[Math.floor(random() * loaders.length)];
      if (loader === undefined) continue;
      if (!loader.isAlive) {
        await loader.start();
        this.#count('joins');
      } else if (random() < 0.35) {
        loader.pause();
        // Longer than the session: somebody else has its partitions when it wakes.
        await sleep(sessionTimeoutMs * (1.2 + random()));
        loader.resume();
        this.#count('zombies');
      } else if (random() < 0.5) {
        await loader.kill();
        this.#count('kills');
      } else {
        await loader.stop();
        this.#count('leaves');
      }
    }
  }

  async #outages(): Promise<void> {
    const { proxy, server, random } = this.#parts;
    for (let i = 0; i < this.#plan.outages; i++) {
      await sleep(500 + random() * OUTAGE_PAUSE_MS_MAX);
      const outage = OUTAGE_NAMES[i % OUTAGE_NAMES.length] as keyof typeof OUTAGES;
      const lastsMs = 500 + random() * OUTAGE_MS_MAX;
      if (outage === 'killed') await server.killAndRestart(lastsMs);
      else {
        await proxy.set(outage);
        await sleep(lastsMs);
        await proxy.set('none');
      }
      this.#count(OUTAGES[outage]);
    }
  }

  async #brokers(): Promise<void> {
    const { cluster, brokerCount } = this.#parts;
    for (let i = 0; i < this.#plan.brokerKills; i++) {
      await sleep(BROKER_PAUSE_MS);
      const broker = cluster.broker((i % brokerCount) + 1);
      await broker.kill();
      await sleep(BROKER_DOWN_MS);
      await broker.start();
      this.#count('brokerKills');
    }
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    const all = Object.entries(this.counts).map(([name, count]) => `${name} ${count}`);
    this.#parts.say(all.join(', '));
  }
}
