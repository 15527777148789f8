// The frame of every page: masthead with the state and the search, then the page that the address says.

import { useEffect, useRef } from 'react';
import { AddressPage } from './pages/address-page.tsx';
import { BlockPage } from './pages/block-page.tsx';
import { OverviewPage } from './pages/overview-page.tsx';
import { QueryPage } from './pages/query/query-page.tsx';
import { ResultPage } from './pages/result-page.tsx';
import { TransactionPage } from './pages/transaction-page.tsx';
import { linkTo, type Route, useRoute } from './route.ts';
import { Masthead } from './shell/masthead.tsx';
import { ProblemBanner } from './shell/problem-banner.tsx';

export function App() {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const address = JSON.stringify(route);
  const shown = useRef(address);
  // A new page begins at its top, and there the keyboard goes on.
  useEffect(() => {
    if (shown.current === address) return;
    shown.current = address;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [address]);
  return (
    <>
      <button type="button" className="skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Masthead page={route.page} />
      <main ref={main} tabIndex={-1}>
        <ProblemBanner />
        <Page route={route} />
      </main>
    </>
  );
}

function Page({ route }: { readonly route: Route }) {
  switch (route.page) {
    case 'overview':
      return <OverviewPage />;
    case 'query':
      return <QueryPage />;
    case 'transaction':
      return <TransactionPage hash={route.hash} />;
    case 'block':
      return <BlockPage at={route.at} />;
    case 'address':
      return <AddressPage key={route.address} address={route.address} />;
    case 'result':
      return <ResultPage owner={route.owner} name={route.name} />;
    case 'unknown':
      return (
        <section className="card">
          <h1>There is no page “{route.path}”</h1>
          <p>
            <a href={linkTo.overview}>Go to the overview</a>
          </p>
        </section>
      );
  }
}
