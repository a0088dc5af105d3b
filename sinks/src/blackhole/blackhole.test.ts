import { ndjsonPayload, testSink } from '@weir/pipeline/testing';
import t from 'tap';
import { createBlackholeSink } from './index.js';

t.test('the contract', (t) => {
  testSink(t, {
    create: () => {
      const sink = createBlackholeSink();
      const rows: string[] = [];
      // It keeps nothing: what it counted is compared with what was given.
      const watched = {
        ...sink,
        write: async (...[payload, signal]: Parameters<typeof sink.write>) => {
          const outcome = await sink.write(payload, signal);
          const text = payload.blocks.map((block) => new TextDecoder().decode(block)).join('');
          if (outcome.kind === 'delivered') rows.push(...text.split('\n').slice(0, -1));
          return outcome;
        },
      };
      return { sink: watched, received: () => rows, dispose: () => undefined };
    },
  });
  t.end();
});

t.test('it counts', async (t) => {
  const sink = createBlackholeSink();
  await sink.write(ndjsonPayload(['{}', '{"a":1}']), new AbortController().signal);
  t.same(sink.counts, { rows: 2, bytes: 11 });
});
