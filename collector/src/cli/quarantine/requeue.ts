// `weir quarantine requeue`: parses events of quarantine again, and takes those that parse into the
// events table. A running instance does it itself; of one that stands still this command holds the
// directory meanwhile.
import { PACK_NAMES } from '@weir/parsers';
import type { RequeueReport, RequeueRequest } from '@weir/sinks/clickhouse';
import { Command, Option } from 'commander';
import { type LoadedConfig, loadConfig } from '../../config/load.js';
import { readRunFile } from '../../run/data-directory.js';
import { findControl } from '../control-client.js';
import { withChoices } from '../did-you-mean.js';
import { addInstanceOptions, type InstanceFlags } from '../instance.js';
import { count } from '../numbers.js';
import { addFilterOptions, type FilterFlags, filterOf, limitOf } from './filter.js';

interface RequeueFlags extends InstanceFlags, FilterFlags {
  readonly dryRun?: true;
  readonly pack?: string;
  readonly json?: true;
}

const HELP = `
Events that parse now enter the events table under their first identity (tenant, stream, epoch, seq,
source, time of receipt), each once, however often this is run or killed; their rows in quarantine
stay, superseded. Events that still fail stay, with today's reason and parser version. Cut events
(oversize, framing_incomplete, framing_invalid) are not tried: the rest of them is not here.

A running instance parses with the pipeline that it runs: restart it first if that has changed. Of
one that is stopped, the directory is held until the command ends.

Exit codes: 0 done, also if nothing could be requeued; 1 it failed, and another run goes on where it
ended; 2 wrong usage.`;

export function requeueCommand(): Command {
  const command = new Command('requeue')
    .description('Parse events in quarantine again; those that parse enter the events table.')
    .argument('[event]', 'only this one: TENANT/STREAM/EPOCH/SEQ')
    .option('--dry-run', 'only say what would become of them')
    .addOption(withChoices(new Option('--pack <name>', 'parse with this pack'), PACK_NAMES))
    .option('--limit <n>', 'at most so many events, oldest first')
    .option('--json', 'the report as JSON')
    .addHelpText('after', HELP);
  return addInstanceOptions(addFilterOptions(command)).action(requeue);
}

async function requeue(event: string | undefined, flags: RequeueFlags): Promise<void> {
  const request: RequeueRequest = {
    filter: filterOf(flags, event),
    pack: flags.pack ?? null,
    limit: limitOf(flags.limit),
    isDryRun: flags.dryRun ?? false,
  };
  const loaded = loadConfig({ config: flags.config, data: flags.data }, process.env);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const report = await requeueOn(loaded, flags, request, stop.signal);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(`${flags.json ? JSON.stringify(report, null, 2) : toText(report)}\n`);
}

async function requeueOn(
  loaded: LoadedConfig,
  flags: RequeueFlags,
  request: RequeueRequest,
  signal: AbortSignal,
): Promise<RequeueReport> {
  const { config } = loaded;
  if (readRunFile(config.data_dir) !== null)
    return findControl({ data: config.data_dir }).requeue(request, signal, showProgress);
  const { requeueStopped } = await import('../../run/quarantine/stopped.js');
  const store = flags.url === undefined ? config.store : { ...config.store, url: flags.url };
  const at = { ...loaded, config: { ...config, store } };
  return requeueStopped(at, request, signal, showProgress);
}

function showProgress({ tried, requeued }: RequeueReport): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\r\x1b[K${count(tried)} tried, ${count(requeued)} requeued`);
}

function toText(report: RequeueReport): string {
  const { tried, requeued, stillFailing, isDryRun } = report;
  const lines = [
    `${count(tried)} looked at, ${count(requeued)} ${isDryRun ? 'would be requeued' : 'requeued'}`,
  ];
  for (const [reason, events] of Object.entries(stillFailing))
    lines.push(`${count(events)} stay: ${reason}`);
  const others: readonly (readonly [number, string])[] = [
    [report.filtered, 'stay: they parse, and a filter of the pipeline takes them'],
    [report.cut, 'stay: only a part of the event is here'],
    [report.inFlight, 'not tried: the loader is not done with them'],
    [report.expired, 'not tried: they are at the end of their retention'],
    [report.otherNodes, 'not tried: they belong to other collectors of this store'],
  ];
  for (const [events, what] of others) if (events > 0) lines.push(`${count(events)} ${what}`);
  return lines.join('\n');
}
