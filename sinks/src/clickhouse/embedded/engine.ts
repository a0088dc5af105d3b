// The native binding of chdb, as far as the embedded store uses it. The package's own wrapper is
// not used: its sessions serialise parameters process-wide, and its exit hooks close connections in
// the order of their creation.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf, WeirError } from '@weir/pipeline';

/** Opaque handle of a connection. Every connection has settings and parameters of its own. */
export type EngineConnection = object;
export type EngineStream = object;

export interface EngineResult {
  readonly bytes: Buffer;
  /** Seconds. */
  readonly elapsed: number;
  /** Of an INSERT FROM INFILE: rows in the file. */
  readonly rowsRead: number;
  readonly bytesRead: number;
}

/** Errors are plain Errors whose message starts with `Code: <n>. DB::Exception:`. */
export interface Engine {
  CreateConnection(directory: string, serverArguments: string[]): EngineConnection;
  CloseConnection(connection: EngineConnection): void;
  /** Runs on libuv's pool. Two statements must not run at once on one connection. */
  QueryAsyncConnection(
    connection: EngineConnection,
    sql: string,
    format: string,
  ): Promise<EngineResult>;
  StreamQuery(connection: EngineConnection, sql: string, format: string): EngineStream;
  StreamFetch(stream: EngineStream): Promise<{ bytes: Buffer; done: boolean }>;
  StreamCancel(stream: EngineStream): void;
}

/** Loads chdb. Throws WEIR_STORE_ENGINE_MISSING where its binary cannot be had. */
export function loadEngine(): Engine {
  try {
    const require = createRequire(import.meta.url);
    // The loader is not exported by the package, an absolute path reaches it all the same.
    const loader = join(dirname(require.resolve('chdb')), 'dist', 'loader.js');
    return (require(loader) as { loadNative(): Engine }).loadNative();
  } catch (error) {
    throw new WeirError(
      'WEIR_STORE_ENGINE_MISSING',
      `the embedded ClickHouse engine (npm package chdb) cannot be loaded on ` +
        `${process.platform}-${process.arch}: ${messageOf(error)}; run npm install without ` +
        '--omit=optional on Linux (glibc) or macOS, or set CLICKHOUSE_URL to a ClickHouse server',
      { platform: process.platform, arch: process.arch },
      error,
    );
  }
}
