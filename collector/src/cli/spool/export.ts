// `weir spool export`: events and frames out of a spool, running, stopped or damaged.
import { WeirError } from '@weir/pipeline';
import { consumersOf, type ExportFilter, exportSpool } from '@weir/spool';
import { Command, Option } from 'commander';
import { withChoices } from '../did-you-mean.js';
import { openOutput } from './export-output.js';
import { frameWriter, ndjsonWriter, rawWriter } from './export-writers.js';
import { findSpool, type SpoolPlace, withSentences } from './place.js';
import { plural } from './text.js';

interface ExportFlags {
  readonly raw?: true;
  readonly frames?: true;
  readonly framing: 'newline' | 'octet';
  readonly tenant?: string;
  readonly stream?: string;
  readonly epoch?: string;
  readonly from?: string;
  readonly to?: string;
  readonly pendingOf?: string;
  readonly out?: string;
}

export function exportCommand(): Command {
  return new Command('export')
    .description(
      'Write the events of a spool as NDJSON, as raw bytes, or as frames for another Weir.',
    )
    .argument('<dir>', 'data directory of an instance, or its folder spool')
    .option('--raw', 'only the bytes of the events, as they were received')
    .option(
      '--frames',
      'frames (application/vnd.weir.frames) that POST /ingest of another Weir takes',
    )
    .addOption(
      withChoices(
        new Option('--framing <how>', 'with --raw: what separates events').default('newline'),
        ['newline', 'octet'],
      ),
    )
    .option('--tenant <name>', 'only this tenant')
    .option(
      '--stream <name>',
      'only this stream: its whole name, or what stands behind a slash in it',
    )
    .option('--epoch <number>', 'only this epoch')
    .option('--from <number>', 'only events with this number or a higher one')
    .option('--to <number>', 'only events up to this number')
    .option('--pending-of <sink>', 'only what this sink has not settled')
    .option('--out <path>', 'a new file; with --frames a new folder, one body of POST a file')
    .addHelpText(
      'after',
      '\nOne JSON line an event: tenant, stream, epoch, seq, source, source_seq, received_at, raw (and\n' +
        '"raw_encoding":"base64" where the bytes are not UTF-8). Damaged frames are left out and named on\n' +
        'standard error. --frames takes whole frames, also where --from or --to cuts one.\n\n' +
        'Examples:\n' +
        '  weir spool export weir-data --stream syslog_tcp/0 | head\n' +
        '  weir spool export weir-data --pending-of clickhouse --raw > pending.log\n' +
        '  weir spool export weir-data --frames --out bodies\n' +
        '  for f in bodies/*; do curl -sf -H content-type:application/vnd.weir.frames \\\n' +
        '    --data-binary @"$f" http://127.0.0.1:8080/ingest; done\n\n' +
        'Exit codes: 0 done, 1 damaged frames were left out, 2 wrong usage.',
    )
    .action(exportEvents);
}

async function exportEvents(given: string, flags: ExportFlags): Promise<void> {
  const filter = filterOf(flags);
  const place = await findSpool(given);
  await checkConsumer(place, filter.pendingOf);
  const output = openOutput(flags.out ?? null, flags.frames === true);
  const writer = flags.frames
    ? frameWriter(output)
    : flags.raw
      ? rawWriter(output, flags.framing)
      : ndjsonWriter(output);
  let damagedCount = 0;
  await withSentences(place, async () => {
    for await (const step of exportSpool(place.files, place.spoolDirectory, filter)) {
      if (output.isClosed) break;
      if (step.kind === 'batch') await writer.write(step.batch, step.eventFirst, step.eventEnd);
      else {
        damagedCount++;
        const { from, to, frameFrom, frameTo } = step.range;
        const frames =
          frameTo - frameFrom <= 1 ? `frame ${frameFrom}` : `frames ${frameFrom} to ${frameTo - 1}`;
        process.stderr.write(
          `weir: left out ${frames} of ${place.prefix}${step.file}, bytes ${from} to ${to - 1}: damaged\n`,
        );
      }
    }
    await writer.end();
  });
  process.exitCode = damagedCount > 0 ? 1 : 0;
  if (damagedCount > 0)
    process.stderr.write(
      `weir: left out ${plural(damagedCount, 'damaged place')}; weir spool fsck says which numbers\n`,
    );
}

function filterOf(flags: ExportFlags): ExportFilter {
  if (flags.raw && flags.frames)
    throw new WeirError('WEIR_USAGE', 'give --raw or --frames, not both');
  const { tenant, stream, pendingOf } = flags;
  const seqFirst = numberOf('--from', flags.from);
  const seqLast = numberOf('--to', flags.to);
  if (seqFirst !== undefined && seqLast !== undefined && seqFirst > seqLast)
    throw new WeirError('WEIR_USAGE', `--from ${seqFirst} is behind --to ${seqLast}`);
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(stream === undefined ? {} : { stream }),
    ...(pendingOf === undefined ? {} : { pendingOf }),
    ...(seqFirst === undefined ? {} : { seqFirst }),
    ...(seqLast === undefined ? {} : { seqLast }),
    ...(flags.epoch === undefined ? {} : { epoch: epochOf(flags.epoch) }),
  };
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new WeirError('WEIR_USAGE', `${name} must be a number of an event; got ${text}`);
}

function epochOf(text: string): bigint {
  if (/^\d{1,20}$/.test(text)) return BigInt(text);
  throw new WeirError('WEIR_USAGE', `--epoch must be a decimal number; got ${text}`);
}

async function checkConsumer(place: SpoolPlace, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const known = await withSentences(place, () => consumersOf(place.files, place.spoolDirectory));
  if (known.includes(name) || place.sinks.includes(name)) return;
  throw new WeirError(
    'WEIR_USAGE',
    `no sink ${name} has read from this spool; there is ${known.join(', ') || 'none'}`,
  );
}
