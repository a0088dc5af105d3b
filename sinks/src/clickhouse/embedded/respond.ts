// Runs a request on the engine and answers as ClickHouse's HTTP interface does.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import type { Connections } from './connections.js';
import type { Engine, EngineConnection, EngineResult } from './engine.js';
import { engineFailure } from './exceptions.js';
import type { InsertFiles } from './insert-files.js';
import type { StoredInsert, StoreRequest } from './request.js';
import { killPrefix, type RunningQueries } from './running-queries.js';
import { insertFromFile, isSelect, isStreamable, namedFormat } from './statement.js';

export interface StoreContext {
  readonly engine: Engine;
  readonly connections: Connections;
  readonly files: InsertFiles;
  readonly running: RunningQueries;
}

/** A statement is listed from before it reaches the engine until the engine is done with it. */
export async function answer(
  context: StoreContext,
  request: StoreRequest,
  response: ServerResponse,
): Promise<void> {
  const prefix = killPrefix(request.sql);
  if (prefix !== null) {
    await context.running.ended(prefix);
    response.end();
    return;
  }
  await context.running.track(request.queryId, () => answerStatement(context, request, response));
}

async function answerStatement(
  context: StoreContext,
  request: StoreRequest,
  response: ServerResponse,
): Promise<void> {
  if (request.insert !== null) return answerInsert(context, request, request.insert, response);
  await context.connections.withSession(request.session, async (connection) => {
    const format = namedFormat(request.sql) ?? request.defaultFormat;
    const headers: Record<string, string> = {
      'x-clickhouse-query-id': request.queryId,
      'x-clickhouse-format': format,
      'x-clickhouse-timezone': 'UTC',
      'content-type': /JSON/i.test(format)
        ? 'application/json; charset=UTF-8'
        : 'text/plain; charset=UTF-8',
    };
    if (isSelect(request.sql) && isStreamable(format) && !request.waitForEnd)
      await answerStream(context.engine, connection, request, format, headers, response);
    else await answerWhole(context.engine, connection, request, format, headers, response);
  });
}

/** An empty body inserts nothing, as on a server. */
async function answerInsert(
  context: StoreContext,
  request: StoreRequest,
  insert: StoredInsert,
  response: ServerResponse,
): Promise<void> {
  const { statement } = insert;
  // The body is taken in before a connection is: a slow sender must not hold one.
  const path = await context.files.store(insert.head, insert.body);
  try {
    const sql = insertFromFile(statement, path, insert.compression);
    const result = await context.connections.withSession(request.session, (connection) =>
      context.engine.QueryAsyncConnection(connection, sql, 'Null'),
    );
    response.writeHead(200, {
      'x-clickhouse-query-id': request.queryId,
      'x-clickhouse-summary': summary(result, result.rowsRead),
    });
    response.end();
  } finally {
    await context.files.discard(path);
  }
}

async function answerWhole(
  engine: Engine,
  connection: EngineConnection,
  request: StoreRequest,
  format: string,
  headers: Record<string, string>,
  response: ServerResponse,
): Promise<void> {
  const result = await engine.QueryAsyncConnection(connection, request.sql, format);
  headers['x-clickhouse-summary'] = summary(result, 0);
  const compress = request.acceptsGzip && result.bytes.length > 0;
  if (compress) headers['content-encoding'] = 'gzip';
  response.writeHead(200, headers);
  response.end(compress ? gzipSync(result.bytes, { level: 1 }) : result.bytes);
}

async function answerStream(
  engine: Engine,
  connection: EngineConnection,
  request: StoreRequest,
  format: string,
  headers: Record<string, string>,
  response: ServerResponse,
): Promise<void> {
  const stream = engine.StreamQuery(connection, request.sql, format);
  let done = false;
  try {
    // An error before the first chunk still gets its HTTP status.
    let chunk = await engine.StreamFetch(stream);
    const tag = randomUUID().replaceAll('-', '').slice(0, 16);
    headers['x-clickhouse-exception-tag'] = tag;
    if (request.acceptsGzip) headers['content-encoding'] = 'gzip';
    response.writeHead(200, headers);
    const out = request.acceptsGzip ? gzipInto(response) : response;
    try {
      while (!chunk.done && !response.destroyed) {
        if (chunk.bytes.length > 0 && !out.write(chunk.bytes)) await drained(out, response);
        chunk = await engine.StreamFetch(stream);
      }
      done = chunk.done;
    } catch (error) {
      done = true;
      out.write(exceptionBlock(tag, engineFailure(error).text));
    }
    out.end();
  } finally {
    if (!done) engine.StreamCancel(stream);
  }
}

function gzipInto(response: ServerResponse): Writable {
  const gzip = createGzip({ level: 1 });
  gzip.pipe(response);
  return gzip;
}

async function drained(out: Writable, response: ServerResponse): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  try {
    if (!response.destroyed)
      await Promise.race([once(out, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    abort.abort();
  }
}

/** How a server (since 25.11) tells of an error behind the first byte of a result. */
function exceptionBlock(tag: string, text: string): string {
  const message = `${text}\n`;
  const length = Buffer.byteLength(message);
  return `\r\n__exception__\r\n${tag}\r\n${message}${length} ${tag}\r\n__exception__\r\n`;
}

function summary(result: EngineResult, writtenRows: number): string {
  return JSON.stringify({
    read_rows: String(result.rowsRead),
    read_bytes: String(result.bytesRead),
    written_rows: String(writtenRows),
    written_bytes: '0',
    result_rows: '0',
    result_bytes: '0',
    elapsed_ns: String(Math.round(result.elapsed * 1e9)),
  });
}

export function answerError(queryId: string, error: unknown, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const failure = engineFailure(error);
  response.writeHead(failure.httpStatus, {
    'x-clickhouse-exception-code': String(failure.code),
    'x-clickhouse-query-id': queryId,
    'content-type': 'text/plain; charset=UTF-8',
  });
  response.end(`${failure.text.trimEnd()}\n`);
}
