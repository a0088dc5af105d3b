// The events of all golden cases, as bytes to change.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

export function readFixtures(): Uint8Array[] {
  const fixtures: Uint8Array[] = [];
  for (const parser of readdirSync(SOURCES)) {
    const cases = join(SOURCES, parser, 'testcases');
    if (!existsSync(cases)) continue;
    for (const name of readdirSync(cases)) {
      const text = readFileSync(join(cases, name, 'input.raw'), 'latin1');
      for (const line of text.split('\n'))
        if (line !== '') fixtures.push(Uint8Array.from(Buffer.from(line, 'latin1')));
    }
  }
  return fixtures;
}
