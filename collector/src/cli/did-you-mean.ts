// Commander names the nearest command and option by itself; this does the same for the words that a
// value may be.
import { nearestOf } from '@weir/pipeline/config';
import { type Argument, InvalidArgumentError, type Option } from 'commander';

/** The words stand in the help and in completion scripts, as with `choices`. */
export function withChoices<T extends Option | Argument>(value: T, words: readonly string[]): T {
  value.choices(words);
  value.argParser((given: string) => {
    if (words.includes(given)) return given;
    const nearest = nearestOf(given, words);
    const hint = nearest === null ? '' : `Did you mean ${nearest}? `;
    throw new InvalidArgumentError(`${hint}Allowed choices are ${words.join(', ')}.`);
  });
  return value;
}
