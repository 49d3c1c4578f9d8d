import type { Command } from 'commander';

import { version } from '../../shared/runtime/version.ts';
import { deviceStories, type DeviceStory } from '../../shared/operator/device-story.ts';
import { deviceTraces } from '../../shared/operator/device-trace.ts';
import { otlpDocument, traceIdsOf } from '../../shared/operator/otlp.ts';
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
    .command('trace <device>')
    .description(
      'the story of a device as a trace of OpenTelemetry (OTLP, JSON): printed, or sent to a collector',
    )
    .addHelpText(
      'after',
      examples(
        'enrol device trace ZZTEST00A1B2 > trace.json',
        'enrol device trace ZZTEST00A1B2 --otlp http://127.0.0.1:4318/v1/traces',
      ),
    )
    .option('--otlp <url>', 'send it there: https, or http on this host')
    .action(async (id: string, { otlp }: { otlp?: string }, command: Command) => {
      const session = sessionOf(command);
      // Loaded only here: no other command of this file sends anything.
      const send =
        otlp === undefined ? undefined : (await import('../../shared/operator/send-trace.ts')).senderTo(otlp);
      const document = await session.withStore(async (db) =>
        otlpDocument(await deviceTraces(db, id), version),
      );
      if (send === undefined) {
        session.print(document, JSON.stringify(document, null, 2));
        return;
      }
      await send(document);
      const ids = traceIdsOf(document);
      session.print(
        { traces: ids },
        ids.map((traceId) => `sent: trace ${traceId}`),
      );
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
