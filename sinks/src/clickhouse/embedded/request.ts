// A request of ClickHouse's HTTP protocol, taken apart: statement, settings, parameters, data.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { decompress as zstdDecompress } from 'zstd-napi';
import type { SessionOptions } from './connections.js';
import { StoreException } from './exceptions.js';
import { type InsertStatement, parseInsert, parseInsertWithData } from './statement.js';

/** URL parameters that are about the transport, not settings of the statement. */
const CONTROL = new Set([
  'query',
  'database',
  'default_format',
  'wait_end_of_query',
  'buffer_size',
  'query_id',
  'user',
  'password',
  'session_timeout',
  'session_check',
  'enable_http_compression',
  'role',
  'quota_key',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'cancel_http_readonly_queries_on_client_close',
  'http_write_exception_in_output_format',
  'http_zlib_compression_level',
]);
const STATEMENT_BYTES_MAX = 64 * 1024 * 1024;

export interface StoreRequest {
  readonly queryId: string;
  readonly session: SessionOptions;
  readonly sql: string;
  readonly defaultFormat: string;
  readonly acceptsGzip: boolean;
  /** The whole result before the first byte, so that an error still gets its status. */
  readonly waitForEnd: boolean;
  readonly insert: StoredInsert | null;
}

/** Data of an INSERT: `head` and then `body`, both still compressed as `compression` says. */
export interface StoredInsert {
  readonly statement: InsertStatement;
  readonly head: Uint8Array | null;
  readonly body: Readable | null;
  /** Name for the engine's COMPRESSION clause; empty for none. */
  readonly compression: string;
}

export async function readRequest(request: IncomingMessage): Promise<StoreRequest> {
  const url = new URL(request.url ?? '/', 'http://store');
  const query = url.searchParams;
  const contentType = request.headers['content-type'] ?? '';
  const form = contentType.startsWith('multipart/form-data')
    ? await readForm(request, contentType)
    : null;
  const { settings, parameters } = splitParameters(query, form);
  const base = {
    queryId: query.get('query_id') || randomUUID(),
    session: {
      database: query.get('database') || 'default',
      settings,
      parameters,
      isReadOnly: request.method !== 'POST',
    },
    defaultFormat: query.get('default_format') ?? 'TabSeparated',
    acceptsGzip:
      query.get('enable_http_compression') === '1' &&
      /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')),
    waitForEnd: query.get('wait_end_of_query') === '1',
  };
  const named = query.get('query') ?? form?.get('query') ?? '';
  const encoding = String(request.headers['content-encoding'] ?? '').toLowerCase();
  const insert = named === '' ? null : parseInsert(named);
  if (insert !== null && form === null)
    return {
      ...base,
      sql: named,
      insert: {
        statement: insert,
        head: null,
        body: request,
        compression: compressionOf(encoding),
      },
    };
  const body = form === null ? decode(await readAll(request), encoding) : Buffer.alloc(0);
  const text = named === '' ? body : Buffer.concat([Buffer.from(`${named}\n`), body]);
  const withData = parseInsertWithData(text);
  if (withData !== null) {
    const head = text.subarray(withData.dataStart);
    const sql = text.toString('utf8', 0, withData.dataStart);
    return {
      ...base,
      sql,
      insert: { statement: withData.insert, head, body: null, compression: '' },
    };
  }
  return { ...base, sql: text.toString('utf8'), insert: null };
}

function splitParameters(query: URLSearchParams, form: ReadonlyMap<string, string> | null) {
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of [...query, ...(form ?? [])]) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else if (name === 'session_id' || name === 'compress' || name === 'decompress') {
      if (value !== '' && value !== '0')
        throw new StoreException(48, `the embedded store has no ${name}`, 'NOT_IMPLEMENTED');
    } else if (!CONTROL.has(name)) settings.set(name, value);
  }
  return { settings, parameters };
}

function compressionOf(encoding: string): string {
  if (encoding === '' || encoding === 'identity') return '';
  if (['gzip', 'deflate', 'br', 'zstd', 'lz4', 'xz'].includes(encoding)) return encoding;
  throw new StoreException(1, `unsupported Content-Encoding ${encoding}`, 'UNSUPPORTED_METHOD');
}

function decode(body: Buffer, encoding: string): Buffer {
  if (body.length === 0) return body;
  const limit = { maxOutputLength: STATEMENT_BYTES_MAX };
  switch (compressionOf(encoding)) {
    case '':
      return body;
    case 'gzip':
      return gunzipSync(body, limit);
    case 'deflate':
      return inflateSync(body, limit);
    case 'br':
      return brotliDecompressSync(body, limit);
    case 'zstd':
      return zstdDecompress(body);
    default:
      throw new StoreException(1, `statement compressed by ${encoding}`, 'UNSUPPORTED_METHOD');
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let byteCount = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    byteCount += part.length;
    if (byteCount > STATEMENT_BYTES_MAX)
      throw new StoreException(
        62,
        `statement of more than ${STATEMENT_BYTES_MAX} bytes`,
        'SYNTAX_ERROR',
      );
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Parts of a multipart body (RFC 7578), which clients use for long parameters. */
async function readForm(request: IncomingMessage, type: string): Promise<Map<string, string>> {
  const fields = new Map<string, string>();
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1] ?? '';
  const text = (await readAll(request)).toString('utf8');
  for (const part of text.split(`--${boundary}`)) {
    const end = part.indexOf('\r\n\r\n');
    const name = /name="([^"]*)"/i.exec(part.slice(0, Math.max(end, 0)))?.[1];
    if (name !== undefined) fields.set(name, part.slice(end + 4).replace(/\r\n$/, ''));
  }
  return fields;
}
