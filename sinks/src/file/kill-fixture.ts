// A process for the kill test: a spool, a file sink on it, and events without end (or, told so,
// only what is left). Arguments: data directory, path of the file, `fill` or `finish`.
import { createSequencer } from '@weir/pipeline';
import { nodeClock, nodeFiles, nodeRandom, nodeTimers } from '@weir/pipeline/node';
import { openSinkLedger, openSpool } from '@weir/spool';
import { createDelivery, DeadLetter } from '../delivery/index.js';
import { textBatch, textProcessor } from '../delivery/testing/rig.js';
import { createFileSink } from './index.js';

const [directory = '', path = '', task = 'fill'] = process.argv.slice(2);
const files = nodeFiles();
await files.makeDir(`${directory}/ledger`);
const spool = await openSpool({
  directory: `${directory}/spool`,
  files,
  clock: nodeClock,
  timers: nodeTimers,
  random: nodeRandom,
  consumers: ['file'],
  commitIntervalMs: 1,
});
const ledger = await openSinkLedger({
  files,
  random: nodeRandom,
  directory: `${directory}/ledger/file`,
  fileBytesMin: 2_000,
});
const delivery = createDelivery({
  id: 'file',
  sink: createFileSink({ path, maxFileBytes: 20_000 }, { files }),
  encoding: 'lines',
  consumer: spool.consumer('file'),
  processor: textProcessor(),
  ledger,
  deadLetter: new DeadLetter({ files, directory: `${directory}/quarantine` }),
  clock: nodeClock,
  timers: nodeTimers,
  random: nodeRandom,
  overrun: null,
  limits: { lingerMs: 1, groupEventsMax: 50 },
  log: (level, message) => process.stderr.write(`${level} ${message}\n`),
});
const stop = new AbortController();
const running = delivery.run(stop.signal);
if (task === 'finish') {
  const isDone = await delivery.drain(20_000);
  stop.abort();
  await running;
  await ledger.close();
  await spool.close();
  process.exit(isDone ? 0 : 1);
}
const sequencer = createSequencer({ epoch: spool.epoch });
for (let i = 0; ; i++) {
  const texts = Array.from({ length: 10 }, (_, row) => `${row === 3 ? 'bad' : 'row'} ${i}`);
  const raw = textBatch({ texts, seqFirst: 0, stream: `${spool.nodeId}/test/0` });
  await spool.append(sequencer.assign(raw));
  // From here on this epoch has numbers, however soon the kill comes.
  if (i === 0) process.stdout.write('running\n');
  await nodeTimers.sleep(1);
}
