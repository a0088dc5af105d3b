// `weir quarantine show EVENT`: everything that is known of one event, and what today's pipeline
// would make of it.
import { PACK_NAMES } from '@weir/parsers';
import { WeirError } from '@weir/pipeline';
import { isCut, type QuarantineRow, readQuarantine } from '@weir/sinks/clickhouse';
import { Command, Option } from 'commander';
import { loadConfig } from '../../config/load.js';
import { parseToday, type Today } from '../../run/quarantine/parse-today.js';
import { withChoices } from '../did-you-mean.js';
import { addInstanceOptions, type InstanceFlags } from '../instance.js';
import { eventText, parseEvent } from './filter.js';
import { withTables } from './store.js';
import { hexAround, jsonOf, textAround } from './text.js';

interface ShowFlags extends InstanceFlags {
  readonly pack?: string;
  readonly json?: true;
}

const HELP = `
EVENT is TENANT/STREAM/EPOCH/SEQ, as weir quarantine list prints it. What today's pipeline makes of
the event is found out here, with the configuration that weir run would read, or --config.

Exit codes: 0 done, 1 there is no such event in quarantine, 2 wrong usage.`;

export function showCommand(): Command {
  const command = new Command('show')
    .description('Show one event in quarantine, and what would become of it today.')
    .argument('<event>', 'TENANT/STREAM/EPOCH/SEQ')
    .addOption(withChoices(new Option('--pack <name>', 'parse with this pack'), PACK_NAMES))
    .option('--json', 'as JSON')
    .addHelpText('after', HELP);
  return addInstanceOptions(command).action(show);
}

async function show(text: string, flags: ShowFlags): Promise<void> {
  const event = parseEvent(text);
  const page = { limit: 1, isSupersededToo: true };
  const [row] = await withTables(flags, (store, tables) =>
    readQuarantine(store, tables, { event }, page),
  );
  if (row === undefined) {
    process.stderr.write(`weir: ${text} is not in quarantine\n`);
    process.exitCode = 1;
    return;
  }
  const today = await todayOf(row, flags);
  if (flags.json) process.stdout.write(`${JSON.stringify({ ...jsonOf(row), today }, null, 2)}\n`);
  else process.stdout.write(`${toText(row, today)}\n`);
}

type Shown = Today | { readonly outcome: 'unknown'; readonly why: string };

/** That a module does not load here keeps nobody from seeing the event. */
async function todayOf(row: QuarantineRow, { config, data, pack }: ShowFlags): Promise<Shown> {
  try {
    return await parseToday(loadConfig({ config, data }, process.env), row, pack ?? null);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { outcome: 'unknown', why: error.message };
  }
}

function toText(row: QuarantineRow, today: Shown): string {
  const { raw, failedOffset, originalBytes } = row;
  const cut = originalBytes > raw.length ? ` of ${originalBytes}: it was cut` : '';
  const parser = `${row.parser || '-'} ${row.parserVersion}`.trim();
  const fields = [
    ['event', eventText(row)],
    ['reason', row.isSuperseded ? `${row.reason}; requeued since` : row.reason],
    ['marks', row.marks.join(', ') || '-'],
    ['parser', row.attempt === 0 ? parser : `${parser}, tried again ${row.attempt} times`],
    ['source', `${row.source}, its event ${row.sourceSeq}`],
    ['received', new Date(row.ingestUs / 1_000).toISOString()],
    ['format', row.format || 'not noted'],
    ...(row.context === '' ? [] : [['context', JSON.stringify(row.context)]]),
    ['retention', row.retentionClass],
    ['bytes', `${raw.length}${cut}`],
    ['offset', String(failedOffset)],
  ];
  const lines = fields.map(([name = '', value = '']) => `${name.padEnd(10)} ${value}`);
  return [
    ...lines,
    ...['', ...textAround(raw, failedOffset)],
    ...(raw.length === 0 ? [] : ['', ...hexAround(raw, failedOffset)]),
    ...['', ...todayText(row, today)],
  ].join('\n');
}

function todayText(row: QuarantineRow, today: Shown): string[] {
  if (row.isSuperseded) return ['it is in the events table'];
  if (isCut(row)) return ['only a part of the event is here: no parser can make it whole'];
  switch (today.outcome) {
    case 'unknown':
      return [`today's pipeline cannot be asked: ${today.why}`];
    case 'filtered':
      return [`today it would be taken by ${today.by}`];
    case 'quarantined':
      return [
        `today it would be in quarantine again: ${today.reason} at offset ${today.offset}`,
        ...textAround(row.raw, today.offset),
      ];
    default:
      return ['today it would be an event (weir quarantine requeue):', JSON.stringify(today.event)];
  }
}
