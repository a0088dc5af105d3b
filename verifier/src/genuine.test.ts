// Scenario: simulated nodes of many seeds, with restarts, history, folds, losses and deletions.
// Guarantees: both verifiers find that their bundles hold, and every figure is what the node knows.
import t from 'tap';
import { bothVerify } from './compare.js';
import { SimNode, seal } from './sim-node.js';

const isLong = process.env.WEIR_LONG === '1';
const seed = Number(process.env.WEIR_SEED ?? 5);
const count = isLong ? 400 : 60;

// The long size takes some minutes.
t.setTimeout(900_000);

t.test(`${count} nodes from seed ${seed}`, async (t) => {
  const seen = { history: 0, hash: 0, fold: 0, missing: 0, closing: 0, anchors: 0, settled: 0 };
  for (let i = 0; i < count; i++) {
    const forgetPercent = i % 3 === 0 ? 1 : 0;
    const node = new SimNode(seed * 1000 + i, { steps: 40 + i * 3, forgetPercent });
    const lines = node.lines();
    const texts = seal(lines, node.loaderKey);
    const report = await bothVerify(texts, node.keys);
    if (!report.holds) {
      t.same(report.problems, [], `node ${seed * 1000 + i} holds`);
      continue;
    }
    const truth = node.truth();
    for (const { id, streams } of report.sinks)
      for (const stream of streams) {
        const { tenant, stream: name, epoch, missing, lost, ...figures } = stream;
        const known = truth.get(id)?.get(JSON.stringify([tenant, name, epoch])) ?? {};
        const found = {
          ...{ issued: figures.issued, stored: figures.stored, quarantined: figures.quarantined },
          ...{ filtered: figures.filtered, inFlight: figures.inFlight },
          lost: Object.values(lost).reduce((sum, n) => sum + n, 0),
          missing: missing.reduce((sum, [a, b]) => sum + b - a + 1, 0),
        };
        if (
          JSON.stringify(Object.entries(found).sort()) !==
          JSON.stringify(Object.entries(known).sort())
        )
          t.same(found, known, `${id} ${name} ${epoch} of node ${seed * 1000 + i}`);
        if (missing.length > 0) seen.missing++;
      }
    const has = (text: string): number => Number(texts.some((line) => line.includes(text)));
    seen.history += has('"type":"history"');
    seen.hash += has('"type":"leaf","hash"');
    seen.fold += has('\\"fold\\":true');
    seen.settled += has('\\"settled\\"');
    seen.anchors += has('"type":"anchor"');
    seen.closing += Number(report.closes);
  }
  for (const [name, times] of Object.entries(seen)) t.ok(times > 0, `${name}: ${times} bundles`);
});
