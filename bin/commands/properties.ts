import type { Command } from 'commander';

import { resetModuleProperty, setModuleProperty } from '../../shared/operator/property-actions.ts';
import {
  moduleProperties,
  modules,
  propertiesSet,
  propertyNames,
  propertyType,
  readProperties,
} from '../../shared/store/module-properties.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf } from '../session.ts';

const reasonOption = ['--reason <text>', 'why; kept in the audit'] as const;

export function propertyCommands(enrol: Command): void {
  const property = enrol.command('property').description('module properties');

  property
    .command('list')
    .description('every module property: value, default, type, meaning, and who has set it')
    .addHelpText('after', examples('enrol property list'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const { values, set } = await session.withStore(async (db) => ({
        values: await readProperties(db),
        set: new Map((await propertiesSet(db)).map((row) => [row.name, row])),
      }));
      const list = propertyNames.map((name) => ({
        name,
        module: modules[moduleProperties[name].module].title,
        value: values[name],
        default: moduleProperties[name].fallback,
        type: propertyType(moduleProperties[name].type),
        description: moduleProperties[name].description,
        setBy: set.get(name)?.updated_by ?? null,
        setAt: set.get(name)?.updated_at ?? null,
      }));
      session.print(
        list,
        table(
          ['property', 'value', 'default', 'type', 'set by', 'set at (UTC)', 'meaning'],
          list.map((each) => [
            each.name,
            each.value,
            each.default,
            each.type,
            each.setBy,
            shortTime(each.setAt),
            each.description,
          ]),
        ),
      );
    });

  property
    .command('set <name> <value>')
    .description('change a module property; takes effect at once, with the next order that its job processes')
    .addHelpText(
      'after',
      examples(
        'enrol property set device.enrolment.response.event.success true --reason "asked for by customer care"',
      ),
    )
    .requiredOption(...reasonOption)
    .action(async (name: string, value: string, { reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      await session.withStore((db) => setModuleProperty(db, session.operator(reason), name, value));
      session.print({ name, value }, `${name} = ${value}`);
    });

  property
    .command('reset <name>')
    .description('give a module property its default again')
    .addHelpText(
      'after',
      examples('enrol property reset device.enrolment.response.event.type --reason "tried out"'),
    )
    .requiredOption(...reasonOption)
    .action(async (name: string, { reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      const value = await session.withStore(async (db) => {
        await resetModuleProperty(db, session.operator(reason), name);
        return ((await readProperties(db)) as Partial<Record<string, string>>)[name];
      });
      session.print({ name, value }, `${name} = ${value ?? ''}, its default`);
    });
}
