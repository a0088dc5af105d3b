// Transforms on one core, in this process: FortiGate logs are parsed and go through one transform,
// or through all, into a sink that keeps nothing. The floor is the same way without a transform.
// Tables are made beforehand: a million indicators, as a curated set of feeds has them.
import { createHash } from 'node:crypto';
import { createTaskProcessor, type TaskProcessor } from '@weir/collector/parts';
import { buildTable, type TableSpec, TableView, tableKeyOf } from '@weir/enrich';
import { type MmdbEntry, writeMmdb } from '@weir/enrich/testing';
import {
  type GraphDocument,
  hasTable,
  type SequencedBatch,
  type SharedTable,
  type TransformDocument,
} from '@weir/pipeline';
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

const EVENTS_FULL = 100_000;
const EVENTS_SMALL = 2_000;
const INDICATORS_FULL = 1_000_000;
const INDICATORS_SMALL = 10_000;
const LOOKUPS_FULL = 2_000_000;
const LOOKUPS_SMALL = 20_000;
const NETWORKS = 2_000;

export const enrich: Bench = {
  name: 'enrich',
  summary:
    'transforms on one core: geoip, a million indicators, lookup, redact, hash, sample, assign',
  run,
};

const inputs = ['edge'];
const ioc = (path: string): TransformDocument => ({
  type: 'ioc',
  inputs,
  path,
  addresses: ['src_endpoint.ip', 'dst_endpoint.ip'],
  domains: ['url.hostname', 'dst_endpoint.hostname'],
  urls: ['http_request.url.url_string'],
  hashes: ['file.hashes.sha256'],
});
const TRANSFORMS: Readonly<Record<string, TransformDocument>> = {
  geoip: {
    type: 'geoip',
    inputs,
    path: 'city.mmdb',
    fields: ['src_endpoint.ip', 'dst_endpoint.ip'],
  },
  iocMany: ioc('many.txt'),
  iocFew: ioc('few.txt'),
  lookup: {
    type: 'lookup',
    inputs,
    path: 'assets.csv',
    field: 'src_endpoint.ip',
    key_column: 'network',
    match: 'cidr',
    set: { 'labels.owner': 'owner', 'src_endpoint.zone': 'zone' },
  },
  redact: { type: 'redact', inputs, fields: ['actor.user.name', 'user.name'] },
  hash: {
    type: 'hash',
    inputs,
    fields: ['actor.user.name', 'user.name'],
    key: '00112233445566778899aabbccddeeff',
  },
  sample: { type: 'sample', inputs, keep_one_in: 10 },
  assign: {
    type: 'assign',
    inputs,
    values: { 'labels.is_internal': 'cidr(src_endpoint.ip, ["10.0.0.0/8", "fd00::/8"])' },
  },
};
/** As a pipeline would have them. */
const TOGETHER = ['geoip', 'iocMany', 'lookup', 'assign', 'hash'];

async function run(options: BenchOptions): Promise<BenchResult> {
  const count = options.small ? EVENTS_SMALL : EVENTS_FULL;
  const input = generateBatches(count, options.seed, 1, 'fortigate', '3164');
  const { files, facts } = filesOf(options);
  const hash = createHash('sha256').update(input.hash);
  const cases: [string, readonly string[]][] = [
    ['floor', []],
    ...Object.keys(TRANSFORMS).map((name): [string, readonly string[]] => [name, [name]]),
    ['together', TOGETHER],
  ];
  let measures: Record<string, Measure> = {};
  for (const [name, steps] of cases) {
    const graph = graphOf(steps);
    const tables = tablesOf(graph, files, facts);
    const process = await createTaskProcessor({
      nodeId: 'bench',
      sourceOfListener: { syslog_tcp: 'edge' },
      graph,
      baseUrl: import.meta.url,
      pipelineModule: null,
    });
    hash.update(computed(process, input, tables));
    options.say(name);
    const runs = await profiled(options.profileDirectory, `enrich-${name}`, () =>
      repeat(options, async () => once(name, process, input, tables)),
    );
    measures = { ...measures, ...runs };
  }
  measures = { ...measures, ...(await lookups(options, files, hash)) };
  facts.residentMiBMax = Math.round(globalThis.process.resourceUsage().maxRSS / 1024);
  return { measures, facts, hash: hash.digest('hex') };
}

function graphOf(steps: readonly string[]): GraphDocument {
  const transforms: Record<string, TransformDocument> = {
    parse: { type: 'parse', inputs, pack: 'auto' },
  };
  let last = 'parse';
  for (const name of steps) {
    const id = name.toLowerCase();
    transforms[id] = { ...(TRANSFORMS[name] as TransformDocument), inputs: [last] };
    last = id;
  }
  return {
    sources: ['edge'],
    transforms,
    sinks: {
      nothing: { type: 'blackhole', inputs: [last] },
      lines: { type: 'file', inputs: [last] },
    },
  };
}

type Files = Readonly<Record<string, Uint8Array>>;

function filesOf({ small, seed }: BenchOptions): { files: Files; facts: Record<string, unknown> } {
  const encoder = new TextEncoder();
  const many = small ? INDICATORS_SMALL : INDICATORS_FULL;
  const networks = Array.from({ length: 256 }, (_, i): MmdbEntry => {
    const record = {
      country: { iso_code: i % 2 === 0 ? 'DE' : 'FR' },
      city: { names: { en: `City ${i}` } },
      location: { latitude: i / 2, longitude: -i / 2 },
      autonomous_system_number: 64_496 + i,
      autonomous_system_organization: `Network ${i}`,
    };
    return { network: `198.18.${i}.0/24`, record };
  });
  const assets = Array.from({ length: NETWORKS }, (_, i) => {
    const network = `10.${(i >> 8) & 255}.${i & 255}.0/24`;
    return `${network},owner ${i % 50},zone ${i % 5}`;
  });
  return {
    files: {
      'city.mmdb': writeMmdb(networks),
      'many.txt': encoder.encode(indicators(many, seed).join('\n')),
      'few.txt': encoder.encode(indicators(1_000, seed).join('\n')),
      'assets.csv': encoder.encode(`network,owner,zone\n${assets.join('\n')}\n`),
    },
    facts: { indicators: many },
  };
}

