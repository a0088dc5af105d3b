// Scenario: `weir run` enriches into a file; its tables change, break and are mended while events
// come; then it is ended with a broken file and started again.
// Guarantees: a new table counts for later events and a broken one changes nothing, but for a
//   metric that clears; the last good table outlives a restart; without any table events go on,
//   marked; what is hashed stands nowhere in the file; what a sample drops is accounted.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { writeMmdb } from '@weir/enrich/testing';
import { WeirProcess, waitFor } from '@weir/harness';
import t from 'tap';

const CONFIG = `
[sources.syslog]
type = "syslog"
listen = "127.0.0.1:0"
[sources.http]
type = "http"
listen = "127.0.0.1:0"

[transforms.geo]
type = "geoip"
inputs = ["syslog"]
path = "./tables/city.mmdb"
[transforms.bad]
type = "ioc"
inputs = ["geo"]
path = "./tables/list.txt"
source = "own"
tier = 1
check_interval_ms = 50
[transforms.users]
type = "hash"
inputs = ["bad"]
fields = ["actor.user.name", "user.name", "src_endpoint.owner.name"]
key = "file:./key"
[transforms.quiet]
type = "sample"
inputs = ["users"]
keep_one_in = 1000000
condition = 'message == "chatter"'

[sinks.out]
type = "file"
path = "PATH"
inputs = ["quiet"]
`;
const TIMEOUT_MS = 30_000;

t.test('enrichment of a running collector', async (t) => {
  const directory = t.testdir({ data: {} });
  const at = (...names: string[]): string => join(directory, ...names);
  mkdirSync(at('tables'));
  const put = (name: string, content: string | Uint8Array): void => {
    writeFileSync(at('tables', `${name}.new`), content);
    renameSync(at('tables', `${name}.new`), at('tables', name));
  };
  put('city.mmdb', writeMmdb([{ network: '203.0.113.0/24', record: { country_code: 'DE' } }]));
  put('list.txt', '203.0.113.7\n');
  writeFileSync(at('key'), '00112233445566778899aabbccddeeff\n', { mode: 0o600 });
  writeFileSync(at('weir.toml'), CONFIG.replace('PATH', at('out.ndjson')));
  const weir = new WeirProcess(at('data'), {}, ['--config', at('weir.toml')]);
  t.teardown(() => weir.killTree());
  await weir.start();

  const send = (...lines: string[]): Promise<void> => sendLines(weir.syslogAddress, lines);
  const rows = (): Row[] => {
    try {
      const text = readFileSync(at('out.ndjson'), 'utf8');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Row);
    } catch {
      return [];
    }
  };
  const rowOf = async (id: string): Promise<Row | undefined> => {
    const find = (): Row | undefined => rows().find(({ raw_data }) => raw_data.includes(id));
    await waitFor(async () => find() !== undefined, TIMEOUT_MS);
    return find();
  };
  const metric = async (name: string, component = 'bad'): Promise<number> => {
    const text = await weir.metrics();
    const line = text
      .split('\n')
      .find((each) => each.startsWith(`${name}{component_id="${component}"`));
    return Number(line?.split(' ').at(-1));
  };
  const isMetric = (name: string, value: number): Promise<boolean> =>
    waitFor(async () => (await metric(name)) === value, TIMEOUT_MS);
  const event = (id: string, ip: string): string =>
    `<134>Mar  1 12:00:00 fw type=traffic srcip=192.0.2.1 dstip=${ip} user=alice id=${id}`;

  await send(event('first', '203.0.113.7'));
  t.match(await rowOf('id=first'), {
    dst_endpoint: { ip: '203.0.113.7', location: { country: 'DE' } },
    osint: [{ value: '203.0.113.7', vendor_name: 'own', confidence: 'high', confidence_id: 3 }],
  });
  t.notMatch(readFileSync(at('out.ndjson'), 'utf8'), /alice/);
  t.equal(await metric('enrichment_table_keys'), 1);

  put('list.txt', 'evil.example\n203.0.113.0/24\n');
  t.ok(await isMetric('enrichment_table_keys', 2), 'the new table is in use');
  await send(event('second', '203.0.113.9'));
  t.match(await rowOf('id=second'), { osint: [{ value: '203.0.113.0/24' }] });

  put('list.txt', '???\n');
  t.ok(await isMetric('enrichment_table_failing', 1), 'the broken file is told');
  await send(event('third', '203.0.113.9'));
  t.match(await rowOf('id=third'), { osint: [{ value: '203.0.113.0/24' }] }, 'the last good one');
  const log = (): string => readFileSync(at('weir.log'), 'utf8');
  t.equal(log().split('the table cannot be read').length, 2, 'one line in the log');
  put('list.txt', '198.51.100.1\n');
  t.ok(await isMetric('enrichment_table_failing', 0), 'and clears');

  await send(...Array.from({ length: 20 }, () => '<134>Mar  1 12:00:00 fw app: chatter'));
  await send(event('fourth', '198.51.100.1'));
  t.match(await rowOf('id=fourth'), { osint: [{ value: '198.51.100.1' }] });
  t.equal(rows().filter(({ message }) => message === 'chatter').length, 0);

  put('list.txt', '???\n');
  await weir.killTree();
  await weir.start();
  await send(event('fifth', '198.51.100.1'));
  t.match(await rowOf('id=fifth'), { osint: [{ value: '198.51.100.1' }] }, 'after a restart');
  t.equal(await metric('enrichment_table_failing'), 1);

  await weir.killTree();
  rmSync(at('data', 'tables'), { recursive: true });
  await weir.start();
  await send(event('sixth', '198.51.100.1'));
  const marked = await rowOf('id=sixth');
  t.ok(marked?.marks?.includes('component_failed'), 'without a table the event goes on, marked');
  t.notOk(marked?.osint);
  const { code, stderr } = await weir.command('validate', at('weir.toml'));
  t.equal(code, 2);
  t.match(stderr, /\/transforms\/bad\/path list\.txt: 1 of 1 rows are no indicators: line 1/);
  const verified = await weir.verify(30);
  t.equal(verified.code, 0, verified.stderr);
  t.match(verified.stdout, /"filtered": 20/);
});

interface Row {
  readonly raw_data: string;
  readonly message?: string;
  readonly marks?: readonly string[];
  readonly osint?: unknown;
}

function sendLines(address: string, lines: readonly string[]): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => {
      socket.end(lines.map((line) => `${line}\n`).join(''));
    });
    socket.once('close', () => resolve());
    socket.once('error', reject);
  });
}
