// Writes the documents that are made from the code. Run it after a build: node
// tools/generate-docs.mjs
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generatedDocuments } from '../collector/dist/config/documents.js';

for (const [path, text] of generatedDocuments()) {
  writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), text);
  process.stdout.write(`${path}\n`);
}
