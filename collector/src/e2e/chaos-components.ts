// A component for the chaos test: the event says what it does.
import { defineEnricher } from '@weir/pipeline';

export const misbehaves = defineEnricher({
  name: 'misbehaves',
  enrich(event) {
    const text = event.rawText();
    if (text.includes('please throw')) throw new Error('as you wish');
    if (text.includes('please hang')) for (;;);
    if (text.includes('please exit')) process.exit(0);
    if (text.includes('please recurse')) recurse(text);
    if (text.includes('please fill')) {
      const kept: number[][] = [];
      for (;;) kept.push(new Array<number>(100_000).fill(kept.length));
    }
  },
});

const recurse = (text: string): string => `${recurse(`${text}.`)}.`;
