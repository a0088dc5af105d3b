// The client of a ClickHouse server or of the embedded store; both speak the same protocol.
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { WeirError } from '@weir/pipeline';
import { nodeClock } from '@weir/pipeline/node';
import { Compressor } from 'zstd-napi';
import { redactSql } from './redact-sql.js';
import { storeError } from './store-error.js';

export interface StoreOptions {
  /** As CLICKHOUSE_URL: user, password and database may stand in it. */
  readonly url: string;
  /** zstd for inserts and gzip for results; for a server that is not on this machine. */
  readonly compress?: boolean;
  readonly requestTimeoutMs?: number;
  /** Tables are replicated: inserts wait for a quorum of the replicas, one after the other. */
  readonly isReplicated?: boolean;
  /** Called behind each statement (SIEM_DEBUG_SQL). */
  readonly logSql?: (statement: ExecutedStatement) => void;
}

export interface ExecutedStatement {
  /** Without literals; parameters stand in it by name and type. */
  readonly sql: string;
  readonly durationMs: number;
  /** Code of the error, null for none. What the server says may repeat the data. */
  readonly error: string | null;
}

export type QueryParams = Readonly<Record<string, unknown>>;
export type StatementSettings = Readonly<Record<string, string | number>>;

/** Rejections are WeirErrors: WEIR_STORE_UNREACHABLE or WEIR_STORE_REJECTED (details.code). */
export interface Store {
  readonly url: string;
  /** Rows as objects; UInt64 come as strings. */
  query<Row>(sql: string, params?: QueryParams): Promise<Row[]>;
  /** The text of a result in the format that the statement names, in chunks. */
  stream(sql: string, params?: QueryParams): Promise<Readable>;
  /** `queryId`: must not repeat; default a random one. */
  command(
    sql: string,
    params?: QueryParams,
    settings?: StatementSettings,
    queryId?: string,
  ): Promise<void>;
  /** One INSERT. `sql` ends with `FORMAT Native`; the blocks are sent one behind the other. */
  insertNative(
    sql: string,
    blocks: readonly Uint8Array[],
    options: { readonly queryId: string; readonly settings?: StatementSettings },
  ): Promise<void>;
  /** False also once the signal aborts. */
  ping(signal?: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 120_000;
const CHUNK_BYTES = 256 * 1024;
const LARGE_BLOCK_BYTES = 64 * 1024;

export function createStore(options: StoreOptions): Store {
  return new HttpStore(options);
}

class HttpStore implements Store {
  readonly url: string;
  readonly #client: ClickHouseClient;
  readonly #compress: boolean;
  readonly #logSql: ((statement: ExecutedStatement) => void) | null;

  constructor(options: StoreOptions) {
    this.url = options.url;
    this.#compress = options.compress ?? false;
    this.#logSql = options.logSql ?? null;
    this.#client = createClient({
      url: options.url,
      application: 'weir',
      request_timeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      max_open_connections: 8,
      compression: { response: this.#compress, request: false },
      // With inserts in parallel a read that waits for all of them (select_sequential_consistency)
      // is refused.
      clickhouse_settings: options.isReplicated
        ? { insert_quorum: 'auto', insert_quorum_parallel: 0 }
        : {},
      // Errors reach the caller, who knows whether they matter.
      log: { level: ClickHouseLogLevel.OFF },
    });
  }

  query<Row>(sql: string, params: QueryParams = {}): Promise<Row[]> {
    return this.#run(sql, async () => {
      const result = await this.#client.query({
        query: sql,
        query_params: { ...params },
        format: 'JSONEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
      });
      return result.json<Row>();
    });
  }

  stream(sql: string, params: QueryParams = {}): Promise<Readable> {
    return this.#run(sql, async () => {
      const result = await this.#client.exec({ query: sql, query_params: { ...params } });
      return result.stream;
    });
  }

  async command(
    sql: string,
    params: QueryParams = {},
    settings: StatementSettings = {},
    queryId?: string,
  ): Promise<void> {
    await this.#run(sql, () =>
      this.#client.command({
        query: sql,
        query_params: { ...params },
        clickhouse_settings: { ...settings },
        ...(queryId === undefined ? {} : { query_id: queryId }),
      }),
    );
  }

  async insertNative(
    sql: string,
    blocks: readonly Uint8Array[],
    options: { readonly queryId: string; readonly settings?: StatementSettings },
  ): Promise<void> {
    await this.#run(sql, async () => {
      const result = await this.#client.exec({
        query: sql,
        values: Readable.from(this.#compress ? [compressed(blocks)] : chunks(blocks), {
          objectMode: false,
        }),
        query_id: options.queryId,
        clickhouse_settings: { ...options.settings },
        ...(this.#compress ? { http_headers: { 'Content-Encoding': 'zstd' } } : {}),
      });
      // The reply has no body worth reading, but the socket is free only after its end.
      for await (const chunk of result.stream) void chunk;
    });
  }

  async ping(signal?: AbortSignal): Promise<boolean> {
    const options = signal === undefined ? {} : { abort_signal: signal };
    return (await this.#client.ping({ select: false, ...options })).success;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #run<T>(sql: string, use: () => Promise<T>): Promise<T> {
    const startMs = nodeClock.monotonicMs();
    try {
      const result = await use();
      this.#tell(sql, startMs, null);
      return result;
    } catch (error) {
      const failure = storeError(error, this.url);
      this.#tell(sql, startMs, failure);
      throw failure;
    }
  }

  #tell(sql: string, startMs: number, failure: WeirError | null): void {
    if (this.#logSql === null) return;
    const number = failure?.details.code;
    const code = failure?.code === 'WEIR_STORE_REJECTED' ? ` ${number}` : '';
    this.#logSql({
      sql: redactSql(sql),
      durationMs: nodeClock.monotonicMs() - startMs,
      error: failure === null ? null : `${failure.code}${code}`,
    });
  }
}

/** Few writes to the socket: small blocks are joined, large ones go as they are. */
function* chunks(blocks: readonly Uint8Array[]): Generator<Buffer> {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  for (const block of blocks) {
    if (waitingBytes > 0 && (block.length >= LARGE_BLOCK_BYTES || waitingBytes >= CHUNK_BYTES)) {
      yield Buffer.concat(waiting);
      waiting = [];
      waitingBytes = 0;
    }
    if (block.length >= LARGE_BLOCK_BYTES) {
      yield Buffer.from(block.buffer, block.byteOffset, block.length);
      continue;
    }
    waiting.push(block);
    waitingBytes += block.length;
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting);
}

function compressed(blocks: readonly Uint8Array[]): Buffer {
  const compressor = new Compressor();
  compressor.setParameters({ compressionLevel: 1 });
  return compressor.compress(Buffer.concat(blocks));
}
