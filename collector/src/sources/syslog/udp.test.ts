// Scenario: datagrams on loopback, good and bad, while the buffer takes them and while it does not.
// Guarantees: one datagram is one message; what cannot be kept is counted under its cause; what the
// kernel dropped is counted too; the socket is read all the time, and to its end at a stop.
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { type AdmissionLimits, MARK } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { isNoSuchAddress, sourceRig, until } from '../test-rig.js';
import { createSyslogSource } from './index.js';
import { findSocket, type KernelSocketReader, readKernelSocket } from './kernel-socket.js';

async function listen(
  t: Test,
  options: {
    host?: string;
    messageBytesMax?: number;
    admission?: Partial<AdmissionLimits>;
    readKernelSocket?: KernelSocketReader;
  } = {},
) {
  const rig = sourceRig('syslog', options.admission);
  const host = options.host ?? '127.0.0.1';
  const kernel = { drops: 0, queuedBytes: 0 };
  const source = createSyslogSource({
    ...rig,
    host,
    port: 0,
    protocols: ['udp'],
    limits: { syslogMessageBytesMax: options.messageBytesMax ?? 65_536 },
    readKernelSocket: options.readKernelSocket ?? (async () => ({ ...kernel })),
  });
  const [address] = await source.start();
  const port = address?.port ?? 0;
  const sender = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  t.teardown(async () => {
    sender.close();
    await source.stop();
  });
  const send = (text: string): Promise<void> =>
    new Promise((resolve) => sender.send(Buffer.from(text, 'latin1'), port, host, () => resolve()));
  return { ...rig, source, port, kernel, send };
}

for (const host of ['127.0.0.1', '::1'])
  t.test(`datagrams over ${host}`, async (t) => {
    let rig: Awaited<ReturnType<typeof listen>>;
    try {
      rig = await listen(t, { host, messageBytesMax: 500 });
    } catch (error) {
      // A machine without IPv6 cannot show this; IPv4 must work.
      if (host === '127.0.0.1' || !isNoSuchAddress(error)) throw error;
      t.pass('IPv6', { skip: 'no IPv6 on this machine' });
      return;
    }
    const { buffer, streams, send, counter } = rig;
    await send('<34>one\n');
    await send('<34>a\nb\0');
    await send('');
    await send('\r\n');
    await send('no pri \xff');
    await send(`<34>${'x'.repeat(600)}\n`);
    await until(() => buffer.texts().length === 4);
    t.same(
      buffer.events().map((event) => [event.source, event.text.slice(0, 10), event.mark]),
      [
        [host, '<34>one', null],
        [host, '<34>a\nb', null],
        [host, 'no pri \xff', null],
        [host, '<34>xxxxxx', [MARK.oversize, 604]],
      ],
    );
    t.equal(buffer.events()[3]?.text.length, 500);
    await until(() => streams.refusedTotal('empty_line') === 2);
    await streams.close();
    t.equal(buffer.refused('empty_line'), 2);
    t.equal(await counter('component_received_events_total'), 4);
  });

t.test('what cannot be kept is counted, by cause', async (t) => {
  const { buffer, streams, send, counter } = await listen(t, {
    admission: { admissionPendingBytesMax: 100 },
  });
  buffer.isHeld = true;
  for (let i = 0; i < 10; i++) await send(`<34>${i} ${'x'.repeat(40)}`);
  await until(() => streams.refusedTotal('queue_full') === 8);
  t.equal(buffer.events().length, 0);
  buffer.isHeld = false;
  buffer.release();
  await until(() => buffer.texts().length === 2);
  await until(() => !streams.first.isBlocked);
  buffer.isFull = true;
  await send('<34>full');
  await until(() => streams.refusedTotal('spool_full') === 1);
  buffer.isFull = false;
  await until(() => !streams.first.isBlocked);
  await send('<34>again');
  await until(() => buffer.texts().length === 3);
  await streams.close();
  t.same(
    [buffer.refused('queue_full'), buffer.refused('spool_full')],
    [8, 1],
    'the ledger is told',
  );
  t.equal(await counter('component_discarded_events_total', 'cause="queue_full"'), 8);
  t.equal(await counter('component_discarded_events_total', 'cause="spool_full"'), 1);
  t.equal(await counter('component_discarded_events_total', 'intentional="true"'), 0);
});

t.test('what the kernel dropped is counted once', async (t) => {
  const { source, kernel, streams, buffer, counter } = await listen(t);
  kernel.drops = 7;
  await until(() => streams.refusedTotal('udp_kernel_drop') === 7);
  kernel.drops = 9;
  await source.stop();
  t.equal(streams.refusedTotal('udp_kernel_drop'), 9, 'the last look is at the stop');
  await streams.close();
  t.equal(buffer.refused('udp_kernel_drop'), 9);
  t.equal(await counter('component_discarded_events_total', 'cause="udp_kernel_drop"'), 9);
});

