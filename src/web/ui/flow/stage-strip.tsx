// The picture of the flow: chain → topics → log → results, what each of them holds, and between them the stages
// that carry the transactions on, with how far each is, how far behind, how fast, and what it holds in memory.

import { Fragment } from 'react';
import { describeStageLag } from '../../../status/describe-lag.ts';
import { formatBytes, formatCount, formatRate, plural } from '../../../status/figures.ts';
import type { PipelineStatus, StageStatus } from '../../../status/pipeline-status.ts';

interface Store {
  readonly name: string;
  readonly figure: string;
  readonly notes: readonly string[];
}

export function StageStrip({ status }: { readonly status: PipelineStatus }) {
  const stores = storesOf(status);
  return (
    <section aria-label="Flow" className="card flow">
      <ol>
        {stores.map((store, at) => (
          <Fragment key={store.name}>
            {at > 0 && <Stage stage={stageBefore(status, at)} status={status} />}
            <li className="store">
              <h3>{store.name}</h3>
              <p className="figure">{store.figure}</p>
              {store.notes.map((note) => (
                <p className="quiet note" key={note} title={note}>
                  {note}
                </p>
              ))}
            </li>
          </Fragment>
        ))}
      </ol>
    </section>
  );
}

const carriers = ['streamer', 'recorder', 'processor'] as const;

function stageBefore(status: PipelineStatus, at: number): StageStatus | undefined {
  return status.stages.find((stage) => stage.name === carriers[at - 1]);
}

function Stage(props: { readonly stage: StageStatus | undefined; readonly status: PipelineStatus }) {
  const { stage, status } = props;
  if (!stage) return <li className="stage" aria-hidden="true" />;
  const lag = describeStageLag(stage, status);
  const { transactionsPerSecond: rate, bufferedBytes } = stage;
  const moving = rate !== undefined && rate > 0;
  return (
    <li className={moving ? 'stage moving' : 'stage'} data-stage={stage.name}>
      <h3>{stage.name}</h3>
      {rate !== undefined && (
        <p className="rate">
          <strong>{formatRate(rate)}</strong> tx/s
        </p>
      )}
      <div className="arrow" aria-hidden="true" />
      <dl>
        <div>
          <dt>height</dt>
          <dd>{stage.height === undefined ? '–' : formatCount(stage.height)}</dd>
        </div>
        {lag !== '–' && (
          <div>
            <dt>lag</dt>
            <dd className={lag === 'none' ? 'good' : undefined}>{lag}</dd>
          </div>
        )}
        {bufferedBytes !== undefined && (
          <div>
            <dt>buffer</dt>
            <dd>{formatBytes(bufferedBytes)}</dd>
          </div>
        )}
      </dl>
      {stage.detail && (
        <p className="quiet detail" title={stage.detail}>
          {stage.detail}
        </p>
      )}
    </li>
  );
}

function storesOf(status: PipelineStatus): readonly Store[] {
  const { log, topics, processors } = status;
  const tables = processors.filter(({ table }) => table !== '').length;
  const windows = processors.reduce((sum, processor) => sum + processor.windowsDone, 0);
  return [
    {
      name: 'Chain',
      figure: status.head ? formatCount(status.head.number) : '–',
      notes: status.endpoints.length > 0 ? status.endpoints : ['no node yet'],
    },
    {
      name: 'Topics',
      figure: formatCount(topics.records),
      notes: ['records', ...(topics.bytes === undefined ? [] : [formatBytes(topics.bytes)])],
    },
    {
      name: 'Transaction log',
      figure: formatCount(log.transactions),
      notes: [
        `transactions in ${plural(log.blocks, 'block')}`,
        `${formatCount(log.logs)} logs · ${formatBytes(log.bytes)}`,
      ],
    },
    {
      name: 'Results',
      figure: formatCount(windows),
      notes: [`${windows === 1 ? 'window' : 'windows'} of ${plural(tables, 'table')}`],
    },
  ];
}
