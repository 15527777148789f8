// The records that a subscription asks for, as they arrive: server-sent events `new`, `undo` and `final`, each with one
// record of the topic as its data. Live only: what comes while nobody listens is in the topic, for a consumer of one's own.
// `open` says from when on every record is told, `gap` that some were missed, `end` why the stream ends.

import { isDeepStrictEqual } from 'node:util';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Metadata, Subscription, SubscriptionTopic } from '../../stores/metadata/port.ts';
import type { PipelineTopics } from '../../stores/topics/pipeline-topics.ts';
import type { StoredBatch, Topics } from '../../stores/topics/port.ts';
import { about } from './about.ts';
import type { Caller, Callers } from './callers.ts';
import { type EventStream, openEventStream } from './event-stream.ts';
import { createMatch } from './match-records.ts';
import { findSubscription, refuseWithoutRecords, SubscriptionName } from './subscription-routes.ts';
import { createTopicTail, type TopicTail } from './topic-tail.ts';
import type { TypedApp } from './typed-routes.ts';

const streamsLimit = 64;
const streamsOfOwnerLimit = 8;
/** How often it is looked at whether the caller may still listen and the subscription is still the same. */
const recheckMs = 15_000;

interface Listening {
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly subscription: Subscription;
}

export function routeSubscriptionEvents(
  app: TypedApp,
  options: {
    readonly metadata: Metadata;
    readonly callers: Callers;
    readonly topics: Topics;
    readonly names: PipelineTopics;
    readonly clock: Clock;
    readonly logger: Logger;
    /** Blocks are published with their logs. */
    readonly logs: boolean;
  },
): void {
  const { metadata, callers, names, clock, logger } = options;
  const tails = new Map<SubscriptionTopic, TopicTail>();
  const open = new Map<EventStream, Caller['owner']>();

  const tailOf = (topic: SubscriptionTopic): TopicTail => {
    const tail = tails.get(topic) ?? createTopicTail({ ...options, topic: names[topic] });
    tails.set(topic, tail);
    return tail;
  };

  app.get(
    '/api/subscriptions/:name/events',
    {
      ...about('What a subscription matches, as it arrives', {
        caller: 'reader',
        types: ['text/event-stream'],
      }),
      schema: { params: SubscriptionName },
    },
    async (request, reply) => {
      const caller = await callers.reading(request);
      const subscription = await findSubscription(metadata, {
        owner: caller.owner,
        name: request.params.name,
        now: clock.now(),
      });
      refuseWithoutRecords(subscription, options);
      const match = createMatch(subscription);
      let stream: EventStream | undefined;
      const leave = await tailOf(subscription.topic).listen({
        batch: (batch) => stream && tell(stream, match, batch),
        gap: () => stream?.send('gap', '{}'),
      });
      const count = [...open.values()].filter((owner) => owner === caller.owner).length;
      if (open.size >= streamsLimit || count >= streamsOfOwnerLimit) {
        leave();
        throw new MillraceError('TooManyListeners', { count: open.size });
      }
      const opened = openEventStream(reply);
      stream = opened;
      open.set(opened, caller.owner);
      const { topic, name } = subscription;
      opened.send('open', JSON.stringify({ name, topic: names[topic] }));
      const closed = new AbortController();
      opened.onClose(() => {
        closed.abort();
        open.delete(opened);
        leave();
      });
      void keepChecking(opened, { caller, request, subscription }, closed.signal);
    },
  );

  app.addHook('preClose', async () => {
    for (const stream of [...open.keys()]) stream.end();
    for (const tail of tails.values()) await tail.close();
  });

  async function keepChecking(stream: EventStream, listening: Listening, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(recheckMs, signal).catch((error) => {
        if (!signal.aborted) throw error;
      });
      if (signal.aborted) return;
      const reason = await whyEnd(listening);
      if (reason === undefined) {
        stream.beat();
        continue;
      }
      stream.send('end', JSON.stringify({ reason }));
      stream.end();
      return;
    }
  }

  async function whyEnd({ caller, request, subscription }: Listening): Promise<string | undefined> {
    const { owner, name } = subscription;
    try {
      const now = await callers.reading(request);
      const found = await metadata.subscription(owner, name, clock.now());
      if (now.owner !== caller.owner) return 'the caller is another';
      return isDeepStrictEqual(found, subscription) ? undefined : 'the subscription was changed or has ended';
    } catch (error) {
      if (isMillraceError(error, 'RequestRefused')) return 'the token opens nothing any more';
      // The metadata cannot be asked just now: whoever listens goes on meanwhile.
      logger.warn({ error, owner, name }, 'a subscription could not be looked at again');
      return undefined;
    }
  }
}

function tell(stream: EventStream, match: ReturnType<typeof createMatch>, batch: StoredBatch): void {
  const matched = match(batch);
  for (const value of matched?.values ?? []) stream.send(matched?.step ?? '', value);
}
