// Commander names the nearest command and option by itself; this does the same for the words that a
// value may be.
import { WeirError } from '@weir/pipeline';
import { nearestOf } from '@weir/pipeline/config';
import type { Argument, Option } from 'commander';

/**
 * The words stand in the help and in completion scripts, as with `choices`. Another word throws
 * WEIR_USAGE.
 */
export function withChoices<T extends Option | Argument>(value: T, words: readonly string[]): T {
  value.choices(words);
  const name = 'flags' in value ? value.flags : value.name();
  value.argParser((given: string) => {
    if (words.includes(given)) return given;
    const nearest = nearestOf(given, words);
    const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
    throw new WeirError(
      'WEIR_USAGE',
      `${name} must be one of ${words.join(', ')}; got ${JSON.stringify(given)}${hint}`,
    );
  });
  return value;
}
