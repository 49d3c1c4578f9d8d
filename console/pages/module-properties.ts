import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page } from '../page.ts';
import { table, time } from '../parts.ts';
import { may } from '../shown.ts';
import { setModuleProperty } from '../../shared/operator/property-actions.ts';
import {
  moduleProperties,
  propertiesSet,
  readProperties,
  type PropertyName,
} from '../../shared/store/module-properties.ts';

/** What CMP's people set while the system runs. */
export const propertiesPage: Page = {
  path: '/properties',
  title: 'Module Properties',
  menu: 'System Configuration',
  role: 'viewer',
  render: renderProperties,
};

export const setPropertyAction: Action = {
  path: '/properties/:property/set',
  title: 'Set a module property',
  role: 'administrator',
  run: async (context, request) => {
    const name = request.params.text('property');
    const value = request.form.text('value', 50);
    await setModuleProperty(context.db, operatorOf(context, request), name, value);
    return { to: '/properties', notice: `${name} is ${value} from the next run of its job on.` };
  },
};

const names = Object.keys(moduleProperties) as PropertyName[];

async function renderProperties(context: Context): Promise<Html> {
  const values = await readProperties(context.db);
  const set = new Map((await propertiesSet(context.db)).map((row) => [row.name, row]));
  return table(
    'Module properties',
    ['Property', 'Value', 'Default', 'Meaning', 'Set by', 'Set at (UTC)', 'Change'],
    names.map((name) => [
      html`<span class="code">${name}</span>`,
      html`<strong>${values[name]}</strong>`,
      moduleProperties[name].fallback,
      moduleProperties[name].description,
      set.get(name)?.updated_by,
      time(set.get(name)?.updated_at),
      may(context, 'administrator') && changeForm(context, name, values[name]),
    ]),
  );
}

const changeForm = (context: Context, name: PropertyName, value: string): Html =>
  actionForm(context, {
    action: pathTo('/properties/:property/set', { property: name }),
    label: 'Change',
    reason: true,
    fields: html`<label>
      Value
      <input
        name="value"
        value="${value}"
        required
        pattern="${moduleProperties[name].pattern.source}"
        maxlength="50"
      />
    </label>`,
  });
