// Scenario: real senders on loopback, good, broken, slow, many, and a buffer that stalls.
// Guarantees: framed messages arrive with their peer as source; what is malformed ends its own
// connection only; a stalled buffer stalls the sender and loses nothing; the memory of a connection
// is bounded.
import { type AdmissionLimits, LIMITS, MARK, type WhenFull } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { closed, dial, isNoSuchAddress, sourceRig, until } from '../test-rig.js';
import { SyslogTcp, type SyslogTcpLimits } from './tcp.js';

async function listen(
  t: Test,
  options: {
    host?: string;
    limits?: Partial<SyslogTcpLimits>;
    admission?: Partial<AdmissionLimits>;
    whenFull?: WhenFull;
  } = {},
) {
  const rig = sourceRig('syslog', options.admission, options.whenFull);
  const host = options.host ?? '127.0.0.1';
  const tcp = new SyslogTcp({ ...rig, host, port: 0, limits: options.limits ?? {} });
  const [address] = await tcp.start();
  t.teardown(() => tcp.stop());
  return { ...rig, tcp, host, port: address?.port ?? 0 };
}

for (const host of ['127.0.0.1', '::1'])
  t.test(`newline and octet counting over ${host}`, async (t) => {
    let rig: Awaited<ReturnType<typeof listen>>;
    try {
      rig = await listen(t, { host });
    } catch (error) {
      // A machine without IPv6 cannot show this; IPv4 must work.
      if (host === '127.0.0.1' || !isNoSuchAddress(error)) throw error;
      t.pass('IPv6', { skip: 'no IPv6 on this machine' });
      return;
    }
    const lines = await dial(host, rig.port);
    lines.end('<34>one\r\n\n<34>\xff\n<34>three', 'latin1');
    const counted = await dial(host, rig.port);
    counted.end('7 <34>a\nb5 <34>c');
    await until(() => rig.buffer.texts().length === 5);
    t.same(
      rig.buffer.texts().sort(),
      ['<34>a\nb', '<34>c', '<34>one', '<34>three', '<34>\xff'].sort(),
    );
    for (const event of rig.buffer.events()) t.equal(event.source, host);
    t.same(
      rig.buffer.events().map((event) => event.sourceSeq),
      [0, 1, 2, 3, 4],
    );
    await until(() => rig.tcp.connectionCount === 0);
    t.equal(await rig.counter('component_received_events_total'), 5);
    await rig.streams.close();
    t.equal(rig.buffer.refused('empty_line'), 1);
    t.equal(await rig.counter('component_discarded_events_total', 'cause="empty_line"'), 1);
  });

t.test('header lines are the context of the rows behind them', async (t) => {
  const { host, port, buffer, streams, tcp } = await listen(t);
  const sender = await dial(host, port);
  sender.write('before\n#separator \\x09\n#fields\tts\n1\n2\n#close\tx\n');
  const other = await dial(host, port);
  other.end('other\n');
  await until(() => buffer.texts().length === 4);
  sender.end('#fields\tuid\nlast');
  await until(() => buffer.texts().length === 5);
  const contexts = new Map<string, string>();
  for (const batch of buffer.batches) {
    let row = 0;
    for (const run of batch.runs)
      for (let i = 0; i < run.eventCount; i++, row++) {
        const text = batch.bytes.subarray(batch.offsets[row], batch.offsets[row + 1]);
        contexts.set(Buffer.from(text).toString(), run.context);
      }
  }
  const first = '#separator \\x09\n#fields\tts';
  t.same(
    [...contexts].sort(),
    [
      ['1', first],
      ['2', first],
      ['before', ''],
      ['last', '#close\tx\n#fields\tuid'],
      ['other', ''],
    ].sort(),
  );
  await until(() => tcp.connectionCount === 0);
  await streams.close();
  t.equal(buffer.refused('header_line'), 4);
});

t.test('header lines of all connections are bounded', async (t) => {
  const { host, port, buffer, counter } = await listen(t, {
    limits: { sourceContextsLengthMax: 100 },
  });
  const first = await dial(host, port);
  first.write(`#fields\t${'a'.repeat(60)}\none\n`);
  await until(() => buffer.texts().length === 1);
  const second = await dial(host, port);
  second.write(`#fields\t${'b'.repeat(60)}\ntwo\n`);
  await closed(second);
  first.end('three\n');
  await until(() => buffer.texts().includes('three'));
  t.equal(await counter('component_errors_total', 'error_type="header_line_memory"'), 1);
});

