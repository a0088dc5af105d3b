// A parser made of regular expressions of the user (RE2), for logs that no pack knows. It is asked
// before the packs; what no pattern matches is theirs.
import {
  type ColumnWriter,
  FIELD,
  type Parser,
  type ParseVerdict,
  type RawBatch,
  WeirError,
} from '@weir/pipeline';
import type { Matcher } from 're2js';
import { FieldWriter } from '../common/fields.js';
import { lineEnd } from '../common/own-header.js';
import { writeMessage } from '../syslog/write.js';
import { compileRegex, type GroupPlan, type RegexSpec } from './pattern.js';

export { compileRegex, type RegexProblem, type RegexSpec } from './pattern.js';

/** Longer ones are left to the packs, so that no event takes a worker for long. */
export const REGEX_TEXT_BYTES_MAX = 64 * 1024;
const NO_BYTES = new Uint8Array(0);

interface Compiled {
  readonly matcher: Matcher;
  readonly groups: readonly GroupPlan[];
}

/** Name and version that its rows have as `parser` and `parser_version`. */
const NAME = 'regex';
const VERSION = '1';

/** Throws WEIR_CONFIG_INVALID with all mistakes, one a line. */
export function regexParser(spec: RegexSpec): Parser & { rule(): string } {
  const { plans, problems } = compileRegex(spec);
  if (plans === null)
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      problems.map(({ path, message }) => `${path} ${message}`).join('\n'),
    );
  // A matcher keeps its memory from one text to the next.
  const all = plans.map(({ pattern, groups }) => ({ matcher: pattern.matcher(NO_BYTES), groups }));
  const fields = new FieldWriter();
  let taken = -1;
  return {
    name: NAME,
    version: VERSION,
    parse(
      batch: RawBatch,
      row: number,
      start: number,
      end: number,
      out: ColumnWriter,
    ): ParseVerdict {
      const last = lineEnd(batch.bytes, start, end);
      taken = -1;
      if (last - start > REGEX_TEXT_BYTES_MAX) return 'no';
      const text = batch.bytes.subarray(start, last);
      for (let i = 0; i < all.length; i++) {
        const { matcher, groups } = all[i] as Compiled;
        matcher.resetMatcherInput(text);
        if (!matcher.find()) continue;
        taken = i;
        fields.begin(batch, row, out);
        for (const group of groups) writeGroup(matcher, group, start, fields);
        fields.finish();
        if (batch.format === 'syslog' && !out.has(row, FIELD.message))
          writeMessage(batch, row, start, end, out);
        return 'parsed';
      }
      return 'no';
    },
    rule: () => (taken < 0 ? '' : `pattern ${taken + 1}`),
  };
}

/** A group that took no part in the match, or is empty, says no more than an absent one. */
function writeGroup(matcher: Matcher, group: GroupPlan, base: number, fields: FieldWriter): void {
  const { index, key, target, isUnmapped } = group;
  const start = matcher.start(index);
  const end = matcher.end(index);
  if (start < 0 || end <= start) return;
  const [from, to] = [base + start, base + end];
  if (isUnmapped) fields.keep(key, from, to);
  else if (target === null) fields.pair(key, 0, key.length, -1, from, to, true, from);
  else fields.put(target, key, from, to);
}