/** Sends while the event loop of this process stands still, so that all of it piles up. */
function sendAtOnce(port: number, count: number): void {
  const script = `
    const socket = require('node:dgram').createSocket('udp4');
    socket.connect(${port}, '127.0.0.1', async () => {
      for (let i = 0; i < ${count}; i++)
        await new Promise((sent) => socket.send('<34>' + i, sent));
      socket.close();
    });`;
  const { status } = spawnSync(process.execPath, ['-e', script]);
  if (status !== 0) throw new Error(`the sender ended with ${status}`);
}

t.test('a stop reads what the kernel holds', async (t) => {
  const { source, port, streams, buffer, counter } = await listen(t, { readKernelSocket });
  if ((await readKernelSocket('127.0.0.1', port)) === null) {
    t.pass('stop', { skip: 'this system does not tell what waits in a socket' });
    return;
  }
  sendAtOnce(port, 2_000);
  await Promise.all([source.stop(), source.stop()]);
  await streams.close();
  const dropped = streams.refusedTotal('udp_kernel_drop');
  t.equal(buffer.texts().length + dropped, 2_000, `${dropped} were dropped by the kernel`);
  t.ok(buffer.texts().length > 100);
  t.equal(await counter('component_errors_total', 'udp_stop_discarded'), 0);
});

t.test('a stop comes to its end whatever the kernel holds', async (t) => {
  let looks = 0;
  const readers: [string, KernelSocketReader, number][] = [
    ['less and less', async () => ({ drops: 0, queuedBytes: Math.max(0, 300 - 100 * looks++) }), 0],
    ['never empty', async () => ({ drops: 0, queuedBytes: 768 }), 1],
    ['not known', async () => null, 0],
    ['an error', () => Promise.reject(new Error('EIO')), 0],
  ];
  for (const [name, reader, discarded] of readers) {
    const { source, counter } = await listen(t, { readKernelSocket: reader });
    await source.stop();
    t.equal(await counter('component_errors_total', 'udp_stop_discarded'), discarded, name);
  }
  t.equal(looks, 4, 'looked until nothing waited');
});

t.test('an older look at the kernel does not end after a newer one', async (t) => {
  const answers = [5, 9];
  let running = 0;
  let overlaps = 0;
  const { source, streams } = await listen(t, {
    readKernelSocket: async () => {
      if (++running > 1) overlaps++;
      const drops = answers.shift() ?? 9;
      // The first takes longer than it is until the stop.
      await new Promise((resolve) => setTimeout(resolve, drops === 5 ? 100 : 0));
      running--;
      return { drops, queuedBytes: 0 };
    },
  });
  await until(() => running === 1);
  await source.stop();
  t.same([overlaps, streams.refusedTotal('udp_kernel_drop')], [0, 9]);
});

t.test('the table of the kernel', async (t) => {
  const udp = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    '  100: 0100007F:158A 00000000:0000 07 00000000:00000A00 00:00000000 00000000     0        0 1 2 0 17',
    '  101: 00000000:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 3',
  ].join('\n');
  t.same(findSocket(udp, '127.0.0.1', 5514), { drops: 17, queuedBytes: 0xa00 });
  t.same(findSocket(udp, '0.0.0.0', 5514), { drops: 3, queuedBytes: 0 });
  t.equal(findSocket(udp, '127.0.0.1', 5515), null);
  const udp6 = [
    '  1: 00000000000000000000000001000000:158A 0:0 07 0:0 0:0 0 0 0 1 2 0 5',
    '  2: 00000000000000000000000000000000:158A 0:0 07 0:0 0:0 0 0 0 1 2 0 6',
    '  3: B80D0120000000000000000001000000:158A 0:0 07 0:0 0:0 0 0 0 1 2 0 7',
    '  4: 0000000000000000FFFF0000010200C0:158A 0:0 07 0:0 0:0 0 0 0 1 2 0 8',
  ].join('\n');
  t.same(
    ['::1', '::', '2001:db8::1', '::ffff:192.0.2.1'].map(
      (host) => findSocket(udp6, host, 5514)?.drops,
    ),
    [5, 6, 7, 8],
  );
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  const { port } = socket.address();
  const hasTable = readFileSync('/proc/net/udp', 'latin1').includes(
    `:${port.toString(16).toUpperCase().padStart(4, '0')}`,
  );
  t.same(
    await readKernelSocket('127.0.0.1', port),
    hasTable ? { drops: 0, queuedBytes: 0 } : null,
    'a socket of this process',
  );
});
