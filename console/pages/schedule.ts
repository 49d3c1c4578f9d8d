import { auditSection } from '../audit-section.ts';
import { plainForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { resetForm } from '../job-settings-forms.ts';
import { enabledStatus, jobLink, jobStanding, schedulerWarning, type JobStanding } from '../job-standing.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { facts, time } from '../parts.ts';
import { nextRuns, tickTable } from '../schedule-tables.ts';
import {
  fieldsOf,
  givenFields,
  hiddenFields,
  readFields,
  scheduleForm,
  type ScheduleFields,
} from '../schedule-form.ts';
import { may } from '../shown.ts';
import { jobNamed } from '../../jobs/registry.ts';
import { activeSchedule } from '../../jobs/schedule.ts';
import { setSchedule } from '../../shared/operator/job-actions.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { catchUpInWords, exclusionsInWords, scheduleInWords } from '../../shared/schedule/in-words.ts';
import { listTicks } from '../../shared/store/job-ticks.ts';

/** The schedule of one job: when it is due next, what became of the times before, and the form that changes it. */
export const schedulePage: Page = {
  path: '/schedules/:job',
  title: 'Schedule',
  heading: ({ params }) => `Schedule of ${jobNamed(params.text('job')).name}`,
  role: 'viewer',
  render: renderSchedule,
};

/** The second step: the first has shown the next runs. */
export const setScheduleAction: Action = {
  path: '/schedules/:job/set',
  title: 'Save the schedule',
  role: 'administrator',
  run: async (context, request) => {
    const { key, name } = jobNamed(request.params.text('job'));
    const schedule = readFields(givenFields(request.form));
    await setSchedule(context.db, operatorOf(context, request), key, schedule);
    const words = scheduleInWords(schedule) || 'no schedule';
    return { to: schedulePath(key), notice: `The job ${name} has a new schedule: ${words}.` };
  },
};

const schedulePath = (job: string): string => pathTo('/schedules/:job', { job });

async function renderSchedule(context: Context, request: PageRequest): Promise<Html> {
  const { db, clock } = context;
  const standing = await jobStanding(context, jobNamed(request.params.text('job')));
  const { key } = standing.job;
  const ticks = await listTicks(db, key, keyPage(request));
  const asked = request.query.optional('preview') !== undefined && may(context, 'administrator');
  return html`
    ${await schedulerWarning(db, clock.now())}
    ${asked ? preview(context, standing, givenFields(request.query)) : present(context, standing)}
    ${!asked && may(context, 'administrator') && changeSection(context, standing)}
    <h2>Due times</h2>
    ${tickTable(shownRows(ticks), key)} ${newestFirst(request, ticks)}
    ${await auditSection(context, request, `job ${key}`)}
  `;
}

const present = (context: Context, standing: JobStanding): Html => html`
  ${scheduleFacts(standing)}
  <h2>Next ten runs</h2>
  ${nextRuns(activeSchedule(standing.settings), context.clock.now())}
`;

const scheduleFacts = ({ job, kind, starts, settings }: JobStanding): Html =>
  facts([
    ['Job', jobLink(job)],
    ['Kind', kind],
    ['Schedule', scheduleInWords(settings.schedule) || 'none'],
    ['Runs', starts],
    ['Enabled', enabledStatus(settings)],
    ['Time zone', settings.schedule.timeZone],
    ['Days excluded', exclusionsInWords(settings.schedule) || 'none'],
    ['Catch-up', catchUpInWords(settings.schedule)],
    ['Comes from', settings.set?.schedule_json == null ? 'the configuration' : 'the console or a command'],
    [
      'Settings changed (UTC)',
      settings.set && html`${time(settings.set.updated_at)} by ${settings.set.updated_by}`,
    ],
  ]);

const changeSection = (context: Context, { job, settings }: JobStanding): Html => html`
  <h2>Change the schedule</h2>
  ${scheduleForm(schedulePath(job.key), fieldsOf(settings.schedule))}
  ${settings.set !== undefined && html`<div class="actions">${resetForm(context, job.key)}</div>`}
`;

/** What a changed schedule would mean, or what is wrong with it; nothing is saved yet. */
function preview(context: Context, standing: JobStanding, fields: ScheduleFields): Html {
  const path = schedulePath(standing.job.key);
  return html`
    <h2>The new schedule</h2>
    ${proposal(context, standing, fields)}
    <h2>Change it again</h2>
    ${scheduleForm(path, fields)}
    <p><a href="${path}">Leave the schedule as it is</a></p>
  `;
}

function proposal(context: Context, { job, settings }: JobStanding, fields: ScheduleFields): Html {
  try {
    const schedule = readFields(fields);
    return html`
      ${facts([
        ['Schedule', scheduleInWords(schedule) || 'none'],
        ['In place of', scheduleInWords(settings.schedule) || 'none'],
        ['Time zone', schedule.timeZone],
        ['Days excluded', exclusionsInWords(schedule) || 'none'],
        ['Catch-up', catchUpInWords(schedule)],
      ])}
      ${nextRuns(schedule.kind === 'none' ? undefined : schedule, context.clock.now())}
      ${!settings.enabled && html`<p class="warning">The job is not enabled: no schedule starts it.</p>`}
      ${plainForm(context, {
        action: pathTo('/schedules/:job/set', { job: job.key }),
        label: 'Save this schedule',
        reason: true,
        fields: hiddenFields(fields),
      })}
    `;
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== 'BAD_INPUT') throw thrown;
    return html`<p class="fault">This is no schedule: ${thrown.detail}. Nothing is changed.</p>`;
  }
}
