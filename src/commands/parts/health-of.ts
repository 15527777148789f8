// What readiness asks of each role: what keeps it from its work, and where its stages stand. The same in `millrace run`
// and in a role alone.

import type { ChainReader } from '../../chain/reader.ts';
import { isMillraceError } from '../../errors.ts';
import type { Processors } from '../../processor/processor.ts';
import { type Recorder, recorderGroups } from '../../recorder/recorder.ts';
import type { Health } from '../../status/health.ts';
import { recordedTopics } from '../../status/lags.ts';
import type { StagePlace } from '../../status/stuck-watch.ts';
import { type StoreKey, type Stores, storeNames } from '../../stores/opening/stores.ts';
import type { PipelineTopics } from '../../stores/topics/pipeline-topics.ts';
import type { Topics } from '../../stores/topics/port.ts';
import type { Streamer } from '../../streamer/streamer.ts';
import { windowLimits } from './processors.ts';

const stuckAfterMs = 60_000;

/** A cheap question of the store. */
export function healthOfStore<K extends StoreKey>(
  health: Health,
  key: K,
  store: Stores[K],
  names: PipelineTopics,
): void {
  const ask = {
    // That nobody has made the topic is an answer too.
    topics: (topics: Topics) => topics.ends(names.blocks).catch(unlessUnknown),
    log: (log: Stores['log']) => log.newestFinal(),
    results: (results: Stores['results']) => results.tables(),
    metadata: (metadata: Stores['metadata']) => metadata.savedQueries('cluster'),
  }[key] as (opened: Stores[K]) => Promise<unknown>;
  health.probe(storeNames[key], () => ask(store));
}

function unlessUnknown(error: unknown): void {
  if (!isMillraceError(error, 'TopicUnknown')) throw error;
}

export function healthOfStreamer(
  health: Health,
  deps: {
    readonly streamer: Streamer;
    readonly reader: ChainReader;
    readonly topics: Topics;
    readonly names: PipelineTopics;
    readonly signal: AbortSignal;
  },
): void {
  const { streamer, reader, topics, names, signal } = deps;
  health.ask(
    'chain',
    () => streamer.figures().trouble ?? (streamer.figures().head ? undefined : 'no block was seen yet'),
  );
  health.watch(async () => {
    const { records } = await topics.lag(recorderGroups(names).history, names.history);
    return [await livePlace(streamer, reader, signal), historyPlace(streamer, records)];
  }, stuckAfterMs);
}

async function livePlace(streamer: Streamer, reader: ChainReader, signal: AbortSignal): Promise<StagePlace> {
  const { head } = streamer.figures();
  // A node that is away is a trouble of the chain, not of this stage.
  const newest = await reader.header('latest', signal).catch(() => undefined);
  const behind = newest !== undefined && newest.number > (head?.number ?? -1);
  return { stage: 'the head', behind, place: `${head?.hash}` };
}

/** While the recorder has history to take, it is the recorder that is waited for. */
function historyPlace(streamer: Streamer, unrecorded: number): StagePlace {
  const { backlogBlocks, transactions } = streamer.figures();
  return {
    stage: 'history',
    behind: backlogBlocks > 0 && unrecorded === 0,
    place: `${backlogBlocks} ${transactions}`,
  };
}

export function healthOfRecorder(
  health: Health,
  {
    recorder,
    topics,
    names,
  }: { readonly recorder: Recorder; readonly topics: Topics; readonly names: PipelineTopics },
): void {
  health.ask('recording', () => recorder.figures().trouble);
  // A group moves as a whole: a member without partitions has nothing to move.
  health.watch(
    () =>
      Promise.all(
        recordedTopics(names).map(async ({ group, topic }) => ({
          stage: `${group} on ${topic}`,
          behind: (await topics.lag(group, topic)).records > 0,
          place: JSON.stringify(await topics.committed(group, topic)),
        })),
      ),
    stuckAfterMs,
  );
}

export function healthOfProcessors(health: Health, processors: Processors): void {
  health.ask('processing', () =>
    processors
      .figures()
      // One that failed has stopped for good, and says so in its figures: the others go on.
      .filter(({ state, problem }) => problem && state !== 'failed')
      .map(({ spec, problem }) => `${spec.name}: ${problem?.code}: ${problem?.message}`)
      .at(0),
  );
  health.watch(
    async () =>
      processors.figures().map(({ spec, state, windows, caughtUpAt }) => ({
        stage: `processor ${spec.name}`,
        // What waits is held by another process, or said above.
        behind: state === 'running',
        place: `${windows} ${caughtUpAt}`,
      })),
    // A window may take as long as its limit says.
    windowLimits.timeMs + stuckAfterMs,
  );
}
