// The dead letter topic that a command looks into, and what of a letter is shown.
import { WeirError } from '@weir/pipeline';
import { nodeTimers } from '@weir/pipeline/node';
import { type DeadLetter, DeadLetters, loadBinding } from '@weir/sinks/kafka';
import type { Command } from 'commander';
import { loadConfig } from '../../config/load.js';
import { kafkaConnectionOf } from '../../run/sinks/kafka-writer.js';

export interface DlqFlags {
  readonly config?: string;
  readonly json?: true;
}

export const addDlqOptions = (command: Command): Command =>
  command
    .option('--config <file>', 'file with [kafka]; default as for weir run')
    .option('--json', 'as JSON');

export interface Opened {
  readonly letters: DeadLetters;
  /** Of the events. */
  readonly topic: string;
  readonly group: string;
  readonly messageCount: number;
}

/** Throws WEIR_USAGE where nothing says which brokers. */
export async function withDeadLetters<T>(
  flags: DlqFlags,
  use: (opened: Opened) => Promise<T>,
): Promise<T> {
  const { config } = loadConfig({ config: flags.config }, process.env);
  const { brokers, topic, group_id: group } = config.kafka;
  if (brokers === '')
    throw new WeirError('WEIR_USAGE', 'which brokers? Set KAFKA_BROKERS, or brokers in [kafka]');
  const letters = new DeadLetters({
    connection: kafkaConnectionOf(config),
    ...{ topic, timers: nodeTimers, binding: loadBinding() },
  });
  try {
    const { messageCount } = await letters.open();
    return await use({ letters, topic, group, messageCount });
  } finally {
    await letters.close();
  }
}

export interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** Throws WEIR_USAGE. */
export function parsePlace(text: string): Place {
  const [, partition = '', offset = ''] = /^(\d{1,9})\/(\d{1,15})$/.exec(text) ?? [];
  if (offset === '')
    throw new WeirError(
      'WEIR_USAGE',
      `a dead letter is PARTITION/OFFSET, such as 0/12, as weir dlq list prints it; got "${text}"`,
    );
  return { partition: Number(partition), offset: Number(offset) };
}

export const placeText = ({ partition, offset }: Place): string => `${partition}/${offset}`;

export const originText = ({ origin }: DeadLetter): string =>
  origin === null ? '-' : `${origin.topic}/${origin.partition}/${origin.offset}`;

export function numbersText({ numbers }: DeadLetter): string {
  if (numbers === null) return '-';
  const { tenant, stream, epoch, seqFirst, seqLast } = numbers;
  return `${tenant}/${stream}/${epoch}/${seqFirst}-${seqLast}`;
}

export const timeText = ({ timestampMs }: DeadLetter): string =>
  new Date(timestampMs).toISOString();

/** Without its bytes. */
export const jsonOf = (letter: DeadLetter) => ({
  ...{ letter: placeText(letter), reason: letter.reason, origin: letter.origin },
  ...{ time: timeText(letter), bytes: letter.value.length, numbers: letter.numbers },
  key: letter.key,
});

/** Printable ASCII as it is, everything else as \xNN: a terminal must not obey a message. */
export function escaped(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isPlain = code >= 0x20 && code < 0x7f && code !== 0x5c;
    out += isPlain ? text[i] : `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return out;
}
