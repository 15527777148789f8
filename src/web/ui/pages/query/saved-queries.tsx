// The queries that were saved: to open, to run, to delete; and a name to save the one in the editor under.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { SavedQueriesAnswer } from '../../../server/answers.ts';
import { deleteJson, getJson, putJson } from '../../api.ts';
import { LoadState } from '../../shell/load-state.tsx';

const pathOf = (name: string) => `/api/queries/${encodeURIComponent(name)}`;

export function SavedQueries(props: {
  /** What stands in the editor. */
  readonly sql: string;
  /** A query runs already. */
  readonly busy: boolean;
  readonly open: (sql: string) => void;
  readonly run: (sql: string) => void;
}) {
  const queries = useQueryClient();
  const readAgain = () => queries.invalidateQueries({ queryKey: ['queries'] });
  const { data, error } = useQuery({
    queryKey: ['queries'],
    queryFn: ({ signal }) => getJson<SavedQueriesAnswer>('/api/queries', signal),
  });
  const remove = useMutation({
    mutationFn: (name: string) => deleteJson<{ readonly deleted: boolean }>(pathOf(name)),
    onSettled: readAgain,
  });
  return (
    <section className="saved" aria-label="Saved queries">
      <SaveForm sql={props.sql} names={data?.queries.map(({ name }) => name) ?? []} onSaved={readAgain} />
      {(error ?? remove.error) && <LoadState error={error ?? remove.error} what="the saved queries" />}
      <ul>
        {data?.queries.map(({ name, sql }) => (
          <li key={name}>
            <button type="button" className="link" title={sql} onClick={() => props.open(sql)}>
              {name}
            </button>
            <button type="button" disabled={props.busy} onClick={() => props.run(sql)}>
              Run<span className="visually-hidden"> {name}</span>
            </button>
            <button
              type="button"
              disabled={remove.isPending}
              onClick={() => {
                if (window.confirm(`Delete the saved query ${name}?`)) remove.mutate(name);
              }}
            >
              Delete<span className="visually-hidden"> {name}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function SaveForm(props: {
  readonly sql: string;
  /** Those that there are. */
  readonly names: readonly string[];
  readonly onSaved: () => Promise<void>;
}) {
  const [name, setName] = useState('');
  const save = useMutation({
    mutationFn: () => putJson(pathOf(name), { sql: props.sql }),
    onSuccess: async () => {
      setName('');
      await props.onSaved();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <>
      <form onSubmit={submit}>
        <label htmlFor="query-name">Save as</label>
        <input
          id="query-name"
          autoComplete="off"
          spellCheck={false}
          required
          placeholder="name"
          pattern="[a-z0-9][a-z0-9\-]{0,63}"
          title="up to 64 small letters, digits and hyphens"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <button type="submit" disabled={save.isPending || props.sql.trim() === ''}>
          {props.names.includes(name) ? 'Replace' : 'Save'}
        </button>
      </form>
      {save.error && <LoadState error={save.error} what="the saved query" />}
    </>
  );
}
