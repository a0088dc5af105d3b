// `weir parse`: raw events on standard input, one JSON line per event on standard output, in order, also
// for those that fail.
import { once } from 'node:events';
import {
  type Explanation,
  PACK_NAMES,
  type ParseOptions,
  parseBatch,
  regexParser,
} from '@weir/parsers';
import {
  ColumnWriter,
  EventRow,
  ecsOf,
  type InputFormat,
  type RawBatch,
  systemCodeOf,
  WeirError,
} from '@weir/pipeline';
import { nodeClock } from '@weir/pipeline/node';
import { stringifyEvent } from '@weir/sinks/ndjson';
import { Command, Option } from 'commander';
import { withChoices } from './did-you-mean.js';
import { StdinFrames, type StdinFraming } from './stdin-frames.js';

/** Characters of output that are put together before they are written. */
const OUTPUT_CHARACTERS = 64 * 1024;

interface ParseCommandOptions {
  readonly pack: string;
  readonly schema: 'ocsf' | 'ecs';
  readonly framing: StdinFraming;
  readonly inputFormat: InputFormat | 'auto';
  readonly columns?: string;
  readonly regex?: readonly string[];
  readonly field?: Readonly<Record<string, string>>;
  readonly header: 'marked' | 'first-line';
  readonly explain?: true;
}

export function parseCommand(): Command {
  return new Command('parse')
    .addOption(words('--pack <name>', 'parser; auto looks at each event', PACK_NAMES))
    .addOption(words('--schema <name>', 'event model of the output', ['ocsf', 'ecs']))
    .addOption(words('--framing <name>', 'how events are told apart', ['newline', 'octet']))
    .addOption(
      words('--input-format <name>', 'auto: an event that begins with { is JSON', [
        'auto',
        'syslog',
        'json',
      ]),
    )
    .addOption(new Option('--columns <names>', 'columns of CSV, as a header line has them'))
    .option(
      '--regex <pattern>',
      'pattern (RE2) with named groups, asked first; repeatable',
      addText,
    )
    .option('--field <group=path>', 'OCSF path or unmapped.NAME of a group; repeatable', addField)
    .addOption(
      words('--header <kind>', 'first-line: the first line has the names of CSV columns', [
        'marked',
        'first-line',
      ]),
    )
    .option('--explain', 'put first how each event came to its pack')
    .addHelpText(
      'after',
      '\nAn event that would go to quarantine is printed with "error" and "offset" first. Exit code 1\n' +
        'means that the framing was broken: everything before that place was printed.\n' +
        'With --explain each line begins with "explain": pack, version, rule (template, layout or log,\n' +
        'where the pack can say it), header (rfc3164, rfc5424, none), not_recognised (packs that saw\n' +
        'nothing of theirs in the first bytes) and said_no (packs that read the event and refused it).',
    )
    .action(run);
}

/** An option that is one of the words; the first is the default. */
const words = (flags: string, description: string, choices: readonly string[]): Option =>
  withChoices(new Option(flags, description), choices).default(choices[0]);

const addText = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  text,
];

function addField(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const equals = text.indexOf('=');
  if (equals < 1)
    throw new WeirError(
      'WEIR_USAGE',
      `--field must be GROUP=PATH, such as who=user.name; got ${text}`,
    );
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}

async function run(options: ParseCommandOptions): Promise<void> {
  const frames = new StdinFrames({
    framing: options.framing,
    inputFormat: options.inputFormat,
    header: options.header === 'first-line' ? 'first_line' : 'marked',
    nowNs: nodeClock.nowNs,
  });
  const printer = new Printer(options);
  // A reader that goes away, such as head, ends the command without a word.
  process.stdout.on('error', (error) => {
    if (systemCodeOf(error) === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    for await (const chunk of process.stdin)
      for (const batch of frames.push(chunk as Buffer)) await printer.print(batch);
    for (const batch of frames.end()) await printer.print(batch);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    process.stderr.write(`weir: ${error.message}\n`);
    process.exitCode = 1;
  }
}

class Printer {
  readonly #parseOptions: ParseOptions;
  readonly #textOf: (row: EventRow) => string;
  readonly #writer = new ColumnWriter();

  readonly #explanations: Explanation[] = [];

  constructor({ pack, columns = '', regex, field, schema, explain }: ParseCommandOptions) {
    if (field !== undefined && regex === undefined)
      throw new WeirError('WEIR_USAGE', '--field names groups of --regex, which is missing');
    const fields = field ?? {};
    this.#parseOptions = {
      pack,
      columns,
      ...(regex === undefined ? {} : { own: regexParser({ regex, fields }) }),
    };
    if (explain)
      this.#parseOptions = {
        ...this.#parseOptions,
        explain: (row, explanation) => {
          this.#explanations[row] = explanation;
        },
      };
    this.#textOf =
      schema === 'ocsf'
        ? (row) => stringifyEvent(row.toOcsf())
        : (row) => JSON.stringify(ecsOf(row.parts()));
  }

  /** Resolves when standard output takes more. */
  async print(batch: RawBatch): Promise<void> {
    const events = parseBatch(batch, this.#writer, this.#parseOptions);
    const row = new EventRow(events);
    let text = '';
    for (let i = 0; i < batch.eventCount; i++) {
      text += `${this.#lineOf(row.move(i), this.#explanations[i])}\n`;
      if (text.length < OUTPUT_CHARACTERS && i < batch.eventCount - 1) continue;
      if (!process.stdout.write(text)) await once(process.stdout, 'drain');
      text = '';
    }
  }

  /** The explanation stands in front of the event's own keys. */
  #lineOf(row: EventRow, explanation: Explanation | undefined): string {
    const text = this.#textOf(row);
    if (explanation === undefined) return text;
    return `{"explain":${JSON.stringify(explanation)},${text.slice(1)}`;
  }
}
