import { resultsContract } from '../contract.ts';
import { openStore, ownDatabase } from './mariadb.fixture.ts';

resultsContract('MariaDB results', async (t) => {
  const database = await ownDatabase(t);
  const store = await openStore(t, { database });
  return {
    store,
    reopen: async () => {
      await store.close();
      return openStore(t, { database });
    },
  };
});
