// Keeps the embedded store running: restarts the child when it dies, on the same port, so that its
// clients only need to try again.
import { messageOf, type WeirError } from '@weir/pipeline';
import { nodeClock } from '@weir/pipeline/node';
import {
  type EmbeddedStore,
  type EmbeddedStoreOptions,
  randomPassword,
  startEmbeddedStore,
} from './start.js';

export type StoreState = 'running' | 'restarting' | 'stopped';

export interface SupervisorOptions extends EmbeddedStoreOptions {
  /** Longest pause before a restart; default 10 s. */
  readonly restartDelayMsMax?: number;
  readonly onState?: (state: StoreState, detail: string) => void;
}

export interface SupervisedStore {
  readonly url: string;
  readonly port: number;
  /** Of the child that runs now, or ran last. */
  readonly pid: number;
  readonly state: StoreState;
  readonly restartCount: number;
  /**
   * The fence: resolves once no statement that was sent before the call can still take effect. A
   * child that is alive is ended for it; then the next one answers.
   */
  fence(): Promise<void>;
  stop(): Promise<void>;
}

const RESTART_DELAY_MS_MIN = 100;
const RESTART_DELAY_MS_MAX = 10_000;
/** A child that ran this long earns a quick restart again. */
const STABLE_MS = 60_000;

/** Rejects like startEmbeddedStore when the first start fails; later failures are tried again. */
export async function superviseStore(options: SupervisorOptions): Promise<SupervisedStore> {
  // Clients keep their URL over restarts.
  const lasting = { ...options, password: options.password ?? randomPassword() };
  const supervisor = new Supervisor(lasting, await startEmbeddedStore(lasting));
  supervisor.watch();
  return supervisor;
}

class Supervisor implements SupervisedStore {
  readonly url: string;
  readonly port: number;
  state: StoreState = 'running';
  restartCount = 0;
  readonly #options: SupervisorOptions;
  #store: EmbeddedStore;
  #delayMs = RESTART_DELAY_MS_MIN;
  #startedAtMs = nodeClock.monotonicMs();
  #stopping = false;
  #restarted: Promise<void> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions, store: EmbeddedStore) {
    this.#options = options;
    this.#store = store;
    this.url = store.url;
    this.port = store.port;
  }

  get pid(): number {
    return this.#store.pid;
  }

  watch(): void {
    this.#watching = this.#run();
  }

  async fence(): Promise<void> {
    const store = this.#store;
    if (this.state === 'running' && !this.#stopping) {
      store.kill();
      await store.exited;
      // The watcher saw the same promise resolve; let it set `restarting` first.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#restarted;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#store.stop();
    await this.#watching;
    this.#setState('stopped', '');
  }

  async #run(): Promise<void> {
    for (;;) {
      const end = await this.#store.exited;
      if (this.#stopping) return;
      if (nodeClock.monotonicMs() - this.#startedAtMs > STABLE_MS)
        this.#delayMs = RESTART_DELAY_MS_MIN;
      this.#setState('restarting', `engine ended (code ${end.code}, signal ${end.signal})`);
      this.#restarted = this.#restart();
      await this.#restarted;
    }
  }

  async #restart(): Promise<void> {
    while (!this.#stopping) {
      await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
      const delayMsMax = this.#options.restartDelayMsMax ?? RESTART_DELAY_MS_MAX;
      this.#delayMs = Math.min(this.#delayMs * 2, delayMsMax);
      if (this.#stopping) return;
      try {
        this.#store = await startEmbeddedStore({ ...this.#options, port: this.port });
      } catch (error) {
        this.#setState('restarting', `${(error as WeirError).code ?? ''} ${messageOf(error)}`);
        continue;
      }
      this.#startedAtMs = nodeClock.monotonicMs();
      this.restartCount++;
      if (this.#stopping) await this.#store.stop();
      this.#setState('running', `engine runs as process ${this.#store.pid}`);
      return;
    }
  }

  #setState(state: StoreState, detail: string): void {
    this.state = state;
    this.#options.onState?.(state, detail);
  }
}
