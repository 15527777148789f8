// Who a pipeline's users are, wherever it keeps them: in a MongoDB of its own, which is asked directly, or in its data
// folder, which the process that owns it is asked about, or which is opened when nobody owns it.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from '../../api/read-manifest.ts';
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { onFile } from '../../data-folder/file-error.ts';
import { lockFolder, readOwner } from '../../data-folder/lock.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { type Accounts, createAccounts } from '../../people/accounts.ts';
import { createAuditRecorder } from '../../people/audit-recorder.ts';
import { createPeople, type People } from '../../people/people.ts';
import { openEmbeddedMetadata } from '../../stores/metadata/embedded.ts';
import type { Metadata, User } from '../../stores/metadata/port.ts';
import type { Openers } from '../../stores/opening/stores.ts';
import type { Results } from '../../stores/results/port.ts';
import { openersOf } from '../parts/external-stores.ts';
import { askOwner } from '../query/ask-owner.ts';
import { dataFolder } from '../query/data-folder-flag.ts';
import { accountsThroughOwner, peopleThroughOwner } from './people-through-owner.ts';

export interface PlaceFlags {
  readonly file?: string;
  readonly data?: string;
}

export interface OpenPeople {
  readonly people: People;
  readonly accounts: Accounts;
  close(): Promise<void>;
}

const answerMs = 30_000;

interface OpenOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** @throws UsageInvalid, DataFolderMissing, DataFolderLocked when the owner does not listen, StoreUnreachable, StoreDenied, … */
export async function openPeople(flags: PlaceFlags, options: OpenOptions): Promise<OpenPeople> {
  const { config } = options;
  const pipeline = flags.file === undefined ? undefined : await readManifest(flags.file);
  const stores = pipeline
    ? openersOf(['metadata', 'results'], { ...options, pipeline, failed: () => undefined })
    : {};
  const { metadata, results } = stores;
  if (metadata) return over(await metadata(), results, options);
  const folder = dataFolder({
    given: flags.data ?? config.dataFolder,
    pipeline: pipeline?.metadata.name,
  });
  try {
    const lock = lockFolder(folder);
    return await openFolder(folder, results, options, () => lock.release());
  } catch (error) {
    const running = readOwner(folder);
    if (!isMillraceError(error, 'DataFolderLocked') || !running?.url) throw error;
    const ask = askOwner({ ...running, url: running.url }, { folder, answerMs, signal: options.signal });
    return {
      people: peopleThroughOwner(ask),
      accounts: accountsThroughOwner(ask),
      close: async () => undefined,
    };
  }
}

/** By name, or else by id. @throws UserUnknown */
export async function findUser(people: People, name: string): Promise<User> {
  const users = await people.users();
  const found = users.find((user) => user.name === name) ?? users.find((user) => user.id === name);
  if (!found) throw new MillraceError('UserUnknown', { name });
  return found;
}

async function openFolder(
  folder: string,
  results: Openers['results'],
  options: OpenOptions,
  unlock: () => void,
): Promise<OpenPeople> {
  try {
    const place = join(folder, 'metadata');
    onFile(place, () => mkdirSync(place, { recursive: true }));
    const opened = over(
      await openEmbeddedMetadata({ file: join(place, 'metadata.sqlite') }),
      results,
      options,
    );
    return {
      ...opened,
      close: async () => {
        await opened.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function over(
  metadata: Metadata,
  openResults: Openers['results'],
  { clock, logger }: OpenOptions,
): OpenPeople {
  const audit = createAuditRecorder({ metadata, clock, logger });
  const who = 'command-line';
  let results: Results | undefined;
  const access = async () => {
    results ??= await openResults?.();
    return results?.access;
  };
  return {
    people: createPeople({ metadata, audit, clock, who }),
    accounts: createAccounts({ access, metadata, audit, who }),
    close: async () => {
      await results?.close();
      await metadata.close();
    },
  };
}
