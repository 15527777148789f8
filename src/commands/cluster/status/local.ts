// The figures of a pipeline that is no resource of a cluster: of the process that has a data folder, or of one at an address.

import { request } from 'undici';
import { readOwner } from '../../../data-folder/lock.ts';
import { MillraceError } from '../../../errors.ts';
import type { PipelineStatus } from '../../../status/pipeline-status.ts';
import { askOwner } from '../../query/ask-owner.ts';

const answerMs = 5_000;

export interface LocalStatus {
  /** Of its pages. */
  readonly url: string;
  read(): Promise<PipelineStatus>;
}

/** @throws PipelineGone */
export function statusOfFolder(folder: string, signal: AbortSignal): LocalStatus {
  const owner = readOwner(folder);
  const { url } = owner ?? {};
  if (!owner || url === undefined)
    throw new MillraceError('PipelineGone', { folder, problem: 'no process has it open' });
  const ask = askOwner({ ...owner, url }, { folder, answerMs, signal });
  return { url, read: async () => (await ask('GET', '/api/status')) as PipelineStatus };
}

/** @throws UsageInvalid for what is no address; PipelineGone when nothing of Millrace answers there */
export function statusOfAddress(address: string, signal: AbortSignal): LocalStatus {
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new MillraceError('UsageInvalid', { problem: `${address} is no http(s) address` });
  const gone = (problem: string, cause?: unknown) =>
    new MillraceError('PipelineGone', { folder: address, problem }, { cause });
  return {
    url: address,
    read: async () => {
      const { statusCode, body } = await request(new URL('/api/status', address), {
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
      }).catch((cause: unknown) => {
        signal.throwIfAborted();
        throw gone((cause as Error).message, cause);
      });
      const text = await body.text();
      if (statusCode !== 200 || !text.startsWith('{')) throw gone(`it answered ${statusCode}`);
      return JSON.parse(text) as PipelineStatus;
    },
  };
}
