// Writes the documents that are made from the code. Run it after a build: node
// tools/generate-docs.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedDocuments } from '../collector/dist/config/documents.js';
import { packPages } from '../parsers/dist/pages/pages.js';
import { updateArchitecture } from './architecture.mjs';

for (const [path, text] of [...generatedDocuments(), ...packPages()]) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${path}\n`);
}
process.stdout.write(`${updateArchitecture(fileURLToPath(new URL('..', import.meta.url)))}\n`);
