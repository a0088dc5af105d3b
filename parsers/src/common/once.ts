/**
 * What `make` makes, made when it is first asked for. For tables that take megabytes in each thread:
 * an agent that forwards without parsing never needs them.
 */
export function once<Made extends object>(make: () => Made): () => Made {
  let made: Made | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
