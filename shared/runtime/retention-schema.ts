import { z } from 'zod';

const days = () => z.number().int().min(0).max(36_500).default(0);

const archive = (what: string, folder: string) =>
  z
    .strictObject({
      days: days().describe(
        `a file of ${folder} goes so many days after it was settled; 0: never for its age`,
      ),
      gigabytes: z
        .number()
        .min(0)
        .max(1_000_000)
        .default(0)
        .describe('the oldest go while all of them together are more, in 1,000,000,000 bytes; 0: no limit'),
    })
    .prefault({})
    .describe(what);

/** How long things are kept. Nothing goes unless it is set here and a dry run of these settings was made. */
export const retentionSettings = () =>
  z
    .strictObject({
      done: archive('files in done/ of every inbox', 'done/'),
      rejected: archive('files in rejected/ of every inbox', 'rejected/'),
      minimumDays: z
        .number()
        .int()
        .min(1)
        .max(36_500)
        .default(7)
        .describe('gigabytes never take a file that was settled fewer days ago'),
      auditDays: days()
        .refine((value) => value === 0 || value >= 365, 'at least 365, or 0')
        .describe('rows of the audit go after so many days, 365 at least; 0: never'),
      exchangeDays: days().describe(
        'messages and answers of calls over HTTPS go so many days after their request ended; 0: never',
      ),
      jobRunDays: days().describe('runs of jobs that had nothing to do go after so many days; 0: never'),
    })
    .prefault({});

export type RetentionSettings = z.infer<ReturnType<typeof retentionSettings>>;
