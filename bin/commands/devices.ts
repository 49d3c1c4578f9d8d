import type { Command } from 'commander';

import { deviceStories, type DeviceStory } from '../../shared/operator/device-story.ts';
import { unenrolDevices } from '../../shared/operator/order-actions.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf } from '../session.ts';

export function deviceCommands(enrol: Command): void {
  const device = enrol.command('device').description('devices');

  device
    .command('show <device>')
    .description('the whole story of a device, by device id, serial number or IMEI')
    .addHelpText('after', examples('enrol device show ZZTEST00A1B2'))
    .action(async (id: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const stories = await session.withStore((db) => deviceStories(db, id));
      session.print(stories, stories.flatMap(toLines));
    });

  device
    .command('unenrol <device...>')
    .description('give enrolled devices back; the next request job sends a RETURN')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addHelpText('after', examples('enrol device unenrol ZZTEST00A1B2 --reason "returned by the customer"'))
    .action(async (ids: string[], { reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      const devices = await session.withStore((db) => unenrolDevices(db, session.operator(reason), ids));
      session.print(
        devices.map((each) => ({ device: each.device_id, order: each.order_id, status: 'Unenrol Pending' })),
        devices.map((each) => `${each.device_id} of order ${each.order_id}: Unenrol Pending`),
      );
    });
}

function toLines({ device, entries }: DeviceStory): string[] {
  return [
    `Device ${device.device_id} of order ${device.order_id}: ${device.status}`,
    ...table(
      ['time (UTC)', 'what', ''],
      entries.map((entry) => [shortTime(entry.at), entry.kind, entry.text.replaceAll('\n', ' | ')]),
    ),
    '',
  ];
}
