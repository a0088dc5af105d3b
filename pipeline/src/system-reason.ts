// Errors of the system and of libraries in words for people: one line, and no code where words say
// it.
import { messageOf, systemCodeOf } from './errors.js';

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EAI_AGAIN: 'the name cannot be resolved at the moment',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the other side',
  EHOSTUNREACH: 'no way to the host',
  EISDIR: 'is a directory',
  ENETUNREACH: 'no way to the network',
  ENOENT: 'no such file',
  ENOTDIR: 'a part of the path is no directory',
  ENOTFOUND: 'no such host name',
  ETIMEDOUT: 'no answer in time',
};

/** OpenSSL's words for an answer that is no TLS record. */
const NO_TLS = /wrong version number|packet length too long|WRONG_VERSION_NUMBER/;

/** Why a file or another machine gave an error: words where there are some, else its first line. */
export function reasonOf(error: unknown): string {
  const first = firstOf(error);
  return WORDS[systemCodeOf(first)] ?? lineOf(first);
}

/**
 * The first line of an error as it is, with its code, which says address and port too; of TLS with
 * a server that speaks none, what that means.
 */
export function lineOf(error: unknown): string {
  const first = firstOf(error);
  const code = systemCodeOf(first);
  const text = messageOf(first);
  if (NO_TLS.test(text) || NO_TLS.test(code))
    return 'the other side does not speak TLS; is it http:// instead?';
  const [line = ''] = text.trim().split(/[\r\n]/, 1);
  if (line === '') return code === '' ? 'no reason was given' : code;
  return code === '' || line.includes(code) ? line : `${line} (${code})`;
}

/** Several addresses of one name that all failed make one error with no text of its own. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0
    ? firstOf(error.errors[0])
    : error;
}
