// `weir dlq list`: what is in the dead letter topic, without taking anything out of it.
import type { DeadLetter } from '@weir/sinks/kafka';
import { Command } from 'commander';
import { integer } from '../integer.js';
import { table } from '../table.js';
import {
  addDlqOptions,
  type DlqFlags,
  escaped,
  jsonOf,
  numbersText,
  originText,
  placeText,
  timeText,
  withDeadLetters,
} from './open.js';

interface ListFlags extends DlqFlags {
  readonly limit: number;
}

const LIMIT_DEFAULT = 100;
const REASON_SHOWN_MAX = 120;

export function listCommand(): Command {
  const command = new Command('list')
    .description('List dead letters: where each came from, and why it is there.')
    .option('--limit <n>', 'at most so many, oldest first', integer(1, 1_000_000), LIMIT_DEFAULT)
    .addHelpText(
      'after',
      '\nRead from the beginning of TOPIC.dlq, partition after partition, without a group: nothing is' +
        '\ntaken out. Letters that were replayed stay until retention deletes them.' +
        '\nExit codes: 0 done, 1 Kafka cannot be reached or has no such topic, 2 wrong usage.',
    );
  return addDlqOptions(command).action(list);
}

async function list(flags: ListFlags): Promise<void> {
  await withDeadLetters(flags, async ({ letters, messageCount }) => {
    // Without bytes: those of many letters need not fit into memory.
    const found: ReturnType<typeof jsonOf>[] = [];
    const rows = [['letter', 'from', 'time', 'bytes', 'numbers', 'reason']];
    for await (const letter of letters.all()) {
      found.push(jsonOf(letter));
      rows.push(rowOf(letter));
      if (found.length >= flags.limit) break;
    }
    const more = Math.max(0, messageCount - found.length);
    if (flags.json) {
      process.stdout.write(`${JSON.stringify({ letters: found, more })}\n`);
      return;
    }
    const tail = more > 0 ? `\n${more} more; --limit shows them\n` : '\n';
    process.stdout.write(
      found.length === 0 ? 'no dead letters\n' : `${table(rows).join('\n')}${tail}`,
    );
  });
}

const rowOf = (letter: DeadLetter): string[] => [
  ...[placeText(letter), escaped(originText(letter)), timeText(letter)],
  ...[String(letter.value.length), escaped(numbersText(letter))],
  escaped(letter.reason.slice(0, REASON_SHOWN_MAX)),
];
