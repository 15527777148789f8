// The addresses to read from: those of the command line, or the manifest's with secrets filled in.

import type { Pipeline } from '../../api/pipeline.ts';
import type { Config } from '../../config.ts';
import { MillraceError } from '../../errors.ts';

type Endpoints = Pipeline['spec']['chain']['ethereum']['endpoints'];

/** @throws SecretMissing, UsageInvalid */
export function endpointUrls(
  endpoints: Endpoints,
  given: readonly string[],
  config: Config,
): readonly string[] {
  if (given.length > 0) return given;
  if (endpoints.length === 0) {
    throw new MillraceError('UsageInvalid', {
      problem: 'the manifest has no endpoints, and its nodes run only on a cluster: give --rpc URL',
    });
  }
  return endpoints.map(({ url, urlFrom }) => {
    if (url !== undefined) return url;
    if (urlFrom) return config.secret(urlFrom.secretKeyRef.name, urlFrom.secretKeyRef.key);
    throw new MillraceError('UsageInvalid', { problem: 'an endpoint has neither url nor urlFrom' });
  });
}
