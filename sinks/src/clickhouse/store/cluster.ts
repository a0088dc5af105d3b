// The same statements for a cluster: every DDL statement runs on all its servers, and tables are
// replicated. The replica path is the server's default_replica_path and default_replica_name, so
// the macros {shard} and {replica} have to be set there. Whatever is no DDL stays as it is.

const NAME = '(?:`[^`]+`|\\w+)(?:\\.(?:`[^`]+`|\\w+))?';
/** Beginnings of DDL statements, up to the name behind which ON CLUSTER stands. */
const HEADS = [
  'CREATE DATABASE IF NOT EXISTS',
  'CREATE TABLE IF NOT EXISTS',
  'CREATE OR REPLACE VIEW',
  'ALTER TABLE',
  'DROP TABLE IF EXISTS',
];
const HEAD = new RegExp(`^((?:${HEADS.join('|')}) ${NAME})`);
const ENGINE = /^(ENGINE = |.*\) ENGINE = )((?:Replacing|Aggregating)?MergeTree)\b/m;

/** With an empty name: the statement itself. `sql` begins with its first word. */
export function onCluster(sql: string, cluster: string): string {
  if (cluster === '' || !HEAD.test(sql)) return sql;
  const name = cluster.replace(/[\\']/g, '\\$&');
  const spread = sql.replace(HEAD, (head) => `${head} ON CLUSTER '${name}'`);
  return spread.startsWith('CREATE TABLE') ? spread.replace(ENGINE, '$1Replicated$2') : spread;
}
