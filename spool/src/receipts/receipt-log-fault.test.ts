// Scenario: the power fails, or the process is killed, before any single operation of a run with
// receipts, folds and restarts; each state is opened again, written to, and read.
// Guarantees: every receipt that was acknowledged is there, what is there is a chain without a gap
// that belongs to a prefix of what was asked for, and a reader sees what the log sees.
import { createHash } from 'node:crypto';
import { CRASH_STRATEGIES, SimFiles, SimRandom, testSeed } from '@weir/pipeline/testing';
import t from 'tap';
import {
  type NoteSigner,
  openReceiptLog,
  parseDocument,
  type ReceiptLog,
  ReceiptOutcomes,
  readReceipts,
} from './index.js';

const DIRECTORY = '/data/receipts/clickhouse';
const ID = { tenant: 'default', stream: 'node/syslog/0', epoch: 3n };
const NAME = 'weir/loader/0123456789ab';
const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');
const signer: NoteSigner = {
  name: NAME,
  sign: (text) => `${text}\n\u2014 ${NAME} ${hashOf(text)}\n`,
};
const seed = testSeed(20_261_122);

interface Moment {
  readonly files: SimFiles;
  readonly acked: number;
  readonly asked: number;
  readonly operation: string;
}

const open = (files: SimFiles, random: SimRandom): Promise<ReceiptLog> =>
  openReceiptLog({
    ...{ files, random, directory: DIRECTORY, sink: 'clickhouse', signer },
    ...{ fileBytesMax: 500, foldRangesMax: 6 },
  });

/** Intent i names number i, as stored or filtered. */
const outcomeOf = (intent: number) => ({
  ...ID,
  kind: intent % 5 === 4 ? ('filtered' as const) : ('stored' as const),
  seqs: [intent - 1, intent - 1],
});

async function recordTrace(runSeed: number): Promise<Moment[]> {
  const files = new SimFiles();
  const random = new SimRandom(runSeed);
  await files.makeDir('/data/receipts');
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
  let log = await open(files, random);
  for (let intent = 1; intent <= 24; intent++) {
    asked = intent;
    await log.append(intent, [outcomeOf(intent)]);
    acked = intent;
    if (random.chance(0.15)) {
      await log.close();
      log = await open(files, random);
    }
  }
  await log.close();
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
          t.fail(`${problem} (WEIR_SEED=${seed}, ${strategy} before ${moment.operation})`);
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
  for (let restart = 0; restart < 2; restart++) {
    await files.makeDir('/data/receipts');
    const log = await open(files, random);
    const found = log.lastIntent;
    if (restart === 0 && found < acked) return `${acked} acknowledged, ${found} are there`;
    if (restart === 0 && found > asked) return `${asked} asked for, ${found} are there`;
    const problem = (await chainProblem(files)) ?? outcomeProblem(log, found);
    if (problem !== null) return problem;
    // The intent that was open is repeated, and its receipt as well.
    const next = restart === 0 ? acked + 1 : found + 1;
    await log.append(next, [outcomeOf(next)]);
    await log.close();
    const after = await chainProblem(files);
    if (after !== null) return after;
  }
  return null;
}

function outcomeProblem(log: ReceiptLog, count: number): string | null {
  const [stream] = log.outcomes.streams();
  const sizeOf = (ranges: readonly (readonly [number, number])[] = []): number =>
    ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const [stored = 0, , filtered = 0] = stream?.counts ?? [];
  const filteredCount = sizeOf(stream?.filtered) + filtered;
  const all = sizeOf(stream?.stored) + stored + filteredCount;
  if (all !== count) return `${count} intents, outcomes of ${all}`;
  return filteredCount === Math.floor((count + 1) / 5) ? null : 'kinds were mixed up';
}

/** As a verifier would look: the first is a fold or fresh, the others follow. */
async function chainProblem(files: SimFiles): Promise<string | null> {
  const { receipts } = await readReceipts(files, DIRECTORY);
  let previous = '';
  let number = 0;
  const all = new ReceiptOutcomes();
  for (const [i, { note, document }] of receipts.entries()) {
    const parsed = parseDocument(document);
    const [origin, numbered, before, outcomes] = note.split('\n');
    if (origin !== `${NAME}/clickhouse`) return 'another origin';
    if (outcomes !== `outcomes ${hashOf(document)}`) return 'another document';
    if (i === 0 && !parsed.fold && parsed.fresh !== true) return 'it begins in the middle';
    if (i === 0) number = Number(numbered?.slice('receipt '.length)) - 1;
    if (numbered !== `receipt ${number + 1}`) return `${numbered} behind ${number}`;
    if (i > 0 && before !== `previous ${previous}`) return `${numbered} does not follow`;
    number++;
    previous = hashOf(note.slice(0, note.indexOf('\n\n') + 1));
    all.addDocument(parsed);
  }
  return null;
}
