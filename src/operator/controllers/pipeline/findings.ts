// What conditions say, made of errors of the catalogue.

import { MillraceError } from '../../../errors.ts';
import { ApiError, isApiError } from '../../../kube/api-error.ts';
import { ForeignObject } from '../../../kube/applier-port.ts';
import { type KubeObject, keyOf, keyText } from '../../../kube/object.ts';
import type { Finding } from './step.ts';

export const holds = (reason: string, message: string): Finding => ({ status: 'True', reason, message });
export const not = (reason: string, message: string): Finding => ({ status: 'False', reason, message });

export function findingOf(error: MillraceError): Finding {
  const details = error.details.map((line) => `; ${line}`).join('');
  return not(error.code, `${error.message}${details}. To mend it: ${error.remedy}.`);
}

/** What the API server made of an object, when only somebody else can mend it; undefined: it may pass by itself. */
export function refusal(error: unknown, object: KubeObject): MillraceError | undefined {
  if (error instanceof ForeignObject)
    return new MillraceError(
      'ObjectForeign',
      { object: error.object, holder: error.holder },
      { cause: error },
    );
  if (!isApiError(error, 'invalid', 'forbidden')) return undefined;
  const problem = error instanceof ApiError ? error.message : String(error);
  return new MillraceError(
    'ObjectRefused',
    { object: `${object.kind} ${keyText(keyOf(object))}`, problem },
    { cause: error },
  );
}
