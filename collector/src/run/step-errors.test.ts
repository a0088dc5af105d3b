// Scenario: a component that throws at every event.
// Guarantees: its text is in the log at once, then at most once a minute, with all that were
// untold.
import { SimClock } from '@weir/pipeline/testing';
import t from 'tap';
import { type StepError, StepErrors } from './step-errors.js';

const failed = (component: string, failedEvents: number, firstError?: string) => ({
  component,
  receivedEvents: 10,
  sentEvents: 10,
  failedEvents,
  ...(firstError === undefined ? {} : { firstError }),
});

t.test('the first at once, then one a minute', async (t) => {
  const clock = new SimClock();
  const told: StepError[] = [];
  const errors = new StepErrors(clock, (error) => told.push(error));
  errors.note(failed('a', 0));
  errors.note(failed('a', 1));
  errors.note(failed('a', 2, 'no such host'));
  errors.note(failed('a', 3, 'other'));
  errors.note(failed('b', 1, 'b, too'));
  t.strictSame(told, [
    { component: 'a', failedEvents: 2, message: 'no such host' },
    { component: 'b', failedEvents: 1, message: 'b, too' },
  ]);
  await clock.advance(60_000);
  errors.note(failed('a', 4, 'still'));
  t.strictSame(told.slice(2), [{ component: 'a', failedEvents: 7, message: 'still' }]);
});
