// `weir proof` and `weir bench` are part of the source tree, not of the installed package: the collector
// does not depend on them, it only starts them.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WeirError } from '@weir/pipeline';
import { Command } from 'commander';

export const proofCommand = (): Command => harness('proof', 'proofs');
export const benchCommand = (): Command => harness('bench', 'bench');

function harness(name: string, folder: string): Command {
  return new Command(name)
    .argument('[arguments...]', `passed on; \`weir ${name} --help\` shows them`)
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions(false)
    .action(async (args: string[]) => {
      process.exitCode = await start(folder, name, args);
    });
}

function start(folder: string, name: string, args: readonly string[]): Promise<number> {
  const entry = fileURLToPath(new URL(`../../../${folder}/dist/main.js`, import.meta.url));
  if (!existsSync(entry)) {
    throw new WeirError(
      'WEIR_USAGE',
      `weir ${name} works in the source tree only: there is no ${folder}/ here`,
    );
  }
  const child = spawn(process.execPath, [entry, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