t.test('an oversize message is cut and the connection lives', async (t) => {
  const { host, port, buffer } = await listen(t);
  const socket = await dial(host, port);
  const size = LIMITS.syslogMessageBytesMax + 1_000;
  socket.write(`${'x'.repeat(size)}\n<34>after\n`);
  await until(() => buffer.texts().length === 2);
  const [cut, after] = buffer.events();
  t.equal(cut?.text.length, LIMITS.syslogMessageBytesMax);
  t.same(cut?.mark, [MARK.oversize, size]);
  t.same([after?.text, after?.mark], ['<34>after', null]);
  const counted = await dial(host, port);
  counted.write(`${size} ${'y'.repeat(size)}2 ok`);
  await until(() => buffer.texts().length === 4);
  t.same(buffer.events()[2]?.mark, [MARK.oversize, size]);
  t.same([buffer.texts()[3], socket.closed, counted.closed], ['ok', false, false]);
  socket.destroy();
  counted.destroy();
});

t.test('a bad count closes its connection, and only that', async (t) => {
  const { host, port, buffer, counter } = await listen(t);
  const healthy = await dial(host, port);
  const bad = ['-5 <34>a', '05 <34>a', '9'.repeat(1_000_000), '12345678 a', '5x', '3 abcletters'];
  for (const text of bad) {
    const socket = await dial(host, port);
    socket.write(text);
    await closed(socket);
  }
  await until(() => buffer.texts().length === bad.length + 1);
  const marks = buffer.events().map((event) => event.mark?.[0] ?? 0);
  t.same(
    marks.filter((mark) => mark === MARK.framing_invalid).length,
    bad.length,
    'one event each says what was wrong',
  );
  t.equal(await counter('component_errors_total', 'error_type="framing_invalid"'), bad.length);
  healthy.end('<34>healthy\n');
  await until(() => buffer.texts().includes('<34>healthy'));
});

t.test('an end in the middle of a counted message', async (t) => {
  const { host, port, buffer } = await listen(t);
  (await dial(host, port)).end('20 <34>half');
  await until(() => buffer.texts().length === 1);
  t.same(buffer.events()[0]?.mark, [MARK.framing_incomplete, 20]);
});

t.test('half a message and then silence', async (t) => {
  const { host, port, buffer, counter } = await listen(t, {
    limits: { tcpPartialMessageIdleMs: 100 },
  });
  const quiet = await dial(host, port);
  quiet.write('<34>whole\n');
  const half = await dial(host, port);
  half.write('<34>hal');
  await closed(half);
  await until(() => buffer.texts().length === 2);
  const event = buffer.events().find((other) => other.text === '<34>hal');
  t.same(event?.mark, [MARK.framing_incomplete, 7]);
  t.equal(await counter('component_errors_total', 'partial_message_timeout'), 1);
  quiet.write('<34>a quiet sender is welcome\n');
  await until(() => buffer.texts().length === 3);
  quiet.destroy();
});

t.test('a byte at a time is taken, and is one message', async (t) => {
  const { host, port, buffer } = await listen(t);
  const socket = await dial(host, port);
  for (const byte of '13 <34>drip drip') {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => buffer.texts().length === 1);
  t.same(buffer.texts(), ['<34>drip drip']);
  socket.destroy();
});

t.test('more connections than allowed', async (t) => {
  const { host, port, streams, buffer, tcp } = await listen(t, {
    limits: { tcpConnectionsMax: 3 },
  });
  const kept = [];
  for (let i = 0; i < 3; i++) kept.push(await dial(host, port));
  await until(() => tcp.connectionCount === 3);
  await closed(await dial(host, port));
  t.equal(streams.refusedTotal('connection_limit'), 1);
  kept[0]?.end('<34>a\n');
  await until(() => buffer.texts().length === 1 && tcp.connectionCount === 2);
  const again = await dial(host, port);
  again.end('<34>b\n');
  await until(() => buffer.texts().length === 2);
  for (const socket of kept) socket.destroy();
});

t.test('half messages of many connections share a bound', async (t) => {
  const { host, port, buffer, tcp, counter } = await listen(t, {
    limits: { tcpPartialBytesMax: 100_000 },
  });
  const sockets = [];
  for (let i = 0; i < 10; i++) {
    const socket = await dial(host, port);
    socket.write(`<34>${'x'.repeat(20_000)}`);
    sockets.push(socket);
  }
  const error = (): Promise<number> => counter('component_errors_total', 'partial_message_memory');
  await until(async () => (await error()) > 0 && tcp.connectionCount < 10);
  await until(async () => tcp.connectionCount + (await error()) === 10);
  t.ok(tcp.connectionCount >= 3, 'the others stay');
  await until(async () => buffer.texts().length === (await error()));
  for (const event of buffer.events()) t.equal(event.mark?.[0], MARK.framing_incomplete);
  for (const socket of sockets) socket.destroy();
});

