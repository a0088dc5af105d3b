// `npm run simulate -- --seed N [--count N] [--trace]`: runs seeds and prints what did not hold.
// Exit codes: 0 all held, 1 one did not, 2 wrong usage.
import { nodeClock } from '@weir/pipeline/node';
import { Command, InvalidArgumentError } from 'commander';
import { simulate } from './simulate.js';
import { WorkerCode } from './world/collector.js';
import { addSeen, type Seen } from './world/coverage.js';

interface Options {
  readonly seed: number;
  readonly count: number;
  readonly trace?: boolean;
  readonly twice?: boolean;
  readonly seen?: boolean;
  readonly without?: string;
}

const whole = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number');
  return Number(text);
};

const program = new Command('simulate')
  .description('Whole-system simulation of collector, loader and store from one seed')
  .option('--seed <n>', 'first seed', whole, 1)
  .option('--count <n>', 'how many seeds', whole, 1)
  .option('--trace', 'print every call of a port')
  .option('--twice', 'run each seed twice and compare the hashes of all calls')
  .option('--seen', 'print how often each class of faults was seen')
  .option('--without <classes>', 'leave these classes of faults out, comma-separated')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const options = program.parse().opts<Options>();
const code = await WorkerCode.load();
const print = options.trace ? (line: string): void => void process.stdout.write(`${line}\n`) : null;
const without = options.without?.split(',') ?? [];
const seen: Seen = {};
let failedCount = 0;
let sentCount = 0;
let ackedCount = 0;
const startedMs = nodeClock.monotonicMs();
for (let seed = options.seed; seed < options.seed + options.count; seed++) {
  const result = await simulate(seed, code, { print, without });
  addSeen(seen, result.seen);
  sentCount += result.sentEvents;
  ackedCount += result.ackedEvents;
  const violations = [...result.violations];
  if (options.twice) {
    const again = await simulate(seed, code, { without });
    if (again.hash !== result.hash)
      violations.push(`two runs differ: ${result.hash} ${again.hash}`);
  }
  if (options.count === 1)
    process.stdout.write(`${JSON.stringify({ ...result, violations }, null, 1)}\n`);
  if (violations.length === 0) continue;
  failedCount++;
  process.stdout.write(
    `seed ${seed} FAILED, replay with: npm run simulate -- --seed ${seed} --trace\n`,
  );
  for (const violation of violations) process.stdout.write(`  ${violation}\n`);
}
const seconds = (nodeClock.monotonicMs() - startedMs) / 1000;
if (options.seen) process.stdout.write(`${JSON.stringify(seen, null, 1)}\n`);
process.stdout.write(
  `${options.count} seeds, ${failedCount} failed, ${sentCount} events sent, ` +
    `${ackedCount} acknowledged, ` +
    `${((seconds * 1000) / options.count).toFixed(1)} ms a seed\n`,
);
process.exitCode = failedCount === 0 ? 0 : 1;
