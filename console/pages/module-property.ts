import { historyTable } from '../changes.ts';
import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { facts, select, time } from '../parts.ts';
import { may } from '../shown.ts';
import {
  propertySubject,
  resetModuleProperty,
  setModuleProperty,
} from '../../shared/operator/property-actions.ts';
import { listAudit } from '../../shared/store/audit.ts';
import {
  modules,
  propertiesSet,
  propertyNamed,
  propertyType,
  readProperties,
} from '../../shared/store/module-properties.ts';

/** One module property: what it is, what it was, and its change. */
export const propertyPage: Page = {
  path: '/properties/:property',
  title: 'Module property',
  heading: ({ params }) => `Module property ${params.text('property')}`,
  role: 'viewer',
  render: renderProperty,
};

const pageOf = (name: string): string => pathTo('/properties/:property', { property: name });

export const setPropertyAction: Action = {
  path: '/properties/:property/set',
  title: 'Set a module property',
  role: 'administrator',
  run: async (context, request) => {
    const { name, module } = propertyNamed(request.params.text('property'));
    const value = request.form.text('value', 50);
    await setModuleProperty(context.db, operatorOf(context, request), name, value);
    return {
      to: pageOf(name),
      notice: `${name} is ${value} now. It takes effect ${modules[module].takesEffect}.`,
    };
  },
};

export const resetPropertyAction: Action = {
  path: '/properties/:property/reset',
  title: 'Reset a module property',
  role: 'administrator',
  run: async (context, request) => {
    const { name, fallback } = propertyNamed(request.params.text('property'));
    await resetModuleProperty(context.db, operatorOf(context, request), name);
    return { to: pageOf(name), notice: `${name} has its default again: ${fallback}.` };
  },
};

type Property = ReturnType<typeof propertyNamed>;

async function renderProperty(context: Context, request: PageRequest): Promise<Html> {
  const { db } = context;
  const property = propertyNamed(request.params.text('property'));
  const { title, takesEffect } = modules[property.module];
  const value = (await readProperties(db))[property.name];
  const set = (await propertiesSet(db)).find((row) => row.name === property.name);
  const found = await listAudit(db, { ...keyPage(request), subject: propertySubject(property.name) });
  return html`
    ${facts([
      ['Meaning', property.description],
      ['Module', html`${title} <span class="quiet code">${property.module}</span>`],
      ['Value', html`<strong>${value}</strong>`],
      ['Default', property.fallback],
      ['Type', propertyType(property.type)],
      ['Takes effect', takesEffect],
      ['Set by', set?.updated_by],
      ['Set at (UTC)', set && time(set.updated_at)],
    ])}
    ${may(context, 'administrator') && formsOf(context, property, value, set !== undefined)}
    <h2>History</h2>
    ${found.length === 0 ? html`<p>Nobody has changed it.</p>` : historyTable(shownRows(found))}
    ${newestFirst(request, found)}
  `;
}

const formsOf = (context: Context, property: Property, value: string, isSet: boolean): Html => html`
  <div class="actions">
    ${actionForm(context, {
      action: pathTo('/properties/:property/set', { property: property.name }),
      label: 'Change',
      reason: true,
      fields: controlOf(property, value),
    })}
    ${
      isSet &&
      actionForm(context, {
        action: pathTo('/properties/:property/reset', { property: property.name }),
        label: `Reset to the default, ${property.fallback}`,
        reason: true,
      })
    }
  </div>
`;

const controlOf = ({ type }: Property, value: string): Html =>
  type.kind === 'yes or no'
    ? select('value', 'Value', ['true', 'false'], value)
    : html`<label>
        Value
        <input name="value" value="${value}" required pattern="${type.pattern.source}" maxlength="50" />
      </label>`;
