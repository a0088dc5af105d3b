// A connection a request. Opening one takes 0.1 ms, and nothing of a request (settings, parameters,
// current database) can leak into the next.
import type { Engine, EngineConnection } from './engine.js';
import { BASE_SETTINGS } from './engine-config.js';
import { StoreException } from './exceptions.js';

/** Statements at once; the engine's work is done by threads of libuv's pool, which is larger. */
export const STATEMENTS_AT_ONCE_MAX = 6;
const STATEMENTS_WAITING_MAX = 100;
const TOO_MANY_SIMULTANEOUS_QUERIES = 202;

export interface SessionOptions {
  readonly database: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  /** Nothing may be changed but settings, as a server treats GET. */
  readonly isReadOnly: boolean;
}

export class Connections {
  readonly #engine: Engine;
  readonly #directory: string;
  readonly #serverArguments: string[];
  /** Keeps the engine open between requests; it shuts down with its last connection. */
  readonly #keeper: EngineConnection;
  readonly #waiting: (() => void)[] = [];
  #runningCount = 0;
  #closed = false;

  constructor(engine: Engine, directory: string, serverArguments: string[]) {
    this.#engine = engine;
    this.#directory = directory;
    this.#serverArguments = serverArguments;
    this.#keeper = engine.CreateConnection(directory, serverArguments);
  }

  /** Runs `use` on a connection of its own, when there is room for one more statement. */
  async withSession<T>(
    options: SessionOptions,
    use: (connection: EngineConnection) => Promise<T>,
  ): Promise<T> {
    await this.#enter();
    try {
      const connection = this.#engine.CreateConnection(this.#directory, this.#serverArguments);
      try {
        await this.#prepare(connection, options);
        return await use(connection);
      } finally {
        this.#engine.CloseConnection(connection);
      }
    } finally {
      this.#runningCount--;
      this.#waiting.shift()?.();
    }
  }

  /** Resolves when no statement runs any more; new ones are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#runningCount > 0)
      await new Promise<void>((resolve) => this.#waiting.unshift(resolve));
    this.#engine.CloseConnection(this.#keeper);
  }

  async #enter(): Promise<void> {
    if (this.#closed) throw new StoreException(745, 'the store is shutting down');
    if (this.#runningCount >= STATEMENTS_AT_ONCE_MAX) {
      if (this.#waiting.length >= STATEMENTS_WAITING_MAX)
        throw new StoreException(
          TOO_MANY_SIMULTANEOUS_QUERIES,
          `too many statements wait: ${this.#waiting.length}, limit is ${STATEMENTS_WAITING_MAX}`,
        );
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#runningCount++;
  }

  async #prepare(connection: EngineConnection, options: SessionOptions): Promise<void> {
    const assignments: string[] = [];
    for (const [name, value] of Object.entries(BASE_SETTINGS))
      if (!options.settings.has(name)) assignments.push(`${name} = ${quote(value)}`);
    for (const [name, value] of options.settings)
      assignments.push(`${identifier(name)} = ${quote(value)}`);
    // Binding parameters at the call is not safe on several connections at once; this is.
    for (const [name, value] of options.parameters)
      assignments.push(`${identifier(`param_${name}`)} = ${quote(value)}`);
    await this.#engine.QueryAsyncConnection(connection, `SET ${assignments.join(', ')}`, 'Null');
    if (options.database !== 'default')
      await this.#engine.QueryAsyncConnection(
        connection,
        `USE \`${options.database.replace(/[\\`]/g, '\\$&')}\``,
        'Null',
      );
    if (options.isReadOnly)
      await this.#engine.QueryAsyncConnection(connection, 'SET readonly = 2', 'Null');
  }
}

function identifier(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new StoreException(115, `Unknown setting '${name}'`, 'UNKNOWN_SETTING');
}

/** As a string literal. */
export const quote = (value: string): string => `'${value.replace(/[\\']/g, '\\$&')}'`;
