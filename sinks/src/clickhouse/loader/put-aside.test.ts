// Scenario: the store refuses rows, and what becomes of a row differs between two runs of a worker,
// since one of them fails. Guarantees: each row is taken once, by one table. Found by the
// whole-system simulation (seeds 358 and 399).
import { MARK, type SequencedBatch, WeirError } from '@weir/pipeline';
import t from 'tap';
import { encodeBatch } from '../native/index.js';
import { sampleBatch, sampleEvents } from '../testing/sample-batches.js';
import { insertByPieces, quarantineWhole } from './put-aside.js';

const COUNT = 32;
const refused = (): WeirError =>
  new WeirError('WEIR_STORE_REJECTED', 'refused', { code: 70, transient: false });

t.test('rows that are put aside now and then', async (t) => {
  for (let round = 0; round < 50; round++) {
    const texts = Array.from({ length: COUNT }, (_, i) =>
      i === 5 || i === 21 ? `poison ${i}` : i % 7 === 3 ? `bad ${i}` : `event ${i}`,
    );
    const batch: SequencedBatch = sampleBatch({ epoch: 9n, seqFirst: 100, texts });
    let runCount = 0;
    const taken: number[] = [];
    const isPutAside = (): boolean => (runCount++ * 7 + round) % 4 === 0;
    const encoded = await insertByPieces(batch, Float64Array.of(100, 131), {
      putAside: quarantineWhole,
      process: async (given, skip) => {
        const made = isPutAside()
          ? quarantineWhole(given, MARK.component_failed, skip)
          : encodeBatch(sampleEvents(given), given, skip, 'full');
        return { ...made, skip } as typeof made;
      },
      insert: async (rows) => {
        const skip = new Set((rows as unknown as { skip?: Float64Array }).skip ?? []);
        const quarantined = new Set(rows.quarantinedSeqs);
        // A row that is put aside alone comes without what was skipped.
        if (!('skip' in rows)) return;
        const seqs = texts
          .map((_, i) => 100 + i)
          .filter((seq) => !skip.has(seq) && quarantined.has(seq) === (rows.events === null));
        const isPoison = (seq: number): boolean => texts[seq - 100]?.startsWith('poison') ?? false;
        if (rows.events !== null && seqs.some(isPoison)) throw refused();
        taken.push(...seqs);
      },
    });
    t.equal(new Set(taken).size, taken.length, `round ${round}: none twice`);
    const quarantined = new Set(encoded.quarantinedSeqs);
    for (let seq = 101; seq < 131; seq++)
      t.ok(taken.includes(seq) || quarantined.has(seq), `round ${round}: ${seq} is somewhere`);
    t.notOk(taken.includes(100) || taken.includes(131), 'what is known is not sent');
  }
});
