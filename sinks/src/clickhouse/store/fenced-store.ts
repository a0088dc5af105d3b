// A store whose INSERTs the server itself refuses once somebody else has taken over: the condition
// is evaluated as the statement begins. Whoever takes over writes the fence first and ends the
// statements that began before, so nothing of an earlier owner lands behind its back.
import { WeirError } from '@weir/pipeline';
import type { Store } from './store.js';
import type { TableNames } from './tables.js';

export interface FenceToken {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly token: bigint;
  /** For people. */
  readonly owner: string;
}

/** `throwIf` names it in its error; the code is ClickHouse's FUNCTION_THROW_IF_VALUE_IS_NON_ZERO. */
const FENCED = 'weir: another loader owns this partition';
const THROW_IF_CODE = 395;
const INSERT = /^INSERT INTO (\S+) \(([^)]*)\) FORMAT Native$/;

export async function writeFence(
  store: Store,
  tables: TableNames,
  { group, topic, partition, token, owner }: FenceToken,
): Promise<void> {
  await store.command(
    `INSERT INTO ${tables.fences} SELECT {group:String}, {topic:String}, {partition:UInt32}, ` +
      '{token:UInt64}, {owner:String}, now64(6)',
    { group, topic, partition, token: String(token), owner },
    { async_insert: 0 },
  );
}

/** The highest token that anyone wrote; 0 for none. */
export async function readFence(
  store: Store,
  tables: TableNames,
  { group, topic, partition }: Pick<FenceToken, 'group' | 'topic' | 'partition'>,
): Promise<bigint> {
  const rows = await store.query<{ token: string }>(
    `SELECT max(token) AS token FROM ${tables.fences} WHERE consumer_group = {group:String} ` +
      'AND topic = {topic:String} AND partition = {partition:UInt32} ' +
      'SETTINGS select_sequential_consistency = 1',
    { group, topic, partition },
  );
  return BigInt(rows[0]?.token ?? '0');
}

/**
 * `onFenced` is called once when the server refuses; the statement rejects with WEIR_ABORTED. Only
 * INSERTs of rows are checked: what else a loader writes says of rows that they are there, and that
 * stays true.
 */
export function fencedStore(
  store: Store,
  tables: TableNames,
  token: FenceToken,
  onFenced: () => void,
): Store {
  const structures = new Map<string, Promise<string>>();
  const structureOf = (table: string, columns: string): Promise<string> => {
    const key = `${table} ${columns}`;
    let structure = structures.get(key);
    if (structure === undefined) {
      structure = readStructure(store, table, columns.split(', '));
      structure.catch(() => structures.delete(key));
      structures.set(key, structure);
    }
    return structure;
  };
  return {
    url: store.url,
    query: (sql, params) => store.query(sql, params),
    stream: (sql, params) => store.stream(sql, params),
    command: (sql, params, settings, queryId) => store.command(sql, params, settings, queryId),
    ping: () => store.ping(),
    close: () => store.close(),
    insertNative: async (sql, blocks, options) => {
      const [, table = '', columns = ''] = INSERT.exec(sql) ?? [];
      const structure = await structureOf(table, columns);
      try {
        await store.insertNative(
          `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM input(${quote(structure)}) ` +
            `WHERE (${condition(tables, token)}) = 0 FORMAT Native`,
          blocks,
          options,
        );
      } catch (error) {
        if (!isFenced(error)) throw error;
        onFenced();
        throw new WeirError('WEIR_ABORTED', `${FENCED}: ${token.topic}/${token.partition}`);
      }
    },
  };
}

function condition(tables: TableNames, { group, topic, partition, token }: FenceToken): string {
  return (
    `SELECT throwIf(max(token) != ${token}, ${quote(FENCED)}) FROM ${tables.fences} ` +
    `WHERE consumer_group = ${quote(group)} AND topic = ${quote(topic)} ` +
    `AND partition = ${partition}`
  );
}

async function readStructure(
  store: Store,
  table: string,
  columns: readonly string[],
): Promise<string> {
  const rows = await store.query<{ name: string; type: string }>(`DESCRIBE TABLE ${table}`);
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  return columns.map((name) => `${name} ${types.get(name) ?? 'String'}`).join(', ');
}

const isFenced = (error: unknown): boolean =>
  error instanceof WeirError &&
  error.details.code === THROW_IF_CODE &&
  error.message.includes(FENCED);

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
