// Events of the five named vendors over real syslog into the table, with their key fields.
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { sleep, WeirProcess } from '@weir/harness';
import type { Proof, ProofContext } from '../../harness/proof.js';
import { fail, type ProofResult, pass } from '../../harness/report.js';
import { VENDORS, type Vendor, type VendorEvent } from './vendors.js';

const EVENTS_PER_VENDOR = 2_000;
const VERIFY_WAIT_SECONDS = 60;
/** Datagrams between pauses, so that the kernel's queue is never full. */
const DATAGRAMS_PER_BURST = 50;
/** Planted: the packs are off, as if nobody had written them. */
const PACKS_OFF = {
  transforms: { headers_only: { type: 'parse', inputs: ['*'], pack: 'syslog_3164' } },
  sinks: { store: { type: 'clickhouse', inputs: ['headers_only'] } },
};

export const protocolPacks: Proof = {
  name: 'protocol_packs',
  summary:
    'events of Fortinet, Palo Alto, Cisco, F5 and Zeek over UDP and TCP: source, destination, ' +
    'action and more of each event stand in their columns',
  sabotages: ['packs_off', 'drop_event'],
  needs: { cores: 1, diskMiB: 1024, memoryMiB: 1024, privileges: [], expectedSeconds: 25 },
  run: prove,
};

async function prove(context: ProofContext): Promise<ProofResult> {
  const { directory, seed, sabotage, say } = context;
  const flags: string[] = [];
  if (sabotage === 'packs_off') {
    const file = join(directory, 'packs-off.json');
    writeFileSync(file, JSON.stringify(PACKS_OFF));
    flags.push('--config', file);
  }
  const environment = sabotage === 'drop_event' ? { WEIR_SABOTAGE: sabotage } : {};
  const weir = new WeirProcess(join(directory, 'data'), environment, flags);
  await weir.start();
  const sent = new Map<string, VendorEvent>();
  try {
    for (const vendor of VENDORS) {
      const first = 1 + (Math.abs(seed) % 1000) + VENDORS.indexOf(vendor) * 100_000;
      const events = Array.from({ length: EVENTS_PER_VENDOR }, (_, i) => vendor.event(first + i));
      for (const event of events) sent.set(event.raw, event);
      await send(weir.syslogAddress, vendor, events);
      say(`${vendor.name}: ${events.length} events sent over ${vendor.protocol}`);
    }
    const verified = await weir.verify(VERIFY_WAIT_SECONDS);
    const figures = await compare(weir, sent, say);
    const { wrongCount, missingCount, firstProblem } = figures;
    const lost = wrongCount + missingCount;
    const facts = { ...figures, sentCount: sent.size, verifyExitCode: verified.code };
    if (lost > 0)
      return fail(`${lost} events lost, or a key field of them: ${firstProblem}`, facts);
    if (verified.code !== 0) return fail(`the ledger does not close: ${verified.stderr}`, facts);
    return pass(facts);
  } finally {
    await weir.stop();
  }
}

async function send(address: string, vendor: Vendor, events: readonly VendorEvent[]) {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  const port = Number(address.slice(colon + 1));
  if (vendor.protocol === 'udp') {
    const socket = createSocket('udp4');
    for (const [index, { raw }] of events.entries()) {
      await new Promise<void>((done) => socket.send(raw, port, host, () => done()));
      if (index % DATAGRAMS_PER_BURST === 0) await sleep(5);
    }
    socket.close();
    return;
  }
  const socket = connect(port, host);
  await new Promise<void>((done, failed) => socket.once('connect', done).once('error', failed));
  const lines = [...(vendor.header === '' ? [] : [vendor.header]), ...events.map(({ raw }) => raw)];
  await new Promise<void>((done) => socket.end(`${lines.join('\n')}\n`, () => done()));
}

interface Comparison {
  readonly storedCount: number;
  readonly missingCount: number;
  readonly wrongCount: number;
  readonly firstProblem: string;
  /** Of one event of each pack: every field that it has. */
  readonly samples: readonly string[];
}

async function compare(
  weir: WeirProcess,
  sent: ReadonlyMap<string, VendorEvent>,
  say: ProofContext['say'],
): Promise<Comparison> {
  const names = [...new Set([...sent.values()].flatMap(({ fields }) => Object.keys(fields)))];
  const columns = names.map((name) => `ifNull(toString(${name}), '')`).join(', ');
  const rows = await weir.query(
    `SELECT base64Encode(raw_data), toString(parser), ${columns} FROM dev.events`,
  );
  const seen = new Set<string>();
  const samples: Record<string, string> = {};
  let wrongCount = 0;
  let firstProblem = '';
  for (const [raw64 = '', parser = '', ...values] of rows) {
    const raw = Buffer.from(raw64, 'base64').toString();
    const event = sent.get(raw);
    if (event === undefined) continue;
    seen.add(raw);
    const found = new Map(names.map((name, index) => [name, values[index] ?? '']));
    const wrong = Object.entries(event.fields).filter(([name, value]) => found.get(name) !== value);
    if (wrong.length > 0) {
      wrongCount++;
      const [name = '', value = ''] = wrong[0] ?? [];
      if (firstProblem === '')
        firstProblem = `${parser}: ${name} is "${found.get(name)}", not "${value}"`;
    } else if (samples[parser] === undefined) {
      const shown = Object.keys(event.fields).map((name) => `${name}=${found.get(name)}`);
      samples[parser] = shown.join(' ');
      say(`${parser}: ${samples[parser]}`);
    }
  }
  const missing = [...sent.keys()].filter((raw) => !seen.has(raw));
  if (firstProblem === '' && missing[0] !== undefined)
    firstProblem = `not in the table: ${missing[0].slice(0, 120)}`;
  return {
    storedCount: seen.size,
    missingCount: missing.length,
    wrongCount,
    firstProblem,
    samples: Object.entries(samples).map(([parser, shown]) => `${parser}: ${shown}`),
  };
}
