// The files of a table whose output is one for each window: newest first, page by page, each with what it takes to check
// a download.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { formatCount, formatSize } from '../../../status/figures.ts';
import type { ResultFilesAnswer, WindowFileAnswer } from '../../server/answers.ts';
import { getJson } from '../api.ts';
import { formatCell } from '../format-value.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { LoadState } from '../shell/load-state.tsx';

export function FileList(props: {
  /** Of the table, in the API. */
  readonly path: string;
  readonly name: string;
  readonly pageSize: number;
  /** Differs when there may be another file. */
  readonly done: number;
}) {
  const { path, name, pageSize, done } = props;
  /** Where the pages before this one began; the first begins at the newest window. */
  const [befores, setBefores] = useState<readonly number[]>([]);
  const before = befores.at(-1);
  const query = before === undefined ? `limit=${pageSize}` : `limit=${pageSize}&before=${before}`;
  const { data, error } = useQuery({
    queryKey: ['files', path, query, before === undefined ? done : 0],
    queryFn: ({ signal }) => getJson<ResultFilesAnswer>(`${path}/files?${query}`, signal),
    placeholderData: keepPreviousData,
  });
  if (!data) return <LoadState error={error} what={`the files of ${name}`} />;
  const { files, next } = data;
  return (
    <>
      {files.length === 0 ? (
        <p className="quiet load-state">
          {before === undefined ? 'No files yet.' : 'None of these windows has a file.'}
        </p>
      ) : (
        <Files files={files} name={name} />
      )}
      {(before !== undefined || next !== null) && (
        <nav className="pager" aria-label={`Pages of the files of ${name}`}>
          <button
            type="button"
            disabled={before === undefined}
            onClick={() => setBefores(befores.slice(0, -1))}
          >
            ← Newer
          </button>
          <button
            type="button"
            disabled={next === null}
            onClick={() => next !== null && setBefores([...befores, next])}
          >
            Older →
          </button>
        </nav>
      )}
    </>
  );
}

function Files({ files, name }: { readonly files: readonly WindowFileAnswer[]; readonly name: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region needs focus to scroll by keyboard
    <section className="table-scroll" aria-label={`Files of ${name}`} tabIndex={0}>
      <table className="files">
        <thead>
          <tr>
            <th scope="col">window</th>
            <th scope="col">
              <span className="visually-hidden">file</span>
            </th>
            <th scope="col" className="number">
              rows
            </th>
            <th scope="col" className="number">
              size
            </th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          {files.map((file) => (
            <tr key={file.window_start}>
              <td>{formatCell(file.window_start, 'timestamp')}</td>
              <td>
                <a href={file.href} download>
                  Download<span className="visually-hidden"> {file.window_start}</span>
                </a>
              </td>
              <td className="number">{formatCount(file.rows)}</td>
              <td className="number" title={`${formatCount(file.size)} bytes`}>
                {formatSize(file.size)}
              </td>
              <td className="mono" title={file.sha256}>
                {file.sha256.slice(0, 8)}… <CopyButton text={file.sha256} what="SHA-256" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
