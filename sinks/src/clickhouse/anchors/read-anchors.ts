// Checkpoints of a node as the store has them.
import type { Store, TableNames } from '../store/index.js';

export interface AnchorRow {
  readonly treeNumber: number;
  readonly size: number;
  /** base64 */
  readonly root: string;
  readonly note: string;
}

/**
 * All of one node that can be of use, by tree and size: those of at least a size (smaller ones
 * cannot be compared any more with a tree that begins there), those of sizes that are named, and of
 * every size with several roots each. Empty if the store has no such table yet.
 */
export async function readAnchors(
  store: Store,
  tables: TableNames,
  nodeId: string,
  wanted: { readonly sizeMin: number; readonly sizes: readonly number[] },
): Promise<AnchorRow[]> {
  if (!(await isThere(store, tables))) return [];
  const { sizeMin, sizes } = wanted;
  const rows = await store.query<Record<'tree' | 'size' | 'root' | 'note', string>>(
    `SELECT tree, size, root, any(note) AS note FROM ${tables.checkpoints} ` +
      'WHERE node = {nodeId:String} AND (size >= {sizeMin:UInt64} ' +
      'OR size IN {sizes:Array(UInt64)} OR (tree, size) IN (SELECT tree, size ' +
      `FROM ${tables.checkpoints} WHERE node = {nodeId:String} GROUP BY tree, size ` +
      'HAVING uniqExact(root) > 1)) GROUP BY tree, size, root ORDER BY tree, size, root',
    { nodeId, sizeMin, sizes: [...sizes] },
  );
  return rows.map(({ tree, size, root, note }) => ({
    treeNumber: Number(tree),
    size: Number(size),
    root,
    note,
  }));
}

async function isThere(store: Store, tables: TableNames): Promise<boolean> {
  const rows = await store.query(
    'SELECT name FROM system.tables WHERE database = {database:String} AND name = {name:String}',
    { database: tables.database, name: 'checkpoints' },
  );
  return rows.length > 0;
}