/** Of ten: four addresses, four domains, a URL, a hash; and a thousand networks. */
function indicators(count: number, seed: number): string[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  const list: string[] = [];
  for (let i = 0; i < count; i++) {
    const kind = i % 10;
    const name = `h${next().toString(36)}-${i.toString(36)}.example.net`;
    if (kind < 4) list.push(`${64 + (next() % 60)}.${next() % 256}.${next() % 256}.${i % 256}`);
    else if (kind < 8) list.push(name);
    else if (kind === 8) list.push(`https://${name}/a/${i}`);
    else list.push(createHash('sha256').update(name).digest('hex'));
    if (i % Math.ceil(count / 1_000) === 0)
      list.push(`${130 + (next() % 50)}.${next() % 256}.${next() % 256}.0/24`);
  }
  return list;
}

const built = new Map<string, SharedArrayBuffer>();

function tablesOf(
  { transforms }: GraphDocument,
  files: Files,
  facts: Record<string, unknown>,
): SharedTable[] {
  return Object.values(transforms).flatMap((document) => {
    if (!hasTable(document)) return [];
    const key = tableKeyOf(document);
    let bytes = built.get(key);
    if (bytes === undefined) {
      const startedAt = monotonicSeconds();
      const made = buildTable(document as TableSpec, files[document.path] as Uint8Array);
      const name = document.path.split('.', 1)[0];
      facts[`${name}BuildSeconds`] = Number((monotonicSeconds() - startedAt).toFixed(2));
      facts[`${name}TableBytes`] = made.bytes.byteLength;
      facts[`${name}Keys`] = made.keyCount;
      bytes = made.bytes;
      built.set(key, bytes);
    }
    return [{ key, version: 1, bytes }];
  });
}

/** Redaction writes into the bytes of a batch: each run gets its own. */
const fresh = (input: GeneratedBatches): SequencedBatch[] => {
  let seqFirst = 0;
  return input.batches.map((batch) => {
    const copy = { ...batch, bytes: batch.bytes.slice(), epoch: 1n, seqFirst };
    seqFirst += batch.eventCount;
    return copy;
  });
};

function once(
  name: string,
  process: TaskProcessor,
  input: GeneratedBatches,
  tables: readonly SharedTable[],
): RunFigures {
  const batches = fresh(input);
  const cpuBefore = ownCpuSeconds();
  const startedAt = monotonicSeconds();
  for (const batch of batches)
    process({ batch, sink: 'nothing', skipSeqs: null, taps: [], spare: null, tables });
  const seconds = monotonicSeconds() - startedAt;
  const cpuSeconds = ownCpuSeconds() - cpuBefore;
  return {
    [`${name}EventsPerSecond`]: ['throughput', 'events/s', input.eventCount / seconds],
    [`${name}CpuSecondsPerMillion`]: ['cpu', 'CPU-s/M', (cpuSeconds / input.eventCount) * 1e6],
  };
}

function computed(
  process: TaskProcessor,
  input: GeneratedBatches,
  tables: readonly SharedTable[],
): string {
  const hash = createHash('sha256');
  for (const batch of fresh(input)) {
    const task = { batch, sink: 'lines', skipSeqs: null, taps: [], spare: null, tables };
    const { events, filtered } = process(task);
    hash.update(events?.bytes ?? new Uint8Array(0)).update(JSON.stringify(filtered));
  }
  return hash.digest('hex');
}

/** Bare lookups in the large table, of addresses that are not in it, as most are not. */
async function lookups(
  options: BenchOptions,
  files: Files,
  hash: ReturnType<typeof createHash>,
): Promise<Record<string, Measure>> {
  const document = TRANSFORMS.iocMany as TableSpec;
  const bytes =
    built.get(tableKeyOf(document)) ?? buildTable(document, files['many.txt'] as never).bytes;
  const view = new TableView(bytes);
  const count = options.small ? LOOKUPS_SMALL : LOOKUPS_FULL;
  const address = new Uint8Array(16);
  const name = new TextEncoder().encode('www.some-host.example.org');
  let foundCount = 0;
  const figures = await repeat(options, async () => {
    let found = 0;
    let startedAt = monotonicSeconds();
    for (let i = 0; i < count; i++) {
      const spread = Math.imul(i, 2_654_435_761);
      address[0] = 64 + ((spread >>> 24) & 63);
      address[1] = (spread >>> 16) & 255;
      address[2] = (spread >>> 8) & 255;
      address[3] = spread & 255;
      if (view.findAddress(address, 4) >= 0) found++;
    }
    const addresses = count / (monotonicSeconds() - startedAt);
    startedAt = monotonicSeconds();
    for (let i = 0; i < count; i++) {
      name[4] = 0x61 + (i % 26);
      name[5] = 0x61 + ((i >> 5) % 26);
      if (view.findDomain(name, name.length, true) >= 0) found++;
    }
    const domains = count / (monotonicSeconds() - startedAt);
    foundCount = found;
    return {
      addressLookupsPerSecond: ['throughput', 'lookups/s', addresses],
      domainLookupsPerSecond: ['throughput', 'lookups/s', domains],
    } satisfies RunFigures;
  });
  hash.update(String(foundCount));
  return figures;
}
