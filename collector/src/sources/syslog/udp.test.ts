// Scenario: datagrams on loopback, good and bad, while the buffer takes them and while it does not.
// Guarantees: one datagram is one message; what cannot be kept is counted under its cause; what the
// kernel dropped is counted too; the socket is read all the time.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { type AdmissionLimits, MARK } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { sourceRig, until } from '../test-rig.js';
import { createSyslogSource } from './index.js';
import { findDrops, readKernelDrops } from './kernel-drops.js';

async function listen(
  t: Test,
  options: { host?: string; messageBytesMax?: number; admission?: Partial<AdmissionLimits> } = {},
) {
  const rig = sourceRig('syslog', options.admission);
  const host = options.host ?? '127.0.0.1';
  const kernel = { drops: 0 };
  const source = createSyslogSource({
    ...rig,
    host,
    port: 0,
    protocols: ['udp'],
    limits: { syslogMessageBytesMax: options.messageBytesMax ?? 65_536 },
    readKernelDrops: async () => kernel.drops,
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
      if (host === '127.0.0.1') throw error;
      t.comment('no IPv6 on this machine');
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

t.test('the table of the kernel', async (t) => {
  const udp = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    '  100: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 17',
    '  101: 00000000:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 3',
  ].join('\n');
  t.equal(findDrops(udp, '127.0.0.1', 5514), 17);
  t.equal(findDrops(udp, '0.0.0.0', 5514), 3);
  t.equal(findDrops(udp, '127.0.0.1', 5515), null);
  const udp6 = [
    '  1: 00000000000000000000000001000000:158A 0:0 07 0:0 0:0 0 0 0 1 2 0 5',
    '  2: 00000000000000000000000000000000:158A 0:0 07 0:0 0:0 0 0 0 1 2 0 6',
    '  3: B80D0120000000000000000001000000:158A 0:0 07 0:0 0:0 0 0 0 1 2 0 7',
    '  4: 0000000000000000FFFF0000010200C0:158A 0:0 07 0:0 0:0 0 0 0 1 2 0 8',
  ].join('\n');
  t.same(
    ['::1', '::', '2001:db8::1', '::ffff:192.0.2.1'].map((host) => findDrops(udp6, host, 5514)),
    [5, 6, 7, 8],
  );
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  const { port } = socket.address();
  const hasTable = readFileSync('/proc/net/udp', 'latin1').includes(
    `:${port.toString(16).toUpperCase().padStart(4, '0')}`,
  );
  t.equal(
    await readKernelDrops('127.0.0.1', port),
    hasTable ? 0 : null,
    'a socket of this process',
  );
});
