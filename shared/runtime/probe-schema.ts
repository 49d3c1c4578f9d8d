import { z } from 'zod';

import { noticeSettings } from './notice-schema.ts';
import { processNames } from './process-names.ts';

/** What is looked at to know whether all is well, and from when on it is not. */

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

const from = (value: number, colour: string, unit: string) =>
  z.number().positive().max(1_000_000).default(value).describe(`${colour} from so many ${unit} on`);

const files = (amberFiles: number, redFiles: number) =>
  z
    .strictObject({
      amberFiles: from(amberFiles, 'amber', 'files'),
      redFiles: from(redFiles, 'red', 'files'),
    })
    .prefault({});

const expiry = () =>
  z
    .strictObject({
      amberDays: z.number().positive().max(3650).default(30).describe('amber when fewer days are left'),
      redDays: z.number().positive().max(3650).default(7).describe('red when fewer days are left'),
    })
    .prefault({});

const hourOfDay = (hour: number) => z.number().int().min(0).max(23).default(hour);

const expectDaily = () =>
  z
    .strictObject({
      inboxes: z.array(z.string().min(1)).default([]).describe('inboxes that get a file every day'),
      weekdays: z
        .array(z.enum(weekdays))
        .min(1)
        .default([...weekdays])
        .describe('days on which one is expected'),
      amberHour: hourOfDay(12).describe('amber when there is none at this hour, in scheduler.timeZone'),
      redHour: hourOfDay(18).describe('red when there is none at this hour'),
    })
    .prefault({});

export const probeSettings = () =>
  z
    .strictObject({
      everySeconds: z
        .number()
        .min(0.05)
        .max(3600)
        .default(60)
        .describe('how often the scheduler looks; a state counts when it is seen twice in a row'),
      keepDays: z
        .number()
        .int()
        .min(1)
        .max(3650)
        .default(90)
        .describe('how long changes and notices are kept'),
      daemons: z
        .array(z.enum(processNames))
        .default(['loader', 'extractor', 'adaptor', 'scheduler'])
        .describe('processes that have to run'),
      backlog: z
        .strictObject({
          amberMinutes: from(60, 'amber', 'minutes'),
          redMinutes: from(240, 'red', 'minutes'),
        })
        .prefault({})
        .describe('how long the oldest file has waited in an inbox'),
      expectDaily: expectDaily().describe('no file today'),
      responses: z
        .strictObject({
          silentHours: z
            .number()
            .positive()
            .max(1000)
            .default(1)
            .describe('a request that was never answered at all needs a look after so many hours'),
          amberHours: from(24, 'amber', 'hours'),
          redHours: from(72, 'red', 'hours'),
        })
        .prefault({})
        .describe('how long the oldest request has waited for the final answer of a provider'),
      requests: z
        .strictObject({
          amberRequests: from(1, 'amber', 'requests'),
          redRequests: from(1, 'red', 'requests'),
        })
        .prefault({})
        .describe('requests to providers that need a look'),
      rests: z
        .strictObject({
          amberRests: from(1, 'amber', 'rests in a row'),
          redRests: from(5, 'red', 'rests in a row'),
        })
        .prefault({})
        .describe('a provider that failed and is left alone for a while'),
      held: files(1, 1).describe('files that wait for a decision'),
      rejected: files(1, 10).describe('files rejected in the last 24 hours'),
      deferred: files(1, 100).describe('files that are tried again by themselves'),
      batches: z
        .strictObject({
          amberBatches: from(1, 'amber', 'batches'),
          redBatches: from(1, 'red', 'batches'),
        })
        .prefault({})
        .describe('batches that stopped in error'),
      keys: expiry().describe('OpenPGP keys, our own and those of partners, that expire'),
      certificates: expiry().describe('certificates of ours that expire'),
      disk: z
        .strictObject({
          amberMegabytes: z
            .number()
            .min(0)
            .max(1_000_000)
            .default(256)
            .describe('amber when less is free; red below reserveMegabytes of spool and store'),
        })
        .prefault({})
        .describe('room on the disks'),
      pauses: z
        .strictObject({ redHours: from(24, 'red', 'hours') })
        .prefault({})
        .describe('intake that somebody has paused is amber at once'),
      notices: noticeSettings().describe('people are told when a probe changes'),
    })
    .prefault({});

export type ProbeConfig = z.infer<ReturnType<typeof probeSettings>>;
