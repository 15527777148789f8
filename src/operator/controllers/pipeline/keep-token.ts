// The token between geth and its consensus client: made once, made anew when a person asks, never read.

import { MillraceError } from '../../../errors.ts';
import { ForeignObject } from '../../../kube/applier-port.ts';
import { kinds } from '../../kinds.ts';
import { annotations } from '../../names.ts';
import { jwtSecret, jwtSecretKey, jwtSecretName, newToken } from '../../resources/jwt-secret.ts';
import { findingOf, refusal } from './findings.ts';
import type { Finding, StepContext } from './step.ts';

export async function keepToken(context: StepContext): Promise<Finding | undefined> {
  const { declared, hands, world, signal } = context;
  const key = { namespace: declared.namespace, name: jwtSecretName(declared.name) };
  const secret = jwtSecret(declared);
  let live = world.secrets.get(key);
  if (!live) {
    try {
      if (await hands.create(secret, signal)) return undefined;
    } catch (error) {
      const refused = refusal(error, secret);
      if (refused) return findingOf(refused);
      throw error;
    }
    live = await context.secretReader.look(key, signal);
  }
  if (!live) return undefined;
  if (!live.metadata.ownerReferences?.some(({ uid }) => uid === declared.owner.uid)) {
    const { object, holder } = new ForeignObject({ ...live, kind: kinds.secret.kind });
    return findingOf(new MillraceError('ObjectForeign', { object, holder }));
  }
  const { rotate } = declared;
  if (rotate !== undefined && live.metadata.annotations?.[annotations.rotate] !== rotate)
    await hands.patch(
      live,
      {
        metadata: { annotations: { [annotations.rotate]: rotate } },
        data: { [jwtSecretKey]: newToken() },
      },
      signal,
    );
  return undefined;
}
