// Who may speak to the store. It listens on loopback, where every user of the machine and every web
// page in a browser could reach it.
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { StoreException } from './exceptions.js';

export const STORE_USER = 'weir';
/** Environment variable by which the parent hands the child its password. */
export const PASSWORD_VARIABLE = 'WEIR_EMBEDDED_STORE_PASSWORD';

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** Pages of a browser send `Origin`, or a name that was bent to loopback (DNS rebinding). */
export function assertLocal(request: IncomingMessage): void {
  const { origin, host = '' } = request.headers;
  if (origin !== undefined)
    throw new StoreException(497, 'the embedded store serves no web pages', 'ACCESS_DENIED');
  if (!LOOPBACK_HOST.test(host))
    throw new StoreException(497, 'the Host header must name loopback', 'ACCESS_DENIED');
}

/** Takes the ways of ClickHouse's HTTP interface: basic, X-ClickHouse headers, URL parameters. */
export function assertAuthenticated(request: IncomingMessage, password: string): void {
  const [user, given] = credentialsOf(request);
  const isRight = user === STORE_USER && isEqual(given, password);
  if (isRight) return;
  throw new StoreException(
    516,
    'Authentication failed: the URL with user and password stands in run.json',
    'AUTHENTICATION_FAILED',
  );
}

function credentialsOf(request: IncomingMessage): readonly [user: string, password: string] {
  const basic = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic !== undefined) {
    const text = Buffer.from(basic, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  }
  const { headers } = request;
  const user = headers['x-clickhouse-user'];
  if (user !== undefined) return [String(user), String(headers['x-clickhouse-key'] ?? '')];
  const query = new URL(request.url ?? '/', 'http://store').searchParams;
  return [query.get('user') ?? '', query.get('password') ?? ''];
}

function isEqual(a: string, b: string): boolean {
  const [bytesA, bytesB] = [Buffer.from(a), Buffer.from(b)];
  return bytesA.length === bytesB.length && timingSafeEqual(bytesA, bytesB);
}
