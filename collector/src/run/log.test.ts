// Scenario: components log failures, to a standard error that is read, slow, or gone.
// Guarantees: each line is one JSON object with the documented fields; a reader that stops holds
// nothing up, and is told what it missed; docs/logging.md names every field.
import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { allocateBytes, type SequencedBatch, WeirError } from '@weir/pipeline';
import t from 'tap';
import { LineOutput } from './line-output.js';
import { batchFields, componentLog, createLog, durationFields, failureFields } from './log.js';

const BATCH: SequencedBatch = {
  tenant: 'default',
  stream: 'n0/syslog_tcp/2',
  retentionClass: 'default',
  format: 'syslog',
  receivedAtNs: 0n,
  eventCount: 3,
  bytes: allocateBytes(0),
  offsets: new Uint32Array(4),
  marks: new Uint32Array(),
  runs: [],
  requestParts: [],
  dispositions: [],
  epoch: 4_294_967_297n,
  seqFirst: 9_000,
};

/** Keeps what was written; while stopped, nothing is taken. */
class Reader extends Writable {
  text = '';
  isStopped = false;
  #resume: () => void = () => {};

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    if (this.isStopped) this.#resume = done;
    else done();
  }
  go(): void {
    this.isStopped = false;
    this.#resume();
  }
  get lines(): Record<string, unknown>[] {
    return this.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
}

const FAILURE = new WeirError('WEIR_WORKER_FAILED', 'a worker died', { exitCode: 1 });

t.test('a line of a failure says where, what and how long', async (t) => {
  const reader = new Reader();
  const { log } = createLog({ log_level: 'info' }, new LineOutput(reader));
  const fields = {
    ...batchFields(BATCH),
    ...failureFields(FAILURE),
    ...durationFields(1, 3.25049),
  };
  componentLog(log, 'clickhouse').error(fields, FAILURE.message);
  log.debug('not at this level');
  t.equal(reader.lines.length, 1);
  const [line] = reader.lines;
  t.match(line, {
    level: 'error',
    time: /^\d{4}-\d\d-\d\dT.*Z$/,
    component: 'clickhouse',
    tenant: 'default',
    stream: 'n0/syslog_tcp/2',
    epoch: '4294967297',
    first_seq: 9_000,
    event_count: 3,
    error_code: 'WEIR_WORKER_FAILED',
    exitCode: 1,
    duration_ms: 2.25,
    msg: 'a worker died',
  });
  const page = readFileSync(
    fileURLToPath(new URL('../../../docs/logging.md', import.meta.url)),
    'utf8',
  );
  for (const name of Object.keys(line ?? {})) {
    if (name !== 'exitCode') t.ok(page.includes(`\`${name}\``), `docs/logging.md explains ${name}`);
  }
});

t.test('a defect shows where it came from', async (t) => {
  t.match(failureFields(new TypeError('x')), { error_code: 'UNEXPECTED', error: /log\.test/ });
});

t.test('a reader that stops holds nothing up', async (t) => {
  const reader = new Reader();
  const { log, flush } = createLog({ log_level: 'info' }, new LineOutput(reader, 1_000));
  reader.isStopped = true;
  for (let i = 0; i < 500; i++) log.info({ component: 'test', i }, 'a line');
  t.ok(reader.writableLength < 2_000, `${reader.writableLength} bytes are kept`);
  const flushed = flush(60_000);
  reader.go();
  await flushed;
  log.info('after');
  t.match(reader.text, /\(\d+ lines were dropped, since nobody read them\)/);
  t.match(reader.text, /"msg":"after"/);
});

t.test('a reader that goes away', async (t) => {
  const reader = new Reader();
  const output = new LineOutput(reader);
  output.line('one');
  reader.destroy(new Error('EPIPE'));
  await new Promise((resolve) => setImmediate(resolve));
  output.line('two');
  await output.flush(60_000);
  t.equal(reader.text, 'one\n');
});
