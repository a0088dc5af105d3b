// What an error of the client means to us. Everything that is not a clear refusal by the server is
// uncertain: the statement may have taken effect.
import { messageOf, systemCodeOf, WeirError } from '@weir/pipeline';

/**
 * Exception codes of ClickHouse after which the same statement may succeed later: memory, timeouts,
 * too many queries or parts, read-only, network, shutting down.
 */
const TRANSIENT_CODES = new Set([
  159, 160, 164, 202, 203, 209, 210, 236, 241, 242, 243, 252, 285, 319, 394, 425, 473, 519, 745,
  999,
]);

export function storeError(error: unknown, url: string): WeirError {
  if (error instanceof WeirError) return error;
  const code = systemCodeOf(error);
  // ClickHouseError.code is the number of the exception, as text.
  if (/^\d+$/.test(code)) {
    const number = Number(code);
    const details = { code: number, transient: TRANSIENT_CODES.has(number) };
    return new WeirError('WEIR_STORE_REJECTED', messageOf(error), details, error);
  }
  const where = withoutPassword(url);
  return new WeirError(
    'WEIR_STORE_UNREACHABLE',
    `ClickHouse at ${where} cannot be reached: ${messageOf(error) || code}`,
    { url: where, code },
    error,
  );
}

/**
 * Codes that blame the data of an INSERT, not its statement, table, rights or the server's state:
 * values that do not parse, convert or fit, broken constraints, malformed blocks.
 */
const DATA_CODES = new Set([
  6, 25, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 128, 131, 190, 321, 349, 395, 407, 469,
]);

/** True when the server refused an INSERT for the rows it carried. */
export function isDataError(error: unknown): boolean {
  return (
    error instanceof WeirError &&
    error.code === 'WEIR_STORE_REJECTED' &&
    DATA_CODES.has(Number(error.details.code))
  );
}

/** True when sending the very same statement again cannot help. */
export function isDeterministic(error: unknown): boolean {
  return (
    error instanceof WeirError &&
    error.code === 'WEIR_STORE_REJECTED' &&
    error.details.transient === false
  );
}

function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    parsed.password = '';
    parsed.username = '';
    return parsed.toString();
  } catch {
    return 'an invalid URL';
  }
}
