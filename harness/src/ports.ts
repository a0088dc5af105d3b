// Ports for processes that are killed and come back. They lie below the kernel's ephemeral range: a
// sender that knocks on a closed ephemeral port can end up connected to itself.
import { createServer } from 'node:net';

const FIRST_PORT = 20_000;
const PORT_COUNT = 10_000;

export async function freePort(random: () => number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = FIRST_PORT + Math.floor(random() * PORT_COUNT);
    if (await canListen(port)) return port;
  }
  throw new Error('no free port found in 100 attempts');
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
