// A process that starts an embedded store, tells its pid, and waits to be killed. For tests.
import { startEmbeddedStore } from '../embedded/index.js';

const store = await startEmbeddedStore({
  directory: process.argv[2] ?? '',
  log: () => undefined,
});
process.send?.(store.pid);
