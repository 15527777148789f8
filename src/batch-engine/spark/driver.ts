// Spark's driver as a process of ours: started at the first job, kept, started again at the next job when it died. It is told
// and answers by JSON lines (spark/Driver.java), and ends with this process, because its input ends then.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';

const START_MS = 5 * 60_000;
/** A cancelled job that has not ended by then takes the driver with it. */
const CANCEL_MS = 20_000;
const END_MS = 5_000;
const LINE_LENGTH = 2_000;

/** How Java says that its memory did not suffice (ExitOnOutOfMemoryError). */
const OUT_OF_MEMORY = 3;

/** What Java 17 keeps from Spark else. */
const opened = [
  ...'lang lang.invoke lang.reflect io net nio util util.concurrent util.concurrent.atomic'
    .split(' ')
    .map((name) => `java.base/java.${name}`),
  'java.base/jdk.internal.ref',
  'java.base/sun.nio.ch',
  'java.base/sun.nio.cs',
  'java.base/sun.security.action',
  'java.base/sun.util.calendar',
  'java.security.jgss/sun.security.krb5',
].map((name) => `--add-opens=${name}=ALL-UNNAMED`);

export interface DriverOptions {
  readonly classPath: string;
  readonly heapBytes: number;
  readonly loggingFile: string;
  readonly tempFolder: string;
  readonly conf: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Fields beside `job`: see spark/Driver.java. */
export type Job = Readonly<Record<string, unknown>>;

/** What the driver says went wrong with a job. */
export interface JobFailure {
  readonly kind: string;
  readonly message: string;
}

interface Waiting {
  readonly resolve: (rows: number) => void;
  readonly reject: (reason: unknown) => void;
}

type Answer = Partial<JobFailure> & { readonly job?: string; readonly rows?: number };

export class JobFailed extends Error {
  readonly kind: string;

  constructor({ kind, message }: JobFailure) {
    super(message);
    this.kind = kind;
  }
}

export class Driver {
  readonly #options: DriverOptions;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #jobs = new Map<string, Waiting>();
  readonly #ready: Promise<void>;
  readonly #ended: Promise<unknown>;
  #jobNumber = 0;
  #lastWords = '';
  alive = true;

  constructor(options: DriverOptions) {
    this.#options = options;
    const { heapBytes, classPath, loggingFile, tempFolder } = options;
    const flags = [
      ...opened,
      '-Djdk.reflect.useDirectMethodHandle=false',
      `-Xmx${Math.ceil(heapBytes / 1024 / 1024)}m`,
      '-XX:MaxMetaspaceSize=384m',
      '-XX:+ExitOnOutOfMemoryError',
      '-Dfile.encoding=UTF-8',
      '-Duser.timezone=UTC',
      '-Duser.language=en',
      `-Djava.io.tmpdir=${tempFolder}`,
      `-Dlog4j2.configurationFile=${loggingFile}`,
    ];
    this.#child = spawn('java', [...flags, '-cp', classPath, 'dev.millrace.spark.Driver'], { stdio: 'pipe' });
    // A write to one that has died: its end is told by `exit`.
    this.#child.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(this.#died(`java cannot be started: ${error.message}`)));
      this.#child.once('exit', (code, signal) =>
        resolve(this.#died(`its driver ended (${signal ?? code})`, code === OUT_OF_MEMORY)),
      );
    });
    options.logger.info(
      { pid: this.#child.pid, master: options.conf['spark.master'] },
      "Spark's driver starts",
    );
    this.#listen();
    this.#ready = new Promise((resolve, reject) => {
      this.#jobs.set('', { resolve: () => resolve(), reject });
    });
    // Told to whoever runs a job.
    this.#ready.catch(() => undefined);
    this.#tell({ conf: options.conf });
    void this.#limitStart();
  }

  /** Rows written. @throws JobFailed, SparkUnusable, the signal's reason */
  async run(job: Job, signal: AbortSignal): Promise<number> {
    await this.#readyOr(signal);
    if (!this.alive) throw this.#end('its driver has ended');
    const id = `millrace-${++this.#jobNumber}`;
    const answer = new Promise<number>((resolve, reject) => this.#jobs.set(id, { resolve, reject }));
    const cancel = () => {
      this.#tell({ cancel: id });
      void this.#limitCancel(id);
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      this.#tell({ ...job, job: id });
      return await answer;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  async #readyOr(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise: given, reject } = Promise.withResolvers<never>();
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await Promise.race([this.#ready, given]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async close(): Promise<void> {
    if (!this.alive) return;
    this.#child.stdin.end();
    const late = new AbortController();
    const kill = this.#options.clock.sleep(END_MS, late.signal).then(
      () => this.#child.kill('SIGKILL'),
      () => undefined, // It ended in time.
    );
    await this.#ended;
    late.abort();
    await kill;
  }

  #tell(order: Readonly<Record<string, unknown>>): void {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  #listen(): void {
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.#said(line));
  }

  #hear(line: string): void {
    const answer = parseAnswer(line);
    if (!answer) {
      this.#said(line);
      return;
    }
    const id = answer.job ?? '';
    const waiting = this.#jobs.get(id);
    this.#jobs.delete(id);
    if (answer.kind === undefined) waiting?.resolve(answer.rows ?? 0);
    else waiting?.reject(new JobFailed({ kind: answer.kind, message: answer.message ?? '' }));
  }

  #said(line: string): void {
    this.#lastWords = line.slice(0, LINE_LENGTH);
    this.#options.logger.debug({ spark: this.#lastWords }, 'spark says');
  }

  /** A job that was alone and took all memory is at fault itself, and would do it again. */
  #died(problem: string, outOfMemory = false): void {
    this.alive = false;
    const atFault = outOfMemory && this.#jobs.size === 1;
    const error = atFault
      ? new JobFailed({
          kind: 'limit',
          message: `memory: Spark's driver has ${this.#options.heapBytes} bytes`,
        })
      : this.#end(problem);
    for (const { reject } of this.#jobs.values()) reject(error);
    this.#jobs.clear();
  }

  #end(problem: string): MillraceError {
    const said = this.#lastWords === '' ? '' : `: ${this.#lastWords}`;
    return new MillraceError('SparkUnusable', { problem: `${problem}${said}` });
  }

  async #limitStart(): Promise<void> {
    const begun = new AbortController();
    void Promise.race([this.#ready.catch(() => undefined), this.#ended]).then(() => begun.abort());
    await this.#options.clock.sleep(START_MS, begun.signal).then(
      () => this.#child.kill('SIGKILL'),
      () => undefined, // It started, or ended.
    );
  }

  async #limitCancel(id: string): Promise<void> {
    const ended = new AbortController();
    void this.#ended.then(() => ended.abort());
    await this.#options.clock.sleep(CANCEL_MS, ended.signal).catch(() => undefined); // It died.
    if (this.#jobs.has(id)) this.#child.kill('SIGKILL');
  }
}

/** Undefined for a line that is no answer: Java itself tells on stdout that its memory did not suffice. */
function parseAnswer(line: string): Answer | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return undefined;
  }
}
