// CPU and heap profiles of what is measured. Chrome's developer tools and speedscope open them.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

/** Profiles work of this process: NAME.cpuprofile and NAME.heapprofile in the folder. */
export async function profiled<T>(
  directory: string | null,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  if (directory === null) return await work();
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await session.post('HeapProfiler.startSampling');
    const result = await work();
    const cpu = await session.post('Profiler.stop');
    const heap = await session.post('HeapProfiler.stopSampling');
    writeFileSync(join(directory, `${name}.cpuprofile`), JSON.stringify(cpu.profile));
    writeFileSync(join(directory, `${name}.heapprofile`), JSON.stringify(heap.profile));
    return result;
  } finally {
    session.disconnect();
  }
}

/** Arguments for a process of Node that is to write its profiles when it ends. */
export const profileArguments = (directory: string | null): readonly string[] =>
  directory === null
    ? []
    : [
        ...['--cpu-prof', `--cpu-prof-dir=${directory}`],
        ...['--heap-prof', `--heap-prof-dir=${directory}`],
      ];