t.test('a stalled buffer stalls the sender; nothing is lost', async (t) => {
  const { host, port, buffer, streams, tcp } = await listen(t, {
    admission: { admissionPendingBytesMax: 256 * 1024 },
  });
  buffer.isHeld = true;
  const socket = await dial(host, port);
  const line = (i: number): string => `<34>${String(i).padStart(8, '0')} ${'x'.repeat(1_000)}\n`;
  const count = 20_000;
  let sent = 0;
  let isDrained = true;
  const pump = (): void => {
    isDrained = true;
    while (sent < count && isDrained) isDrained = socket.write(line(sent++));
  };
  socket.on('drain', pump);
  pump();
  await until(() => streams.first.isBlocked);
  const late = await dial(host, port);
  late.write('<34>late\n');
  // The kernel's buffers fill, then nothing moves any more.
  let before = -1;
  await until(async () => {
    const isStill = before === sent && !isDrained;
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return isStill;
  });
  t.ok(sent < count, `the sender waits after ${sent} of ${count}`);
  t.equal(buffer.events().length, 0);
  t.ok(streams.pendingBytes < 256 * 1024 + 3 * 64 * 1024, 'and memory does not grow');
  buffer.isHeld = false;
  buffer.release();
  await until(() => sent === count);
  socket.end();
  late.end();
  await until(() => tcp.connectionCount === 0);
  await streams.close();
  const texts = buffer.texts().filter((text) => text !== '<34>late');
  t.equal(texts.length, count);
  t.ok(
    texts.every((text, i) => `${text}\n` === line(i)),
    'all, once, in order',
  );
  t.equal(buffer.texts().length, count + 1);
});

t.test('a connection that comes while the stream is blocked is not read', async (t) => {
  const { host, port, buffer, streams, tcp } = await listen(t);
  buffer.isFull = true;
  const socket = await dial(host, port);
  socket.end(`<34>${'x'.repeat(995)}\n`.repeat(2_000));
  await until(() => tcp.connectionCount === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.equal(streams.pendingBytes, 0);
  buffer.isFull = false;
  await until(() => tcp.connectionCount === 0);
  await streams.close();
  t.equal(buffer.texts().length, 2_000);
});

t.test('stop takes what has arrived', async (t) => {
  const { host, port, buffer, tcp, streams } = await listen(t);
  const socket = await dial(host, port);
  socket.write('<34>whole\n<34>hal');
  await until(() => tcp.connectionCount === 1);
  await tcp.stop();
  await closed(socket);
  await streams.close();
  t.same(
    buffer.events().map((event) => [event.text, event.mark?.[0] ?? 0]),
    [
      ['<34>whole', 0],
      ['<34>hal', MARK.framing_incomplete],
    ],
  );
  t.rejects(dial(host, port), { code: 'ECONNREFUSED' });
});

t.test('a port in use is one clear sentence', async (t) => {
  const rig = await listen(t);
  const second = new SyslogTcp({ ...rig, host: rig.host, port: rig.port, limits: {} });
  await t.rejects(second.start(), {
    code: 'WEIR_ADDRESS_IN_USE',
    message: `cannot listen on tcp 127.0.0.1:${rig.port}: another process listens on it`,
  });
});

t.test('drop_newest: a full spool stops no sender; each event is stored or refused', async (t) => {
  const rig = await listen(t, { whenFull: 'drop_newest' });
  const { host, port, buffer, streams } = rig;
  const socket = await dial(host, port);
  socket.write('<34>first\n');
  await until(() => buffer.texts().length === 1);
  buffer.isFull = true;
  buffer.isHeld = true;
  const count = 50_000;
  const line = `<34>${'x'.repeat(200)}\n`;
  // Far more than sockets and queues hold: with a sender that waits this would not end.
  for (let i = 0; i < count; i += 500)
    await new Promise((resolve) => socket.write(line.repeat(500), resolve));
  await until(() => streams.refusedTotal('spool_full') === count);
  await rig.counter('component_discarded_events_total');
  buffer.isFull = false;
  buffer.isHeld = false;
  buffer.release();
  await until(() => !streams.first.isBlocked);
  socket.end('<34>last\n');
  await until(() => buffer.texts().length === 2);
  t.same(buffer.texts(), ['<34>first', '<34>last']);
  await until(() => rig.tcp.connectionCount === 0);
  await streams.close();
  t.equal(buffer.refused('spool_full'), count, 'declared in a frame of the stream');
  t.equal(await rig.counter('component_discarded_events_total', 'cause="spool_full"'), count);
});

t.test(
  'drop_newest: a connection that paused for its queue goes on when the spool is full',
  async (t) => {
    const { host, port, buffer, streams } = await listen(t, {
      whenFull: 'drop_newest',
      admission: { admissionPendingBytesMax: 20_000 },
    });
    buffer.isHeld = true;
    const socket = await dial(host, port);
    const line = `<34>${'y'.repeat(200)}\n`;
    socket.write(line.repeat(2_000));
    await until(() => streams.first.mustPause);
    buffer.isFull = true;
    await until(() => streams.refusedTotal('spool_full') > 0);
    socket.end();
    buffer.isFull = false;
    buffer.isHeld = false;
    buffer.release();
    await until(() => buffer.texts().length + streams.refusedTotal('spool_full') === 2_000);
    t.ok(buffer.texts().length > 0);
  },
);
