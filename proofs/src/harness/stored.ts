// The verdict on numbered events in the table of a collector that still runs.
import type { WeirProcess } from '@weir/harness';
import { NUMBERS_OF_ROWS } from './keyed-senders.js';
import { Oracle, type Verdict } from './oracle.js';
import type { ProofContext } from './proof.js';
import { NUMBER_OF_ROW } from './syslog-sender.js';

const PRODUCER = 'tcp';
const VERIFY_WAIT_SECONDS = 120;

export interface StoredVerdict {
  readonly figures: Verdict & { readonly verifyExitCode: number; readonly exitCode: number | null };
  /** Null when all is well. */
  readonly failure: string | null;
}

/**
 * Of plain TCP: 0..eventCount-1 were sent and the collector never ended, so all count. Waits for
 * delivery, verifies, compares the table, stops the collector.
 */
export function judgeSyslog(
  weir: WeirProcess,
  eventCount: number,
  context: ProofContext,
): Promise<StoredVerdict> {
  const oracle = new Oracle();
  oracle.register(PRODUCER, eventCount);
  oracle.acknowledge(PRODUCER, 0, eventCount);
  return judge(weir, oracle, context, `SELECT '${PRODUCER}', ${NUMBER_OF_ROW} FROM dev.events`);
}

/** Of keyed senders: what was acknowledged counts. */
export const judgeKeyed = (
  weir: WeirProcess,
  oracle: Oracle,
  context: ProofContext,
): Promise<StoredVerdict> => judge(weir, oracle, context, NUMBERS_OF_ROWS);

async function judge(
  weir: WeirProcess,
  oracle: Oracle,
  context: ProofContext,
  sql: string,
): Promise<StoredVerdict> {
  const verified = await weir.verify(VERIFY_WAIT_SECONDS);
  const rows = await weir.query(sql);
  const verdict = oracle.judge(
    rows.map(([producer, number]): [string, number] => [producer ?? '', Number(number)]),
  );
  const exitCode = await weir.stop();
  const { found, missing, twice } = verdict;
  context.say(`stored ${found}, missing ${missing}, twice ${twice}`);
  const figures = { ...verdict, verifyExitCode: verified.code, exitCode };
  return { figures, failure: failureOf(verdict, verified, exitCode) };
}

function failureOf(
  { expected, missing, twice, invented, firstMissing }: Verdict,
  verified: { readonly code: number; readonly stderr: string },
  exitCode: number | null,
): string | null {
  if (expected === 0) return 'no event was acknowledged';
  if (missing > 0) return `${missing} acknowledged events lost, first ${firstMissing[0]}`;
  if (twice > 0) return `${twice} events stored twice`;
  if (invented > 0) return `${invented} rows that were never sent`;
  if (verified.code !== 0) return `the ledger does not close: ${verified.stderr.trim()}`;
  return exitCode === 0 ? null : `the collector ended with ${exitCode}`;
}
