// The metrics of each role and of the stores between them. docs/metrics.md lists them all.

import type { Clock } from '../clock.ts';
import { type Metrics, one, sharedFor } from '../metrics.ts';
import type { Processors } from '../processor/processor.ts';
import type { ProvisionalFigures } from '../processor/provisional/keep-provisional.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Topics } from '../stores/topics/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import type { Streamer } from '../streamer/streamer.ts';
import { recorderLags } from './lags.ts';

/** Figures that cost a store a look-up are read at most this often, in ms. */
const sharedMs = 1_000;

const provisionalStates: readonly ProvisionalFigures['state'][] = ['owner', 'elsewhere', 'waiting'];

/** Where the chain stands, as the topics say. */
export function metricsOfChain(
  metrics: Metrics,
  chain: () => { readonly head: number | undefined; readonly finalized: number | undefined },
): void {
  metrics.gauge({ name: 'millrace_head_block_number', help: 'Newest block on the topics.' }, () =>
    one(chain().head),
  );
  metrics.gauge({ name: 'millrace_finalized_block_number', help: 'Newest final block on the topics.' }, () =>
    one(chain().finalized),
  );
}

export function metricsOfReorgs(
  metrics: Metrics,
  reorgs: () => { readonly count: number; readonly deepest: number },
): void {
  metrics.counter({ name: 'millrace_reorgs_total', help: 'Reorgs seen by this process.' }, () =>
    one(reorgs().count),
  );
  metrics.gauge(
    {
      name: 'millrace_reorg_deepest_blocks',
      help: 'Blocks undone by the deepest reorg seen by this process.',
    },
    () => one(reorgs().deepest),
  );
}

export function metricsOfStreamer(metrics: Metrics, streamer: Streamer): void {
  metricsOfChain(metrics, () => {
    const { head, finalized } = streamer.figures();
    return { head: head?.number, finalized: finalized?.number };
  });
  metricsOfReorgs(metrics, () => streamer.figures().reorgs);
  metrics.counter(
    { name: 'millrace_published_transactions_total', help: 'Transactions published by this process.' },
    () => one(streamer.figures().transactions),
  );
  metrics.gauge(
    { name: 'millrace_history_backlog_blocks', help: 'Blocks of the present plan not published yet.' },
    () => one(streamer.figures().backlogBlocks),
  );
  metrics.gauge(
    { name: 'millrace_streamer_buffered_bytes', help: 'Answers of nodes read and not yet published.' },
    () => one(streamer.figures().bufferedBytes),
  );
}

export function metricsOfRecorder(metrics: Metrics, recorder: Recorder): void {
  metrics.counter(
    { name: 'millrace_recorded_transactions_total', help: 'Transactions recorded by this process.' },
    () => one(recorder.figures().transactions),
  );
  metrics.counter(
    { name: 'millrace_expired_blocks_total', help: 'Blocks that came older than the retention: not kept.' },
    () => one(recorder.figures().expired),
  );
  metrics.counter(
    {
      name: 'millrace_dead_letters_total',
      help: 'Records that are not of this pipeline, by the topic that had them: parked by this process.',
      labels: ['topic'],
    },
    () => [...recorder.figures().deadLetters].map(([topic, value]) => ({ labels: { topic }, value })),
  );
  metrics.gauge(
    { name: 'millrace_recorder_buffered_bytes', help: 'Final blocks taken in and not yet durable.' },
    () => one(recorder.figures().bufferedBytes),
  );
}

/** How far the recorder is behind, per group and topic. */
export function metricsOfLag(
  metrics: Metrics,
  {
    topics,
    names,
    clock,
  }: { readonly topics: Topics; readonly names: PipelineTopics; readonly clock: Clock },
): void {
  const read = sharedFor(sharedMs, () => recorderLags(topics, names));
  const labels = ['group', 'topic'];
  const perGroup = (value: (lag: Awaited<ReturnType<typeof read>>[number]) => number) => async () =>
    (await read()).map((lag) => ({ labels: { group: lag.group, topic: lag.topic }, value: value(lag) }));
  metrics.gauge(
    { name: 'millrace_lag_records', help: 'Records that the group has not committed.', labels },
    perGroup(({ records }) => records),
  );
  metrics.gauge(
    { name: 'millrace_lag_bytes', help: 'Bytes of those records.', labels },
    perGroup(({ bytes }) => bytes),
  );
  metrics.gauge(
    { name: 'millrace_lag_seconds', help: 'Age of the oldest of them; 0 without any.', labels },
    perGroup(({ oldest }) => (oldest === undefined ? 0 : Math.max(0, (clock.now() - oldest) / 1_000))),
  );
}

