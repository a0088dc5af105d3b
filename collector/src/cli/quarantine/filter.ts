// Which rows of quarantine a command is about, from its flags.
import { QUARANTINE_REASONS, WeirError } from '@weir/pipeline';
import { nodeClock } from '@weir/pipeline/node';
import type { EventKey, QuarantineFilter } from '@weir/sinks/clickhouse';
import { type Command, Option } from 'commander';
import { withChoices } from '../did-you-mean.js';

export interface FilterFlags {
  readonly reason?: string;
  readonly parser?: string;
  readonly source?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
}

export const addFilterOptions = (command: Command): Command =>
  command
    .addOption(
      withChoices(new Option('--reason <name>', 'only of this reason'), QUARANTINE_REASONS),
    )
    .option('--parser <name>', 'only of this parser')
    .option('--source <address>', 'only from this source')
    .option('--since <time>', 'received then or later: ISO 8601, or an age such as 30m, 2h or 7d')
    .option('--until <time>', 'received then or earlier; as --since');

export function filterOf(flags: FilterFlags, event?: string): QuarantineFilter {
  const { reason, parser, source, since, until } = flags;
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(parser === undefined ? {} : { parser }),
    ...(source === undefined ? {} : { source }),
    ...(since === undefined ? {} : { sinceUs: timeUs('--since', since) }),
    ...(until === undefined ? {} : { untilUs: timeUs('--until', until) }),
    ...(event === undefined ? {} : { event: parseEvent(event) }),
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const US_PER_SECOND = 1_000_000;

function timeUs(flag: string, text: string): number {
  const age = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text);
  if (age !== null) {
    const seconds = Number(age[1]) * (UNIT_SECONDS[age[2] ?? ''] ?? 1);
    return Math.max(0, Math.round(Number(nodeClock.nowNs() / 1000n) - seconds * US_PER_SECOND));
  }
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms) || ms < 0)
    throw new WeirError(
      'WEIR_USAGE',
      `${flag} must be a time such as 2026-11-30T12:00:00Z, or an age such as 2h; got ${text}`,
    );
  return ms * 1_000;
}

/** A number of rows; null for none given. */
export function limitOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const limit = Number(text);
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new WeirError('WEIR_USAGE', `--limit must be a whole number from 1 on; got ${text}`);
  return limit;
}

export function parseEvent(text: string): EventKey {
  const parts = text.split('/');
  const [seq = '', epoch = ''] = [parts.at(-1), parts.at(-2)];
  const isEvent = parts.length >= 4 && /^\d{1,16}$/.test(seq) && /^\d{1,20}$/.test(epoch);
  if (!isEvent)
    throw new WeirError(
      'WEIR_USAGE',
      `an event is TENANT/STREAM/EPOCH/SEQ, such as default/0f3c9a1b2d4e/syslog_tcp/0/1/42; got ${text}`,
    );
  return { tenant: parts[0] ?? '', stream: parts.slice(1, -2).join('/'), epoch, seq: Number(seq) };
}

export const eventText = ({ tenant, stream, epoch, seq }: EventKey): string =>
  `${tenant}/${stream}/${epoch}/${seq}`;
