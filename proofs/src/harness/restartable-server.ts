// A ClickHouse server that is killed and comes back under the same address.
import { freePort, seeded } from '@weir/harness';
import { type EmbeddedStore, startEmbeddedStore } from '@weir/sinks/clickhouse';

export class RestartableServer {
  readonly #directory: string;
  readonly #port: number;
  readonly #password = 'proof';
  #store: EmbeddedStore;

  private constructor(directory: string, port: number, store: EmbeddedStore) {
    this.#directory = directory;
    this.#port = port;
    this.#store = store;
  }

  static async start(directory: string, seed: number): Promise<RestartableServer> {
    const port = await freePort(seeded(seed));
    const store = await open(directory, port, 'proof');
    return new RestartableServer(directory, port, store);
  }

  get port(): number {
    return this.#port;
  }

  /** By way of another port of this machine, for a proxy. */
  urlThrough(port: number): string {
    return `http://weir:${this.#password}@127.0.0.1:${port}`;
  }

  /** kill -9, then it is started again; resolves when it answers. */
  async killAndRestart(downMs: number): Promise<void> {
    this.#store.kill();
    await this.#store.exited;
    await new Promise((resolve) => setTimeout(resolve, downMs));
    this.#store = await open(this.#directory, this.#port, this.#password);
  }

  /** Rows as arrays of strings, not through any proxy. Throws when the query fails. */
  async query(sql: string): Promise<string[][]> {
    const user = Buffer.from(`weir:${this.#password}`).toString('base64');
    const reply = await fetch(`http://127.0.0.1:${this.#port}/`, {
      method: 'POST',
      body: sql,
      headers: { authorization: `Basic ${user}` },
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`query failed: ${text}`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  async value(sql: string): Promise<string> {
    return (await this.query(sql))[0]?.[0] ?? '';
  }

  stop(): Promise<void> {
    return this.#store.stop();
  }
}

const open = (directory: string, port: number, password: string): Promise<EmbeddedStore> =>
  startEmbeddedStore({ directory, port, password, log: () => {} });
