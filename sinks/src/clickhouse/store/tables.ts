// Names of the tables. EVENTS_TABLE names one of them, the others stand in the same database.
import { WeirError } from '@weir/pipeline';

export interface TableNames {
  readonly database: string;
  /** With the database, quoted: fit for SQL. So are all below. */
  readonly events: string;
  readonly quarantine: string;
  readonly dispositions: string;
  readonly ledger: string;
  readonly ledgerByStream: string;
  readonly ledgerGaps: string;
  readonly checkpoints: string;
  readonly fences: string;
  readonly migrations: string;
  /** Name of the events table alone, not quoted. */
  readonly eventsName: string;
}

export const EVENTS_TABLE_DEFAULT = 'dev.events';

const quote = (name: string): string => `\`${name}\``;

/** `eventsTable` is `database.table` or `table` (then in `default`). Throws WEIR_CONFIG_INVALID. */
export function tableNames(eventsTable: string = EVENTS_TABLE_DEFAULT): TableNames {
  const found = /^(?:([A-Za-z_]\w*)\.)?([A-Za-z_]\w*)$/.exec(eventsTable);
  if (found === null)
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      'EVENTS_TABLE must be table or database.table, of letters, digits and _; ' +
        `got "${eventsTable}"`,
      { value: eventsTable },
    );
  const database = found[1] ?? 'default';
  const eventsName = found[2] as string;
  const table = (name: string): string => `${quote(database)}.${quote(name)}`;
  return {
    database,
    eventsName,
    events: table(eventsName),
    quarantine: table('quarantine'),
    dispositions: table('dispositions'),
    ledger: table('ledger'),
    ledgerByStream: table('ledger_by_stream'),
    ledgerGaps: table('ledger_gaps'),
    checkpoints: table('checkpoints'),
    fences: table('fences'),
    migrations: table('weir_migrations'),
  };
}
