// The wall clock of one process, moved from outside while it runs, by libfaketime (Debian package
// faketime). The monotonic clock stays real: no kernel moves it either.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/faketime/libfaketime.so.1',
];

/** Null where it is not installed. */
export const fakeClockLibrary = (): string | null => LIBRARIES.find(existsSync) ?? null;

export class FakeClock {
  readonly #path: string;
  readonly environment: NodeJS.ProcessEnv;

  constructor(directory: string) {
    this.#path = join(directory, 'faketime');
    this.environment = {
      LD_PRELOAD: fakeClockLibrary() ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#path,
      // Read again at every call, so that a step is seen at once.
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
    this.set('+0');
  }

  /** An offset such as `+400d` or `-1h`; `+0` for the real time. */
  set(offset: string): void {
    writeFileSync(this.#path, `${offset}\n`);
  }
}
