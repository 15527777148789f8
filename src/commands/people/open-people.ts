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
import { createAuditRecorder } from '../../people/audit-recorder.ts';
import { createPeople, type People } from '../../people/people.ts';
import { openEmbeddedMetadata } from '../../stores/metadata/embedded.ts';
import type { Metadata, User } from '../../stores/metadata/port.ts';
import { openersOf } from '../parts/external-stores.ts';
import { askOwner } from '../query/ask-owner.ts';
import { dataFolder } from '../query/data-folder-flag.ts';
import { peopleThroughOwner } from './people-through-owner.ts';

export interface PlaceFlags {
  readonly file?: string;
  readonly data?: string;
}

export interface OpenPeople {
  readonly people: People;
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
  if (pipeline) {
    const openers = openersOf(['metadata'], {
      ...options,
      pipeline,
      makesLog: false,
      failed: () => undefined,
    });
    if (openers.metadata) return over(await openers.metadata(), options);
  }
  const folder = dataFolder({
    given: flags.data ?? config.dataFolder,
    pipeline: pipeline?.metadata.name,
  });
  try {
    const lock = lockFolder(folder);
    return await openFolder(folder, options, () => lock.release());
  } catch (error) {
    const running = readOwner(folder);
    if (!isMillraceError(error, 'DataFolderLocked') || !running?.url) throw error;
    const ask = askOwner({ ...running, url: running.url }, { folder, answerMs, signal: options.signal });
    return { people: peopleThroughOwner(ask), close: async () => undefined };
  }
}

/** By name, or else by id. @throws UserUnknown */
export async function findUser(people: People, name: string): Promise<User> {
  const users = await people.users();
  const found = users.find((user) => user.name === name) ?? users.find((user) => user.id === name);
  if (!found) throw new MillraceError('UserUnknown', { name });
  return found;
}

async function openFolder(folder: string, options: OpenOptions, unlock: () => void): Promise<OpenPeople> {
  try {
    const place = join(folder, 'metadata');
    onFile(place, () => mkdirSync(place, { recursive: true }));
    const opened = over(await openEmbeddedMetadata({ file: join(place, 'metadata.sqlite') }), options);
    return {
      people: opened.people,
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

function over(metadata: Metadata, { clock, logger }: OpenOptions): OpenPeople {
  const audit = createAuditRecorder({ metadata, clock, logger });
  return {
    people: createPeople({ metadata, audit, clock, who: 'command-line' }),
    close: () => metadata.close(),
  };
}
