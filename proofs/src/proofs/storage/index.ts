// Scenario: device logs through a collector with retention classes; then old rows of each class are
// put into its tables by SQL, and the retention is shortened over rows that are there.
// Guarantees: rows that are older than the retention of their class vanish while the collector runs
// and nobody does anything; younger ones stay, and with them every event that was sent. The
// compression ratio is printed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirProcess, waitFor } from '@weir/harness';
import type { Proof, ProofContext } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';

const EVENT_COUNT = 20_000;
const OLD_ROWS = 3_000;
const VERIFY_WAIT_SECONDS = 120;
const CONDITION_MS_MAX = 120_000;
/** With less than this the codecs do not work. */
const RATIO_MIN = 2;

const CONFIG = `[store]
ttl_days = 90

[store.retention]
short = 7
long = 365
`;

export const storage: Proof = {
  name: 'storage',
  summary: 'rows vanish when the retention of their class is over, and no other; ratio printed',
  sabotages: ['retention_ten_times', 'drop_event'],
  needs: { cores: 1, diskMiB: 512, memoryMiB: 1536, privileges: [], expectedSeconds: 40 },
  run,
};

async function run(context: ProofContext): Promise<ProofResult> {
  const { sabotage, directory } = context;
  const config = join(directory, 'weir.toml');
  const isTen = sabotage === 'retention_ten_times';
  writeFileSync(config, isTen ? CONFIG.replace(/= (\d+)/g, '= $10') : CONFIG);
  const environment = sabotage === 'drop_event' ? { WEIR_SABOTAGE: sabotage } : {};
  const weir = new WeirProcess(join(directory, 'data'), environment, ['--config', config]);
  try {
    await weir.start();
    const gate = new Gate(weir, context);
    await gate.load();
    await gate.addOldRows();
    await gate.expect('default', [2, 80]);
    await gate.expect('short', [2]);
    await gate.expect('long', [2, 80, 300]);
    const done = await weir.command(
      ...['storage', 'ttl', '--events-days', '30', '--class', 'long=50', '--data', weir.directory],
    );
    if (done.code !== 0) return fail(`weir storage ttl: ${done.stderr}`, gate.figures);
    await gate.expect('default', [2], 'AfterChange');
    await gate.expect('long', [2], 'AfterChange');
    await gate.judge();
    return gate.failure === null ? pass(gate.figures) : fail(gate.failure, gate.figures);
  } finally {
    await weir.killTree();
  }
}

class Gate {
  readonly #weir: WeirProcess;
  readonly #context: ProofContext;
  readonly figures: Record<string, number | string | boolean> = {};
  failure: string | null = null;

  constructor(weir: WeirProcess, context: ProofContext) {
    this.#weir = weir;
    this.#context = context;
  }

  async load(): Promise<void> {
    const args = ['--target', this.#weir.syslogAddress, '--count', String(EVENT_COUNT)];
    const loaded = await this.#weir.command('load', '--profile', 'mixed', ...args, '--json');
    if (loaded.code !== 0) throw new Error(`weir load: ${loaded.stderr}`);
    await this.#weir.verify(VERIFY_WAIT_SECONDS);
  }

  /** Copies of what was stored, as of another stream and of long ago. */
  async addOldRows(): Promise<void> {
    for (const name of ['default', 'short', 'long'])
      for (const days of [2, 80, 300, 400])
        await this.#weir.sql(
          `INSERT INTO dev.events SELECT * REPLACE ('old/${name}/${days}' AS stream, ` +
            `'${name}' AS retention_class, ingest_time - toIntervalDay(${days}) AS ingest_time) ` +
            // In a query of its own: else WHERE would look at the new name of the stream.
            "FROM (SELECT * FROM dev.events WHERE NOT startsWith(stream, 'old/') " +
            `ORDER BY seq LIMIT ${OLD_ROWS})`,
        );
  }

  /** Rows of these ages, in days, are there, all of them, and no others. */
  async expect(name: string, ages: readonly number[], suffix = ''): Promise<void> {
    const wanted = ages.map((days) => `old/${name}/${days}\t${OLD_ROWS}`).join('\n');
    const look = (): Promise<string> =>
      this.#weir.sql(
        'SELECT stream, count() FROM dev.events ' +
          `WHERE startsWith(stream, 'old/${name}/') GROUP BY stream ` +
          "ORDER BY toUInt32(splitByChar('/', stream)[3])",
      );
    let found = '';
    const isSo = await waitFor(async () => {
      found = await look();
      return found === wanted;
    }, CONDITION_MS_MAX);
    const kept = onOneLine(found);
    this.figures[`${name}Kept${suffix}`] = kept;
    this.#context.say(`${name}${suffix}: ${isSo ? 'as it should be' : `NOT, but ${kept}`}`);
    if (!isSo) this.failure ??= `${name}: kept are "${kept}", should be "${onOneLine(wanted)}"`;
  }

  /** What was sent is there, and small. */
  async judge(): Promise<void> {
    const verified = await this.#weir.verify(VERIFY_WAIT_SECONDS);
    const rows = await this.#weir.sql(
      "SELECT count() FROM dev.events WHERE NOT startsWith(stream, 'old/')",
    );
    const lost = EVENT_COUNT - Number(rows) - (await this.#quarantined());
    this.figures.storedEvents = Number(rows);
    if (lost > 0) this.failure ??= `${lost} events lost`;
    if (verified.code !== 0) this.failure ??= `the ledger does not close: ${verified.stderr}`;
    const args = ['storage', 'status', '--columns', '--json', '--data', this.#weir.directory];
    const status = JSON.parse((await this.#weir.command(...args)).stdout) as {
      readonly tables: readonly Record<'name' | 'compressedBytes' | 'uncompressedBytes', unknown>[];
      readonly columnGroups: readonly {
        readonly group: string;
        readonly compressedBytes: number;
        readonly uncompressedBytes: number;
      }[];
    };
    const events = status.tables.find(({ name }) => name === 'events');
    const ratio = Number(events?.uncompressedBytes) / Number(events?.compressedBytes);
    this.figures.compressionRatio = round(ratio);
    const groups = status.columnGroups.map(
      (one) => `${one.group} ${round(one.uncompressedBytes / one.compressedBytes)}`,
    );
    this.figures.compressionRatios = groups.join(', ');
    this.#context.say(`compression ratio ${round(ratio)} (${groups.join(', ')})`);
    if (!(ratio >= RATIO_MIN)) this.failure ??= `compression ratio ${ratio}, at least ${RATIO_MIN}`;
  }

  async #quarantined(): Promise<number> {
    return Number(await this.#weir.sql('SELECT count() FROM dev.quarantine'));
  }
}

const onOneLine = (rows: string): string => rows.replaceAll('\t', ' ').replaceAll('\n', ', ');

const round = (value: number): number => Math.round(value * 10) / 10;
