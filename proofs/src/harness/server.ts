// A ClickHouse server for CLICKHOUSE_URL: the embedded engine in a process of its own, which speaks
// the HTTP interface of a server.
import { startEmbeddedStore } from '@weir/sinks/clickhouse';

export interface Server {
  readonly port: number;
  /** The URL by way of another port of this machine, for a proxy. */
  urlThrough(port: number): string;
  /** Runs a statement, not through any proxy; the reply's text. */
  sql(statement: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startServer(directory: string): Promise<Server> {
  const store = await startEmbeddedStore({ directory, log: () => {} });
  const { port } = store;
  return {
    port,
    urlThrough: (other) => {
      const url = new URL(store.url);
      url.port = String(other);
      return url.href;
    },
    sql: (statement) => sql(store.url, statement),
    stop: () => store.stop(),
  };
}

async function sql(url: string, statement: string): Promise<string> {
  // fetch takes no URL with a password in it.
  const { username, password, origin } = new URL(url);
  const user = Buffer.from(`${username}:${password}`).toString('base64');
  const reply = await fetch(origin, {
    method: 'POST',
    body: statement,
    headers: { authorization: `Basic ${user}` },
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`query failed: ${text}`);
  return text.trim();
}
