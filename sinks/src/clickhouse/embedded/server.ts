// Entry of the child process: opens the engine on a directory and serves ClickHouse's HTTP protocol
// on loopback. It lives as long as its parent's IPC channel, so a parent that was killed leaves no
// engine behind. Arguments: DIRECTORY PORT (0 lets the kernel choose) BACKUPS (a directory).
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import { assertAuthenticated, assertLocal, PASSWORD_VARIABLE } from './access.js';
import { Connections } from './connections.js';
import { loadEngine } from './engine.js';
import { engineConfigXml, engineLimits } from './engine-config.js';
import { lockedError, removeEngineRecord, writeEngineRecord } from './engine-record.js';
import { createInsertFiles } from './insert-files.js';
import type { ChildMessage } from './messages.js';
import { readRequest } from './request.js';
import { answer, answerError, type StoreContext } from './respond.js';
import { RunningQueries } from './running-queries.js';

const [directory = '', port = '0', backups = ''] = process.argv.slice(2);
const password = process.env[PASSWORD_VARIABLE] ?? '';
delete process.env[PASSWORD_VARIABLE];

function send(message: ChildMessage): void {
  process.send?.(message, () => undefined);
}

/** Ends at once: the engine's files are made for it, and nothing of the parent is owed. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function openConnections(): Connections {
  const engine = loadEngine();
  const configPath = join(directory, 'engine.xml');
  const limits = engineLimits(totalmem(), availableParallelism());
  writeFileSync(configPath, engineConfigXml(limits, backups));
  try {
    return new Connections(engine, directory, [`--config-file=${configPath}`]);
  } catch (error) {
    // The binding keeps the engine's reason to itself and prints it; a lock is by far the
    // commonest.
    throw new WeirError(
      'WEIR_DATA_DIR_LOCKED',
      `the engine cannot open ${directory}: ${messageOf(error)}`,
      lockedError(directory, null).details,
    );
  }
}

async function handle(
  context: StoreContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0];
  let queryId = '';
  try {
    assertLocal(request);
    if (path === '/ping' || path === '/replicas_status') {
      response.end('Ok.\n');
      return;
    }
    assertAuthenticated(request, password);
    const parsed = await readRequest(request);
    queryId = parsed.queryId;
    await answer(context, parsed, response);
  } catch (error) {
    request.resume();
    answerError(queryId, error, response);
  }
}

function serve(connections: Connections): void {
  const context = {
    engine: loadEngine(),
    connections,
    files: createInsertFiles(directory),
    running: new RunningQueries(),
  };
  const server = createServer({ keepAliveTimeout: 30_000, requestTimeout: 0 }, (req, res) => {
    void handle(context, req, res);
  });
  server.on('error', (error) => {
    send({ kind: 'failed', code: 'WEIR_ADDRESS_IN_USE', message: messageOf(error) });
    process.disconnect?.();
  });
  server.listen(Number(port), '127.0.0.1', () =>
    send({ kind: 'ready', port: (server.address() as AddressInfo).port }),
  );
  process.on('message', (message) => {
    if (message !== 'stop') return;
    server.close();
    server.closeIdleConnections();
    void connections.close().then(() => {
      removeEngineRecord(directory, process.pid);
      process.exit(0);
    });
  });
}

// Ctrl-C reaches the whole process group: the parent decides when the store stops.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', die);
if (process.channel === undefined || process.channel === null || password === '') {
  process.stderr.write('this is the embedded store of weir; it is started by weir run\n');
  process.exit(2);
}
try {
  mkdirSync(directory, { recursive: true });
  writeEngineRecord(directory, process.ppid);
  serve(openConnections());
} catch (error) {
  removeEngineRecord(directory, process.pid);
  const code = error instanceof WeirError ? error.code : 'WEIR_DATA_DIR_UNWRITABLE';
  send({ kind: 'failed', code, message: messageOf(error), systemCode: systemCodeOf(error) });
  process.disconnect?.();
}
