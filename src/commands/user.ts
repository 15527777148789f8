// `millrace user`: who may use a pipeline.

import { Command } from 'commander';
import { findUser, type PlaceFlags } from './people/open-people.ts';
import { formatOption, peopleCommand, printRows, timeText, withPeople } from './people/with-people.ts';
import type { OutputFormat } from './query/format-result.ts';
import { accessCommand } from './user-access.ts';

const where = `
Users are kept where the manifest says (spec.web.metadata): in MongoDB, or in the data folder, also while \`millrace run\` runs.`;

export function userCommand(): Command {
  return new Command('user')
    .summary('who may use a pipeline')
    .description(
      'Adds, lists and disables users, and gives them database accounts. What a user leaves or owns is named user/<id>.',
    )
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(disableCommand('disable', true))
    .addCommand(disableCommand('enable', false))
    .addCommand(accessCommand())
    .addHelpText(
      'after',
      `
Examples:
  $ millrace user add alice@example.org --id alice -f pipeline.yaml
  $ millrace token create alice laptop -f pipeline.yaml
  $ millrace user list -f pipeline.yaml
  $ millrace user disable alice -f pipeline.yaml
  $ millrace user access alice -f pipeline.yaml
${where}`,
    );
}

function addCommand(): Command {
  return peopleCommand('add', 'add a user')
    .argument('<name>', 'a name or an e-mail address; unique')
    .option('--id <id>', 'what user/<id> shall be (default: made from the name); it never changes')
    .addHelpText('after', '\nExamples:\n  $ millrace user add alice@example.org --id alice -f pipeline.yaml')
    .action(async (name: string, { id, ...flags }: PlaceFlags & { readonly id?: string }) =>
      withPeople(flags, async (people) => {
        const user = await people.addUser({ name, ...(id === undefined ? {} : { id }) });
        process.stdout.write(
          `user/${user.id} is ${user.name}; a token opens the API: millrace token create ${user.id} NAME\n`,
        );
      }),
    );
}

function listCommand(): Command {
  return peopleCommand('list', 'list the users')
    .addOption(formatOption())
    .addHelpText('after', '\nExamples:\n  $ millrace user list --format json -f pipeline.yaml')
    .action(async ({ format, ...flags }: PlaceFlags & { readonly format?: OutputFormat }) =>
      withPeople(flags, async (people) => {
        const rows = (await people.users()).map(({ id, name, createdAt, disabled }) => [
          id,
          name,
          timeText(createdAt),
          disabled ? 'disabled' : 'enabled',
        ]);
        printRows(['id', 'name', 'created', 'state'], rows, format);
      }),
    );
}

function disableCommand(verb: 'disable' | 'enable', disabled: boolean): Command {
  const summary = disabled ? 'close the API to a user, whatever tokens they hold' : 'open it to them again';
  return peopleCommand(verb, summary)
    .argument('<name>', 'the name or id')
    .addHelpText('after', `\nExamples:\n  $ millrace user ${verb} alice -f pipeline.yaml`)
    .action(async (name: string, flags: PlaceFlags) =>
      withPeople(flags, async (people) => {
        const { id } = await findUser(people, name);
        await people.setDisabled(id, disabled);
        process.stdout.write(`user/${id} is ${disabled ? 'disabled' : 'enabled'}\n`);
      }),
    );
}
