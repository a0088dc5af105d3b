// `POST /ingest` with NDJSON. Every request carries `Idempotency-Key: producer/epoch/firstSeq`; a request
// whose fate is unknown is repeated with the same key and the same bytes, so nothing arrives twice.
import { reasonOf } from '@weir/pipeline';
import { Pool } from 'undici';
import { monotonicMs, sleep, wallClockMs } from './clock.js';
import { bufferBytes, formatTarget, joinAll, LoadError, type Sending } from './plan.js';
import { backoffMs } from './schedule.js';

export const HTTP_BATCH_EVENTS = 500;
const RETRY_AFTER_MS_MAX = 30_000;

export async function sendHttp(sending: Sending): Promise<void> {
  const { plan } = sending;
  const pool = new Pool(`http://${formatTarget(plan.target)}`, {
    connections: plan.connectionCount,
    pipelining: 1,
    headersTimeout: plan.timeoutMs,
    bodyTimeout: plan.timeoutMs,
    connectTimeout: Math.min(plan.timeoutMs, 10_000),
  });
  try {
    const loops = Array.from({ length: plan.connectionCount }, () => sendBatches(sending, pool));
    await joinAll(sending, loops);
  } finally {
    await pool.destroy();
  }
}

async function sendBatches(sending: Sending, pool: Pool): Promise<void> {
  const { plan, schedule, counters, signal } = sending;
  const batchEvents =
    plan.rate === 0
      ? HTTP_BATCH_EVENTS
      : Math.max(1, Math.min(HTTP_BATCH_EVENTS, Math.ceil((plan.rate * plan.lingerMs) / 1000)));
  const buffer = Buffer.allocUnsafeSlow(bufferBytes(plan.generator, HTTP_BATCH_EVENTS));
  while (!signal.aborted && !schedule.isExhausted) {
    await schedule.waitDue(batchEvents);
    const wanted = Math.min(schedule.dueCount(), HTTP_BATCH_EVENTS);
    if (wanted === 0) continue;
    const filled = plan.generator.fill(buffer, 0, schedule.next, wanted, 'newline');
    const { eventCount, endOffset } = filled;
    const seqFirst = schedule.take(eventCount);
    const takenMs = monotonicMs();
    const body = buffer.subarray(0, endOffset);
    if (!(await deliver(sending, pool, body, seqFirst, eventCount))) return;
    schedule.arrived(seqFirst, eventCount, takenMs);
    counters.events += eventCount;
    counters.bytes += endOffset;
  }
}

/** True when the batch was acknowledged, false when the run was aborted. */
async function deliver(
  sending: Sending,
  pool: Pool,
  body: Buffer,
  seqFirst: number,
  eventCount: number,
): Promise<boolean> {
  const { plan, counters, signal, notice, trouble } = sending;
  const startMs = monotonicMs();
  for (let attempt = 0; !signal.aborted; attempt++) {
    const outcome = await post(sending, pool, body, seqFirst, eventCount);
    if (outcome === null) {
      trouble(null);
      return true;
    }
    if (signal.aborted) break;
    trouble(outcome.reason);
    if (monotonicMs() - startMs > plan.timeoutMs)
      throw new LoadError(`request ${seqFirst} was not acknowledged: ${outcome.reason}`);
    counters.retries++;
    if (outcome.broken) counters.reconnects++;
    if (attempt === 0) notice(`${outcome.reason}; trying again with the same key`);
    await sleep(outcome.afterMs ?? backoffMs(attempt), signal);
  }
  return false;
}

interface Retry {
  readonly reason: string;
  readonly broken: boolean;
  readonly afterMs: number | null;
}

/** Null when acknowledged; throws when a repeat cannot help. */
async function post(
  sending: Sending,
  pool: Pool,
  body: Buffer,
  seqFirst: number,
  eventCount: number,
): Promise<Retry | null> {
  const { plan, signal } = sending;
  const headers = {
    'content-type': 'application/x-ndjson',
    'idempotency-key': `${plan.keyPrefix}/${seqFirst}`,
  };
  let status: number;
  let retryAfter: string | string[] | undefined;
  let text: string;
  try {
    const response = await pool.request({ method: 'POST', path: '/ingest', headers, body, signal });
    status = response.statusCode;
    retryAfter = response.headers['retry-after'];
    text = await response.body.text();
  } catch (error) {
    const reason = `${formatTarget(plan.target)}: ${reasonOf(error)}`;
    return { reason, broken: true, afterMs: null };
  }
  if (status >= 200 && status < 300) {
    checkAccepted(text, eventCount, seqFirst);
    return null;
  }
  const reason = `${formatTarget(plan.target)} answered ${status}`;
  if (status === 429 || status >= 500)
    return { reason, broken: false, afterMs: parseRetryAfterMs(String(retryAfter ?? '')) };
  throw new LoadError(`${reason}: ${text.slice(0, 300)}`);
}

function checkAccepted(text: string, eventCount: number, seqFirst: number): void {
  let accepted: unknown;
  try {
    accepted = (JSON.parse(text) as { accepted?: unknown }).accepted;
  } catch {
    // Another receiver than Weir may answer with no JSON; its status is all there is.
    return;
  }
  if (typeof accepted === 'number' && accepted !== eventCount)
    throw new LoadError(`request ${seqFirst}: ${accepted} of ${eventCount} events were accepted`);
}

/** Retry-After (RFC 9110 10.2.3) in ms: seconds or an HTTP date; null when there is none. */
export function parseRetryAfterMs(value: string, nowMs: () => number = wallClockMs): number | null {
  if (/^\d{1,9}$/.test(value)) return Math.min(RETRY_AFTER_MS_MAX, Number(value) * 1000);
  const dateMs = Date.parse(value);
  if (Number.isNaN(dateMs)) return null;
  return Math.max(0, Math.min(RETRY_AFTER_MS_MAX, dateMs - nowMs()));
}
