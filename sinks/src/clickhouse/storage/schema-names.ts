// Names of all that the migrations make, read from their text: a table or view that a later one
// adds is then part of what is backed up and shown.
import type { StoreProfile } from '@weir/pipeline';
import { readMigrations } from '../store/migrations.js';
import type { TableNames } from '../store/tables.js';
import { viewStatements } from '../views/index.js';

const TABLE = /^CREATE TABLE IF NOT EXISTS \{(?:database\}\.(\w+)|events\})/gm;
const VIEW = /^CREATE OR REPLACE VIEW \{database\}\.(\w+)/gm;
const OWN_VIEW = /^CREATE OR REPLACE VIEW `\w+`\.(\w+)/;

export interface SchemaNames {
  readonly tables: readonly string[];
  readonly views: readonly string[];
}

/** Without the database. The note of the migrations is one of the tables. */
export function schemaNames(tables: TableNames, profile: StoreProfile): SchemaNames {
  const found = { tables: new Set(['weir_migrations']), views: new Set<string>() };
  for (const { sql } of readMigrations(null, profile)) {
    for (const [, name] of sql.matchAll(TABLE)) found.tables.add(name ?? tables.eventsName);
    for (const [, name] of sql.matchAll(VIEW)) if (name !== undefined) found.views.add(name);
  }
  if (profile === 'full')
    for (const sql of viewStatements(tables)) found.views.add(OWN_VIEW.exec(sql)?.[1] ?? '');
  return { tables: [...found.tables].sort(), views: [...found.views].sort() };
}