/** Which stores answer. */
export function metricsOfStores(metrics: Metrics, answering: () => ReadonlyMap<string, boolean>): void {
  metrics.gauge(
    {
      name: 'millrace_store_up',
      help: '1 when the store answered the last look at it (every 5 s), else 0.',
      labels: ['store'],
    },
    () => [...answering()].map(([store, up]) => ({ labels: { store }, value: up ? 1 : 0 })),
  );
}

/** What the log covers. */
export function metricsOfLog(metrics: Metrics, log: Pick<TransactionLog, 'coverage'>): void {
  const read = sharedFor(sharedMs, () => log.coverage());
  metrics.gauge({ name: 'millrace_coverage_blocks', help: 'Final blocks in the log.' }, async () =>
    one((await read()).reduce((sum, { from, to }) => sum + to - from + 1, 0)),
  );
  metrics.gauge(
    {
      name: 'millrace_coverage_intervals',
      help: 'Runs of final blocks in the log; more than one means gaps.',
    },
    async () => one((await read()).length),
  );
  metrics.gauge(
    { name: 'millrace_coverage_newest_block_number', help: 'Newest final block in the log.' },
    async () => one((await read()).at(-1)?.to),
  );
}

export function metricsOfProcessors(metrics: Metrics, processors: Processors): void {
  const labels = ['owner', 'processor'];
  const each = (value: (figures: ReturnType<Processors['figures']>[number]) => number | undefined) => () =>
    processors.figures().flatMap((figures) => {
      const { owner, name } = figures.spec;
      return one(value(figures)).map((sample) => ({ ...sample, labels: { owner, processor: name } }));
    });
  metrics.gauge(
    {
      name: 'millrace_processor_windows',
      help: 'Windows that have their rows: those at the start of this process and those it has done since.',
      labels,
    },
    each(({ windows }) => windows),
  );
  metrics.gauge(
    { name: 'millrace_processor_rows', help: 'Rows of those windows.', labels },
    each(({ rows }) => rows),
  );
  metrics.gauge(
    {
      name: 'millrace_processor_windows_due',
      help: 'Windows that are covered and have no rows yet, as far as this process has seen.',
      labels,
    },
    each(({ due }) => due),
  );
  metrics.gauge(
    {
      name: 'millrace_processor_newest_window_seconds',
      help: 'Start of the newest window that has its rows, Unix time.',
      labels,
    },
    each(({ newestWindow }) => newestWindow),
  );
  metrics.gauge(
    {
      name: 'millrace_processor_provisional_height',
      help: 'Newest block in the rows of open windows, where this process keeps them.',
      labels,
    },
    each(({ provisional }) => provisional?.height),
  );
  metrics.gauge(
    {
      name: 'millrace_processor_provisional_state',
      help: '1 for what this process is to the rows of open windows: owner, elsewhere (another is), waiting.',
      labels: [...labels, 'state'],
    },
    () =>
      processors.figures().flatMap(({ spec, provisional }) =>
        (provisional ? provisionalStates : []).map((state) => ({
          labels: { owner: spec.owner, processor: spec.name, state },
          value: provisional?.state === state ? 1 : 0,
        })),
      ),
  );
  metrics.counter(
    {
      name: 'millrace_processor_windows_done_total',
      help: 'Windows that this process has computed and written.',
      labels,
    },
    each(({ own }) => own.done),
  );
  metrics.counter(
    {
      name: 'millrace_processor_windows_failed_total',
      help: 'Windows that ended in this process without their rows, by error code; each may be tried again.',
      labels: [...labels, 'code'],
    },
    () =>
      processors.figures().flatMap(({ spec, own }) =>
        [...own.failed].map(([code, value]) => ({
          labels: { owner: spec.owner, processor: spec.name, code },
          value,
        })),
      ),
  );
  metrics.gauge(
    { name: 'millrace_processor_claims_held', help: 'Windows that this process computes now.', labels },
    each(({ own }) => own.claimsHeld),
  );
  metrics.counter(
    {
      name: 'millrace_processor_claims_lost_total',
      help: 'Windows that another process took over from this one before their rows were written.',
      labels,
    },
    each(({ own }) => own.claimsLost),
  );
  metrics.gauge(
    {
      name: 'millrace_processor_failed',
      help: '1 when its SQL failed and the processor has stopped, with the code.',
      labels: [...labels, 'code'],
    },
    () =>
      processors.figures().map(({ spec, state, problem }) => ({
        labels: {
          owner: spec.owner,
          processor: spec.name,
          code: state === 'failed' ? (problem?.code ?? '') : '',
        },
        value: state === 'failed' ? 1 : 0,
      })),
  );
}
