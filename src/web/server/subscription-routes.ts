// Subscriptions of the calling user over HTTP: which records of which topic they want to be told of, and the stream of
// what arrives (subscription-events.ts).

import Type, { type Static } from 'typebox';
import type { Clock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import type { AuditRecorder } from '../../people/audit-recorder.ts';
import {
  type Metadata,
  type MetadataOwner,
  type Subscription,
  subscriptionTopics,
} from '../../stores/metadata/port.ts';
import { about } from './about.ts';
import type { SubscriptionAnswer } from './answers.ts';
import type { Callers } from './callers.ts';
import type { TypedApp } from './typed-routes.ts';

const closed = { additionalProperties: false };
const list = (pattern: string) => Type.Array(Type.String({ pattern }), { minItems: 1, maxItems: 1_000 });
const Body = Type.Object(
  {
    topic: Type.Union(subscriptionTopics.map((topic) => Type.Literal(topic))),
    filter: Type.Optional(
      Type.Object(
        {
          addresses: Type.Optional(list('^0x[0-9a-fA-F]{40}$')),
          topic0: Type.Optional(list('^0x[0-9a-fA-F]{64}$')),
        },
        closed,
      ),
    ),
    expiresAt: Type.Optional(Type.Integer({ minimum: 1, maximum: 8.64e15 })),
  },
  closed,
);
export const SubscriptionName = Type.Object({ name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }) });

export function routeSubscriptions(
  app: TypedApp,
  options: {
    readonly metadata: Metadata;
    readonly callers: Callers;
    readonly audit: AuditRecorder;
    readonly clock: Clock;
    /** Blocks are published with their logs. */
    readonly logs: boolean;
  },
): void {
  const { metadata, callers, audit, clock, logs } = options;

  app.get(
    '/api/subscriptions',
    about('The caller’s subscriptions', { caller: 'reader' }),
    async (request) => {
      const { owner } = await callers.reading(request);
      return { subscriptions: (await metadata.subscriptions(owner, clock.now())).map(answerOf) };
    },
  );

  app.get(
    '/api/subscriptions/:name',
    { ...about('A subscription', { caller: 'reader' }), schema: { params: SubscriptionName } },
    async (request) => {
      const { owner } = await callers.reading(request);
      return answerOf(await findSubscription(metadata, { owner, ...request.params, now: clock.now() }));
    },
  );

  app.put(
    '/api/subscriptions/:name',
    {
      ...about('Make or change a subscription', { caller: 'token' }),
      schema: { params: SubscriptionName, body: Body },
    },
    async (request) => {
      const { owner, who } = await callers.required(request);
      const { name } = request.params;
      const subscription = asked(request.body, { owner, name, now: clock.now() });
      refuseWithoutRecords(subscription, { logs });
      await audit.around(
        { who, action: 'subscription.save', what: `${owner}/${name} ${subscription.topic}` },
        () => metadata.saveSubscription(subscription),
      );
      return answerOf(subscription);
    },
  );

  app.delete(
    '/api/subscriptions/:name',
    { ...about('Delete a subscription', { caller: 'token' }), schema: { params: SubscriptionName } },
    async (request) => {
      const { owner, who } = await callers.required(request);
      const { name } = request.params;
      const deleted = await audit.around(
        { who, action: 'subscription.delete', what: `${owner}/${name}` },
        () => metadata.deleteSubscription(owner, name),
      );
      return { deleted };
    },
  );
}

/** @throws SubscriptionUnknown */
export async function findSubscription(
  metadata: Metadata,
  { owner, name, now }: { readonly owner: MetadataOwner; readonly name: string; readonly now: number },
): Promise<Subscription> {
  const found = await metadata.subscription(owner, name, now);
  if (!found) throw new MillraceError('SubscriptionUnknown', { owner, name });
  return found;
}

/** A topic that stays empty would be silent for ever. @throws RequestInvalid */
export function refuseWithoutRecords({ topic }: Subscription, { logs }: { readonly logs: boolean }): void {
  if (logs || topic !== 'logs') return;
  const problem = 'the pipeline keeps no logs (spec.chain.ethereum.logs is false): nothing would ever come';
  throw new MillraceError('RequestInvalid', { problem });
}

/** @throws RequestInvalid */
function asked(
  { topic, filter, expiresAt }: Static<typeof Body>,
  { owner, name, now }: { readonly owner: MetadataOwner; readonly name: string; readonly now: number },
): Subscription {
  const bad = (problem: string): never => {
    throw new MillraceError('RequestInvalid', { problem });
  };
  if (filter && topic === 'blocks') bad('blocks take no filter: leave it out');
  if (filter?.topic0 && topic !== 'logs') bad(`filter.topic0 is for logs, not for ${topic}`);
  if (expiresAt !== undefined && expiresAt <= now) bad('expiresAt is past');
  const lower = (texts: readonly string[]) => [...new Set(texts.map((text) => text.toLowerCase()))];
  return {
    owner,
    name,
    topic,
    ...(filter?.addresses || filter?.topic0
      ? {
          filter: {
            ...(filter.addresses ? { addresses: lower(filter.addresses) } : {}),
            ...(filter.topic0 ? { topic0: lower(filter.topic0) } : {}),
          },
        }
      : {}),
    createdAt: now,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function answerOf({ name, topic, filter, createdAt, expiresAt }: Subscription): SubscriptionAnswer {
  return { name, topic, filter: filter ?? null, createdAt, expiresAt: expiresAt ?? null };
}
