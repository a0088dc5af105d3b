// Scenario: `weir load` with wrong and right command lines.
// Guarantees: wrong usage is told in one sentence with what is allowed; --json is one object.
import { type AddressInfo, createServer } from 'node:net';
import { CommanderError } from 'commander';
import t from 'tap';
import { loadCommand } from './load.js';

async function attempt(...args: string[]): Promise<{ code: string; text: string }> {
  let printed = '';
  const command = loadCommand()
    .exitOverride()
    .configureOutput({
      writeErr: (text) => {
        printed += text;
      },
    });
  try {
    await command.parseAsync(args, { from: 'user' });
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, text: error instanceof CommanderError ? printed : message };
  }
  return { code: '', text: printed };
}

t.test('usage errors', async (t) => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['--profile nonsense', /Allowed choices are mixed, fortigate, linux/],
    ['--protocol sctp', /Allowed choices are tcp, udp, http/],
    ['--count 0', /integer from 1 to 10000000000/],
    ['--count 1e3', /integer from 1/],
    ['--rate -5', /integer from 0/],
    ['--seed 4294967296', /integer from 0 to 4294967295/],
    ['--start yesterday', /a time such as/],
    ['--framing lf', /Allowed choices are newline, octet, nul/],
    ['--duration 0', /integer from 1/],
    ['--rfc 822', /Allowed choices are 3164, 5424/],
    ['--nonsense', /unknown option/],
    ['extra', /too many arguments/],
  ];
  for (const [line, expected] of wrong) {
    const { code, text } = await attempt(...line.split(' '));
    t.match(code, /^commander\./, line);
    t.match(text, expected, line);
  }
  const inconsistent: readonly (readonly [string, RegExp])[] = [
    ['--protocol udp --framing octet', /^--framing applies to tcp only, not to udp$/],
    ['--protocol http --rfc 5424', /^--rfc applies to tcp and udp only/],
    ['--target ::1:5514', /^--target must be HOST:PORT or \[IPV6\]:PORT; got "::1:5514"$/],
    ['--stamp', /^--stamp needs --replay$/],
    ['--replay x --profile mixed', /^--replay sends lines as they are/],
    ['--replay /nowhere', /^cannot read \/nowhere: /],
    ['--linger 5', /^--linger needs --protocol http and --rate$/],
    ['--run-id a/b', /^--run-id must be 1 to 32 letters/],
  ];
  for (const [line, expected] of inconsistent) {
    const { code, text } = await attempt(...line.split(' '));
    t.equal(code, 'WEIR_USAGE', line);
    t.match(text, expected, line);
  }
});

t.test('--json prints one object', async (t) => {
  let bytes = 0;
  const server = createServer((socket) =>
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const printed = t.capture(process.stdout, 'write', () => true);
  const args = ['--count', '50', '--json', '--run-id', 'r', '--target', `127.0.0.1:${port}`];
  await attempt(...args);
  const lines = printed().map((call) => String(call.args[0]));
  const line = lines.find((text) => text.startsWith('{"runId"')) ?? '';
  t.match(JSON.parse(line), { runId: 'r', seed: 1, events: 50, bytes, failure: null });
});
