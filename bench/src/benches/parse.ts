// Raw batches to OCSF columns, on one core, in this process. The floor is a loop that looks at
// every byte once.
import { createHash } from 'node:crypto';
import { type ProfileName, ZEEK_CONN_HEADER } from '@weir/collector';
import { parseBatch } from '@weir/parsers';
import { ColumnWriter, type EventBatch, STATUS } from '@weir/pipeline';
import { type GeneratedBatches, generateBatches } from '../batches.js';
import {
  type Bench,
  type BenchOptions,
  type BenchResult,
  type Measure,
  type RunFigures,
  repeat,
} from '../bench.js';
import { monotonicSeconds, ownCpuSeconds } from '../clock.js';
import { profiled } from '../profile.js';

const EVENTS_FULL = 300_000;
const EVENTS_SMALL = 5_000;

interface Case {
  readonly name: string;
  readonly profile: ProfileName;
  readonly rfc: '3164' | '5424';
  /** Absent: by detection, as in the collector. */
  readonly pack?: string;
  readonly context?: string;
}

/** A pack that claims no body leaves the syslog header alone. */
const CASES: readonly Case[] = [
  { name: 'header3164', profile: 'linux', rfc: '3164', pack: 'syslog_3164' },
  { name: 'header5424', profile: 'linux', rfc: '5424', pack: 'syslog_5424' },
  { name: 'fortigate', profile: 'fortigate', rfc: '3164' },
  { name: 'fortigateNamed', profile: 'fortigate', rfc: '3164', pack: 'fortigate_kv' },
  { name: 'panos', profile: 'panos', rfc: '3164' },
  { name: 'panosNamed', profile: 'panos', rfc: '3164', pack: 'panos_csv' },
  { name: 'ciscoAsa', profile: 'cisco_asa', rfc: '3164' },
  { name: 'ciscoAsaNamed', profile: 'cisco_asa', rfc: '3164', pack: 'cisco_asa' },
  { name: 'zeekJson', profile: 'zeek_json', rfc: '3164' },
  { name: 'zeekJsonNamed', profile: 'zeek_json', rfc: '3164', pack: 'zeek_json' },
  { name: 'zeekTsv', profile: 'zeek_tsv', rfc: '3164', context: ZEEK_CONN_HEADER },
  {
    name: 'zeekTsvNamed',
    profile: 'zeek_tsv',
    rfc: '3164',
    pack: 'zeek_tsv',
    context: ZEEK_CONN_HEADER,
  },
  { name: 'sysmonJson', profile: 'sysmon', rfc: '3164' },
  { name: 'sysmonJsonNamed', profile: 'sysmon', rfc: '3164', pack: 'windows_json' },
  { name: 'sshd', profile: 'sshd', rfc: '3164' },
  { name: 'sshdNamed', profile: 'sshd', rfc: '3164', pack: 'linux_sshd' },
  { name: 'keyValue', profile: 'fortigate', rfc: '5424', pack: 'key_value' },
  { name: 'json', profile: 'app', rfc: '3164' },
  { name: 'mixed', profile: 'mixed', rfc: '3164' },
];

export const parse: Bench = {
  name: 'parse',
  summary: 'raw batches to columns on one core, pack by pack',
  run,
};

async function run(options: BenchOptions): Promise<BenchResult> {
  const hash = createHash('sha256');
  let measures: Record<string, Measure> = {};
  const facts: Record<string, unknown> = {};
  for (const each of CASES) {
    const count = options.small ? EVENTS_SMALL : EVENTS_FULL;
    const input = generateBatches(count, options.seed, 1, each.profile, each.rfc, each.context);
    const { digest, parsedShare } = computed(input, each);
    hash.update(digest);
    options.say(`${each.name}: ${Math.round(input.byteCount / count)} bytes an event`);
    const runs = await profiled(options.profileDirectory, `parse-${each.name}`, () =>
      repeat(options, async () => once(input, each)),
    );
    measures = { ...measures, ...runs };
    facts[`${each.name}Hash`] = digest.slice(0, 16);
    facts[`${each.name}ParsedShare`] = parsedShare;
  }
  facts.residentMiBMax = Math.round(process.resourceUsage().maxRSS / 1024);
  return { measures, facts, hash: hash.digest('hex') };
}

function parseAll(
  input: GeneratedBatches,
  { pack }: Case,
  see?: (batch: EventBatch) => void,
): void {
  const writer = new ColumnWriter();
  const options = pack === undefined ? {} : { pack };
  for (const batch of input.batches) {
    const parsed = parseBatch(batch, writer, options);
    see?.(parsed);
  }
}

function once(input: GeneratedBatches, each: Case): RunFigures {
  const floor = timed(() => sumOfBytes(input));
  const work = timed(() => parseAll(input, each));
  const perSecond = input.eventCount / work.seconds;
  const name = (figure: string): string => `${each.name}${figure}`;
  return {
    [name('EventsPerSecond')]: ['throughput', 'events/s', perSecond],
    [name('MiBPerSecond')]: ['other', 'MiB/s', input.byteCount / work.seconds / 1024 / 1024],
    [name('CpuSecondsPerMillion')]: ['cpu', 'CPU-s/M', (work.cpuSeconds / input.eventCount) * 1e6],
    [name('RatioToFloor')]: ['other', '', floor.seconds / work.seconds],
  };
}

function timed(work: () => void): { readonly seconds: number; readonly cpuSeconds: number } {
  const cpuBefore = ownCpuSeconds();
  const startedAt = monotonicSeconds();
  work();
  return { seconds: monotonicSeconds() - startedAt, cpuSeconds: ownCpuSeconds() - cpuBefore };
}

let sink = 0;
function sumOfBytes(input: GeneratedBatches): void {
  let sum = 0;
  for (const { bytes } of input.batches)
    for (let i = 0; i < bytes.length; i++) sum = (sum + (bytes[i] as number)) | 0;
  sink = (sink + sum) | 0;
}

/** Everything that the parsers wrote, column by column. */
function computed(input: GeneratedBatches, each: Case): { digest: string; parsedShare: number } {
  const hash = createHash('sha256');
  let parsed = 0;
  parseAll(input, each, (batch) => {
    for (const status of batch.status) if (status === STATUS.parsed) parsed++;
    hash.update(batch.status).update(batch.quarantine).update(batch.parserIndex);
    hash.update(batch.scratch).update(batch.unmapped).update(batch.marks);
    for (const column of batch.columns) {
      hash.update(`${column.kind}${column.field}`);
      if (column.kind === 'span') hash.update(column.spans);
      else if (column.kind === 'number') hash.update(column.values);
      else hash.update(column.codes).update(column.dictionary.join('\0'));
    }
  });
  return { digest: hash.digest('hex'), parsedShare: parsed / input.eventCount };
}
