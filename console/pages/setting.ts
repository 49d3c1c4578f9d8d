import { historyTable } from '../changes.ts';
import { configWarnings, reloadNeeded } from '../config-warnings.ts';
import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import {
  operatorOf,
  type Action,
  type ActionRequest,
  type Context,
  type Page,
  type PageRequest,
} from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { facts, select } from '../parts.ts';
import { may } from '../shown.ts';
import { changeSetting, settingSubject } from '../../shared/operator/config-actions.ts';
import { configState } from '../../shared/operator/config-state.ts';
import { readYaml } from '../../shared/runtime/config-document.ts';
import type { ConfigFile } from '../../shared/runtime/config-file.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { settingStandings, type SettingStanding } from '../../shared/runtime/setting-standing.ts';
import { settingText } from '../../shared/runtime/setting-value.ts';
import { listAudit } from '../../shared/store/audit.ts';
import { fileOf } from './configuration.ts';

/** One setting: what it is, what it may be, and its change. */
export const settingPage: Page = {
  path: '/configuration/:setting',
  title: 'Setting',
  heading: ({ params }) => `Setting ${params.text('setting')}`,
  role: 'viewer',
  render: renderSetting,
};

const longestValue = 4096;

export const setSettingAction: Action = {
  path: '/configuration/:setting/set',
  title: 'Change a setting',
  role: 'administrator',
  // Nothing is a value too: no schedule, no marker.
  run: (context, request) => change(context, request, request.form.optional('value', longestValue) ?? ''),
};

export const resetSettingAction: Action = {
  path: '/configuration/:setting/reset',
  title: 'Reset a setting',
  role: 'administrator',
  run: (context, request) => change(context, request, undefined),
};

async function change(context: Context, request: ActionRequest, text: string | undefined) {
  const { loaded, db, clock } = context;
  const path = request.params.text('setting');
  const seen = request.form.text('seen');
  const operator = operatorOf(context, request);
  const { after } = await changeSetting(loaded, db, operator, { path, text, seen });
  const { outdated } = await configState(loaded, db, clock.now());
  const done = after === undefined ? `${path} has its default again.` : `${path} is written into the file.`;
  const notice = outdated.length === 0 ? done : `${done} ${reloadNeeded(outdated)}`;
  return { to: pathTo('/configuration/:setting', { setting: path }), notice };
}

async function renderSetting(context: Context, request: PageRequest): Promise<Html> {
  const { loaded, db, clock } = context;
  const name = request.params.text('setting');
  const file = await fileOf(context);
  const standings = settingStandings(loaded.config, file && readYaml(file.text));
  const setting = standings.find((each) => each.name === name);
  if (!setting) throw new Fault('NOT_FOUND', `there is no setting ${name}`);
  const state = await configState(loaded, db, clock.now());
  const found = await listAudit(db, { ...keyPage(request), subject: settingSubject(name) });
  return html`
    ${configWarnings(state)} ${settingFacts(setting)}
    ${may(context, 'administrator') && file && formsOf(context, setting, file)}
    <h2>History</h2>
    ${
      found.length === 0
        ? html`<p>Nobody has changed it here, or by <code>enrol config set</code>.</p>`
        : historyTable(shownRows(found))
    }
    ${newestFirst(request, found)}
    <p><a href="/configuration">All settings</a></p>
  `;
}

const settingFacts = (setting: SettingStanding): Html =>
  facts([
    ['Meaning', setting.description],
    ['Value in force', html`<strong>${shown(setting.value)}</strong>`],
    ['Default', setting.byDefault === undefined ? 'none: it has to be written' : shown(setting.byDefault)],
    [
      'In the file',
      setting.line === undefined
        ? 'does not stand there'
        : html`${shown(setting.written)}, line ${setting.line}`,
    ],
    ['May be', setting.type],
    ['Takes effect', 'at the next start of each process'],
    [
      'Changed',
      setting.protection === undefined
        ? 'here, or on the machine'
        : `on the machine only: ${setting.protection}`,
    ],
  ]);

const shown = (value: unknown): Html => {
  const text = settingText(value);
  return text === '' ? html`<span class="quiet">empty</span>` : html`<span class="code">${text}</span>`;
};

function formsOf(context: Context, setting: SettingStanding, file: ConfigFile): Html | false {
  if (setting.protection !== undefined || setting.kind === 'structure') return false;
  const seen = html`<input type="hidden" name="seen" value="${file.digest}" />`;
  const isWritten = setting.written !== undefined;
  return html`
    <div class="actions">
      ${actionForm(context, {
        action: pathTo('/configuration/:setting/set', { setting: setting.name }),
        label: 'Change',
        reason: true,
        fields: [seen, controlOf(setting)],
      })}
      ${
        isWritten &&
        setting.byDefault !== undefined &&
        actionForm(context, {
          action: pathTo('/configuration/:setting/reset', { setting: setting.name }),
          label: `Reset to the default, ${settingText(setting.byDefault) || 'empty'}`,
          reason: true,
          fields: seen,
        })
      }
    </div>
  `;
}

function controlOf(setting: SettingStanding): Html {
  const text = settingText(setting.written ?? setting.value);
  if (setting.kind === 'switch') return select('value', 'Value', ['true', 'false'], text);
  if (setting.kind === 'choice') return select('value', 'Value', setting.choices.map(String), text);
  const label = setting.kind === 'list' ? 'Value, with commas between the words' : 'Value';
  return html`
    <label
      >${label} <input name="value" value="${text}" maxlength="${longestValue}" autocomplete="off"
    /></label>
  `;
}
