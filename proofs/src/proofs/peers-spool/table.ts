// The outcomes side by side, as lines of a Markdown table.
import type { Outcome } from './scenarios.js';

const COLUMNS = ['sent', 'lost', 'lostInFlight', 'twice', 'outOfOrder', 'drainSeconds'] as const;
const TITLES: Readonly<Record<string, string>> = {
  weir: 'Weir spool',
  rsyslog: 'rsyslog disk queue, synced',
  syslogNg: 'syslog-ng reliable disk-buffer',
  Kill: 'kill -9',
  Full: 'disk full',
};

export function tableOf(outcomes: Readonly<Record<string, Outcome>>): string[] {
  const head = [
    ...['product', 'misfortune', 'sent', 'lost', 'lost of the last second', 'twice'],
    ...['out of order', 'drained, s', 'still runs'],
  ];
  const rows = Object.entries(outcomes).map(([name, outcome]) => {
    const [, product = '', misfortune = ''] = /^(.*)(Kill|Full)$/.exec(name) ?? [];
    const figures = COLUMNS.map((column) => String(outcome[column]));
    return [
      TITLES[product] ?? '',
      TITLES[misfortune] ?? '',
      ...figures,
      outcome.isAlive ? 'yes' : 'NO',
    ];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
