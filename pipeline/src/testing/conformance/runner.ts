// What the kit asks of a test runner: no more than a way to name a test. A property that does not
// hold throws an AssertionError, which every runner shows.

/** A test with a name. Of its arguments the kit uses `pass`, where there is one (tap). */
export type TestFunction = (
  name: string,
  body: (...args: readonly unknown[]) => Promise<void>,
) => unknown;

/**
 * tap's or node:test's `t`, vitest's or jest's `{ test }` or `test`. Tests are registered before
 * the kit's functions return, so that runners which collect first find them all.
 */
export type TestRunner = TestFunction | { readonly test: TestFunction };

export type TestBody = () => Promise<void> | void;

/** Registers the tests in order; resolves when the runner is done with them, as far as it says. */
export async function runAll(
  runner: TestRunner,
  tests: readonly (readonly [name: string, body: TestBody])[],
): Promise<void> {
  const registered = tests.map(([name, body]) => register(runner, name, body));
  await Promise.all(registered);
}

function register(runner: TestRunner, name: string, body: TestBody): unknown {
  // No named parameter: some runners take one for a callback.
  const run = async (...args: readonly unknown[]): Promise<void> => {
    await body();
    const [context] = args;
    if (hasPass(context)) context.pass(name);
  };
  return hasTest(runner) ? runner.test(name, run) : runner(name, run);
}

const hasTest = (runner: TestRunner): runner is { readonly test: TestFunction } =>
  'test' in runner && typeof runner.test === 'function';

/** tap counts assertions, and the kit's are not tap's. */
const hasPass = (context: unknown): context is { pass(name: string): void } =>
  typeof context === 'object' &&
  context !== null &&
  'pass' in context &&
  typeof context.pass === 'function';
