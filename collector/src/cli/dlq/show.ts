// `weir dlq show PARTITION/OFFSET`: one message with its headers and bytes.
import { Command } from 'commander';
import {
  addDlqOptions,
  type DlqFlags,
  escaped,
  jsonOf,
  numbersText,
  originText,
  parsePlace,
  placeText,
  timeText,
  withDeadLetters,
} from './open.js';

interface ShowFlags extends DlqFlags {
  readonly raw?: true;
}

const BYTES_SHOWN_MAX = 4_096;

export function showCommand(): Command {
  const command = new Command('show')
    .description('Show one dead letter: reason, origin, headers and bytes.')
    .argument('<letter>', 'PARTITION/OFFSET, as weir dlq list prints it')
    .option('--raw', 'nothing but the bytes of the message, all of them, as they are')
    .addHelpText(
      'after',
      `\nBytes that are not printable are shown as \\xNN, at most ${BYTES_SHOWN_MAX} of them; in JSON all are base64.` +
        '\nExit codes: 0 done, 1 there is no such letter, 2 wrong usage.',
    );
  return addDlqOptions(command).action(show);
}

async function show(text: string, flags: ShowFlags): Promise<void> {
  const { partition, offset } = parsePlace(text);
  await withDeadLetters(flags, async ({ letters }) => {
    const letter = await letters.at(partition, offset);
    if (letter === null) {
      process.stderr.write(`weir: there is no dead letter ${text}\n`);
      process.exitCode = 1;
      return;
    }
    const { value, headers } = letter;
    if (flags.raw) {
      process.stdout.write(value);
      return;
    }
    if (flags.json) {
      const bytes = Buffer.from(value).toString('base64');
      const all = { ...jsonOf(letter), headers, value: bytes };
      process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
      return;
    }
    const shown = Buffer.from(value.subarray(0, BYTES_SHOWN_MAX)).toString('latin1');
    const cut =
      value.length > BYTES_SHOWN_MAX ? `\n... ${value.length - BYTES_SHOWN_MAX} more` : '';
    const lines = [
      ['letter', placeText(letter)],
      ['reason', escaped(letter.reason)],
      ['from', escaped(originText(letter))],
      ['time', timeText(letter)],
      ['numbers', escaped(numbersText(letter))],
      ['key', escaped(letter.key)],
      ['bytes', String(value.length)],
      ...headers.map(([name, header]) => [`header ${escaped(name)}`, escaped(header)]),
    ].map(([name = '', field = '']) => `${name.padEnd(10)} ${field}`);
    process.stdout.write(`${lines.join('\n')}\n\n${escaped(shown)}${cut}\n`);
  });
}
