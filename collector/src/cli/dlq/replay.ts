// `weir dlq replay`: sends dead letters to the topic of the events again.
import { WeirError } from '@weir/pipeline';
import type { DeadLetter } from '@weir/sinks/kafka';
import { Command } from 'commander';
import { integer } from '../integer.js';
import {
  addDlqOptions,
  type DlqFlags,
  numbersText,
  type Opened,
  parsePlace,
  placeText,
  withDeadLetters,
} from './open.js';

interface ReplayFlags extends DlqFlags {
  readonly all?: true;
  readonly limit?: number;
}

const HELP = `
The message goes into the topic as it was: bytes, key, time, and its own headers, without the ones
that say why it was here. Nothing is mended. A loader that can read it now stores its numbers: they
count as stored from then on, not as lost. One that cannot puts it into TOPIC.dlq again, under a
new offset. Replay after an update of the loaders, or after whatever made them fail was mended.

The letter stays in TOPIC.dlq until retention deletes it: Kafka takes nothing out of a topic. To
replay it twice does no harm, since loaders take out what is stored.

Exit codes: 0 all of them are in the topic on every replica that counts, 1 one is not, 2 wrong usage.`;

export function replayCommand(): Command {
  const command = new Command('replay')
    .description('Send dead letters to the topic again, for loaders that can read them now.')
    .argument('[letters...]', 'PARTITION/OFFSET, as weir dlq list prints them')
    .option('--all', 'every letter that is there now')
    .option('--limit <n>', 'with --all: at most so many, oldest first', integer(1, 1_000_000))
    .addHelpText('after', HELP);
  return addDlqOptions(command).action(replay);
}

async function replay(texts: readonly string[], flags: ReplayFlags): Promise<void> {
  const isAll = flags.all === true;
  if (isAll === texts.length > 0)
    throw new WeirError('WEIR_USAGE', 'name the letters to replay, or give --all');
  if (flags.limit !== undefined && !isAll)
    throw new WeirError('WEIR_USAGE', '--limit goes with --all');
  const places = texts.map(parsePlace);
  await withDeadLetters(flags, async (opened) => {
    const sent: string[] = [];
    const missing: string[] = [];
    const send = async (letter: DeadLetter): Promise<void> => {
      await opened.letters.replay(letter);
      sent.push(placeText(letter));
      if (!flags.json)
        process.stdout.write(
          `${placeText(letter)} is in ${opened.topic}: ${numbersText(letter)}\n`,
        );
    };
    if (isAll) {
      for await (const letter of opened.letters.all()) {
        if (sent.length >= (flags.limit ?? Number.POSITIVE_INFINITY)) break;
        await send(letter);
      }
    }
    for (const place of places) {
      const letter = await opened.letters.at(place.partition, place.offset);
      if (letter === null) missing.push(placeText(place));
      else await send(letter);
    }
    report(opened, sent, missing, flags);
  });
}

function report(
  { topic, group }: Opened,
  sent: readonly string[],
  missing: readonly string[],
  { json }: ReplayFlags,
): void {
  if (json) process.stdout.write(`${JSON.stringify({ topic, sent, missing })}\n`);
  else
    process.stdout.write(
      `${sent.length} sent to ${topic}; the loaders of ${group} take them from there, and they stay ` +
        'in the dead letter topic too\n',
    );
  if (missing.length === 0) return;
  process.stderr.write(`weir: there is no dead letter ${missing.join(', ')}\n`);
  process.exitCode = 1;
}
