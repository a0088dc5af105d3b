// `weir prove`: the proof that an event was taken in, for whoever has the node's public key.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/pipeline';
import { nodeFiles, nodeTimers } from '@weir/pipeline/node';
import {
  type EventId,
  inspectSpool,
  type Proof,
  parseStateDocument,
  proveEvent,
  readTree,
} from '@weir/spool';
import { Command } from 'commander';
import { findInstance, type InstanceFlags } from './instance.js';
import { checkOutFile } from './out-file.js';

interface ProveFlags extends InstanceFlags {
  readonly out?: string;
}

/** A running instance signs each second. */
const LOOK_INTERVAL_MS = 500;
const LOOKS_MAX = 6;

const HELP = `
EVENT is TENANT/STREAM/EPOCH/SEQ, as the columns of the events table have them. STREAM has slashes
itself: default/0f3c9a1b2d4e/syslog_tcp/0/4294967297/1234

The proof shows the whole frame that the event is in, so also the events beside it: at most 512. It
is checked with  weir verify --proof FILE --key node.pub  or with the stand-alone weir-verify.mjs.

Only frames that are still in the spool can be proven: they are kept until every sink has delivered
them and their segment is full. Exit codes: 0 proven, 1 cannot be proven, 2 wrong usage.`;

export function proveCommand(): Command {
  return new Command('prove')
    .argument('<event>', 'TENANT/STREAM/EPOCH/SEQ')
    .option('--config <file>', 'configuration of the instance, as for run')
    .option('--data <dir>', 'its data directory (default as for run)')
    .option('--out <file>', 'write the proof to a file instead of standard output')
    .addHelpText('after', HELP)
    .action(run);
}

async function run(text: string, flags: ProveFlags): Promise<void> {
  const event = parseEvent(text);
  const { directory, isRunning } = findInstance(flags);
  const spoolDirectory = join(directory, 'spool');
  if (flags.out !== undefined) checkOutFile(flags.out);
  if ((await inspectSpool(nodeFiles(), spoolDirectory)).nodeId === null)
    throw new WeirError('WEIR_NOT_RUNNING', `${directory} holds no spool: name it with --data`);
  for (let look = 1; ; look++) {
    const proof = await proveEvent(nodeFiles(), spoolDirectory, event);
    if ('text' in proof) {
      write(proof, event, flags);
      return;
    }
    const { reason, isSoon } = await whyNot(spoolDirectory, event, isRunning);
    if (isSoon && isRunning && look < LOOKS_MAX) {
      await nodeTimers.sleep(LOOK_INTERVAL_MS);
      continue;
    }
    process.stderr.write(`weir: ${text} cannot be proven: ${reason}\n`);
    process.exitCode = 1;
    return;
  }
}

function parseEvent(text: string): EventId {
  const parts = text.split('/');
  const [seq = '', epoch = ''] = [parts.at(-1), parts.at(-2)];
  const isEvent = parts.length >= 4 && /^\d{1,16}$/.test(seq) && /^\d{1,20}$/.test(epoch);
  if (!isEvent)
    throw new WeirError(
      'WEIR_USAGE',
      `an event is TENANT/STREAM/EPOCH/SEQ, such as default/0f3c9a1b2d4e/syslog_tcp/0/1/42; got ${text}`,
    );
  const stream = parts.slice(1, -2).join('/');
  return { tenant: parts[0] ?? '', stream, epoch: BigInt(epoch), seq: Number(seq) };
}

function write(proof: Proof, event: EventId, { out }: ProveFlags): void {
  if (out === undefined) process.stdout.write(`${proof.text}\n`);
  else writeFileSync(out, `${proof.text}\n`, { mode: 0o600 });
  const { stream, epoch, seq } = event;
  process.stderr.write(
    `weir: proves that event ${seq} of ${stream} epoch ${epoch} is in frame ${proof.index} of the ` +
      `${proof.size} that this node's newest checkpoint signs, and shows the frame's ` +
      `${proof.eventCount} event${proof.eventCount === 1 ? '' : 's'}\n`,
  );
}

interface Why {
  readonly reason: string;
  /** The next checkpoint may cover it. */
  readonly isSoon: boolean;
}

async function whyNot(spoolDirectory: string, event: EventId, isRunning: boolean): Promise<Why> {
  const { streams } = await inspectSpool(nodeFiles(), spoolDirectory);
  const isOf = (entry: { tenant: string; stream: string; epoch: bigint | string }): boolean =>
    entry.tenant === event.tenant &&
    entry.stream === event.stream &&
    String(entry.epoch) === String(event.epoch);
  const stream = streams.find(isOf);
  if (stream === undefined)
    return { reason: 'there is no such tenant, stream and epoch here', isSoon: false };
  if (stream.lastSeq < event.seq)
    return { reason: `the highest number that was issued is ${stream.lastSeq}`, isSoon: false };
  const tree = await readTree(nodeFiles(), spoolDirectory);
  let signedTo = -1;
  for (const { state } of [...(tree?.history ?? []), ...(tree?.checkpoints ?? [])])
    for (const entry of parseStateDocument(state)?.streams ?? [])
      if (isOf(entry)) signedTo = Math.max(signedTo, entry.lastSeq);
  if (event.seq > signedTo)
    return {
      reason: isRunning
        ? 'no checkpoint covers it yet; one is signed each second unless the log says why not'
        : 'no checkpoint covers it: what ran here was not stopped in order; start it once',
      isSoon: true,
    };
  return {
    reason:
      'its frame is gone from the spool, or damaged; frames are kept until every sink has ' +
      'delivered them and their segment is full',
    isSoon: false,
  };
}
