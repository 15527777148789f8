// Finds a transaction, block or address by what was typed; the server decides which of them it is.

import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import type { SearchAnswer } from '../../server/answers.ts';
import { ApiError, getJson } from '../api.ts';
import { linkTo, onHashChange } from '../route.ts';

export function SearchBox() {
  const queries = useQueryClient();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError>();
  // What was wrong belongs to the page where it was asked.
  useEffect(() => onHashChange(() => setProblem(undefined)), []);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const askedAt = window.location.hash;
    try {
      const answer = await getJson<SearchAnswer>(`/api/search?q=${encodeURIComponent(text)}`);
      // Who went elsewhere meanwhile is not fetched back.
      if (window.location.hash !== askedAt) return;
      const [key, link] = placeOf(answer);
      queries.setQueryData(key, answer);
      window.location.hash = link;
      setText('');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (window.location.hash === askedAt) setProblem(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <search className="search">
      <form onSubmit={submit}>
        <label className="visually-hidden" htmlFor="search-text">
          Transaction hash, block number or hash, or address
        </label>
        <input
          id="search-text"
          name="q"
          type="search"
          placeholder="Transaction, block or address"
          autoComplete="off"
          spellCheck={false}
          value={text}
          aria-invalid={problem !== undefined}
          aria-describedby={problem ? 'search-problem' : undefined}
          onChange={(event) => {
            setText(event.target.value);
            setProblem(undefined);
          }}
        />
        <button type="submit" disabled={busy || text.trim() === ''}>
          {busy ? 'Searching' : 'Search'}
        </button>
      </form>
      {problem && (
        <p id="search-problem" className="search-problem" role="alert">
          <strong>{problem.message}.</strong> To mend it: {problem.remedy}.
        </p>
      )}
    </search>
  );
}

/** Where the pages keep this answer, and where it is shown. */
function placeOf(answer: SearchAnswer): [readonly string[], string] {
  switch (answer.kind) {
    case 'transaction':
      return [['transaction', answer.transaction.hash], linkTo.transaction(answer.transaction.hash)];
    case 'block':
      return [['block', answer.block.hash], linkTo.block(answer.block.hash)];
    case 'address':
      return [['address-first-page', answer.address], linkTo.address(answer.address)];
  }
}
