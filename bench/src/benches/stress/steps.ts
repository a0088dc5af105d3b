// One step: so many sources, so many events a second, for a few seconds; into the collector, and
// with the same sender into the bare reader.
import { join } from 'node:path';
import { sleep } from '@weir/harness';
import { monotonicSeconds } from '../../clock.js';
import { bytesOfEvents, type Corpus } from '../../feed/corpus.js';
import { measureFloor, type Reader } from '../../feed/floor.js';
import { prepareSender, type Sender, type SendPlan, type SentFigures } from '../../feed/sender.js';
import type { EventCounts, Target } from '../../feed/target.js';

const LOOK_MS = 100;
/** Nothing moves for this long: what is missing now will not come. */
const STALL_SECONDS = 10;
/** Of the rate that was asked: below it the figures are those of another step. */
const REACHED_SHARE_MIN = 0.8;
/** In a shorter step the wait for the last batch and for the look at it decides. */
const RATE_CHECK_SECONDS_MIN = 2;
/** Of what was sent over UDP. */
const KERNEL_DROP_SHARE_MAX = 0.01;

export interface Step {
  readonly protocol: 'tcp' | 'udp';
  readonly sources: number;
  readonly rate: number;
  readonly seconds: number;
}

export interface StepFigures {
  readonly perMillion: number;
  readonly cpuSeconds: number;
  readonly kernelDrops: number;
  /** From the first event to the look that saw the last delivered. */
  readonly seconds: number;
  /** Events per second that came through, within `seconds`. */
  readonly reachedPerSecond: number;
  readonly sent: SentFigures;
}

export interface FloorOfStep {
  readonly perMillion: number;
  readonly readsPerEvent: number;
}

const eventsOf = (step: Step): number => Math.max(1, Math.round(step.rate * step.seconds));

function sending(step: Step, corpus: Corpus): Omit<SendPlan, 'host' | 'port'> {
  const { protocol, sources, rate } = step;
  return {
    path: corpus.path,
    connections: sources,
    ownAddresses: true,
    rate,
    events: eventsOf(step),
    protocol,
    holds: true,
  };
}

/**
 * CPU time of the collector per million events that it received. Connecting and closing is not in
 * it. Fails when an event is neither delivered nor dropped by the kernel, over TCP when any is not
 * delivered.
 */
export async function runStep(target: Target, corpus: Corpus, step: Step): Promise<StepFigures> {
  const sender = await prepareSender({ ...sending(step, corpus), ...target.syslog });
  let figures: StepFigures;
  try {
    figures = await measureSending(target, sender, step);
  } catch (error) {
    sender.kill();
    throw error;
  }
  await sender.end();
  await target.quiet();
  return figures;
}

async function measureSending(target: Target, sender: Sender, step: Step): Promise<StepFigures> {
  await target.quiet();
  const before = await target.counts();
  const cpuBefore = target.cpuSeconds;
  const startedAt = monotonicSeconds();
  const sent = await sender.go();
  const { received, kernelDrops, ...settled } = await settle(target, before, step);
  if (received === 0) throw new Error(`the collector received nothing over ${step.protocol}`);
  const cpuSeconds = settled.cpuSeconds - cpuBefore;
  const seconds = settled.at - startedAt;
  const perMillion = (cpuSeconds / received) * 1e6;
  const reachedPerSecond = received / seconds;
  return { perMillion, cpuSeconds, kernelDrops, seconds, reachedPerSecond, sent };
}

/**
 * Fails when the step was not what it says: too slow, or with too many datagrams dropped by the
 * kernel. Not for a warm-up, in which both may be.
 */
export function checkStep(
  step: Step,
  figures: Pick<StepFigures, 'kernelDrops' | 'reachedPerSecond'>,
): void {
  const { kernelDrops, reachedPerSecond } = figures;
  const name = `the step of ${step.rate} events/s from ${step.sources} sources (${step.protocol})`;
  if (step.seconds >= RATE_CHECK_SECONDS_MIN && reachedPerSecond < step.rate * REACHED_SHARE_MIN)
    throw new Error(`${name} reached only ${Math.round(reachedPerSecond)} events/s`);
  if (step.protocol === 'udp' && kernelDrops > eventsOf(step) * KERNEL_DROP_SHARE_MAX)
    throw new Error(`${name} lost ${kernelDrops} of ${eventsOf(step)} datagrams in the kernel`);
}

interface Settled {
  readonly received: number;
  readonly kernelDrops: number;
  /** Read before the look that first saw all delivered: looks cost the collector time, too. */
  readonly cpuSeconds: number;
  readonly at: number;
}

/** Waits until every event of the step is accounted for. */
async function settle(target: Target, before: EventCounts, step: Step): Promise<Settled> {
  const events = eventsOf(step);
  let last = { received: -1, delivered: -1, cpuSeconds: 0, at: monotonicSeconds() };
  for (;;) {
    await sleep(LOOK_MS);
    const at = monotonicSeconds();
    const { cpuSeconds } = target;
    const now = await target.counts();
    const received = now.received - before.received;
    const delivered = now.delivered - before.delivered;
    const kernelDrops = now.kernelDrops - before.kernelDrops;
    if (received !== last.received || delivered !== last.delivered)
      last = { received, delivered, cpuSeconds, at };
    const lost = step.protocol === 'udp' ? kernelDrops : 0;
    if (received + lost === events && delivered === received)
      return { received, kernelDrops, cpuSeconds: last.cpuSeconds, at: last.at };
    if (received + lost > events || at - last.at > STALL_SECONDS)
      throw new Error(
        `of ${events} events sent over ${step.protocol}, ${received} were received and ` +
          `${delivered} delivered, ${kernelDrops} dropped by the kernel, ` +
          `${now.refused - before.refused} refused in all`,
      );
  }
}

/** The bare reader that writes and syncs each MiB, with the same sender. */
export async function runFloor(
  reader: Reader,
  work: string,
  corpus: Corpus,
  step: Step,
): Promise<FloorOfStep> {
  const events = eventsOf(step);
  const newlines = step.protocol === 'udp' ? events : 0;
  const expected = bytesOfEvents(corpus, events) - newlines;
  const plan = sending(step, corpus);
  const floor = await measureFloor(reader, join(work, 'floor'), expected, plan);
  const read = step.protocol === 'udp' ? floor.reads : events;
  return {
    perMillion: (floor.cpuSeconds / read) * 1e6,
    readsPerEvent: floor.reads / read,
  };
}
