// `weir query SQL`: reads the store of a running or stopped instance, or any server by --url.
import type { Readable } from 'node:stream';
import { WeirError } from '@weir/pipeline';
import { Command } from 'commander';
import { addInstanceOptions, findInstance, type InstanceFlags } from './instance.js';
import { withStore } from './open-store.js';

interface QueryFlags extends InstanceFlags {
  readonly write?: true;
  readonly format?: string;
}

export function queryCommand(): Command {
  const command = new Command('query')
    .argument('<sql>', 'one statement; `-` reads it from standard input')
    .option('--format <name>', 'ClickHouse output format (PrettyCompact on a terminal, else TSV)')
    .option('--write', 'allow statements that change something; the ledger will not hide it')
    .addHelpText('after', '\nExit codes: 0 done, 1 the statement failed, 2 wrong usage.');
  return addInstanceOptions(command).action(query);
}

async function query(sql: string, flags: QueryFlags): Promise<void> {
  const text = (sql === '-' ? await readAll(process.stdin) : sql).trim();
  if (text === '') throw new WeirError('WEIR_USAGE', 'the statement is empty');
  const format = flags.format ?? (process.stdout.isTTY ? 'PrettyCompactMonoBlock' : 'TSV');
  if (!/^\w+$/.test(format)) {
    throw new WeirError('WEIR_USAGE', `--format must be a name such as JSONEachRow; got ${format}`);
  }
  if (!flags.write && !READS.test(withoutComments(text))) {
    throw new WeirError(
      'WEIR_USAGE',
      'only statements that read are run (SELECT, WITH, SHOW, DESCRIBE, EXISTS, EXPLAIN); for others give --write',
    );
  }
  await withStore(findInstance(flags), async (store) =>
    print(await store.stream(withFormat(text, format))),
  );
}

const READS = /^(SELECT|WITH|SHOW|DESCRIBE|DESC|EXISTS|EXPLAIN)\b/i;

/** From the first word on: without comments, blanks and parentheses before it. */
const withoutComments = (sql: string): string =>
  sql.replace(/^(\s|\(|--.*(\n|$)|\/\*[\s\S]*?\*\/)*/, '');

/** A statement that names its own format keeps it; one that gives no rows takes none. */
function withFormat(sql: string, format: string): string {
  const bare = sql.replace(/;\s*$/, '');
  if (/\bFORMAT\s+\w+\s*$/i.test(bare)) return bare;
  if (!READS.test(withoutComments(bare))) return bare;
  return `${bare}\nFORMAT ${format}`;
}

const TAIL_BYTES = 16 * 1024;

/**
 * Copies the result to standard output. A statement that fails after its first rows can only say so
 * behind them: the server ends the body with a block that begins with `__exception__`.
 */
async function print(result: Readable): Promise<void> {
  let tail = Buffer.alloc(0);
  for await (const chunk of result as AsyncIterable<Buffer>) {
    tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
    if (process.stdout.write(chunk)) continue;
    await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  const text = tail.toString('latin1');
  if (!text.includes('__exception__')) return;
  const message = /Code: \d+\. DB::Exception: [^\r\n]*/.exec(text)?.[0] ?? 'the statement failed';
  throw new WeirError('WEIR_STORE_REJECTED', `${message} (rows before it were printed)`);
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}
