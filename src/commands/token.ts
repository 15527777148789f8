// `millrace token`: what opens the API to a user's programs.

import { Command, InvalidArgumentError } from 'commander';
import { durationPattern, parseDuration } from '../api/duration.ts';
import { systemClock } from '../clock.ts';
import { findUser, type PlaceFlags } from './people/open-people.ts';
import { formatOption, peopleCommand, printRows, timeText, withPeople } from './people/with-people.ts';
import type { OutputFormat } from './query/format-result.ts';

export function tokenCommand(): Command {
  return new Command('token')
    .summary("what opens the API to a user's programs")
    .description(
      'Makes, lists and revokes tokens. A request carries one as `Authorization: Bearer <secret>` and acts as its user.',
    )
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
    .addHelpText(
      'after',
      `
Examples:
  $ millrace token create alice laptop -f pipeline.yaml > alice.token
  $ curl -H "Authorization: Bearer $(cat alice.token)" http://127.0.0.1:4680/api/subscriptions
  $ millrace token list alice -f pipeline.yaml
  $ millrace token revoke alice laptop -f pipeline.yaml`,
    );
}

function createCommand(): Command {
  return peopleCommand('create', 'make a token; its secret is printed this once')
    .argument('<user>', 'name or id of the user')
    .argument('<name>', 'what the token is for: lower-case letters, digits and dashes')
    .option('--expires <duration>', 'how long it opens anything, or never', expiryFlag, '90d')
    .addHelpText(
      'after',
      '\nExamples:\n  $ millrace token create alice laptop -f pipeline.yaml\n  $ millrace token create alice nightly --expires 365d',
    )
    .action(async (user: string, name: string, { expires, ...flags }: PlaceFlags & { expires: string }) =>
      withPeople(flags, async (people) => {
        const { id } = await findUser(people, user);
        const expiresAt = expires === 'never' ? undefined : systemClock.now() + parseDuration(expires);
        const made = await people.createToken({
          userId: id,
          name,
          ...(expiresAt === undefined ? {} : { expiresAt }),
        });
        // The secret alone, so that it can be kept in a file.
        process.stdout.write(`${made.secret}\n`);
        const until = timeText(expiresAt);
        process.stderr.write(
          `token ${name} of user/${id} opens the API ${until ? `until ${until}` : 'for ever'}; it is not shown again\n`,
        );
      }),
    );
}

function listCommand(): Command {
  return peopleCommand('list', 'list the tokens of a user, or of all')
    .argument('[user]', 'name or id')
    .addOption(formatOption())
    .addHelpText('after', '\nExamples:\n  $ millrace token list alice -f pipeline.yaml')
    .action(
      async (
        name: string | undefined,
        { format, ...flags }: PlaceFlags & { readonly format?: OutputFormat },
      ) =>
        withPeople(flags, async (people) => {
          const users = name === undefined ? await people.users() : [await findUser(people, name)];
          const rows: (string | null)[][] = [];
          for (const { id } of users) {
            for (const token of await people.tokens(id)) {
              const times = [token.createdAt, token.expiresAt, token.lastUsedAt].map(timeText);
              rows.push([id, token.name, ...times]);
            }
          }
          printRows(['user', 'name', 'created', 'expires', 'last_used'], rows, format);
        }),
    );
}

function revokeCommand(): Command {
  return peopleCommand('revoke', 'make a token open nothing, from now on')
    .argument('<user>', 'name or id of the user')
    .argument('<name>', 'the token')
    .addHelpText('after', '\nExamples:\n  $ millrace token revoke alice laptop -f pipeline.yaml')
    .action(async (user: string, name: string, flags: PlaceFlags) =>
      withPeople(flags, async (people) => {
        const { id } = await findUser(people, user);
        await people.revokeToken(id, name);
        process.stdout.write(`token ${name} of user/${id} opens nothing any more\n`);
      }),
    );
}

function expiryFlag(text: string): string {
  if (text === 'never' || new RegExp(durationPattern).test(text)) return text;
  throw new InvalidArgumentError('give a duration such as 90d or 12h, or never');
}
