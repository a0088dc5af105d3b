// SIEM_DEBUG_SQL=1: a line for each statement that was sent to ClickHouse, without its data.
import type { StoreOptions } from '@weir/sinks/clickhouse';

const YES = /^(1|true|yes|on)$/i;

/** For createStore; says nothing unless the variable is set. */
export function debugSqlOptions(
  say: (fields: Readonly<Record<string, string | number>>, text: string) => void,
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
): Pick<StoreOptions, 'logSql'> {
  if (!YES.test(environment.SIEM_DEBUG_SQL ?? '')) return {};
  return {
    logSql: ({ sql, durationMs, error }) => {
      const duration_ms = Math.round(durationMs * 10) / 10;
      say({ duration_ms, ...(error === null ? {} : { error }) }, `sql: ${sql}`);
    },
  };
}

/** For commands, which have no log. */
export const debugSqlOnStderr = (): Pick<StoreOptions, 'logSql'> =>
  debugSqlOptions(({ duration_ms, error }, text) => {
    const failed = error === undefined ? '' : ` failed with ${error}`;
    process.stderr.write(`weir: ${text} (${duration_ms} ms${failed})\n`);
  });
