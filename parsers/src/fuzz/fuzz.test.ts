// Scenario: a million events (WEIR_LONG=1: fifty million) that were made from the golden cases of
// all
//   packs by changing, cutting, doubling and joining bytes, in both formats, with the pack chosen
//   and with each pack named.
// Guarantees: no parser throws; rows in = rows out; spans lie inside their row or in scratch; marks
//   and reasons are in the taxonomy; the bytes stay as they were; each event gives what it gives
//   alone. WEIR_SEED replays.
import { ColumnWriter, type InputFormat } from '@weir/pipeline';
import t from 'tap';
import { PACK_NAMES, parseBatch } from '../index.js';
import { batchOf } from '../testing.js';
import { checkBatch, described } from './check-batch.js';
import { readFixtures } from './fixtures.js';
import { Mutator } from './mutator.js';

const seed = Number(process.env.WEIR_SEED ?? 20_261_201);
const executionCount = process.env.WEIR_LONG === '1' ? 50_000_000 : 1_000_000;
const BATCH_EVENTS = 200;
/** Every so many batches, each event is also parsed alone: that costs as much as thirty batches. */
const APART_EVERY = 50;

t.test(`${executionCount} executions, WEIR_SEED=${seed}`, (t) => {
  t.setTimeout(3_600_000);
  const mutator = new Mutator(seed, readFixtures());
  const writer = new ColumnWriter();
  const alone = new ColumnWriter();
  let executions = 0;
  let claimed = 0;
  for (let round = 0; executions < executionCount; round++) {
    const events = Array.from({ length: BATCH_EVENTS }, () => mutator.next().slice());
    const format: InputFormat = round % 3 === 2 ? 'json' : 'syslog';
    const raw = batchOf(events, { format });
    // Half of the batches by detection, the others by each pack in turn.
    const pack = round % 2 === 0 ? 'auto' : (PACK_NAMES[round % PACK_NAMES.length] ?? 'auto');
    const before = raw.bytes.slice();
    const batch = parseBatch(raw, writer, { pack });
    executions += BATCH_EVENTS;
    const where = `round ${round}, pack ${pack}, format ${format}`;
    try {
      checkBatch(batch);
      if (Buffer.compare(before, raw.bytes) !== 0) throw new Error('raw bytes changed');
      if (round % APART_EVERY === 0) {
        const joined = described(batch);
        events.forEach((event, index) => {
          const [single] = described(parseBatch(batchOf([event], { format }), alone, { pack }));
          if (single !== joined[index])
            throw new Error(`alone:\n${single}\nin a batch:\n${joined[index]}`);
        });
      }
    } catch (error) {
      t.fail(`${where}: ${(error as Error).message}`);
      break;
    }
    claimed += batch.parserIndex.reduce((sum, index) => sum + (index > 1 ? 1 : 0), 0);
  }
  t.ok(executions >= executionCount, `${executions} executions`);
  t.ok(claimed > executions / 10, `${claimed} events were taken by a pack`);
  t.end();
});
