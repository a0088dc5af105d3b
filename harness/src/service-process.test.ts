// Scenario: services that get ready, that end too early, that do not exist; their starter killed.
// Guarantees: nothing is left running, and a start that fails says why.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { waitFor } from './clock.js';
import { ServiceProcess } from './service-process.js';

const directory = mkdtempSync(join(tmpdir(), 'weir-service-'));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));

const shell = (script: string, readyTimeoutMs = 20_000): ServiceProcess =>
  new ServiceProcess({
    ...{ name: 'sh', command: 'sh', args: ['-c', script], directory, readyTimeoutMs },
    logFile: join(directory, 'log'),
    isReady: (log) => log.includes('ready'),
  });

t.test('starts, stops, starts again', async (t) => {
  const service = shell('echo ready; exec sleep 60');
  t.equal(service.isAlive, false);
  t.throws(() => service.pid, /sh is not running/);
  await service.start();
  const { pid } = service;
  await service.start();
  t.equal(service.pid, pid, 'a second start changes nothing');
  await service.stop();
  t.equal(service.isAlive, false);
  await service.start();
  t.not(service.pid, pid);
  // A frozen one is stopped, too.
  service.pause();
  await service.stop();
  await service.start();
  await service.kill();
  t.equal(service.isAlive, false);
});

t.test('a start that fails says why', async (t) => {
  await t.rejects(shell('echo no disk; exit 3').start(), /sh did not become ready: no disk/);
  const slow = shell('echo starting; exec sleep 60', 500);
  await t.rejects(slow.start(), /did not become ready: starting/);
  t.equal(slow.isAlive, false);
  const missing = new ServiceProcess({
    ...{ name: 'ghost', command: 'weir-no-such-command', args: [], directory },
    ...{ logFile: join(directory, 'log'), isReady: () => false, readyTimeoutMs: 5_000 },
  });
  await t.rejects(missing.start(), /ghost did not become ready/);
});

t.test('a service ends with a starter that is killed', async (t) => {
  const file = join(directory, 'pid');
  const script = `
    import { writeFileSync } from 'node:fs';
    import { ServiceProcess } from ${JSON.stringify(new URL('service-process.js', import.meta.url))};
    const service = new ServiceProcess({
      name: 'sleep', command: 'sleep', args: ['60'], directory: '.', isReady: () => true,
      readyTimeoutMs: 20000, logFile: 'sleep.log',
    });
    await service.start();
    writeFileSync(${JSON.stringify(file)}, String(service.pid));
    setInterval(() => {}, 1000);`;
  const args = ['--input-type=module', '-e', script];
  const starter = spawn(process.execPath, args, { cwd: directory, stdio: 'ignore' });
  const hasStarted = async (): Promise<boolean> =>
    existsSync(file) && readFileSync(file, 'utf8') !== '';
  t.ok(await waitFor(hasStarted, 20_000));
  const pid = Number(readFileSync(file, 'utf8'));
  t.ok(isRunning(pid));
  starter.kill('SIGKILL');
  t.ok(await waitFor(async () => !isRunning(pid), 20_000));
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
