// Scenario: a running collector that loses an event between admission and disk (a planted fault),
// and one that loses nothing.
// Guarantees: the live account of the stream finds the loss by itself and names it in /readyz
// (which stays 200), in the log and in a metric; without a fault all of them stay silent.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirProcess, waitFor } from '@weir/harness';
import t from 'tap';

interface Ready {
  readonly ledger: { readonly isBalanced: boolean; readonly problems: readonly string[] };
}

const SENT = 50;

async function readyOf(weir: WeirProcess): Promise<{ status: number; body: Ready }> {
  const reply = await fetch(`${weir.httpUrl}/readyz`);
  return { status: reply.status, body: (await reply.json()) as Ready };
}

const settledOf = (metrics: string): number =>
  Array.from(
    metrics.matchAll(/^conservation_settled_events_total\{[^}]*outcome="stored"\} (\d+)$/gm),
    ([, value]) => Number(value),
  ).reduce((sum, value) => sum + value, 0);

for (const sabotage of [null, 'drop_event']) {
  t.test(sabotage ?? 'honest', async (t) => {
    const folder = t.testdir({ data: {}, 'weir.toml': '[sinks.out]\ntype = "blackhole"\n' });
    const environment = sabotage === null ? {} : { WEIR_SABOTAGE: sabotage };
    const weir = new WeirProcess(join(folder, 'data'), environment);
    await weir.start();
    t.teardown(() => weir.killTree());
    for (let i = 0; i < SENT; i++) {
      const body = `{"number":${i}}\n{"number":${i},"again":true}`;
      // Of one producer, so that it is one stream.
      const headers = { 'idempotency-key': `p/1/${i * 2}` };
      const reply = await fetch(`${weir.httpUrl}/ingest`, { method: 'POST', headers, body });
      t.equal(reply.status, 200);
    }
    let metrics = '';
    const expected = SENT * 2 - (sabotage === null ? 0 : 1);
    const isSettled = await waitFor(async () => {
      metrics = await weir.metrics();
      return settledOf(metrics) === expected;
    }, 20_000);
    t.ok(isSettled, `${expected} are settled`);
    const isFound = await waitFor(
      async () => !(await readyOf(weir)).body.ledger.isBalanced,
      sabotage === null ? 3_000 : 20_000,
    );
    t.equal(isFound, sabotage !== null);
    const { status, body } = await readyOf(weir);
    t.equal(status, 200, 'events are taken all the same');
    const log = readFileSync(join(folder, 'weir.log'), 'utf8');
    const named = /sink out, stream [0-9a-f]{12}\/http\/\d: 1 numbers are neither/;
    const imbalance = /^conservation_imbalance_events\{place="out",[^}]*\} 1$/m;
    if (sabotage === null) {
      t.same(body.ledger, { isBalanced: true, problems: [] });
      t.notMatch(log, named);
      t.notMatch(await weir.metrics(), imbalance);
    } else {
      t.match(body.ledger.problems.join('\n'), named);
      t.match(log, named);
      t.match(await weir.metrics(), imbalance);
    }
    t.equal(await weir.stop(), 0);
  });
}
