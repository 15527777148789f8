// `millrace user access`: an account of the results store itself, for one user or for the whole team.

import { Option } from 'commander';
import type { Owner } from '../stores/results/port.ts';
import { findUser, type PlaceFlags } from './people/open-people.ts';
import { formatOption, peopleCommand, printRows, withPeople } from './people/with-people.ts';
import type { OutputFormat } from './query/format-result.ts';

interface Flags extends PlaceFlags {
  readonly rotate?: true;
  readonly revoke?: true;
  readonly format?: OutputFormat;
}

export function accessCommand() {
  return peopleCommand(
    'access',
    'give a database account that reads a user’s tables; its password is printed this once',
  )
    .argument('<name>', 'name or id of the user, or cluster for an account of the whole team')
    .addOption(
      new Option('--rotate', 'give it a new password; the old one opens nothing any more').conflicts(
        'revoke',
      ),
    )
    .addOption(new Option('--revoke', 'remove the account'))
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Examples:
  $ millrace user access alice -f pipeline.yaml
  $ millrace user access alice --format json -f pipeline.yaml > alice.account.json
  $ millrace user access alice --rotate -f pipeline.yaml
  $ millrace user access cluster --revoke -f pipeline.yaml

The account reads the user’s schema and cluster, and changes nothing. Results must be an external MariaDB (docs/results.md).
It is not a token: disabling the user leaves it; --revoke removes it.`,
    )
    .action(async (name: string, { rotate, revoke, format, ...flags }: Flags) =>
      withPeople(flags, async (people, accounts) => {
        const owner: Owner = name === 'cluster' ? name : `user/${(await findUser(people, name)).id}`;
        if (revoke) {
          await accounts.revoke(owner);
          process.stdout.write(`${owner} has no database account any more\n`);
          return;
        }
        const { host, port, user, password, schema } = await accounts.grant(owner, {
          rotate: rotate === true,
        });
        printRows(
          ['host', 'port', 'user', 'password', 'schema'],
          [[host, String(port), user, password, schema]],
          format,
        );
        process.stderr.write(
          `the account of ${owner} may read; its password is not shown again. To sign in with it:\n` +
            `  mariadb -h ${shellWord(host)} -P ${port} -u ${shellWord(user)} -p ${shellWord(schema)}\n`,
        );
      }),
    );
}

/** As a POSIX shell takes it: quoted where it must be. */
function shellWord(text: string): string {
  return /^[\w.:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
