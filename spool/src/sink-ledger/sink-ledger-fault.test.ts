// Scenario: the power fails, or the process is killed, before any single operation of a run with
// records, rewritten files and restarts; each state is opened again.
// Guarantees: everything that was acknowledged is there, nothing is there that was not asked for,
// and the state is one that belongs to a record between the two.
import { CRASH_STRATEGIES, SimFiles, SimRandom, testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import { openSinkLedger, readSinkLedger, type SinkLedger } from './index.js';

const DIRECTORY = '/data/ledger/file';
const ID = { tenant: 'default', stream: 'node/syslog/0', epoch: 3n };
const seed = testSeed(20_260_302);

interface Moment {
  readonly files: SimFiles;
  readonly acked: number;
  readonly asked: number;
  readonly operation: string;
}

const open = (files: SimFiles, random: SimRandom): Promise<SinkLedger> =>
  openSinkLedger({ files, random, directory: DIRECTORY, fileBytesMin: 300, historyFileCount: 1 });

/** Record i says that number i is stored (or filtered), and that the state is i. */
async function recordTrace(runSeed: number): Promise<Moment[]> {
  const files = new SimFiles();
  const random = new SimRandom(runSeed);
  await files.makeDir('/data/ledger');
  await files.syncDir('/');
  await files.syncDir('/data');
  const moments: Moment[] = [];
  let [acked, asked] = [0, 0];
  const note = (operation: string): void => {
    moments.push({ files: files.snapshot(), acked, asked, operation });
  };
  files.onOperation = ({ kind, path, isMutation }) => {
    if (isMutation) note(`${kind} ${path}`);
    return null;
  };
  let ledger = await open(files, random);
  for (let i = 0; i < 24; i++) {
    asked = i + 1;
    const kind = i % 5 === 4 ? 'filtered' : 'stored';
    await ledger.record({
      outcomes: [{ ...ID, kind, cause: kind === 'filtered' ? 'filter:f' : '', seqs: [i, i] }],
      state: Uint8Array.of(i + 1),
    });
    acked = i + 1;
    if (random.chance(0.15)) {
      await ledger.close();
      ledger = await open(files, random);
    }
  }
  await ledger.close();
  note('end');
  return moments;
}

t.test(`every crash point, seed ${seed}`, async (t) => {
  let stateCount = 0;
  const runCount = process.env.WEIR_LONG === '1' ? 30 : 2;
  for (let run = 0; run < runCount; run++) {
    const random = new SimRandom(seed + 1_000 + run);
    for (const moment of await recordTrace(seed + run)) {
      for (const strategy of CRASH_STRATEGIES) {
        for (let draw = 0; draw < 2; draw++) {
          const files = moment.files.crash(strategy, random);
          const problem = await check(files, moment, random);
          stateCount++;
          if (problem === null) continue;
          t.fail(`${problem} (seed ${seed + run}, ${strategy} before ${moment.operation})`);
          return;
        }
      }
    }
  }
  t.ok(stateCount > 1_000, `${stateCount} states`);
});

async function check(
  files: SimFiles,
  { acked, asked }: Moment,
  random: SimRandom,
): Promise<string | null> {
  await files.makeDir('/data/ledger');
  for (let restart = 0; restart < 2; restart++) {
    const reading = await readSinkLedger(files, DIRECTORY);
    const ledger = await open(files, random);
    const [, last = -1] = ledger.known(ID, 0, 1_000);
    const count = last + 1;
    const { stored, filtered } = ledger.totals();
    const state = ledger.state?.[0] ?? 0;
    await ledger.close();
    if (count < acked) return `${acked} records were acknowledged, ${count} are there`;
    if (count > asked) return `${asked} records were asked for, ${count} are there`;
    if (stored + filtered !== count) return `${stored} + ${filtered} are not ${count}`;
    if (filtered !== Math.floor(count / 5)) return `${filtered} of ${count} are filtered`;
    if (state !== count) return `the state is of record ${state}, the newest is ${count}`;
    if ((reading?.streams[0]?.stored ?? 0) !== stored) return 'a reader sees something else';
  }
  return null;
}
