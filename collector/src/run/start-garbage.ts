// What loading and starting leave behind, some 20 MB. V8 is told to expect memory (ADR 0013), so by
// itself it would not collect that before the heap has 256 MB: an agent has it all its life.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Holds the thread for 50 to 130 ms: to be called once, when everything has started. */
export function collectStartGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}
