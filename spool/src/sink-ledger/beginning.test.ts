// Scenario: a sink is added to an installation whose first segments are gone, is taken out of the
// configuration, and comes back.
// Guarantees: numbers that were issued and deleted while it was not there count as before it; what
// the spool still holds is pending for it; a sink that was always there has nothing before it.
import { SimClock, SimFiles, SimRandom } from '@weir/pipeline/testing';
import t from 'tap';
import { inspectSpool } from '../inspect.js';
import { openSpool, type Spool } from '../spool.js';
import { textBatch } from '../test-batches.js';
import { noteBeginning, openSinkLedger, readSinkLedger } from './index.js';

const files = new SimFiles();
const clock = new SimClock();
const random = new SimRandom(1);
const DIRECTORY = '/data/spool';

function open(consumers: readonly string[]): Promise<Spool> {
  const how = { segmentBytes: 4096, commitIntervalMs: 0 };
  return openSpool({
    directory: DIRECTORY,
    files,
    clock,
    timers: clock,
    random,
    consumers,
    ...how,
  });
}

/** Appends batches of ten events, and settles them for these consumers. */
async function fill(spool: Spool, batchCount: number, settledBy: readonly string[]): Promise<void> {
  const never = new AbortController().signal;
  for (let i = 0; i < batchCount; i++) {
    const made = textBatch(`${spool.nodeId}/syslog/0`, spool.epoch, i * 10, 10);
    await clock.run(spool.append(made));
    for (const name of settledBy) {
      const found = await spool.consumer(name).read(never);
      if (found !== null) await spool.consumer(name).settle(found.position);
    }
  }
}

async function begin(spool: Spool, consumer: string): Promise<number> {
  const ledger = await openSinkLedger({ files, random, directory: `/data/ledger/${consumer}` });
  const { epoch } = spool;
  const count = await noteBeginning({ files, spoolDirectory: DIRECTORY, consumer, ledger, epoch });
  await ledger.close();
  return count;
}

const beforeOf = async (consumer: string): Promise<number> => {
  const reading = await readSinkLedger(files, `/data/ledger/${consumer}`);
  return reading?.streams.reduce((sum, { before }) => sum + before, 0) ?? 0;
};

t.test('beginnings', async (t) => {
  await files.makeDir('/data/ledger');
  let spool = await open(['a']);
  t.equal(await begin(spool, 'a'), 0, 'nothing was ever issued');
  await fill(spool, 200, ['a']);
  await spool.close();
  const { streams } = await inspectSpool(files, DIRECTORY);
  const issued = streams.reduce((sum, { lastSeq }) => sum + lastSeq + 1, 0);
  t.equal(issued, 2_000);

  spool = await open(['a', 'b']);
  const [b] = (await inspectSpool(files, DIRECTORY, ['b'])).consumers.filter(
    ({ name }) => name === 'b',
  );
  const pending = b?.pendingEventCount ?? 0;
  t.ok(pending < 2_000, `${pending} events are still in the spool`);
  t.equal(await begin(spool, 'b'), 2_000 - pending);
  t.equal(await beforeOf('b'), 2_000 - pending);
  t.equal(await begin(spool, 'b'), 0, 'once');
  t.equal(await begin(spool, 'a'), 0, 'the other one was always there');
  // It settles what it finds.
  const never = new AbortController().signal;
  while (spool.consumer('b').pendingFrameCount > 0) {
    const found = await spool.consumer('b').read(never);
    if (found !== null) await spool.consumer('b').settle(found.position);
  }
  await spool.close();

  spool = await open(['a']);
  await fill(spool, 200, ['a']);
  await spool.close();
  spool = await open(['a', 'b']);
  const away = await begin(spool, 'b');
  t.ok(away > 0 && away <= 2_000 + pending, `${away} events came while it was away`);
  await spool.close();
});

// A ClickHouse sink keeps its ledger elsewhere, so here it has an empty one; and a start without
// events leaves an empty segment behind, which is deleted, too.
t.test('a sink that was always there begins nowhere, however little is left', async (t) => {
  const [directory, name] = ['/other/spool', 'a'];
  await files.makeDir('/other');
  await files.makeDir('/other/ledger');
  const openOther = (): Promise<Spool> =>
    openSpool({ directory, files, clock, timers: clock, random, consumers: [name] });
  for (let start = 0; start < 5; start++) {
    const spool = await openOther();
    // Deleting goes on behind the opening.
    await clock.run(new Promise<void>((resolve) => clock.after(1_000, resolve)));
    const ledger = await openSinkLedger({ files, random, directory: '/other/ledger/a' });
    const { epoch } = spool;
    const options = { files, spoolDirectory: directory, consumer: name, ledger, epoch };
    t.equal(await noteBeginning(options), 0, `start ${start}`);
    await ledger.close();
    if (start < 2) await fill(spool, 3, [name]);
    await spool.close();
  }
  const { streams } = await inspectSpool(files, directory);
  t.equal(
    streams.reduce((sum, { lastSeq }) => sum + lastSeq + 1, 0),
    60,
  );
  const spool = await openOther();
  const ledger = await openSinkLedger({ files, random, directory: '/other/ledger/b' });
  const { epoch } = spool;
  const options = { files, spoolDirectory: directory, consumer: name, ledger, epoch };
  t.equal(await noteBeginning({ ...options, isReplacing: true }), 60, 'another one had the name');
  t.equal(await noteBeginning({ ...options, isReplacing: true }), 0, 'once');
  await ledger.close();
  await spool.close();
});
