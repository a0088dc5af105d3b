// Five queries of a security team, and what they read. Rows and bytes do not depend on what else
// the machine does; milliseconds do.
import { text } from 'node:stream/consumers';
import type { QueryParams, Store } from '@weir/sinks/clickhouse';
import { monotonicSeconds } from '../../clock.js';
import { spreadOf } from '../../report.js';

export interface TypicalQuery {
  readonly name: string;
  /** `{table}` is filled in; the others are parameters. */
  readonly sql: string;
}

const SHOWN =
  'time, device_hostname, class_uid, severity_id, action, src_endpoint_ip, dst_endpoint_ip, message';

export const QUERIES: readonly TypicalQuery[] = [
  {
    name: 'host_hour',
    sql:
      `SELECT ${SHOWN} FROM {table} WHERE device_hostname = {host:String} ` +
      'AND time >= {dayEnd:DateTime64(6)} - INTERVAL 1 HOUR ORDER BY time DESC LIMIT 1000',
  },
  {
    name: 'address_day',
    sql:
      'SELECT toStartOfHour(time) AS hour, dst_endpoint_ip, count() FROM {table} ' +
      'WHERE src_endpoint_ip = {address:String} AND time >= {dayEnd:DateTime64(6)} ' +
      '- INTERVAL 1 DAY GROUP BY hour, dst_endpoint_ip ORDER BY hour, dst_endpoint_ip',
  },
  {
    name: 'class_severity',
    sql:
      'SELECT toStartOfHour(time) AS hour, class_uid, severity_id, count() FROM {table} ' +
      'GROUP BY hour, class_uid, severity_id ORDER BY hour, class_uid, severity_id',
  },
  {
    name: 'message_word',
    sql:
      `SELECT ${SHOWN} FROM {table} WHERE hasToken(message, {word:String}) ` +
      'AND time >= {dayEnd:DateTime64(6)} - INTERVAL 12 HOUR ORDER BY time DESC LIMIT 1000',
  },
  {
    name: 'one_event',
    sql:
      "SELECT * FROM {table} WHERE tenant_id = 'default' AND stream = 'bench/mixed/0' " +
      'AND epoch = 1 AND seq = {seq:UInt64}',
  },
];

export interface QueryFigures {
  readonly resultRows: number;
  readonly rowsRead: number;
  /** Uncompressed. */
  readonly bytesRead: number;
  /** From the request to the end of the answer, median. */
  readonly medianMs: number;
}

interface Answer {
  readonly rows: number;
  readonly statistics: { readonly rows_read: number; readonly bytes_read: number };
}

/**
 * Rows and bytes are those of the first run, on one thread: several read ahead of each other, and
 * not always equally far. Its time is not counted.
 */
export async function measureQuery(
  store: Store,
  table: string,
  { sql }: TypicalQuery,
  params: QueryParams,
  runs: number,
): Promise<QueryFigures> {
  // The server would remember which granules hold nothing, and the second run be another query.
  const whole = `${sql.replace('{table}', table)} SETTINGS use_query_condition_cache = 0`;
  const ask = async (settings: string): Promise<Answer> =>
    JSON.parse(await text(await store.stream(`${whole}${settings} FORMAT JSON`, params))) as Answer;
  const { rows, statistics } = await ask(', max_threads = 1');
  const durationsMs: number[] = [];
  for (let run = 0; run < runs; run++) {
    const startedAt = monotonicSeconds();
    await ask('');
    durationsMs.push((monotonicSeconds() - startedAt) * 1000);
  }
  return {
    ...{ resultRows: rows, rowsRead: statistics.rows_read, bytesRead: statistics.bytes_read },
    medianMs: spreadOf(durationsMs).median,
  };
}

/**
 * What is asked for, from the rows themselves: a host of middling frequency, an address and a
 * word that came about five times, the event in the middle. The same rows give the same.
 */
export async function chooseParams(store: Store, table: string): Promise<QueryParams> {
  const one = async (sql: string): Promise<string> => {
    const [row] = await store.query<{ value: string }>(sql);
    if (row === undefined) throw new Error(`nothing was found by ${sql}`);
    return row.value;
  };
  const near = (column: string, from: string, count: number): string =>
    `SELECT ${column} AS value FROM ${from} WHERE value != '' GROUP BY value ` +
    `ORDER BY abs(toInt64(count()) - ${count}), value LIMIT 1`;
  const words =
    `(SELECT arrayJoin(tokens(message)) AS word FROM ${table} ` +
    "WHERE match(word, '^[A-Za-z]{5,}$'))";
  const hosts = `(SELECT device_hostname FROM ${table} WHERE device_hostname != '')`;
  return {
    host: await one(
      `SELECT arraySort(groupArray((c, h)))[intDiv(count(), 2) + 1].2 AS value FROM ` +
        `(SELECT device_hostname AS h, count() AS c FROM ${hosts} GROUP BY h)`,
    ),
    address: await one(near('src_endpoint_ip', table, 5)),
    word: await one(near('word', words, 5)),
    seq: await one(
      `SELECT toString(intDiv(max(seq), 2)) AS value FROM ${table} WHERE stream = 'bench/mixed/0'`,
    ),
    dayEnd: await one(
      `SELECT toString(toStartOfDay(max(ingest_time)) + INTERVAL 1 DAY) AS value FROM ${table}`,
    ),
  };
}
