// A server whose process can be stopped, killed and started again under the same URL.
import { type EmbeddedStore, startEmbeddedStore } from '@weir/sinks/clickhouse';

const PASSWORD = 'drill';

export class FailingServer {
  readonly #directory: string;
  #store: EmbeddedStore;

  private constructor(directory: string, store: EmbeddedStore) {
    this.#directory = directory;
    this.#store = store;
  }

  static async start(directory: string): Promise<FailingServer> {
    return new FailingServer(directory, await open(directory, 0));
  }

  get url(): string {
    return this.#store.url;
  }

  /** It takes connections, and answers nothing. */
  hang(): void {
    process.kill(this.#store.pid, 'SIGSTOP');
  }

  goOn(): void {
    process.kill(this.#store.pid, 'SIGCONT');
  }

  async kill(): Promise<void> {
    this.#store.kill();
    await this.#store.exited;
  }

  async startAgain(): Promise<void> {
    this.#store = await open(this.#directory, this.#store.port);
  }

  async stop(): Promise<void> {
    // One that hangs would not hear it.
    this.#store.kill();
    await this.#store.exited;
  }
}

const open = (directory: string, port: number): Promise<EmbeddedStore> =>
  startEmbeddedStore({ directory, port, password: PASSWORD, log: () => {} });
