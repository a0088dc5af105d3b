// Asking a running instance over its control socket.
import { type IncomingMessage, request } from 'node:http';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type FailureRecord, messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import type { RequeueReport, RequeueRequest } from '@weir/sinks/clickhouse';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import type { StatusReport } from '../run/control/index.js';
import { readRunFile } from '../run/data-directory.js';
import type { GraphView } from '../run/graph-view.js';

export interface DataFlag {
  readonly data?: string;
}

export const addDataOption = (command: Command): Command =>
  command.option('--data <dir>', 'data directory of the instance (default ./var)');

/** A line of the answer to a requeue. */
interface RequeueLine {
  readonly progress?: RequeueReport;
  readonly report?: RequeueReport;
  readonly failure?: FailureRecord;
}

/** An answer that was not 200. */
interface Refusal {
  readonly message?: string;
}

export class ControlClient {
  readonly socketPath: string;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  status(): Promise<StatusReport> {
    return this.#json('/status');
  }

  graph(): Promise<GraphView> {
    return this.#json('/graph');
  }

  /** NDJSON of a tap, a line at a time, until it ends or the signal aborts. */
  async *tap(query: URLSearchParams, signal: AbortSignal): AsyncGenerator<unknown> {
    const reply = await this.#ask('GET', `/tap?${query}`, signal);
    await refuse(reply);
    try {
      for await (const line of createInterface({ input: reply })) yield JSON.parse(line);
    } catch (error) {
      if (!signal.aborted) throw gone(error);
    }
  }

  /** Resolves with what became of the rows; rejects as the instance did. */
  async requeue(
    wanted: RequeueRequest,
    signal: AbortSignal,
    onProgress: (report: RequeueReport) => void,
  ): Promise<RequeueReport> {
    const reply = await this.#ask('POST', '/quarantine/requeue', signal, JSON.stringify(wanted));
    await refuse(reply);
    try {
      for await (const text of createInterface({ input: reply })) {
        const line = JSON.parse(text) as RequeueLine;
        if (line.progress !== undefined) onProgress(line.progress);
        if (line.report !== undefined) return line.report;
        if (line.failure !== undefined)
          throw new WeirError(line.failure.code, line.failure.message, line.failure.details);
      }
    } catch (error) {
      throw error instanceof WeirError ? error : gone(error);
    }
    throw new WeirError('WEIR_NOT_RUNNING', 'the instance has stopped');
  }

  /** The tap ends, after its last counts. */
  async endTap(id: number): Promise<void> {
    const reply = await this.#ask('DELETE', `/tap/${id}`);
    reply.resume();
  }

  async #json<Answer>(path: string): Promise<Answer> {
    const reply = await this.#ask('GET', path);
    await refuse(reply);
    return JSON.parse(await textOf(reply)) as Answer;
  }

  #ask(
    method: string,
    path: string,
    signal?: AbortSignal,
    body?: string,
  ): Promise<IncomingMessage> {
    const { socketPath } = this;
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const options = { socketPath, path, method, agent: false, signal, headers };
      const sent = request(options, resolve);
      sent.on('error', (error) => reject(gone(error)));
      sent.end(body);
    });
  }
}

/**
 * The instance that runs on the data directory: the one given, else the one that `weir run` would
 * take here. Throws WEIR_NOT_RUNNING.
 */
export function findControl(flags: DataFlag): ControlClient {
  const directory = resolve(flags.data ?? loadConfig({}, process.env).config.data_dir);
  const running = readRunFile(directory);
  if (running === null) {
    throw new WeirError(
      'WEIR_NOT_RUNNING',
      `nothing runs on ${directory}; start one with weir run, or name its directory with --data`,
    );
  }
  return new ControlClient(running.controlSocket ?? join(directory, 'control.sock'));
}

async function refuse(reply: IncomingMessage): Promise<void> {
  if (reply.statusCode === 200) return;
  const { message } = JSON.parse(await textOf(reply)) as Refusal;
  throw new WeirError('WEIR_USAGE', message ?? `the instance answered ${reply.statusCode}`);
}

async function textOf(reply: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of reply as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

function gone(error: unknown): WeirError {
  const code = systemCodeOf(error);
  if (code === 'EACCES') {
    return new WeirError(
      'WEIR_NOT_RUNNING',
      'the control socket may be used only by the user that runs the instance',
    );
  }
  const isGone = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'];
  if (isGone.includes(code) || messageOf(error) === 'aborted') {
    return new WeirError('WEIR_NOT_RUNNING', 'the instance has stopped');
  }
  return new WeirError('WEIR_NOT_RUNNING', `cannot ask the instance: ${messageOf(error)}`);
}
