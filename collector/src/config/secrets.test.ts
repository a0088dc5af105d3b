// Scenario: secrets in files and variables, right and wrong.
// Guarantees: the value takes the place of the reference; no message and no printed configuration
// shows a secret.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@weir/pipeline';
import t, { type Test } from 'tap';
import { loadConfig } from './load.js';
import { withoutSecrets } from './secrets.js';

const ALONE = { WEIR_SYSTEM_DIR: '' };
const CONFIG = `
[store]
url = "env:STORE_URL"
username = "weir"
password = "file:store-password"
[sinks.siem]
type = "http"
inputs = ["mine"]
url = "https://user:topsecret@siem.example/in?key=topsecret&b=topsecret"
headers = { Authorization = "file:token", X-Plain = "topsecret" }
[transforms.mine]
type = "enrich"
inputs = ["*"]
module = "./x.js"
options = { api_key = "topsecret", table = "sites.csv" }
`;

function folder(t: Test, token: string | null): string {
  const path = t.testdir({ 'a.toml': CONFIG });
  const files = { 'store-password': 'topsecret\n', token };
  for (const [name, text] of Object.entries(files)) {
    if (text === null) continue;
    writeFileSync(join(path, name), text);
    chmodSync(join(path, name), 0o600);
  }
  return path;
}

const environment = { ...ALONE, STORE_URL: 'https://me:topsecret@store.example:8443' };

t.test('references are replaced, and nothing is shown', async (t) => {
  const path = folder(t, 'Bearer topsecret \n');
  const { config, warnings } = loadConfig({ config: join(path, 'a.toml') }, environment);
  t.same(warnings, []);
  t.equal(config.store.password, 'topsecret');
  t.equal(config.store.url, 'https://me:topsecret@store.example:8443');
  t.match(config.sinks.siem, { headers: { Authorization: 'Bearer topsecret' } });
  const shown = withoutSecrets(config);
  t.notMatch(JSON.stringify(shown), /topsecret/);
  t.match(shown, {
    store: { url: 'https://***@store.example:8443', username: 'weir', password: '***' },
    sinks: {
      siem: {
        url: 'https://***@siem.example/in?key=***&b=***',
        headers: { Authorization: '***', 'X-Plain': '***' },
      },
    },
    transforms: { mine: { options: { api_key: '***', table: 'sites.csv' } } },
  });
  t.match(JSON.stringify(config), /topsecret/, 'the configuration itself is untouched');
});

t.test('a file that everyone may read is a warning', async (t) => {
  const path = folder(t, 'x');
  writeFileSync(join(path, 'a.toml'), '[store]\npassword = "file:store-password"\n');
  chmodSync(join(path, 'store-password'), 0o644);
  const { warnings } = loadConfig({ config: join(path, 'a.toml') }, ALONE);
  t.match(warnings, [/^\/store\/password is read from store-password, .*mode 0644.*chmod 600/]);
});

const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ['password = "file:none"', /\/store\/password cannot be read from none: no such file/],
  ['password = "file:empty"', /\/store\/password is to be read from empty, which is empty/],
  ['password = "file:two"', /\/store\/password must match pattern .*; got a secret/],
  ['password = "env:NOT_SET"', /\/store\/password takes its value from NOT_SET, which is not set/],
  ['password = ["topsecret"]', /\/store\/password must be text; got a secret/],
  ['url = "ftp://u:topsecret@x/?k=topsecret"', /\/store\/url must match .*\*\*\*@x/],
  ['url = "file:token"', /\/store\/url must match .*; got text that is none/],
];
t.test('what is wrong with a secret is said without it', async (t) => {
  const path = folder(t, 'topsecret:no url');
  writeFileSync(join(path, 'empty'), ' \n');
  writeFileSync(join(path, 'two'), 'topsecret\ntopsecret');
  for (const [line, expected] of MISTAKES) {
    writeFileSync(join(path, 'b.toml'), `[store]\n${line}\n`);
    let message = 'nothing was wrong';
    try {
      loadConfig({ config: join(path, 'b.toml') }, ALONE);
    } catch (error) {
      message = messageOf(error);
    }
    t.match(message, expected, line);
    t.notMatch(message.replaceAll(path, ''), /topsecret/, line);
  }
});

t.test('wrong headers are not shown', async (t) => {
  const path = t.testdir({
    'a.yaml': 'sinks: {a: {type: http, url: "http://a/", headers: "topsecret"}}',
    'b.yaml': 'sinks: {a: {type: http, url: "http://a/", headers: {X: ["topsecret"]}}}',
  });
  for (const name of ['a.yaml', 'b.yaml']) {
    t.throws(() => loadConfig({ config: join(path, name) }, ALONE), { message: /got a secret/ });
  }
});
