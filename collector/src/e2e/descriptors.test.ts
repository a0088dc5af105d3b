// Scenario: more connections come than the process may have descriptors.
// Guarantees: it goes on running and listening; once connections end, new ones are accepted again.
import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const NETWORK = import.meta.resolve('@weir/pipeline/node');
const FIXTURE = `
  const { nodeNetwork } = await import(${JSON.stringify(NETWORK)});
  let openCount = 0;
  const { port } = await nodeNetwork.listenTcp({
    host: '127.0.0.1',
    port: 0,
    onConnection: (connection) => {
      console.log('open ' + ++openCount);
      connection.onData((chunk) => console.log('got ' + chunk));
      connection.onClose(() => {});
    },
    onError: () => {},
  });
  console.log('port ' + port);
`;

t.test('running out of descriptors is no end', async (t) => {
  const shell = `ulimit -n 120; exec ${process.execPath} --input-type=module -e "$0"`;
  const child = spawn('bash', ['-c', shell, FIXTURE], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
    // Neither coverage nor the test runner's loaders: they need descriptors, too.
    env: { PATH: process.env.PATH },
  });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(said);
      if (found !== null) return found;
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const port = Number((await until(/port (\d+)/))[1]);
  const open = (): Socket => connect({ host: '127.0.0.1', port }).on('error', () => {});
  const sockets = Array.from({ length: 200 }, open);
  await until(/open [5-9]\d/);
  // Time to fail at the others; what they would do comes at once.
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const socket of sockets) socket.destroy();
  // One that comes before the others are gone is turned away like them; the next is not.
  let last = open();
  t.teardown(() => last.destroy());
  last.write('hello');
  const again = setInterval(() => {
    if (!last.closed) return;
    last = open();
    last.write('hello');
  }, 50);
  await until(/got hello/);
  clearInterval(again);
  t.equal(child.exitCode, null, 'the process is alive');
});
