// Scenario: a reader of the standard output that is quick, slow, or gone; and a process that writes
// into a pipe whose reader does nothing.
// Guarantees: the contract of sinks; a slow reader holds up the write and nothing else; a reader
// that left makes the sink unreachable for good; a full pipe does not stop the process.
import { spawn } from 'node:child_process';
import { ndjsonPayload, testSink } from '@weir/pipeline/testing';
import t from 'tap';
import { createStdoutSink, type Output } from './index.js';

const never = new AbortController().signal;

class FakeOutput implements Output {
  text = '';
  isHeld = false;
  isGone = false;
  #waiting: (() => void)[] = [];
  async write(bytes: Uint8Array): Promise<void> {
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.isGone) throw new Error('EPIPE');
    this.text += new TextDecoder().decode(bytes);
  }
  release(): void {
    this.isHeld = false;
    for (const wake of this.#waiting.splice(0)) wake();
  }
  async close(): Promise<void> {}
  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

t.test('the contract', (t) => {
  testSink(t, {
    create: () => {
      const output = new FakeOutput();
      return {
        sink: createStdoutSink(async () => output),
        received: () => output.lines,
        hang: () => {
          output.isHeld = true;
        },
        heal: () => output.release(),
        dispose: () => undefined,
      };
    },
  });
  t.end();
});

t.test('a reader that left', async (t) => {
  const output = new FakeOutput();
  const sink = createStdoutSink(async () => output);
  await sink.open(never);
  output.isGone = true;
  t.match(await sink.write(ndjsonPayload(['{}']), never), {
    kind: 'retry',
    failure: { code: 'WEIR_SINK_UNREACHABLE', message: /nobody reads/ },
  });
  await t.rejects(sink.open(never), { code: 'WEIR_SINK_UNREACHABLE' });
  await sink.close();
});

t.test('what was given up does not pile up', async (t) => {
  const output = new FakeOutput();
  const sink = createStdoutSink(async () => output);
  await sink.open(never);
  output.isHeld = true;
  for (let i = 0; i < 3; i++) {
    const stop = new AbortController();
    const writing = sink.write(ndjsonPayload([`{"try":${i}}`]), stop.signal);
    stop.abort();
    t.match(await writing, { kind: 'retry' });
  }
  output.release();
  t.match(await sink.write(ndjsonPayload(['{"try":3}']), never), { kind: 'delivered' });
  t.same(output.lines, ['{"try":0}', '{"try":3}']);
  await sink.close();
});

/** Writes 64 lines of 64 KiB, and says on stderr how many timers ran before all was taken. */
const WRITER = `
  import { createStdoutSink } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)};
  const sink = createStdoutSink();
  const signal = new AbortController().signal;
  await sink.open(signal);
  let ticks = 0;
  setInterval(() => { if (++ticks === 20) process.stderr.write('alive\\n'); }, 5);
  const bytes = new TextEncoder().encode('x'.repeat(65535) + '\\n');
  for (let i = 0; i < 64; i++) {
    const outcome = await sink.write({ blocks: [bytes], rowCount: 1, byteCount: 65536 }, signal);
    if (outcome.kind !== 'delivered') { process.stderr.write(outcome.failure.message); break; }
  }
  await sink.close();
  process.exit(0);
`;

function startWriter() {
  const args = ['--input-type=module', '-e', WRITER];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const alive = new Promise<void>((resolve) =>
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('alive')) resolve();
    }),
  );
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return { child, alive, closed, said: () => said };
}

t.test('a full pipe does not stop the process, and all arrives when it is read', async (t) => {
  const { child, alive, closed } = startWriter();
  await alive;
  let byteCount = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    byteCount += chunk.length;
  });
  await closed;
  t.equal(byteCount, 64 * 65_536);
});

t.test('a pipe that is closed', async (t) => {
  const { child, alive, closed, said } = startWriter();
  await alive;
  child.stdout.destroy();
  await closed;
  t.match(said(), /nobody reads the standard output any more/);
});
