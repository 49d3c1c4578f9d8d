import { actionForm } from './form.ts';
import { html, type Html } from './html.ts';
import type { JobStanding } from './job-standing.ts';
import { pathTo } from './links.ts';
import { operatorOf, type Action, type Context } from './page.ts';
import { may } from './shown.ts';
import { jobNamed } from '../jobs/registry.ts';
import { disableJob, enableJob, priorities, resetJob, setPriority } from '../shared/operator/job-actions.ts';

/** What people set for a job beside its schedule: whether it is enabled, and its priority. */

/** Operators decide whether a job runs, administrators which goes first. */
export const jobSettingActions: readonly Action[] = [
  {
    path: '/jobs/:job/enable',
    title: 'Enable',
    role: 'operator',
    run: async (context, request) => {
      const { key, name } = jobNamed(request.params.text('job'));
      await enableJob(context.db, operatorOf(context, request), key);
      return { to: jobPath(key), notice: `The job ${name} is enabled: schedule and trigger start it.` };
    },
  },
  {
    path: '/jobs/:job/disable',
    title: 'Disable',
    role: 'operator',
    run: async (context, request) => {
      const { key, name } = jobNamed(request.params.text('job'));
      await disableJob(context.db, operatorOf(context, request), key);
      return { to: jobPath(key), notice: `The job ${name} is not enabled: it runs only when somebody asks.` };
    },
  },
  {
    path: '/jobs/:job/priority',
    title: 'Set the priority',
    role: 'administrator',
    run: async (context, request) => {
      const { key, name } = jobNamed(request.params.text('job'));
      const priority = request.form.number('priority');
      await setPriority(context.db, operatorOf(context, request), key, priority);
      return { to: jobPath(key), notice: `The job ${name} has priority ${priority}.` };
    },
  },
  {
    path: '/jobs/:job/reset',
    title: 'Back to the configuration',
    role: 'administrator',
    run: async (context, request) => {
      const { key, name } = jobNamed(request.params.text('job'));
      await resetJob(context.db, operatorOf(context, request), key);
      return { to: jobPath(key), notice: `The job ${name} follows the configuration again.` };
    },
  },
];

const jobPath = (job: string): string => pathTo('/jobs/:job', { job });

export const settingForms = (context: Context, { job, settings }: JobStanding): Html => html`
  ${actionForm(context, {
    action: pathTo(settings.enabled ? '/jobs/:job/disable' : '/jobs/:job/enable', { job: job.key }),
    label: settings.enabled ? 'Disable' : 'Enable',
    reason: true,
  })}
  ${may(context, 'administrator') && priorityForm(context, job.key, settings.priority)}
  ${settings.set !== undefined && may(context, 'administrator') && resetForm(context, job.key)}
`;

const priorityForm = (context: Context, job: string, priority: number): Html =>
  actionForm(context, {
    action: pathTo('/jobs/:job/priority', { job }),
    label: 'Set the priority',
    reason: true,
    fields: html`<label>
      Priority: 1 goes first, 99 last
      <input
        name="priority"
        type="number"
        min="${priorities.first}"
        max="${priorities.last}"
        value="${priority}"
        required
      />
    </label>`,
  });

export const resetForm = (context: Context, job: string): Html =>
  actionForm(context, {
    action: pathTo('/jobs/:job/reset', { job }),
    label: 'Back to the configuration',
    warning: 'Schedule, priority and whether it is enabled are those of the configuration again.',
    reason: true,
  });
