// `weir storage ttl`: how long rows are kept, by table and retention class.
import { WeirError } from '@weir/pipeline';
import {
  type ExpiringTable,
  type Retention,
  readRetention,
  retentionChanges,
  type Store,
  setRetention,
  type TableNames,
  tableNames,
} from '@weir/sinks/clickhouse';
import { Command } from 'commander';
import type { Config } from '../../config/schema.js';
import { addInstanceOptions, findInstance, type InstanceFlags } from '../instance.js';
import { withStore } from '../open-store.js';
import { retentionText } from './text.js';

interface TtlFlags extends InstanceFlags {
  readonly eventsDays?: string;
  readonly quarantineDays?: string;
  readonly class?: readonly string[];
  readonly json?: true;
}

type Retentions = Record<ExpiringTable, Retention>;

export function ttlCommand(): Command {
  const command = new Command('ttl')
    .description('Show how long rows are kept, or change it.')
    .option('--events-days <days>', 'keep events so long')
    .option('--quarantine-days <days>', 'keep rows of quarantine so long')
    .option(
      '--class <name=days...>',
      'keep rows of a retention class so long, in both tables; NAME=default: as the others',
    )
    .option('--json', 'what holds now, as JSON')
    .addHelpText(
      'after',
      '\nA source names the class of its events with retention_class. What has expired goes by itself,\n' +
        'a day and class at once, within seconds of this command; nothing brings it back. The ledger\n' +
        'and its dispositions are kept for ever: they say what there was.\n' +
        'weir run sets at its start what the configuration says (store.ttl_days, store.retention,\n' +
        'store.quarantine_ttl_days): this command prints the lines that make its change last.',
    );
  return addInstanceOptions(command).action(run);
}

async function run(flags: TtlFlags): Promise<void> {
  const instance = findInstance(flags);
  const tables = tableNames(instance.eventsTable);
  const { cluster } = instance.config.store;
  if (cluster !== '' && isChange(flags))
    throw new WeirError(
      'WEIR_USAGE',
      'the tables of a cluster follow the configuration: set store.ttl_days and store.retention, ' +
        'then weir storage migrate',
    );
  const now = await withStore(instance, (store) => change(store, tables, flags));
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(now, null, 2)}\n`);
    return;
  }
  const lines = Object.entries(now).map(([table, kept]) => `${table}: ${retentionText(kept)}`);
  process.stdout.write(`${lines.join('\n')}\n`);
  const lasting = isChange(flags) ? configLines(now, instance.config) : [];
  if (lasting.length > 0)
    process.stderr.write(
      `weir: the configuration says otherwise, and the next start of weir run follows it; put there\n\n${lasting.join('\n')}\n`,
    );
}

const isChange = (flags: TtlFlags): boolean =>
  flags.eventsDays !== undefined || flags.quarantineDays !== undefined || flags.class !== undefined;

async function change(store: Store, tables: TableNames, flags: TtlFlags): Promise<Retentions> {
  const read = async (table: ExpiringTable): Promise<Retention> => {
    const found = await readRetention(store, tables, table);
    if (found !== null) return found;
    throw new WeirError('WEIR_USAGE', `there is no table of Weir for ${table}, or it has no TTL`);
  };
  const now = { events: await read('events'), quarantine: await read('quarantine') };
  const wanted = {
    events: changed(now.events, flags.eventsDays, flags.class, '--events-days'),
    quarantine: changed(now.quarantine, flags.quarantineDays, flags.class, '--quarantine-days'),
  };
  for (const one of await retentionChanges(store, tables, wanted))
    await setRetention(store, tables, one, { isAwaited: true });
  return wanted;
}

function changed(
  now: Retention,
  days: string | undefined,
  named: readonly string[] = [],
  option: string,
): Retention {
  const classes: Record<string, number> = { ...now.classes };
  for (const text of named) {
    const [, name, value] = /^([A-Za-z0-9_.-]{1,64})=(\d+|default)$/.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new WeirError('WEIR_USAGE', `--class takes NAME=DAYS or NAME=default; got ${text}`);
    if (value === 'default') delete classes[name];
    else classes[name] = Number(value);
  }
  return { days: days === undefined ? now.days : daysOf(days, option), classes };
}

function daysOf(text: string, option: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new WeirError('WEIR_USAGE', `${option} takes a number of days; got ${text}`);
}

/** What has to stand in the configuration; nothing if it says so already. */
function configLines({ events, quarantine }: Retentions, { store }: Config): string[] {
  const quarantineDays = quarantine.days === events.days ? 0 : quarantine.days;
  const isSame =
    store.ttl_days === events.days &&
    (store.quarantine_ttl_days || store.ttl_days) === quarantine.days &&
    JSON.stringify(Object.entries(store.retention).sort()) ===
      JSON.stringify(Object.entries(events.classes).sort());
  if (isSame) return [];
  const classes = Object.entries(events.classes).map(([name, days]) => `"${name}" = ${days}`);
  return [
    '[store]',
    `ttl_days = ${events.days}`,
    ...(quarantineDays === 0 ? [] : [`quarantine_ttl_days = ${quarantineDays}`]),
    ...(classes.length === 0 ? [] : ['', '[store.retention]', ...classes]),
  ];
}
