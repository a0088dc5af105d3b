// Scenario: errors of files, sockets and TLS.
// Guarantees: people get one line, in words where the code is known.
import t from 'tap';
import { lineOf, reasonOf } from './system-reason.js';

const systemError = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code });
const refused = systemError('ECONNREFUSED', 'connect ECONNREFUSED 192.0.2.1:1');
const noTls = systemError(
  'ERR_SSL_WRONG_VERSION_NUMBER',
  '40A7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:ssl3_record.c:354:\n',
);

t.test('words for people', async (t) => {
  t.equal(reasonOf(systemError('ENOENT', "ENOENT: no such file, open 'x'")), 'no such file');
  t.equal(reasonOf(refused), 'connection refused');
  t.equal(reasonOf(new AggregateError([refused, refused])), 'connection refused');
  t.equal(reasonOf(systemError('EWHAT', 'odd\nmore')), 'odd (EWHAT)');
  t.equal(reasonOf(systemError('EWHAT', '')), 'EWHAT');
  t.equal(reasonOf('text'), 'text');
  t.equal(reasonOf(new Error('')), 'no reason was given');
});

t.test('the first line as it is', async (t) => {
  t.equal(lineOf(new AggregateError([refused])), 'connect ECONNREFUSED 192.0.2.1:1');
  t.equal(lineOf(noTls), 'the other side does not speak TLS; is it http:// instead?');
});
