// What the file system refuses, in the words of the catalogue.

import { MillraceError } from '../errors.ts';

const problems: Readonly<Record<string, string>> = {
  EACCES: 'it may not be written',
  EPERM: 'it may not be written',
  EROFS: 'its file system is read-only',
  ENOTDIR: 'a part of its path is a file',
  EISDIR: 'it is a folder',
  EEXIST: 'it is a file',
};

/** @returns DiskFull, DataFolderUnusable, or the error itself */
export function explainFileError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new MillraceError('DiskFull', { file }, { cause: error });
  const problem = problems[code];
  return problem ? new MillraceError('DataFolderUnusable', { file, problem }, { cause: error }) : error;
}

/** Runs file work on `file`. @throws DiskFull, DataFolderUnusable */
export function onFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainFileError(error, file);
  }
}
